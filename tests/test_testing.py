"""``modelviz.testing``: an architecture as a golden file, in a project's own pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from torch import nn

from modelviz.testing import assert_architecture

TEST = """
from torch import nn
from modelviz.testing import assert_architecture

def test_architecture():
    assert_architecture(nn.Linear(4, {width}), "net.json", (1, 4))
"""


def test_a_change_fails_with_the_diff(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "net.json"
    with pytest.raises(AssertionError, match="no saved architecture"):
        assert_architecture(nn.Linear(4, 4), file, (1, 4))
    monkeypatch.setenv("MODELVIZ_UPDATE", "1")
    assert_architecture(nn.Linear(4, 4), file, (1, 4))
    monkeypatch.delenv("MODELVIZ_UPDATE")
    assert_architecture(nn.Linear(4, 4), file, (1, 4))
    with pytest.raises(AssertionError, match="out_features=4 → out_features=8"):
        assert_architecture(nn.Linear(4, 8), file, (1, 4))


@pytest.mark.slow
def test_option_of_pytest(tmp_path: Path) -> None:
    def pytest_run(width: int, *options: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "test_net.py").write_text(TEST.format(width=width))
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
        plugin = [] if has_entry_point() else ["-p", "modelviz.pytest_plugin"]
        return subprocess.run([*command, *plugin], cwd=tmp_path, capture_output=True, text=True)

    assert "no saved architecture" in pytest_run(4).stdout
    assert pytest_run(4, "--modelviz-update").returncode == 0
    assert pytest_run(4).returncode == 0
    failed = pytest_run(8)
    assert failed.returncode == 1
    assert "out_features=4 → out_features=8" in failed.stdout


def has_entry_point() -> bool:
    """Whether the package is installed with its plugin, as users have it."""
    from importlib.metadata import entry_points

    return any(point.value == "modelviz.pytest_plugin" for point in entry_points(group="pytest11"))
