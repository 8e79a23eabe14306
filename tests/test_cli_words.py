"""What the command says where something is missing or ambiguous: the same as the app."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelviz.cli import main
from modelviz.jobs import JobSpec
from modelviz.jobs.work import do
from modelviz.problems import CORRECT, GENERAL, GUARD_SCRIPT

CODE = """
from torch import nn

class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 4)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.words(x))

class Odd(nn.Module):
    def forward(self, x):
        raise RuntimeError("no")

class Bad(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4)

def leave():
    raise SystemExit(3)
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """The command in a folder with ``worded.py``: its exit code, output and errors."""
    (tmp_path / "worded.py").write_text(CODE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["modelviz", *arguments])
        with pytest.raises(SystemExit) as exit:
            main()
        return (int(exit.value.code or 0), *capsys.readouterr())

    yield run
    sys.path[:] = path


@pytest.mark.parametrize(
    ("factory", "inputs", "line", "remedy"),
    [
        ("Odd", ["-i", "2,4"], 'raise RuntimeError("no")', GENERAL),
        ("Bad", [], "self.head = nn.Linear(4)", CORRECT),
        ("leave", [], "raise SystemExit(3)", GUARD_SCRIPT),
    ],
)
def test_line_that_failed_and_what_to_try_as_in_the_app(
    run: Run, factory: str, inputs: list[str], line: str, remedy: str
) -> None:
    code, _, err = run("summary", f"worded.py:{factory}", *inputs)
    number = [text.strip() for text in CODE.splitlines()].index(line) + 1
    assert code in (1, 2)
    assert f"worded.py:{number}: {line}\n  " in err
    assert f"\n  to do: {remedy}\n" in err
    told = do(JobSpec("code", CODE, factory=factory), None, lambda stage: None).error
    assert told is not None and told.hint == remedy


def test_several_models_are_listed_as_commands(run: Run) -> None:
    code, out, err = run("summary", "worded.py", "-i", "2,4", "--depth", "1")
    assert (code, out) == (2, "")
    assert "\n  modelviz summary worded.py:Tagger -i 2,4 --depth 1\n" in err
    assert "\n  modelviz summary worded.py:Odd -i 2,4 --depth 1\n" in err


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"hidden_size": 8}, "the config names no model: expected a model_type such as 'llama'"),
        ({"architecture": "resnet50"}, "timm:resnet50"),
        ({"_class_name": "UNet2DModel"}, "a config of diffusers"),
        ({"weight_map": {}}, "an index of weights"),
        ([1], "it holds a list"),
        ({}, "nothing.json is neither"),
    ],
)
def test_json_of_another_kind_is_named(run: Run, values: object, said: str) -> None:
    Path("nothing.json").write_text(json.dumps(values), encoding="utf-8")
    code, out, err = run("summary", "nothing.json")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


@pytest.mark.parametrize("text", ["a_folder", "notes.txt", "someone/model"])
def test_what_is_no_model_is_told_apart(run: Run, text: str) -> None:
    Path("a_folder").mkdir()
    Path("notes.txt").touch()
    said = {"a_folder": "a folder", "notes.txt": "(.txt)", "someone/model": "config.json"}
    assert said[text] in run("summary", text)[2].partition("expected")[0]


def test_types_of_sizes_are_those_that_would_be_proposed(run: Run) -> None:
    code, out, _ = run("summary", "worded.py:Tagger", "-i", "3,7")
    assert code == 0 and "[3, 7, 2]" in out
    assert "the inputs were taken as int64" in out


@pytest.mark.slow
def test_types_of_a_config_go_with_the_sizes(run: Run) -> None:
    config = {"model_type": "gpt2", "n_layer": 1, "n_embd": 8, "n_head": 2, "vocab_size": 20}
    Path("model").mkdir()
    Path("model/config.json").write_text(json.dumps(config), encoding="utf-8")
    code, out, _ = run("summary", "model", "-i", "2,5", "--depth", "1")
    assert code == 0 and "[2, 5, 8]" in out
    assert run("summary", "model", "-i", "2,5", "--dtype", "float32")[0] == 1
