"""What the CPU of this machine reaches, measured in a second or two, for estimates of a step."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from time import perf_counter
from typing import Any

import torch
from torch import nn

from .devices import Device, this_machine
from .run import plan

_RUNS, _MOST = 5, 200
"""Runs of one size, at least and at most."""
_SHORT = 3e-4
"""Seconds of one run, where what is measured takes less."""
_ENOUGH = 0.04
"""Seconds after which one size is measured no further."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Curve:
    """Seconds by work, at a few sizes: points of (work, seconds) in order of work."""

    points: tuple[tuple[float, float], ...]

    def seconds(self, work: float) -> float:
        """Seconds for ``work``: between two points along a power, beyond them at their rate."""
        if work <= 0:
            return 0.0
        sizes = [size for size, _ in self.points]
        at = bisect_left(sizes, work)
        if at in (0, len(sizes)):
            size, seconds = self.points[0 if at == 0 else -1]
            return seconds * work / size
        (low, first), (high, last) = self.points[at - 1], self.points[at]
        share = log(work / low) / log(high / low)
        return exp(log(first) + share * (log(last) - log(first)))

    @property
    def rate(self) -> float:
        """The most work in a second."""
        return max(work / seconds for work, seconds in self.points)


@dataclass(frozen=True, slots=True)
class Calibration:
    """What kernels of this machine take.

    ``launch`` is what each costs beside its work, seconds; ``products`` and ``convolutions`` are
    by FLOPs, the first by dtype, ``memory`` by bytes read and written. ``scale`` is how much longer
    kernels take in a step, where each finds the caches filled by others, than one after another.
    """

    launch: float
    products: dict[str, Curve]
    convolutions: Curve
    memory: Curve
    scale: float = 1.0

    def seconds(self, op: str, dtype: str, flops: int, moved: int) -> float:
        """Seconds of one kernel."""
        curve = self.products.get(dtype, self.products["float32"])
        if "conv" in op:
            curve = self.convolutions
        return self.launch + self.scale * max(curve.seconds(flops), self.memory.seconds(moved))


def probe(clock: Clock = perf_counter) -> Device:
    """The CPU of this machine, with the rates and the bandwidth that it reaches now.

    Runs products, convolutions, sums and a small training step for a second or two in all, with as
    many threads as PyTorch has. Give what it returns as ``device`` to ``plan``: then
    ``plan.step_seconds`` has a bound by these ceilings, and an estimate by what each kind of kernel
    took. ``clock`` gives the seconds: ``time.process_time`` on a machine that is busy, with one
    thread.
    """
    with torch.random.fork_rng(devices=[]):
        return _measured(clock)


def _measured(clock: Clock) -> Device:
    with torch.no_grad():
        products = {"float32": _products(torch.float32, clock)}
        products["bfloat16"] = _products(torch.bfloat16, clock)
        convolutions, memory = _convolutions(clock), _memory(clock)
    found = Calibration(_launch(clock), products, convolutions, memory)
    device = replace(
        this_machine(),
        name="this machine's CPU",
        bandwidth=memory.rate,
        rates={name: curve.rate for name, curve in products.items()},
        source=f"measured here with {torch.get_num_threads()} threads (modelviz.planning.probe)",
        calibration=found,
    )
    return replace(device, calibration=replace(found, scale=_scale(device, clock)))


def _fastest(run: Callable[[], Any], clock: Clock) -> float:
    """Seconds of the fastest of many short runs: other work on the machine misses some of them."""
    run()
    start = clock()
    run()
    times = max(1, int(_SHORT / max(clock() - start, 1e-7)))
    best, runs, began = float("inf"), 0, clock()
    while runs < _RUNS or (clock() - began < _ENOUGH and runs < _MOST):
        start = clock()
        for _ in range(times):
            run()
        best = min(best, (clock() - start) / times)
        runs += 1
    return best


def _curve(points: Sequence[tuple[float, float]]) -> Curve:
    return Curve(tuple(sorted((work, max(seconds, 1e-9)) for work, seconds in points)))


def _products(dtype: torch.dtype, clock: Clock) -> Curve:
    points = []
    for rows, inner, columns in ((16, 32, 32), (64, 128, 128), (256, 256, 256), (768, 512, 512)):
        a, b = torch.ones(rows, inner, dtype=dtype), torch.ones(columns, inner, dtype=dtype)
        seconds = _fastest(lambda a=a, b=b: torch.mm(a, b.t()), clock)  # type: ignore[misc]
        points.append((2.0 * rows * inner * columns, seconds))
    return _curve(points)


def _convolutions(clock: Clock) -> Curve:
    points = []
    for batch, channels, size in ((1, 8, 8), (4, 16, 16), (8, 32, 32), (8, 64, 56)):
        x = torch.ones(batch, channels, size, size)
        weight = torch.ones(channels, channels, 3, 3)
        seconds = _fastest(
            lambda x=x, weight=weight: torch.conv2d(x, weight, padding=1),  # type: ignore[misc]
            clock,
        )
        points.append((2.0 * 9 * batch * channels**2 * size**2, seconds))
    return _curve(points)


def _memory(clock: Clock) -> Curve:
    """Kernels that do little else than to read and to write: of what models run, the middle."""
    points = []
    for size in (1_000, 30_000, 300_000, 4_000_000):
        x, y = torch.ones(size), torch.ones(size)
        runs = (
            (lambda x=x, y=y: x + y, 12.0),
            (lambda x=x: nn.functional.gelu(x), 8.0),
            (lambda x=x: nn.functional.layer_norm(x.view(-1, 100), (100,)), 8.0),
        )
        by_byte = sorted(_fastest(run, clock) / (each * size) for run, each in runs)
        points.append((12.0 * size, 12.0 * size * by_byte[1]))
    return _curve(points)


def _launch(clock: Clock) -> float:
    """What a kernel costs beside its work: the step of a tiny model, by its kernels."""
    model = nn.Sequential(*[layer for _ in range(8) for layer in (nn.Linear(4, 4), nn.GELU())])
    x = torch.ones(2, 4)
    return _step(model, x, clock) / len(plan(model, input_data=x, loss=torch.mean).work)


def _scale(device: Device, clock: Clock) -> float:
    """How much longer two steps take than their kernels do: of attention, and of convolutions."""
    encoder = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    blocks = [
        (nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU())
        for before, after in ((16, 32), (32, 32))
    ]
    pictures = nn.Sequential(*(layer for block in blocks for layer in block))
    found = []
    for model, x in ((encoder, torch.ones(8, 64, 128)), (pictures, torch.ones(8, 16, 48, 48))):
        guess = plan(model, input_data=x, loss=torch.mean, device=device).step_seconds
        if guess is not None:
            found.append(log(_step(model, x, clock) / guess.estimate))
    return max(1.0, exp(sum(found) / len(found))) if found else 1.0


def _step(model: nn.Module, x: torch.Tensor, clock: Clock) -> float:
    """Seconds of the fastest of a few training steps with AdamW."""
    optimizer = torch.optim.AdamW(model.parameters())

    def step() -> None:
        model(x).mean().backward()
        optimizer.step()
        optimizer.zero_grad()

    with torch.enable_grad():
        return _fastest(step, clock)
