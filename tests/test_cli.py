"""The command: what it prints, what it writes, how it ends."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

import modelviz
from modelviz import gallery
from modelviz.cli import main

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.drop = nn.Dropout()
        self.head = nn.Linear(4, 2)

    def forward(self, ids, scale):
        return self.head(self.drop(self.embedding(ids)) * scale)

    def encode(self, ids):
        return self.embedding(ids)

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(32, 4)
        self.third = nn.Linear(4, 4)

    def forward(self, x):
        return self.third(self.second(self.first(x)))
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Run]:
    """The command run in a folder that holds ``net.py``."""
    (tmp_path / "net.py").write_text(NET, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["modelviz", *arguments])
        with pytest.raises(SystemExit) as exit:
            main()
        out, err = capsys.readouterr()
        return Ended(int(exit.value.code or 0), out, err)

    yield run
    sys.modules.pop("net", None)
    sys.path[:] = path


def assert_bad_input(ended: Ended, *said: str) -> None:
    """The command ended with 2 after one line on stderr, and printed nothing else."""
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("modelviz: ")
    for text in said:
        assert text in ended.err


def test_summary_of_a_module_found_in_the_current_folder(run: Run) -> None:
    ended = run(
        "summary", "net:Net", "-i", "3,5", "-i", "1", "--dtype", "int64", "--dtype", "float"
    )
    assert (ended.code, ended.err) == (0, "")
    assert "[3, 5, 2]" in ended.out
    assert "Total params: 50" in ended.out


def test_summary_of_an_example_takes_its_own_inputs(run: Run) -> None:
    ended = run("summary", "complex_model")
    assert ended.code == 0
    assert "[32, 10]" in ended.out
    assert "Total params: 5,560" in ended.out


def test_table_in_the_readme_is_what_the_command_prints(run: Run) -> None:
    readme = Path(__file__).parents[1] / "README.md"
    assert run("summary", "gpt").out in readme.read_text(encoding="utf-8")


def test_given_sizes_take_the_place_of_proposed_inputs(run: Run) -> None:
    assert "[7, 10]" in run("summary", "complex_model", "--input-size", "7,100").out


def test_summary_of_the_modules_alone_has_parameters_only(run: Run) -> None:
    ended = run("summary", "net.py:Net", "--execution", "none")
    assert ended.code == 0
    assert "Total params: 50" in ended.out
    assert "Output Shape" not in ended.out


def test_summary_without_inputs_says_which_it_assumed(run: Run) -> None:
    ended = run("summary", "net.py:Net")
    assert ended.code == 0
    assert "Total params: 50" in ended.out and "Output Shape" in ended.out
    assert "no inputs were given; the inputs are a proposal" in ended.out
    assert "--input-size" in ended.out


def test_a_picture_without_inputs_has_arrows(run: Run, tmp_path: Path) -> None:
    assert run("export", "net.py:Net", "-o", str(tmp_path / "net.dot")).code == 0
    assert "->" in (tmp_path / "net.dot").read_text()


def test_summary_of_another_method(run: Run) -> None:
    ended = run("summary", "net:Net", "-i", "3,5", "--dtype", "int64", "--method", "encode")
    assert ended.code == 0
    assert "[3, 5, 4]" in ended.out


def test_depth_and_columns(run: Run) -> None:
    ended = run("summary", "gpt", "--depth", "1", "--columns", "output_size,flops")
    assert "FLOPs" in ended.out
    assert "Param #" not in ended.out
    assert "CausalSelfAttention" not in ended.out


def test_blocks_are_folded_unless_told_otherwise(run: Run) -> None:
    folded = run("summary", "gpt", "--depth", "2").out
    unfolded = run("summary", "gpt", "--depth", "2", "--no-fold").out
    assert "× 12" in folded
    assert "× 12" not in unfolded
    assert unfolded.count("Block: ") == 12


def test_csv_holds_a_row_for_each_module(run: Run) -> None:
    rows = list(csv.DictReader(run("summary", "simple_net", "--format", "csv").out.splitlines()))
    assert len(rows) == 4


def test_json_holds_the_totals(run: Run) -> None:
    summed = json.loads(run("summary", "simple_net", "--format", "json").out)
    assert summed["total_params"] == 101770


@pytest.mark.parametrize(("format", "start"), [("markdown", "| "), ("latex", "\\begin{tabular}")])
def test_tables_to_paste(run: Run, format: str, start: str) -> None:
    ended = run("summary", "simple_net", "--format", format)
    assert ended.code == 0
    assert ended.out.startswith(start)


def test_failed_forward_gives_the_table_so_far_and_the_error(run: Run) -> None:
    ended = run("summary", "net:Broken", "-i", "3,8")
    assert ended.code == 1
    assert "[3, 16]" in ended.out
    assert ended.err.startswith("modelviz: the forward of Broken stopped in second (Linear)")
    line = NET.splitlines().index("        return self.third(self.second(self.first(x)))") + 1
    assert f"net.py:{line}: return self.third(self.second(self.first(x)))\n" in ended.err
    assert "\n  to do: make second (Linear) nn.Linear(in_features=16, " in ended.err
    assert ".graph" not in ended.err


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "dot", "mmd", "json", "html"])
def test_export_writes_what_the_suffix_says(run: Run, suffix: str, tmp_path: Path) -> None:
    ended = run("export", "simple_net", "-o", f"net.{suffix}")
    assert (ended.code, ended.out) == (0, f"net.{suffix}\n")
    assert (tmp_path / f"net.{suffix}").stat().st_size > 100


def test_export_takes_a_saved_graph(run: Run, tmp_path: Path) -> None:
    run("export", "simple_net", "-o", "net.json")
    assert modelviz.load(tmp_path / "net.json").total_params == 101770
    run("export", "simple_net", "-o", "direct.dot")
    assert run("export", "net.json", "-o", "saved.dot").code == 0
    assert (tmp_path / "saved.dot").read_bytes() == (tmp_path / "direct.dot").read_bytes()


def test_export_options_change_the_picture(run: Run, tmp_path: Path) -> None:
    pictures = set()
    for options in (
        [],
        ["--depth", "0"],
        ["--expand", "stages.1.0"],
        ["--collapse", "stages.*"],
        ["--no-fold"],
        ["--direction", "LR"],
        ["--theme", "dark"],
        ["--color-by", "params"],
        ["--color-by", "time"],
        ["--show", "params"],
        ["--show", "-legend"],
    ):
        assert run("export", "residual_cnn", "-o", "cnn.svg", *options).code == 0
        pictures.add((tmp_path / "cnn.svg").read_text(encoding="utf-8"))
    assert len(pictures) == 11


@pytest.mark.parametrize("color_by", ["kind", "flops", "time"])
def test_export_of_a_failed_forward_draws_what_there_is(
    run: Run, tmp_path: Path, color_by: str
) -> None:
    ended = run("export", "net:Broken", "-i", "3,8", "-o", "broken.svg", "--color-by", color_by)
    assert ended.code == 1
    assert "second" in ended.err
    assert "first" in (tmp_path / "broken.svg").read_text(encoding="utf-8")


def test_bad_input_is_one_line(run: Run) -> None:
    assert_bad_input(run("summary", "nothing"), "'nothing'", "package.module:factory")
    assert_bad_input(run("summary", "net:Nothing"), "net has Net, Broken")
    assert_bad_input(run("summary", "net:Net", "-i", "3,b"), "'3,b'", "1,3,224,224")
    assert_bad_input(run("summary", "net:Net", "-i", "3", "--dtype", "x"), "no dtype 'x'")
    assert_bad_input(run("summary", "net:Net", "--dtype", "int64"), "--input-size")
    assert_bad_input(run("summary", "simple_net", "--columns", "nothing"), "'nothing'")
    assert_bad_input(run("summary", "simple_net", "--method", "nothing"), "'nothing'")
    assert_bad_input(run("export", "simple_net", "-o", "net.xyz"), "xyz", "svg")
    assert_bad_input(run("export", "simple_net", "-o", "no/such/net.svg"), "does not exist")
    run("export", "simple_net", "-o", "net.json")
    assert_bad_input(run("summary", "net.json", "-i", "3,8"), "leave out --input-size")


@pytest.mark.parametrize(
    "arguments",
    [
        ["summary"],
        ["summary", "gpt", "--mode", "test"],
        ["export", "gpt"],
        ["export", "gpt", "-o", "gpt.svg", "--theme", "nothing"],
        ["nothing"],
    ],
)
def test_wrong_usage_ends_with_2(run: Run, arguments: Sequence[str]) -> None:
    ended = run(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


def test_version(run: Run) -> None:
    assert run("--version").out == f"{modelviz.__version__}\n"


def test_demo_draws_every_model_of_the_gallery(run: Run, tmp_path: Path) -> None:
    ended = run("demo", "--out", "some/pictures")
    assert (ended.code, ended.err) == (0, "")
    for name in gallery.NAMES:
        for suffix in ("svg", "png"):
            picture = Path("some/pictures") / f"{name}.{suffix}"
            assert str(picture) in ended.out
            assert (tmp_path / picture).stat().st_size > 1000
    assert "Total params: 6,323,328" in ended.out


def test_demo_into_what_is_no_folder_is_refused(run: Run) -> None:
    assert_bad_input(run("demo", "--out", "net.py"), "cannot make the folder 'net.py'")


@pytest.mark.slow
def test_reader_of_a_pipe_may_leave() -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(modelviz.__file__).parents[1])}
    with subprocess.Popen(
        [sys.executable, "-m", "modelviz", "summary", "gpt", "--no-fold"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stdout is not None and command.stderr is not None
        command.stdout.close()
        assert command.wait(timeout=120) == 1
        assert command.stderr.read() == ""
