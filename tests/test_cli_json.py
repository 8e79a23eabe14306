"""JSON for programs: alone on standard output, with the same keys each time, also of errors."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelviz.cli import main
from modelviz.cli_output import print_json

CODE = """
import torch
from torch import nn

print("said while it was imported")

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(16, 4)

    def forward(self, x):
        print("said in the forward")
        return self.second(self.first(x))

class Broken(Net):
    def forward(self, x):
        return self.first(self.first(x))

class Unmade(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8)
"""
ERROR = {
    *("kind", "message", "remedies", "details", "path", "file", "line", "source", "choices"),
    "commands",
}

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """A command with ``--json``: its exit code, what was parsed of its output, and its stderr."""
    (tmp_path / "nets.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "one.py").write_text(CODE.partition("class Broken")[0], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)

    def run(*arguments: str) -> tuple[int, Any, str]:
        monkeypatch.setattr(sys, "argv", ["modelviz", *arguments, "--json"])
        with pytest.raises(SystemExit) as exit:
            main()
        out, err = capsys.readouterr()
        return int(exit.value.code or 0), json.loads(out), err

    yield run
    sys.path[:] = path


COMMANDS = [
    (["summary"], {"name", "total_params", "total_flops", "execution", "notes", "rows"}),
    (["export", "-o", "net.mmd"], {"model", "path", "format", "bytes"}),
    (["check", "--fail-on", "never"], {"model", "counts", "findings", "skipped"}),
    (["plan"], {"model", "peak_bytes", "breakdown", "fits", "holders", "device"}),
    (["formulas"], {"model", "dims", "formulas", "valid", "modules"}),
    (["profile"], {"name", "total_params", "notes", "rows"}),
]


@pytest.mark.parametrize(("arguments", "keys"), COMMANDS, ids=[one[0][0] for one in COMMANDS])
def test_a_command_prints_json_and_nothing_else(
    run: Run, arguments: list[str], keys: set[str]
) -> None:
    code, printed, said = run(arguments[0], "nets.py:Net", "-i", "2,8", *arguments[1:])
    assert code == 0
    assert keys <= set(printed) and "error" not in printed
    assert "said in the forward" in said


def test_json_of_a_diff(run: Run) -> None:
    code, printed, _ = run("diff", "simple_net", "simple_net", "--exit-code")
    assert (code, printed["changes"]) == (0, [])
    code, printed, _ = run("diff", "simple_net", "sequential_net", "--exit-code")
    assert code == 1 and printed["changes"] and "totals" in printed


def test_exit_code_of_findings_is_the_same_as_in_text(run: Run) -> None:
    code, printed, _ = run("check", "nets.py:Net", "-i", "2,8")
    assert code == 1
    assert "MV501" in {finding["code"] for finding in printed["findings"]}


def test_forward_that_failed_has_what_there_is_and_the_error(run: Run) -> None:
    code, printed, _ = run("summary", "nets.py:Broken", "-i", "2,8")
    assert code == 1
    assert printed["total_params"] == 212 and printed["rows"]
    error = printed["error"]
    assert set(error) == ERROR
    assert (error["kind"], error["path"]) == ("forward", "first")
    assert error["source"] == "return self.first(self.first(x))"
    assert CODE.splitlines()[error["line"] - 1].strip() == error["source"]
    assert error["remedies"]


@pytest.mark.parametrize(
    ("arguments", "kind", "said"),
    [
        (["summary", "no_such_model"], "input", "cannot find a model"),
        (["plan", "simple_net", "--device", "nothing"], "input", "--device nothing"),
        (["check", "nets.py:Unmade"], "code", "missing 1 required positional argument"),
        (["export", "simple_net", "-o", "no/such/folder.svg"], "output", "does not exist"),
        (["summary", "gpt", "--mode", "nothing"], "usage", "'nothing'"),
        (["summary"], "usage", "model"),
        (["sumary", "gpt"], "usage", "sumary"),
    ],
)
def test_error_is_json_too(run: Run, arguments: list[str], kind: str, said: str) -> None:
    code, printed, err = run(*arguments)
    assert code == 2
    assert set(printed) == {"error"} and set(printed["error"]) == ERROR
    assert printed["error"]["kind"] == kind
    assert said in printed["error"]["message"].lower()
    assert "Traceback" not in err


def test_code_that_fails_names_its_line_and_text(run: Run) -> None:
    error = run("summary", "nets.py:Unmade")[1]["error"]
    assert error["file"].endswith("nets.py")
    assert error["source"] == "self.first = nn.Linear(8)"
    assert error["remedies"] == ["correct the code and run it again"]


def test_a_package_that_is_missing_is_to_be_installed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "needs.py").write_text("import torch\nimport nopkg.part\n", encoding="utf-8")
    error = run("summary", str(tmp_path / "needs.py"))[1]["error"]
    assert (error["line"], error["source"]) == (2, "import nopkg.part")
    assert "pip install nopkg" in error["remedies"][0]
    first, _ = run("summary", "nowhere:Net")[1]["error"]["remedies"]
    assert "path/nowhere.py:Name" in first


def test_several_models_are_listed_with_the_command_for_each(run: Run) -> None:
    code, printed, _ = run("check", "nets.py", "-i", "2,8")
    assert code == 2
    assert printed["error"]["choices"] == ["nets.py:Net", "nets.py:Broken", "nets.py:Unmade"]
    assert printed["error"]["commands"][1] == "modelviz check nets.py:Broken -i 2,8 --json"


def test_file_with_one_model_needs_no_name(run: Run) -> None:
    assert run("summary", "one.py", "-i", "2,8")[1]["total_params"] == 212


def test_numbers_that_json_lacks_are_null(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [float("nan"), float("inf"), 1.5], 2: ("x",)})
    assert json.loads(capsys.readouterr().out) == {"a": [None, None, 1.5], "2": ["x"]}


@pytest.mark.slow
def test_json_of_the_demo(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelviz.gallery.NAMES", ("simple_net",))
    code, printed, _ = run("demo", "-o", "pictures")
    assert code == 0
    assert all(Path(picture).is_file() for one in printed["models"] for picture in one["pictures"])
