"""``plan.step_seconds``: a bound, and an estimate by what kernels took."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.planning import probe
from modelviz.planning.devices import this_machine
from modelviz.planning.kernel_times import Kernel, KernelTimes, Like
from modelviz.planning.probing import Calibration, Curve, Overheads

LINE = Curve(((1e3, 1e-6), (1e6, 1e-3)))


def test_curves_go_through_their_points_and_keep_the_rate_beyond() -> None:
    for work, seconds in ((1e3, 1e-6), (1e6, 1e-3), (3e4, 3e-5), (1e9, 1.0), (10, 1e-8), (0, 0)):
        assert LINE.seconds(work) == pytest.approx(seconds)
    assert LINE.rate == pytest.approx(1e9)


def test_an_estimate_adds_up_what_each_kernel_took() -> None:
    found = Calibration(1e-5, {"float32": LINE}, LINE, LINE, scale=2.0)
    device = replace(this_machine(), bandwidth=1e9, rates={"float32": 1e9}, calibration=found)
    plan = modelviz.plan(nn.Linear(64, 32, bias=False), (8, 64), optimizer=None, device=device)
    seconds = plan.step_seconds
    flops, moved = 2 * 8 * 64 * 32, 4 * (8 * 64 + 64 * 32 + 8 * 32)
    products = [event for event in plan.work if event.flops]
    assert seconds is not None and (seconds.flops, len(products)) == (flops, 1)
    assert seconds.ideal == pytest.approx(max(flops, moved) / 1e9)
    launches = len(plan.work) * 1e-5
    assert seconds.estimate == pytest.approx(launches + 2 * max(flops, moved) / 1e9)
    assert "on this machine" in seconds.basis


def test_kernels_are_measured_in_their_own_shapes() -> None:
    """Where nothing is known by rates, a step has what each kernel took, and what is beside it."""
    ticks = itertools.count()
    times = KernelTimes(lambda: float(next(ticks)))  # what runs once takes a second
    none = Curve(((1.0, 1e9),))
    beside = Overheads(0.5, 0.0625, 2.0, 0.25, 0.125, 10.0, 20.0)
    found = Calibration(1e9, {"float32": none}, none, none, kernels=times, overheads=beside)
    device = replace(this_machine(), bandwidth=1e9, rates={"float32": 1e9}, calibration=found)
    model = nn.Sequential(nn.Linear(6, 4), nn.Dropout(), nn.GRU(4, 4))
    state = torch.get_rng_state()
    plan = modelviz.plan(model, (3, 2, 6), optimizer="sgd", device=device)
    seconds = plan.step_seconds
    assert seconds is not None and torch.equal(torch.get_rng_state(), state)
    assert sum(event.calls for event in plan.work) == 4
    each = {"forward": 0.5, "loss": 0.5, "backward": 0.25, "optimizer": 0.125}
    wanted = sum(each[event.phase] for event in plan.work) + 4 * 2.0 + 10.0 + 20.0
    kernels = [event.kernel for event in plan.work if event.moved]
    assert all(kernels)
    # Of the second, a twentieth is what calling a kernel that does nothing took.
    assert seconds.estimate == pytest.approx(wanted + 0.95 * len(kernels))
    forward = modelviz.plan(model, (3, 2, 6), optimizer=None, device=device)
    assert forward.step_seconds is not None
    wanted = 0.0625 * len(forward.work) + 4 * 2.0
    wanted += 0.95 * sum(bool(event.moved) for event in forward.work)
    assert forward.step_seconds.estimate == pytest.approx(wanted)


def test_a_kernel_that_comes_again_soon_runs_many_times_on_end() -> None:
    """Of a recurrent layer's steps all but the first find its weights in the caches."""

    def turns(steps: int, between: int) -> int:
        ran = 0

        def clock() -> float:
            return 0.0

        class Counting(KernelTimes):
            def _turn(self, kernel: Kernel, times: int) -> float | None:
                nonlocal ran
                ran = max(ran, times) if kernel is product else ran
                return 2e-5

        product = Kernel(torch.ops.aten.mm.default, (Like((8, 8), (8, 1), torch.float32),) * 2)
        Counting(clock).measure([(product, 768), (None, between)] * steps)
        return ran

    assert turns(100, 2**12) == 20
    assert turns(100, 2**20) == turns(1, 0) == 2


def test_a_kernel_that_cannot_run_has_its_rate() -> None:
    times = KernelTimes(time.process_time)
    wrong = Kernel(torch.ops.aten.mm.default, (Like((2, 3), (3, 1), torch.float32),) * 2)
    right = Kernel(torch.ops.aten.mm.default, (Like((64, 64), (64, 1), torch.float32),) * 2)
    times.measure(((wrong, 0), (right, 0)))
    taken = times.seconds(right)
    assert times.seconds(wrong) is None and taken is not None and taken > 0


@pytest.mark.parametrize("kind", [nn.Conv2d, nn.ConvTranspose2d])
@pytest.mark.parametrize("groups", [1, 4, 8])
def test_a_backward_pass_of_groups_is_twice_the_forward(kind: Any, groups: int) -> None:
    model = kind(8, 8, 5, padding=2, groups=groups)
    x = torch.zeros(2, 8, 9, 7, requires_grad=True)
    device = replace(this_machine(), bandwidth=1e9, rates={"float32": 1e9})
    plan = modelviz.plan(model, input_data=x, device=device)
    forward = 2 * 2 * 9 * 7 * 8 * (8 // groups) * 25
    assert plan.step_seconds is not None and plan.step_seconds.flops == 3 * forward


@pytest.mark.slow
def test_the_probe_measures_this_machine() -> None:
    state = torch.get_rng_state()
    device = probe(time.process_time)
    assert torch.equal(torch.get_rng_state(), state)
    assert device.bandwidth and device.rates["float32"] > 1e8
    plan = modelviz.plan(nn.Linear(256, 256), (64, 256), device=device)
    seconds = plan.step_seconds
    assert seconds is not None and 0 < seconds.ideal < seconds.estimate
