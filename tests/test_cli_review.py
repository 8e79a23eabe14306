"""The commands ``check`` and ``diff``."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from torch import nn

import modelviz
from modelviz.cli import main

NET = """
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(16, 4)

    def forward(self, x):
        return self.second(F.dropout(self.first(x).relu(), 0.5))
"""


def run(
    *arguments: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    monkeypatch.setattr("sys.argv", ["modelviz", *arguments])
    code = 0
    try:
        main()
    except SystemExit as ended:
        code = int(ended.code or 0)
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.fixture
def net(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reviewed.py").write_text(NET)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_check(
    net: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*options: str) -> tuple[int, str]:
        return run(
            "check",
            "reviewed.py:Net",
            "-i",
            "4,8",
            *options,
            capsys=capsys,
            monkeypatch=monkeypatch,
        )

    code, text = check()
    assert code == 1 and "MV302 dropout-always-on" in text and "reviewed.py:12" in text
    assert check("--fail-on", "never")[0] == 0
    assert check("--ignore", "MV302")[0] == 0
    assert check("--select", "MV9")[0] == 2
    code, text = check("--json")
    assert [one["code"] for one in json.loads(text)["findings"]] == ["MV302"]
    assert check("--format", "github")[1].startswith("::error file=reviewed.py,line=12,")
    assert json.loads(check("--format", "sarif")[1])["version"] == "2.1.0"
    (net / "reviewed.py").write_text(NET.replace("0.5))", "0.5))  # modelviz: ignore[MV302]"))
    assert check()[0] == 0


def test_check_proposes_inputs(
    net: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = run("check", "reviewed.py:Net", capsys=capsys, monkeypatch=monkeypatch)
    assert code == 1 and "MV302" in text


def test_diff(
    net: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (net / "other.py").write_text(NET.replace("16, 4)", "16, 5)"))

    def diff(*options: str) -> tuple[int, str]:
        return run("diff", *options, capsys=capsys, monkeypatch=monkeypatch)

    sides = ("reviewed.py:Net", "other.py:Net", "-i", "4,8")
    code, text = diff(*sides)
    assert code == 0 and "~ second (Linear)" in text and "out_features=4 → out_features=5" in text
    assert diff(*sides, "--exit-code")[0] == 1
    assert diff("reviewed.py:Net", "reviewed.py:Net", "-i", "4,8", "--exit-code")[0] == 0
    assert json.loads(diff(*sides, "--json")[1])["changes"][0]["before"] == "second"
    assert diff(*sides, "--markdown")[1].startswith("**reviewed.py:Net → other.py:Net: 1 change**")
    assert diff(*sides, "-o", "diff.svg")[0] == 0
    written = re.sub(r"<[^>]*>", "", (net / "diff.svg").read_text())
    assert re.search(r"~\s+Linear", written)
    modelviz.trace(nn.Linear(2, 2), (1, 2)).save(net / "saved.json")
    assert diff("saved.json", "saved.json", "--exit-code")[0] == 0


@pytest.mark.slow
def test_revisions(
    net: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "one"],
    ):
        subprocess.run(["git", *command], check=True)
    (net / "reviewed.py").write_text(NET.replace("16, 4)", "16, 5)"))

    def diff(*sides: str) -> tuple[int, str]:
        return run("diff", *sides, "-i", "4,8", capsys=capsys, monkeypatch=monkeypatch)

    code, text = diff("HEAD:reviewed.py:Net", "reviewed.py:Net")
    assert code == 0 and "out_features=4 → out_features=5" in text
    code, text = diff("HEAD:gone.py:Net", "reviewed.py:Net")
    assert code == 2 and "no file 'gone.py' in the revision 'HEAD'" in text
    code, text = diff("gone:reviewed.py:Net", "reviewed.py:Net")
    assert code == 2 and "no revision 'gone'" in text
