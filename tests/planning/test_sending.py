"""How long what a step sends takes at best."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import modelviz
from modelviz.planning import DEVICES, Plan

from .processes import Language

TOKENS = torch.zeros(4, 16, dtype=torch.int64)


def planned(**choices: Any) -> Plan:
    model = Language(64, 1)
    return modelviz.plan(model, input_data=TOKENS, mesh={"dp": 2, "tp": 2}, **choices)


def test_bytes_over_the_links_of_the_device_or_those_that_are_given() -> None:
    plan = planned(device="H100")
    sent = {
        axis: sum(c.wire_bytes for c in plan.collectives if c.axis == axis) for axis in ("dp", "tp")
    }
    found = plan.send_seconds
    assert found is not None and DEVICES["H100 80 GB"].link == 450e9
    assert found.by_axis == pytest.approx({axis: size / 450e9 for axis, size in sent.items()})
    assert found.ideal == pytest.approx(sum(sent.values()) / 450e9)
    assert "NVLink" in found.basis and "no faster than" in str(plan)
    assert plan.to_dict()["send_seconds"]["ideal"] == found.ideal
    given = planned(device="H100", links={"dp": "50GB", "tp": 450e9}).send_seconds
    assert given is not None and given.basis == "the bandwidth that was given"
    assert given.by_axis["dp"] == pytest.approx(sent["dp"] / 50e9)
    # It stands apart from the seconds of the kernels.
    assert plan.step_seconds == planned(device="H100", links="1GB").step_seconds


def test_it_is_not_known_for_a_device_without_links() -> None:
    assert planned(device="24GB").send_seconds is None
    assert modelviz.plan(Language(64, 1), input_data=TOKENS, device="H100").send_seconds is None


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ("fast", "expected the bytes that a device sends in a second"),
        (-1, "expected the bytes that a device sends in a second"),
        (True, "expected the bytes that a device sends in a second"),
        ({"pp": "1GB"}, "'pp' is no axis of the mesh, which has dp, tp"),
    ],
)
def test_links_that_cannot_be_used_are_told(links: Any, message: str) -> None:
    with pytest.raises(modelviz.InputError, match=message):
        planned(links=links)


def test_every_gpu_has_links_and_their_source() -> None:
    for device in DEVICES.values():
        assert device.link and device.link_source.count("GB/s both ways") == 1
