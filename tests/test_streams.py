"""The command where what it prints to is closed, full, or has few characters."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import modelviz
from modelviz.__main__ import main
from modelviz.streams import _ALIKE

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")

LINES = """
import sys
from modelviz.streams import streams
with streams():
    print(sys.argv[1])
"""


def shell(
    redirected: str, *command: str, encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    line = f"{shlex.join([sys.executable, *command])} {redirected}"
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment, timeout=300
    )


@pytest.mark.parametrize(
    ("redirected", "code", "said"),
    [
        (">/dev/full", 2, "modelviz: cannot print: No space left on device\n"),
        (">&-", 2, "OutputError"),
        ("2>&-", 0, ""),
        ("2>/dev/full", 0, ""),
        (">/dev/full 2>&-", 2, ""),
        (">/dev/full 2>/dev/full", 2, ""),
    ],
)
def test_the_end_is_clear(redirected: str, code: int, said: str) -> None:
    result = shell(redirected, "-c", LINES, "text")
    if said == "OutputError":  # which the command turns into its one line
        assert "cannot print: the standard output is closed" in result.stderr
        return
    assert (result.returncode, result.stderr) == (code, said)
    assert result.stdout == ("text\n" if code == 0 else "")


@pytest.mark.parametrize("text", ["é 中 😀", "\ud800"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_characters_that_are_missing_are_spelled_as_in_json(text: str, encoding: str) -> None:
    code = LINES.replace("sys.argv[1]", f"'\"' + {text!r} + '\"'")
    result = shell("", "-c", code, encoding=encoding)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == text


def test_signs_of_ours_have_others_like_them_but_not_in_json() -> None:
    result = shell("", "-c", LINES, "48 × 64 → 12 █░ −3", encoding="ascii")
    assert result.stdout == "48 x 64 -> 12 #. -3\n"
    said = LINES.replace("print(sys.argv[1])", "print_json(sys.argv[1])")
    assert said != LINES
    code = f"from modelviz.cli_output import print_json\n{said}"
    result = shell("", "-c", code, "48 × 64", encoding="ascii")
    assert result.stdout == '"48 \\u00d7 64"\n'


# What these print goes to terminals; pictures and pages have signs of their own.
PRINTED = ("checking", "comparing", "explaining", "growth", "planning", "table", "units.py")


def test_each_sign_that_is_printed_has_one_like_it() -> None:
    root = Path(modelviz.__file__).parent
    found = (root.glob(part if part.endswith(".py") else f"{part}/**/*.py") for part in PRINTED)
    files = [file for part in found for file in part]
    used = {sign for file in files for sign in file.read_text(encoding="utf-8") if ord(sign) > 127}
    full_width = set("＝＋－＠")  # in CSV, in place of what a spreadsheet would run
    assert used - full_width <= set(_ALIKE)
    assert all(alike.isascii() for alike in _ALIKE.values())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "markdown", "csv", "json", "latex"])
@pytest.mark.parametrize(
    ("redirected", "code"),
    [(">/dev/full", 2), (">&-", 2), ("2>&-", 0), ("2>/dev/full", 0), ("| head -c1", 0)],
)
def test_a_summary_ends_clearly(form: str, redirected: str, code: int) -> None:
    result = shell(
        redirected, "-m", "modelviz", "summary", "simple_net", "--format", form, encoding="ascii"
    )
    assert "Traceback" not in result.stderr and "Exception ignored" not in result.stderr
    assert result.returncode == code
    assert result.stderr.count("\n") == (code == 2)


@pytest.mark.parametrize("during", ["modelviz.cli.app", "modelviz.cli.collect_seldom"])
def test_an_interrupt_before_the_command_runs_ends_it_without_a_word(
    during: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(during, interrupt)
    monkeypatch.setattr(sys, "argv", ["modelviz", "summary", "gpt"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "")
