"""How long a step is: an ideal bound from a device's data sheet, and apart from it an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .ledger import Event
from .settings import Settings

# What well-written steps reach of a data sheet: about half of the rate of products in training
# (model FLOPs utilisation of 40 to 60% in published runs) and four fifths of the bandwidth.
_REACHED_RATE = 0.5
_REACHED_BANDWIDTH = 0.8
_LAUNCH_SECONDS = 5e-6
_ASSUMED = (
    "half of the peak rate, four fifths of the bandwidth, and 5 µs for a kernel at least: not "
    "measured on this model"
)
_MEASURED = "by what kernels of each kind took on this machine, not by this model"


@dataclass(frozen=True, slots=True)
class StepSeconds:
    """Seconds of a step.

    ``ideal`` is a bound that no step is faster than: each kernel at the peak rate or the full
    bandwidth of the data sheet, whichever takes longer (roofline). ``estimate`` lowers both to what
    ``basis`` says.
    """

    ideal: float
    estimate: float
    flops: int
    moved_bytes: int
    basis: str


def step_seconds(work: Sequence[Event], settings: Settings) -> StepSeconds | None:
    """The seconds of the kernels ``work``; None for a device without rates."""
    device = settings.device
    if not device.rates or device.bandwidth is None:
        return None
    single = device.rates.get("float32", 0.0)
    calibration = device.calibration
    if calibration is not None:
        calibration.measure(work)
    ideal = estimate = 0.0
    flops = moved = 0
    for event in work:
        times = 1.0 if event.phase == "optimizer" else settings.passes
        rate = device.rates.get(event.dtype) or single
        by_rate = event.flops / rate if rate else 0.0
        by_bandwidth = event.moved / device.bandwidth
        ideal += times * max(by_rate, by_bandwidth)
        if calibration is not None:
            estimate += times * calibration.of(event, settings.trains)
        elif event.flops or event.moved:
            slow = max(by_rate / _REACHED_RATE, by_bandwidth / _REACHED_BANDWIDTH, _LAUNCH_SECONDS)
            estimate += times * slow
        flops += int(times * event.flops)
        moved += int(times * event.moved)
    if calibration is not None:
        phases = {event.phase for event in work}
        estimate += calibration.beside(phases, settings.passes)
    basis = _ASSUMED if calibration is None else _MEASURED
    return StepSeconds(ideal, estimate, flops, moved, basis)
