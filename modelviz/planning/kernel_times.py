"""Seconds of kernels on this machine: each runs in its own shapes, on zeros, and is measured.

All kernels of a step run in turns, so that each finds the caches filled by others, as in the step,
and that a slow moment of the machine is a slow moment of all. A rate in FLOP/s or bytes/s tells
little of a depthwise convolution, of a recurrent layer, whose steps wait for one another, or of the
many small kernels of a block: they reach a tenth of what products reach, or less. A kernel that
comes again before much else was read or written, as in each step of a recurrent layer, finds the
caches filled by itself, and runs many times on end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch

from ..tracing.interrupts import INTERRUPT
from ..tracing.mode_internals import disable_current_modes
from .tried import given_zeros

Clock = Callable[[], float]

MOST_BYTES = 256 * 2**20
MOST_FLOPS = 4 * 10**9
"""Tensors and work of the largest kernel that is measured: about a tenth of a second."""
_ROUNDS = 7
"""Runs of each kernel, of which the second fastest counts: the machine may do other work too."""
_MOST = 20
_CACHE = 2**18
"""Bytes that stay in the cache next to a core (L2), of a quarter of a MiB or more."""
_SHORT = 5e-5
"""Seconds of one turn, for kernels that take less: what is small stays in the caches."""
_LONG = 0.02
"""Seconds from which on three runs are enough."""
_VALUES = (torch.Tag.dynamic_output_shape, torch.Tag.data_dependent_output)


@dataclass(frozen=True, slots=True)
class Like:
    """A tensor's shape, strides and dtype."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: torch.dtype

    def stride(self) -> tuple[int, ...]:
        """As of a tensor."""
        return self.strides

    @property
    def bytes(self) -> int:
        """What its memory takes."""
        sizes = zip(self.shape, self.strides, strict=True)
        reach = sum((size - 1) * step for size, step in sizes) + 1
        return reach * self.dtype.itemsize if all(self.shape) else 0


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel and what it was called with, tensors by what they are like."""

    func: Any
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...] = ()
    flops: int = 0


class _Opaque(Exception):
    """An argument that cannot be made again."""


def described(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], flops: int
) -> Kernel | None:
    """What could be run again; None where that is not known, or depends on values."""
    if func.namespace != "aten" or any(tag in func.tags for tag in _VALUES):
        return None
    try:
        named = tuple((name, _like(value)) for name, value in kwargs.items())
        kernel = Kernel(func, tuple(map(_like, args)), named, flops)
        hash(kernel)
    except (_Opaque, TypeError):
        return None
    return kernel


def _like(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided or value.is_quantized:
            raise _Opaque
        return Like(tuple(value.shape), tuple(value.stride()), value.dtype)
    if isinstance(value, (list, tuple)):
        return tuple(map(_like, value))
    return value


_NOTHING = Kernel(torch.ops.aten.alias.default, (Like((1,), (1,), torch.float32),))


class KernelTimes:
    """Seconds of kernels by ``clock``, each measured when it is first asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[Kernel, float | None] = {}

    def measure(self, work: Iterable[tuple[Kernel | None, int]]) -> None:
        """Run those kernels of a step that are not known yet, in turns.

        ``work`` are the step's kernels in order, each with the bytes that it reads and writes.
        """
        kernels = list(work)
        again = _soon_again(kernels)
        runs: dict[Kernel, list[float]] = {
            kernel: []
            for kernel, _ in kernels
            if kernel is not None and kernel not in self._known and _is_small(kernel)
        }
        if not runs:
            return
        with (
            disable_current_modes(),
            torch.no_grad(),
            torch.autocast("cpu", enabled=False),
            torch.random.fork_rng(devices=[]),
        ):
            idle = self._turn(_NOTHING, _MOST)
            for turn in range(_ROUNDS + 1):
                for kernel, seconds in runs.items():
                    if len(seconds) != turn or (turn > 3 and min(seconds) > _LONG):
                        continue  # it cannot run, or has run long enough
                    INTERRUPT.check()
                    found = self._turn(kernel, _repeats(seconds, kernel in again))
                    if found is not None:
                        seconds.append(found)
        for kernel, seconds in runs.items():
            warm = sorted(seconds[1:])
            known = max(0.0, warm[1] - (idle or 0.0)) if len(warm) > 1 else None
            self._known[kernel] = known

    def seconds(self, kernel: Kernel) -> float | None:
        """Seconds of a kernel beside those of calling one; None where it was not measured."""
        self.measure(((kernel, 0),))
        return self._known.get(kernel)

    def _turn(self, kernel: Kernel, times: int) -> float | None:
        """Seconds of a kernel that runs ``times`` times; None where it cannot."""
        func = kernel.func
        try:
            args, kwargs = given_zeros(func, kernel.args, dict(kernel.kwargs), Like)
            start = self._clock()
            for _ in range(times):
                func(*args, **kwargs)
            return (self._clock() - start) / times
        except (RuntimeError, NotImplementedError, IndexError, ValueError, TypeError):
            return None  # zeros are no value for it, or no kernel of this CPU does it


def _soon_again(work: Iterable[tuple[Kernel | None, int]]) -> frozenset[Kernel]:
    """The kernels most of whose runs find in the caches what their last run left there."""
    last: dict[Kernel, int] = {}
    near: Counter[Kernel] = Counter()
    moved = 0
    for kernel, size in work:
        if kernel is not None:
            between = moved - last.get(kernel, -_CACHE)
            near[kernel] += 1 if between < _CACHE else -1
            last[kernel] = moved
        moved += size
    return frozenset(kernel for kernel, count in near.items() if count > 0)


def _repeats(seconds: list[float], again: bool) -> int:
    """How often a kernel that took these seconds before runs in a turn."""
    if not seconds:
        return 1
    turn = _SHORT * _MOST if again else _SHORT
    return max(1, min(_MOST, int(turn / max(min(seconds), 1e-7))))


def _is_small(kernel: Kernel) -> bool:
    return _bytes((kernel.args, kernel.kwargs)) <= MOST_BYTES and kernel.flops <= MOST_FLOPS


def runs_of(run: Callable[[], Any], clock: Clock) -> list[float]:
    """Seconds of many short runs, the fastest first, for a twentieth of a second or so."""
    run()
    start = clock()
    run()
    times = max(1, int(3e-4 / max(clock() - start, 1e-7)))
    found: list[float] = []
    began = clock()
    while len(found) < 5 or (clock() - began < 0.04 and len(found) < 200):
        start = clock()
        for _ in range(times):
            run()
        found.append((clock() - start) / times)
    return sorted(found)


def fastest(run: Callable[[], Any], clock: Clock) -> float:
    """Seconds of the fastest of many short runs: other work on the machine misses some of them."""
    return runs_of(run, clock)[0]


def usual(run: Callable[[], Any], clock: Clock) -> float:
    """Seconds that a quarter of many short runs stays below."""
    found = runs_of(run, clock)
    return found[len(found) // 4]


def _bytes(value: Any) -> int:
    if isinstance(value, Like):
        return value.bytes
    return sum(map(_bytes, value)) if isinstance(value, tuple) else 0
