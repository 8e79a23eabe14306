"""What a summary counts is what a check tells."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import modelviz
from modelviz.checking.run import quick_findings
from tests.faults import FAULTS, Fault


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.log(torch.softmax(self.net(x), -1))


def test_a_summary_counts_them() -> None:
    said = " ".join(str(modelviz.summary(Twice(), (2, 4), verbose=0)).split())
    assert "1 warning of quick checks; modelviz.check(model) looks for more" in said
    assert "quick checks" not in str(modelviz.summary(Twice().net, (2, 4), verbose=0))


def test_settings_of_the_project_count(tmp_path, monkeypatch) -> None:
    graph = modelviz.trace(Twice(), (2, 4))
    (tmp_path / "pyproject.toml").write_text('[tool.modelviz]\nignore = ["MV401"]\n')
    monkeypatch.chdir(tmp_path)
    assert not quick_findings(graph)
    (tmp_path / "pyproject.toml").write_text('[tool.modelviz]\nignore = ["no-such-rule"]\n')
    modelviz.summary(graph, verbose=0)


def _told_by_both(fault: Fault) -> None:
    arguments = {name: v for name, v in fault.arguments.items() if name not in ("loss", "mode")}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = fault.faulty()
        quick = quick_findings(modelviz.trace(model, **arguments))
        whole = modelviz.check(model, **fault.arguments)
    known = {(finding.code, finding.path) for finding in whole}
    assert {(finding.code, finding.path) for finding in quick} <= known


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(FAULTS)[5::40])
def test_a_check_tells_what_was_counted(name: str) -> None:
    _told_by_both(FAULTS[name])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FAULTS)
def test_a_check_tells_what_was_counted_of_all(name: str) -> None:
    _told_by_both(FAULTS[name])
