"""The command ``modelviz plan``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelviz.cli import app

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(8, 64), nn.ReLU(), nn.Linear(64, 8))

    def forward(self, x):
        return self.layers(x)
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    file = tmp_path / "net.py"
    file.write_text(NET)
    return f"{file}:Net"


def test_plan_as_json(net: str) -> None:
    options = ["--batch", "16", "--device", "1MB", "--largest", "batch", "--json"]
    done = CliRunner().invoke(app, ["plan", net, "-i", "4,8", *options])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["sizes"]["batch"] == 16
    assert sum(data["breakdown"].values()) == data["peak_bytes"]
    assert data["largest"]["size"] > 16


def test_plan_that_does_not_fit_fails_where_asked(net: str) -> None:
    done = CliRunner().invoke(app, ["plan", net, "-i", "4,8", "--device", "2kB", "--fail"])
    assert done.exit_code == 1
    assert "does not fit on a GPU of 2.00 kB" in done.stdout
