"""The command ``modelviz plan``."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelviz import InputError
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


def test_plan_in_a_pipe_has_each_row_on_one_line(tmp_path: Path) -> None:
    folder = tmp_path / ("a_folder_whose_name_is_long" * 4)
    folder.mkdir()
    file = folder / ("network_of_a_long_name" * 4 + ".py")
    file.write_text(NET)
    done = CliRunner().invoke(app, ["plan", f"{file}:Net", "-i", "4,8"], env={"COLUMNS": "60"})
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    held = lines[lines.index("held at the peak by") + 1 :]
    rows = list(itertools.takewhile(str.strip, held))
    assert any(row.endswith(f"{file.name}:11") for row in rows)
    assert all(row.split()[1] in ("B", "kB", "MB") for row in rows)


def test_plan_of_many_devices_with_a_picture(net: str, tmp_path: Path) -> None:
    picture = tmp_path / "plan.svg"
    options = ["--mesh", "dp=2,tp=2", "-o", str(picture), "--json"]
    done = CliRunner().invoke(app, ["plan", net, "-i", "4,8", *options])
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert data["mesh"] == {"dp": 2, "tp": 2}
    assert {one["axis"] for one in data["collectives"]} == {"dp", "tp"}
    assert "Net on one of 4 devices (dp=2, tp=2)" in picture.read_text()


@pytest.mark.parametrize(
    ("mesh", "message"),
    [
        ("dp=-1", "expected axes with their sizes"),
        ("dp", "expected axes with their sizes"),
        ("dp=2,dp=4", "expected axes with their sizes"),
        ("xp=2", "'xp' is no axis that is known"),
        ("tp=3", "tp=3 does not divide the 64 features"),
    ],
)
def test_a_wrong_mesh_has_one_error(net: str, mesh: str, message: str) -> None:
    done = CliRunner().invoke(app, ["plan", net, "-i", "4,8", "--mesh", mesh])
    assert isinstance(done.exception, InputError) and message in str(done.exception)


def test_plan_that_does_not_fit_fails_where_asked(net: str) -> None:
    done = CliRunner().invoke(app, ["plan", net, "-i", "4,8", "--device", "2kB", "--fail"])
    assert done.exit_code == 1
    assert "does not fit on a GPU of 2.00 kB" in done.stdout
