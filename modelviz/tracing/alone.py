"""One op of PyTorch called by itself on fake tensors: its FLOPs, and what shares memory."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .formulas import kernel_formula, uncounted
from .mode_internals import UncompiledMode
from .torch_internals import FAKE_LOGGER, FakeTensorMode, OpOverload, pytree, storage_key


@dataclass(frozen=True, slots=True)
class Alone:
    """What an op does.

    ``flops`` is None where the op cannot be called so. ``aliases`` has for each tensor that comes
    back the place of the argument whose memory it shares, None for memory of its own;
    ``uncounted`` the kernels without a formula.
    """

    flops: int | None
    aliases: tuple[int | None, ...] = ()
    uncounted: tuple[str, ...] = ()


def operator(name: str, overload: str) -> OpOverload | None:
    """The op of PyTorch itself of that name; None for any other thing that a name could mean."""
    packet = getattr(torch.ops.aten, name, None)
    found = getattr(packet, overload, None)
    return found if isinstance(found, OpOverload) else None


def call_alone(function: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Alone:
    """What ``function`` does with fake tensors like these, which are on ``meta``.

    No value is computed and no memory is taken.
    """
    counter = _Counter()
    # What fails is told by what comes back; torch would log it to stderr as well.
    log = logging.getLogger(FAKE_LOGGER)
    disabled, log.disabled = log.disabled, True
    try:
        with FakeTensorMode():
            args, kwargs = pytree.tree_map(_fake, (tuple(args), kwargs))
            given = _tensors((args, kwargs))
            with counter:
                result = function(*args, **kwargs)
    except Exception:  # a kernel without a fake form, or arguments that it does not take
        return Alone(None)
    finally:
        log.disabled = disabled
    places = {_memory(tensor): place for place, tensor in enumerate(given)}
    aliases = tuple(places.get(_memory(tensor)) for tensor in _tensors(result))
    return Alone(counter.flops, aliases, tuple(counter.names))


class _Counter(UncompiledMode):
    """Adds up the FLOPs of the kernels."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = 0
        self.names: dict[str, None] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        formula = kernel_formula(func)
        known = None
        if formula is not None:
            rest = {name: value for name, value in kwargs.items() if name != "out"}
            known = formula(*args, out=result, **rest)
        if known is not None:
            self.flops += int(known)
        elif formula is not None or uncounted(func) is not None:
            self.names[str(func.overloadpacket).replace(".", "::", 1)] = None
        return result


def _fake(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    return torch.empty_strided(value.shape, value.stride(), dtype=value.dtype)


def _tensors(value: Any) -> list[torch.Tensor]:
    return [one for one in pytree.tree_leaves(value) if isinstance(one, torch.Tensor)]


def _memory(tensor: torch.Tensor) -> int:
    return storage_key(tensor.untyped_storage())
