"""Progress is said on a terminal, and only when something takes long."""

from __future__ import annotations

import io
import sys
import time

import pytest

from modelviz import progress as module
from modelviz.progress import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_what_takes_long_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    with progress("Tracing gpt"):
        time.sleep(0.3)
    assert "Tracing gpt ..." in terminal.getvalue()


def test_what_is_quick_stays_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    with progress("Tracing gpt"):
        pass
    assert terminal.getvalue() == ""


def test_a_pipe_stays_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", pipe := io.StringIO())
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    with progress("Tracing gpt"):
        time.sleep(0.1)
    assert pipe.getvalue() == ""


def test_an_error_passes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(KeyError), progress("Tracing gpt"):
        raise KeyError
