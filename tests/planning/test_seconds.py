"""``plan.step_seconds``: a bound, and an estimate by what kernels took."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch
from torch import nn

import modelviz
from modelviz.planning import probe
from modelviz.planning.devices import this_machine
from modelviz.planning.probing import Calibration, Curve

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


@pytest.mark.slow
def test_the_probe_measures_this_machine() -> None:
    state = torch.get_rng_state()
    device = probe(time.process_time)
    assert torch.equal(torch.get_rng_state(), state)
    assert device.bandwidth and device.rates["float32"] > 1e8
    plan = modelviz.plan(nn.Linear(256, 256), (64, 256), device=device)
    seconds = plan.step_seconds
    assert seconds is not None and 0 < seconds.ideal < seconds.estimate
