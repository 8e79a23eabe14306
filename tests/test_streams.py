"""The command where what it prints to is closed, full, or has few characters."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

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


@pytest.mark.parametrize("text", ["é × 😀", "\ud800"])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_characters_that_are_missing_are_spelled_as_in_json(text: str, encoding: str) -> None:
    code = LINES.replace("sys.argv[1]", f"'\"' + {text!r} + '\"'")
    result = shell("", "-c", code, encoding=encoding)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout) == text


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
