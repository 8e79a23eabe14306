"""What a step sends between devices: the collectives among its kernels, and their sums."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ..tracing.distributed_internals import group_name_of, group_size
from ..tracing.structure import kernel_tensors
from .ledger import Event, Phase, Sent

if TYPE_CHECKING:
    import torch

_SPACES = ("c10d", "_c10d_functional", "_c10d_functional_autograd", "_dtensor")
# By the letters of a kernel's name; the first that is in it.
_KINDS = {
    "allgather": "all-gather",
    "reducescatter": "reduce-scatter",
    "allreduce": "all-reduce",
    "alltoall": "all-to-all",
    "broadcast": "broadcast",
    "gather": "gather",
    "scatter": "scatter",
    "reduce": "reduce",
    "send": "send",
}


@dataclass(frozen=True, slots=True)
class Collective:
    """The collectives of one kind that a step does over one axis of the mesh for one module.

    ``count`` of them, whose messages have ``bytes`` in all: what all ranks of the axis have
    together (all-gather, reduce-scatter, all-to-all), or what each of them has (all-reduce).
    ``wire_bytes`` is what each rank sends of it where they form a ring: ``(n - 1) / n`` of the
    message for ``n`` ranks, twice that for an all-reduce. ``path`` is the module, ``phase`` when.
    """

    kind: str
    axis: str
    ranks: int
    phase: Phase
    path: str | None
    count: int
    bytes: int
    wire_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The collectives as JSON-ready data."""
        return asdict(self)


@cache
def _kind(func: Any) -> str | None:
    if func.namespace not in _SPACES:
        return None
    name = func.overloadpacket.__name__.replace("_", "")
    return next((kind for letters, kind in _KINDS.items() if letters in name), None)


def sent(func: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Sent | None:
    """What a kernel moves between devices; None for one that works on this device alone."""
    kind = _kind(func)
    if kind is None:
        return None
    group = _group_name((*args, *kwargs.values()))
    tensors = kernel_tensors((*args, *kwargs.values()))
    ranks = group_size(group)
    size = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
    if kind in ("all-gather", "reduce-scatter"):
        # One side is the whole, the other a part of it; a functional kernel has one side alone.
        both = func.namespace == "c10d"
        if both:
            size = size * ranks // (ranks + 1)
        elif kind == "all-gather":
            size *= ranks
    elif kind == "all-to-all" and func.namespace == "c10d":
        size //= 2
    return Sent(kind, group, ranks, size)


def _group_name(values: Iterable[Any]) -> str:
    found = ""
    for value in values:
        name = group_name_of(value)
        if name is not None:
            return name
        if isinstance(value, str):
            found = value  # the last, after the name of the reduction
    return found


def gathered_weights(func: Any, kwargs: Mapping[str, Any]) -> list[torch.Tensor]:
    """The whole weights that FSDP lays out from what was gathered, as long as they are needed."""
    if func.namespace != "fsdp" or func.overloadpacket.__name__ != "split_with_sizes_copy":
        return []
    return kernel_tensors((kwargs.get("out", ()),))


def collectives(
    work: Iterable[Event], axes: Mapping[str, str], passes: float
) -> tuple[Collective, ...]:
    """The collectives of the kernels ``work``, the largest first.

    ``axes`` are the names of the mesh's axes by that of their process group; each forward and
    backward stands for ``passes`` of them.
    """
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for event in work:
        if event.sent is not None:
            one = event.sent
            axis = axes.get(one.group, f"{one.ranks} ranks")
            times = 1 if event.phase == "optimizer" else passes
            key = (one.kind, axis, one.ranks, event.phase, event.spot.path, times)
            groups[key].append(one.bytes)
    found = []
    for (kind, axis, ranks, phase, path, times), sizes in groups.items():
        count, size = round(len(sizes) * times), round(sum(sizes) * times)
        found.append(
            Collective(kind, axis, ranks, phase, path, count, size, _wire(kind, ranks, size))
        )
    return tuple(sorted(found, key=lambda one: -one.wire_bytes))


def _wire(kind: str, ranks: int, size: int) -> int:
    if kind in ("broadcast", "send"):
        return size
    return (2 if kind == "all-reduce" else 1) * size * (ranks - 1) // ranks
