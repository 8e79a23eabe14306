"""Models as people write them run with the first inputs that are proposed."""

from __future__ import annotations

import pytest
import torch

import modelviz
from tests.proposals import people_more
from tests.proposals.people import MODELS

assert people_more  # its models are among those


# The default run takes every third.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if number % 3 == 0 else pytest.mark.slow)
        for number, name in enumerate(MODELS)
    ],
)
def test_first_proposal_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = MODELS[name]()
    graph = modelviz.trace(model)
    assert graph.execution != "none", graph.notes
    assert graph.failure is None and graph.outputs
    codes = {finding.code for finding in graph.findings}
    assert ("MV007" in codes) is bool(graph.inputs), graph.notes


def test_summary_and_picture_say_what_was_assumed() -> None:
    table = str(modelviz.summary(MODELS["LeNet"](), verbose=0))
    assert "no inputs were given; the inputs are a proposal: x [1, 1, 32, 32] float32" in table
    assert "[1, 10]" in table
    assert "-->" in modelviz.draw(MODELS["LeNet"]()).mermaid


def test_the_modules_alone_are_asked_for() -> None:
    graph = modelviz.trace(MODELS["LeNet"](), execution="none")
    assert graph.execution == "none" and not graph.ops and not graph.findings
