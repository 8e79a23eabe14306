"""Options: words in any case, here and in Python, and messages that name options as typed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.cli import main

CODE = """
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        return self.last(self.first(x).relu())

class Valued(Net):
    def forward(self, x):
        return super().forward(x) if x.sum() > 0 else x

class Named(nn.Module):
    def __init__(self, input_size, color_by=None):
        super().__init__()

def named():
    return Named(depth=3)
"""
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """The command in a folder with ``optioned.py``: its exit code, and all that it says."""
    (tmp_path / "optioned.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))

    def command(name: str, *rest: str, model: str = "Net") -> tuple[int, str]:
        source = model if "." in model else f"optioned.py:{model}"
        typed = ["modelviz", name, source, *rest]
        monkeypatch.setattr(sys, "argv", typed)
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((shown.out + shown.err).split())

    return command


SAID = {
    "columns": (("summary", "--columns", "flop"), "unknown --columns: 'flop'", "col_names"),
    "a column's name": (("summary", "--columns", "flop"), "kernel_size, input_size,", "--input"),
    "no forward": (
        ("summary", "--execution", "none", "--columns", "flops"),
        "pass --input-size, or",
        "input_data",
    ),
    "a value": (("export", "-o", "a.svg", "--show", "nope"), "--show nope: expected", "show="),
    "a list": (
        ("export", "-o", "a.svg", "--width", "1in", "--font-size", "30"),
        "smaller than --font-size 30: show less of it (--collapse, --hide, --show -shapes)",
        "_size",
    ),
    "several": (
        ("export", "-o", "a.svg", "--columns", "15"),
        "with --depth or --expand",
        "columns=",
    ),
    "a dict": (("plan", "--mesh", "x=2"), "--mesh x=2: 'x' is no axis", "mesh="),
    "a colour": (
        ("export", "-o", "a.svg", "--color", "first=blueish"),
        "--color first=blueish: expected a colour such as '#aabbcc'",
        "color=",
    ),
    "none": (
        ("plan", "--decode", "--optimizer", "adamw", "--loss", "nope"),
        "--decode plans the next token",
        "decode=",
    ),
    "a colon": (("check", "--select", "MV9999"), "modelviz: --select: no rule", " select:"),
    "a dict of tuples": (
        ("formulas", "--dims", "-,-"),
        "expected names such as --dims input_ids=batch,seq",
        "dims=",
    ),
}


@pytest.mark.parametrize("case", SAID)
def test_the_command_names_its_options_as_they_are_typed(case: str, run: Run) -> None:
    (name, *rest), said, python = SAID[case]
    code, shown = run(name, *rest, "-i", "2,4") if case != "no forward" else run(name, *rest)
    assert code == 2
    assert said in shown
    assert python not in shown


def test_what_a_failed_forward_names_are_options(run: Run) -> None:
    _, shown = run("summary", "-i", "2,4", "--execution", "fake", model="Valued")
    assert "--execution fake computes shapes" in shown
    assert "or give --execution real" in shown


def test_what_the_users_code_said_stays_as_it_is(run: Run) -> None:
    code, shown = run("summary", model="named")
    assert code == 2
    assert "unexpected keyword argument 'depth'" in shown
    assert "return Named(depth=3)" in shown


TYPED = (
    ("export", "-o", "a.svg", "--direction", "lr"),
    ("export", "-o", "a.svg", "--direction=Lr", "--theme", "DARK", "--page", "a4"),
    ("export", "-o", "a.svg", "--color-by", "Flops", "--engine", "Bundled", "--show", "Params"),
    ("summary", "--mode", "Train", "--execution", "FAKE", "--format", "Markdown"),
    ("summary", "--columns", "FLOPs,Num_Params", "--dtype", "Float32"),
    ("check", "--fail-on", "Never", "--select", "mv3", "--format", "Text"),
    ("plan", "--optimizer", "AdamW", "--precision", "BF16-mixed", "--growth", "Batch"),
)


@pytest.mark.parametrize("typed", TYPED, ids=" ".join)
def test_a_word_is_taken_in_any_case(typed: tuple[str, ...], run: Run) -> None:
    code, shown = run(*typed, "-i", "2,4")
    assert code == 0, shown


def test_after_two_dashes_nothing_is_an_option(run: Run, tmp_path: Path) -> None:
    code, shown = run("summary", "--", "--mode", "TRAIN")
    assert code == 2
    assert "TRAIN" in shown


def test_python_takes_words_in_any_case() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Dropout(), nn.Linear(8, 2))
    shown = modelviz.draw(
        net, (2, 4), direction="lr", theme="Dark", color_by="FLOPs", page="a4", font="Serif"
    )
    same = modelviz.draw(
        net, (2, 4), direction="LR", theme="dark", color_by="flops", page="A4", font="serif"
    )
    assert shown.svg == same.svg
    execution: Any = "FAKE"
    assert modelviz.trace(net, (2, 4), mode="Train", execution=execution) == modelviz.trace(
        net, (2, 4), mode="train", execution="fake"
    )
    columns = ("FLOPs", "Output_Size")
    table = modelviz.summary(
        net, (2, 4), col_names=columns, row_settings=("Var_Names",), mode="EVAL", verbose=0
    )
    usual = modelviz.summary(
        net, (2, 4), col_names=("flops", "output_size"), row_settings=("var_names",), verbose=0
    )
    assert str(table) == str(usual)
    assert list(modelviz.check(net, (2, 4), mode="Eval", select="mv301", execution="Auto")) == []
    plan = modelviz.plan(net, (2, 4), optimizer="SGD", mode="TRAIN")
    batch: Any = "Batch"
    assert plan.growth(batch).to_dict() == plan.growth("batch").to_dict()


@pytest.mark.parametrize(
    "options", [{"direction": "up"}, {"theme": "drak"}, {"color_by": "flps"}, {"page": "A5"}]
)
def test_a_word_that_is_none_is_refused_by_the_words_there_are(options: dict[str, str]) -> None:
    (name, value), *_ = options.items()
    with pytest.raises(modelviz.ModelvizError, match=f"{name}='{value}': expected one of "):
        modelviz.draw(nn.Linear(4, 2), (2, 4), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "what"),
    [("plan", "no step"), ("formulas", "no formula"), ("profile", "no time")],
)
def test_what_runs_a_model_refuses_a_file_without_code(
    command: str, what: str, run: Run, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.pt"
    torch.save(nn.Linear(4, 2).state_dict(), weights)
    code, shown = run(command, model="weights.pt")
    assert code == 2
    assert f"'weights.pt' is read as a graph, without code that could run, so there is {what}" in (
        shown
    )
    assert "name the model itself, such as net.py:Net" in shown


@pytest.mark.parametrize(
    ("command", "option", "value", "said"),
    [
        ("summary", "--depth", "deep", "expected a whole number"),
        ("plan", "--batch", "0", "expected a number greater than or equal to 1"),
        ("export", "--font-size", "big", "expected a number"),
    ],
)
def test_a_number_that_is_none_is_told_in_plain_words(
    command: str, option: str, value: str, said: str, run: Run
) -> None:
    code, shown = run(command, option, value)
    assert code == 2
    told = " ".join(shown.replace("│", " ").split())
    assert f"Invalid value for '{option}':" in told
    assert "Input should" not in told
    assert said in told
