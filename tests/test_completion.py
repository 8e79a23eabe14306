"""Completion, as the shells ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelviz import gallery
from modelviz.completing import names_in

NET = """
from torch import nn

class Net(nn.Module): ...
class Other(nn.Module): ...
def make(): ...
def _hidden(): ...
width = 3
model = Net()
raise RuntimeError("this file is not run")
"""
BASH = """
eval "$(_MODELVIZ_COMPLETE=source_bash modelviz)"
COMP_WORDS=({words}); COMP_CWORD=$(({count} - 1))
_modelviz_completion modelviz
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "net.py").write_text(NET, encoding="utf-8")
    (tmp_path / "graph.json").touch()
    (tmp_path / "guide.txt").touch()
    return tmp_path


def environment() -> dict[str, str]:
    """That of this process, with the command on the path."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def in_bash(folder: Path, *words: str) -> list[str]:
    """What Bash offers for the last of the words, which it splits at colons."""
    script = BASH.format(words=" ".join(f"'{word}'" for word in words), count=len(words))
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("--direction l", "LR"), ("--theme PA", "paper"), ("--page le", "Letter")],
)
def test_words_are_completed_in_any_case(typed: str, offered: str) -> None:
    words = f"modelviz export gpt {typed}"
    asked = {"_MODELVIZ_COMPLETE": "complete_bash", "COMP_WORDS": words.replace(" ", "\n")}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.argv = ['modelviz']; from modelviz.cli import main; main()",
        ],
        env={**os.environ, **asked, "COMP_CWORD": "4"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [offered]


def test_names_in_a_file_are_read_without_running_it(folder: Path) -> None:
    assert list(names_in(folder / "net.py")) == ["Net", "Other", "make", "model"]
    assert list(names_in(folder / "nothing.py")) == []


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_bash(folder: Path) -> None:
    assert in_bash(folder, "modelviz", "su") == ["summary"]
    assert in_bash(folder, "modelviz", "summary", "g") == ["gpt", "graph.json"]
    assert set(gallery.NAMES) <= set(in_bash(folder, "modelviz", "check", ""))
    assert in_bash(folder, "modelviz", "summary", "net.py", ":", "N") == ["Net"]
    assert in_bash(folder, "modelviz", "summary", "net.py", ":") == [
        *("Net", "Other", "make", "model")
    ]
    assert in_bash(folder, "modelviz", "summary", "-o", "a", ":", "b", "simple") == ["simple_net"]
    assert in_bash(folder, "modelviz", "diff", "gpt", "net.py:m") == ["net.py:make", "net.py:model"]
    assert "--loss" in in_bash(folder, "modelviz", "check", "gpt", "--lo")


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "said"), [("zsh", "#compdef modelviz"), ("fish", "complete ")])
def test_scripts_of_other_shells(shell: str, said: str, folder: Path) -> None:
    variables = {**environment(), "_MODELVIZ_COMPLETE": f"source_{shell}"}
    done = subprocess.run(["modelviz"], env=variables, capture_output=True, text=True, check=True)
    assert said in done.stdout
    if shutil.which(shell):
        (folder / "script").write_text(done.stdout, encoding="utf-8")
        subprocess.run([shell, "-n", "script"], cwd=folder, check=True)
    asked = {"_MODELVIZ_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": "modelviz summ"}
    variables = {**environment(), **asked, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(["modelviz"], env=variables, capture_output=True, text=True)
    assert "summary" in done.stdout


def test_the_help_imports_nothing_heavy() -> None:
    code = """
import sys, contextlib, io
sys.argv = ["modelviz", "--help"]
from modelviz.cli import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:
    main()
assert "summary" in said.getvalue()
print({"torch", "numpy", "pandas", "mcp", "streamlit", "graphviz"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stdout + done.stderr
