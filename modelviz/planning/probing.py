"""What the CPU of this machine reaches, measured in a second or two, for estimates of a step."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from time import perf_counter
from typing import Any

import torch
from torch import nn

from .devices import Device, this_machine
from .kernel_times import Clock, KernelTimes, fastest, usual
from .ledger import PHASES, Event
from .run import plan


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
class Overheads:
    """Seconds of a step beside the work of its kernels.

    ``forward``, ``backward`` and ``update`` are for each kernel of the phase, ``inference`` for one
    of a forward that keeps nothing for a backward pass, ``call`` for each call of a module, the
    others once for a backward pass and once for an update.
    """

    forward: float
    inference: float
    call: float
    backward: float
    update: float
    backward_once: float
    update_once: float

    def of(self, event: Event, trains: bool) -> float:
        """Those of one kernel."""
        if event.phase == "optimizer":
            return self.update
        forward = self.forward if trains else self.inference
        each = self.backward if event.phase == "backward" else forward
        return each + event.calls * self.call


@dataclass(frozen=True, slots=True)
class Calibration:
    """What kernels of this machine take.

    ``kernels`` measures each in its own shapes. For those too large, or without it: ``products``
    and ``convolutions`` are by FLOPs, the first by dtype, ``memory`` by bytes read and written,
    and ``scale`` is how much longer kernels take in a step, where each finds the caches filled by
    others, than one after another. ``launch`` is what each costs beside its work, seconds, unless
    ``overheads`` says.
    """

    launch: float
    products: dict[str, Curve]
    convolutions: Curve
    memory: Curve
    scale: float = 1.0
    kernels: KernelTimes | None = None
    overheads: Overheads | None = None

    def of(self, event: Event, trains: bool = True) -> float:
        """Seconds of one kernel of a step, or of an inference."""
        beside = self.launch if self.overheads is None else self.overheads.of(event, trains)
        return beside + self.work(event)

    def measure(self, work: Iterable[Event]) -> None:
        """Measure the kernels of a step, in turns."""
        if self.kernels is not None:
            self.kernels.measure((event.kernel, event.moved) for event in work)

    def work(self, event: Event) -> float:
        """Seconds of its work alone."""
        if self.kernels is not None and event.kernel is not None:
            found = self.kernels.seconds(event.kernel)
            if found is not None:
                return found
        return self.scale * self.by_curves(event)

    def by_curves(self, event: Event) -> float:
        """Seconds of its work as others of its kind took, one after another."""
        curve = self.products.get(event.dtype, self.products["float32"])
        if "conv" in event.op:
            curve = self.convolutions
        return max(curve.seconds(event.flops), self.memory.seconds(event.moved))

    def beside(self, phases: Collection[str], passes: float) -> float:
        """Seconds of a step that no kernel has, for its phases and passes."""
        if self.overheads is None:
            return 0.0
        backward = self.overheads.backward_once * passes if "backward" in phases else 0.0
        return backward + (self.overheads.update_once if "optimizer" in phases else 0.0)


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
    found = Calibration(0.0, products, convolutions, memory, kernels=KernelTimes(clock))
    device = replace(
        this_machine(),
        name="this machine's CPU",
        bandwidth=memory.rate,
        rates={name: curve.rate for name, curve in products.items()},
        source=f"measured here with {torch.get_num_threads()} threads (modelviz.planning.probe)",
        calibration=found,
    )
    found = replace(found, overheads=_overheads(device, found, clock))
    device = replace(device, calibration=found)
    return replace(device, calibration=replace(found, scale=_scale(device, found)))


def _curve(points: Sequence[tuple[float, float]]) -> Curve:
    return Curve(tuple(sorted((work, max(seconds, 1e-9)) for work, seconds in points)))


def _products(dtype: torch.dtype, clock: Clock) -> Curve:
    points = []
    for rows, inner, columns in ((16, 32, 32), (64, 128, 128), (256, 256, 256), (768, 512, 512)):
        a, b = torch.ones(rows, inner, dtype=dtype), torch.ones(columns, inner, dtype=dtype)
        seconds = fastest(lambda a=a, b=b: torch.mm(a, b.t()), clock)  # type: ignore[misc]
        points.append((2.0 * rows * inner * columns, seconds))
    return _curve(points)


def _convolutions(clock: Clock) -> Curve:
    points = []
    for batch, channels, size in ((1, 8, 8), (4, 16, 16), (8, 32, 32), (8, 64, 56)):
        x = torch.ones(batch, channels, size, size)
        weight = torch.ones(channels, channels, 3, 3)
        seconds = fastest(
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
        by_byte = sorted(fastest(run, clock) / (each * size) for run, each in runs)
        points.append((12.0 * size, 12.0 * size * by_byte[1]))
    return _curve(points)


def _overheads(device: Device, found: Calibration, clock: Clock) -> Overheads:
    """What steps of tiny models take beside their kernels.

    Of layers, whose kernels Python calls, and of a recurrent layer, which calls hundreds of its
    own.
    """
    layers = nn.Sequential(*[layer for _ in range(8) for layer in (nn.Linear(4, 4), nn.GELU())])
    recurrent = nn.GRU(4, 4)
    few = _Phases.of(layers, torch.ones(2, 4), device, found, clock)
    many = _Phases.of(recurrent, torch.ones(20, 2, 4), device, found, clock)
    forward = max(0.0, many.rest["forward"] / many.count["forward"])
    call = max(0.0, (few.rest["forward"] - forward * few.count["forward"]) / few.calls)
    backward, backward_once = _line(
        *((one.count["backward"], one.rest["backward"]) for one in (few, many))
    )
    update, update_once = _line(
        *((one.count["optimizer"], one.rest["optimizer"]) for one in (few, many))
    )
    inference = _inference(recurrent, torch.ones(20, 2, 4), device, found, clock)
    return Overheads(forward, inference, call, backward, update, backward_once, update_once)


def _inference(
    model: nn.Module, x: torch.Tensor, device: Device, found: Calibration, clock: Clock
) -> float:
    """Seconds of each kernel of an inference that are not of its work."""
    work = plan(model, input_data=x, optimizer=None, device=device).work
    found.measure(work)
    model.eval()
    with torch.no_grad():
        real = usual(lambda: model(x), clock)
    return max(0.0, real - sum(found.work(event) for event in work if event.moved)) / len(work)


def _line(first: tuple[int, float], second: tuple[int, float]) -> tuple[float, float]:
    """Seconds for each and once, from two counts with their seconds; none of them below 0."""
    (count, seconds), (other, longer) = sorted((first, second))
    each = max(0.0, (longer - seconds) / max(1, other - count))
    each = max(0.0, min(each, longer / other))
    return each, max(0.0, seconds - each * count)


@dataclass(frozen=True, slots=True)
class _Phases:
    """Of a step: kernels by phase, the seconds that are none of theirs, and calls of modules."""

    count: dict[str, int]
    rest: dict[str, float]
    calls: int

    @classmethod
    def of(
        cls, model: nn.Module, x: torch.Tensor, device: Device, found: Calibration, clock: Clock
    ) -> _Phases:
        """Those of a model with this input, trained with AdamW."""
        work = plan(model, input_data=x, loss=_mean, device=device).work
        found.measure(work)
        count: dict[str, int] = dict.fromkeys(PHASES, 0)
        kernels: dict[str, float] = dict.fromkeys(PHASES, 0.0)
        for event in work:
            phase = "forward" if event.phase == "loss" else event.phase
            count[phase] += 1
            kernels[phase] += found.work(event) if event.moved else 0.0
        real = _phases(model, x, clock)
        rest = {phase: real[phase] - kernels[phase] for phase in real}
        return cls(count, rest, sum(event.calls for event in work))


def _scale(device: Device, found: Calibration) -> float:
    """How much longer the kernels of steps take in turns than one after another, at least 1."""
    encoder = nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, batch_first=True)
    layers = [nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU()]
    pictures = nn.Sequential(*layers, nn.Conv2d(32, 32, 3, padding=1))
    ratios = []
    for model, x in ((encoder, torch.ones(8, 64, 128)), (pictures, torch.ones(8, 16, 48, 48))):
        work = plan(model, input_data=x, loss=_mean, device=device).work
        found.measure(work)
        curves = sum(found.by_curves(event) for event in work)
        ratios.append(log(sum(found.work(event) for event in work) / curves))
    return max(1.0, exp(sum(ratios) / len(ratios)))


def _mean(output: Any) -> torch.Tensor:
    found: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return found.mean()


def _phases(model: nn.Module, x: torch.Tensor, clock: Clock) -> dict[str, float]:
    """Seconds of a training step with AdamW by phase, the loss with the forward."""
    optimizer = torch.optim.AdamW(model.parameters())

    def backward() -> None:
        optimizer.zero_grad()
        _mean(model(x)).backward()

    with torch.enable_grad():
        forward = usual(lambda: _mean(model(x)), clock)
        both = usual(backward, clock)
        update = usual(optimizer.step, clock)
    return {"forward": forward, "backward": max(0.0, both - forward), "optimizer": update}
