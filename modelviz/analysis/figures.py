"""What a part of a model holds and costs: one set of figures, whatever the part is.

``ran_by`` adds up what ops cost, by whatever they are grouped by; ``module_figures`` says what each
module holds and what ran in it; the tree (``analysis/tree.py``) has the figures of each call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from operator import add, attrgetter, sub
from typing import Any, TypeVar

from ..dotted import join, parameter_key, with_ancestors
from ..graph import ModelGraph, Module
from ..graph.quick import quick

Group = TypeVar("Group", bound=Hashable)


@quick
@dataclass(frozen=True, slots=True)
class Figures:
    """What something holds and costs. Sizes are in bytes, and all but ``seconds`` are counts.

    ``params`` and ``trainable_params`` count elements. ``flops`` counts 2 per multiply-add.
    ``memory`` is what its ops allocate; ``seconds`` what they took, 0 where that was not measured;
    ``ops`` how many they are.
    """

    params: int = 0
    flops: int = 0
    memory: int = 0
    seconds: float = 0.0
    trainable_params: int = 0
    param_bytes: int = 0
    buffer_bytes: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    ops: int = 0

    @property
    def macs(self) -> int:
        """Multiply-adds: half the FLOPs."""
        return self.flops // 2

    def __add__(self, other: Figures) -> Figures:
        return Figures(*map(add, _values(self), _values(other)))

    def __sub__(self, other: Figures) -> Figures:
        return Figures(*map(sub, _values(self), _values(other)))

    def per_copy(self, copies: int) -> Figures:
        """The figures of one of the copies: a share, or all where the copies hold it together."""
        return Figures(*(_share(value, copies) for value in _values(self)))


_NAMES = tuple(field.name for field in fields(Figures))
_values = attrgetter(*_NAMES)
NOTHING = Figures()


def total_of(parts: Sequence[Figures]) -> Figures:
    """All figures added up: in one go, which takes less than one after the other."""
    if len(parts) > 1:
        parts = [part for part in parts if part is not NOTHING]
    if len(parts) == 1:
        return parts[0]
    return Figures(*map(sum, zip(*map(_values, parts), strict=True))) if parts else NOTHING


def _share(value: Any, copies: int) -> Any:
    if isinstance(value, float):
        return value / copies
    return value // copies if value % copies == 0 else value


def share(part: float, total: float) -> float:
    """``part / total``, and 0 where there is nothing."""
    return part / total if total else 0.0


# -- what ops cost ------------------------------------------------------------------------------


def ran_by(graph: ModelGraph, groups: Sequence[Group | None]) -> dict[Group, Figures]:
    """What the ops cost, by their group: ``groups`` has one for each op, None for no group.

    A storage counts for the op that allocated it.
    """
    sums: dict[Group, list[Any]] = {}
    for op, group in zip(graph.ops, groups, strict=True):
        if group is not None:
            total = sums.setdefault(group, [0, 0, 0.0, 0, 0, 0])
            total[0] += op.flops
            total[2] += op.seconds or 0.0
            total[3] += op.bytes_read
            total[4] += op.bytes_written
            total[5] += 1
    for storage in graph.storages:
        born = None if storage.born is None else groups[storage.born]
        if born is not None:
            sums[born][1] += storage.bytes
    return {
        group: Figures(0, flops, memory, seconds, 0, 0, 0, read, written, ops)
        for group, (flops, memory, seconds, read, written, ops) in sums.items()
    }


# -- what modules hold --------------------------------------------------------------------------


@quick
@dataclass(frozen=True, slots=True)
class ModuleFigures:
    """Figures of one module path: its ``own``, and those of ``all`` below it by path.

    A parameter or buffer counts once, under however many names it is held. What ran counts at the
    first path of a shared module, which was called ``calls`` times.
    """

    own: Figures
    all: Figures
    calls: int


def module_figures(graph: ModelGraph) -> Mapping[str, ModuleFigures]:
    """The figures of every module, by path, in time linear in the graph."""
    tensors = {module.path: held_by(module) for module in graph.modules}
    ran = ran_by(graph, [graph.calls[op.call].module for op in graph.ops])
    own = {path: with_held(ran.get(path, NOTHING), held.values()) for path, held in tensors.items()}
    parts = {path: [figures] for path, figures in own.items()}
    total: dict[str, Figures] = {}
    for module in reversed(graph.modules):  # what is inside a module comes after it
        path, parent = module.path, module.parent
        total[path] = total_of(parts[path])
        if parent is not None:
            parts[parent].append(total[path])
    for path, twice in _held_twice(tensors):
        total[path] -= with_held(NOTHING, [twice])
    calls: dict[str, int] = defaultdict(int)
    for call in graph.calls:
        calls[call.module] += 1
    return {path: ModuleFigures(own[path], total[path], calls[path]) for path in own}


Held = tuple[int, int, int, int]
"""Of a tensor: its parameters, those that are trained, bytes as a parameter, bytes as a buffer."""


def held_by(module: Module) -> Mapping[str, Held]:
    """What each distinct parameter and buffer of the module's own adds, by its first full path."""
    held: dict[str, Held] = {}
    for parameter in module.parameters:
        size = parameter.numel
        trained = size if parameter.trainable else 0
        held[parameter_key(module, parameter)] = (size, trained, parameter.bytes, 0)
    for buffer in module.buffers:
        key = buffer.shared_with or join(module.shared_with or module.path, buffer.name)
        held[key] = (0, 0, 0, buffer.bytes)
    return held


def with_held(ran: Figures, tensors: Collection[Held]) -> Figures:
    """Figures of what ran alone, with those of tensors."""
    if not tensors:
        return ran
    params, trained, as_parameter, as_buffer = map(sum, zip(*tensors, strict=True))
    return Figures(
        params,
        ran.flops,
        ran.memory,
        ran.seconds,
        trained,
        as_parameter,
        as_buffer,
        ran.bytes_read,
        ran.bytes_written,
        ran.ops,
    )


def _held_twice(
    tensors: Mapping[str, Mapping[str, Held]],
) -> Iterator[tuple[str, Held]]:
    """``(path, what it holds)`` for each tensor that a sum counts once too often at ``path``."""
    first: dict[str, str] = {}
    owners: dict[str, list[str]] = {}
    for path, held in tensors.items():
        for key in held:
            owner = first.setdefault(key, path)
            if owner != path:  # as hardly any
                owners.setdefault(key, [owner]).append(path)
    for key, places in owners.items():
        seen: set[str] = set()
        for place in places:
            for path in with_ancestors(place):
                if path in seen:
                    yield path, tensors[place][key]
                seen.add(path)
