"""A word that is not known: the error names the nearest that is, in Python and in a terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import modelviz
from modelviz import InputError
from modelviz.cli import main
from modelviz.cli_group import _MEANT, advised
from modelviz.unknown import nearest

MODEL = "torch.nn:Identity"
TYPED = {
    "draw": (["draw", MODEL], "'export'"),
    "help": (["help"], "Did you mean --help?"),
    "file": (["Net.py:Net"], "A model comes after a command: modelviz summary Net.py:Net"),
    "gallery alone": (["gpt"], "modelviz summary gpt"),
    "sumary": (["sumary", MODEL], "'summary'"),
    "column": (["summary", MODEL, "-i", "1,3", "--columns", "flop"], "'flops'"),
    "form": (["summary", MODEL, "--format", "md"], "'markdown'"),
    "mode": (["summary", MODEL, "--mode", "training"], "'train'"),
    "execution": (["summary", MODEL, "--execution", "fakee"], "'fake'"),
    "method": (["summary", MODEL, "--method", "forwrd"], "'forward'"),
    "dtype": (["summary", MODEL, "-i", "1,3", "--dtype", "flaot32"], "'float32'"),
    "gallery": (["summary", "gptt"], "'gpt'"),
    "sizes": (["summary", MODEL, "-i", "1", "3", "8"], "commas"),
    "output": (["export", MODEL], "--output model.svg"),
    "after": (["diff", MODEL], "Missing argument 'AFTER'"),
    "theme": (["export", MODEL, "-o", "a.svg", "--theme", "drak"], "'dark'"),
    "page": (["export", MODEL, "-o", "a.svg", "--page", "A44"], "'a4'"),
    "show": (["export", MODEL, "-o", "a.svg", "--show", "flop"], "'flops'"),
    "figure": (["export", MODEL, "-o", "a.svg", "--color-by", "flop"], "'flops'"),
    "rule": (["check", MODEL, "--select", "no-gradint"], "'no-gradient'"),
    "report": (["check", MODEL, "--format", "sarfi"], "'sarif'"),
    "optimizer": (["plan", MODEL, "-i", "1,3", "--optimizer", "adanw"], "'adamw'"),
    "device": (["plan", MODEL, "-i", "1,3", "--device", "H1000"], "'H100 80 GB'"),
    "axis": (["plan", MODEL, "-i", "1,3", "--mesh", "ddp=4"], "'dp'"),
}


@pytest.mark.parametrize("typed", TYPED)
def test_the_command_names_the_nearest(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments, meant = TYPED[typed]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["modelviz", *arguments])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    said = " ".join(line.strip("│ ") for line in shown.splitlines())
    assert meant in said
    assert "Value error" not in said


class Net(nn.Module):
    def encode(self, x: Any) -> Any:
        return x


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda: modelviz.summary(Net(), (1, 3), method="encoder", verbose=0), "'encode'"),
        (lambda: modelviz.draw(nn.Identity(), (1, 3), theme="papr"), "'paper'"),
        (lambda: modelviz.trace(nn.Identity(), (1, 3), execution="reel"), "'real'"),
        (lambda: modelviz.plan(nn.Identity(), (1, 3), precision="bflot16"), "'bfloat16'"),
    ],
)
def test_a_function_names_the_nearest(call: Any, meant: str) -> None:
    with pytest.raises(InputError, match=f"did you mean {meant}"):
        call()


def test_nothing_near_is_no_advice() -> None:
    assert nearest("zzz", ("flops", "params")) == ""
    assert nearest("p", ("params",)) == ""
    assert nearest(3, ("params",)) == ""
    assert nearest("PARAM", ("params",)) == ": did you mean 'params'?"


def test_each_other_word_for_a_command_means_one() -> None:
    words = [word for several in _MEANT.values() for word in several.split()]
    assert len(words) == len(set(words))
    assert not set(words) & set(_MEANT)
    assert advised("No such command 'Plot'.") == "No such command 'Plot'. Did you mean 'export'?"
    assert advised("No such command 'zzz'.") == "No such command 'zzz'."
