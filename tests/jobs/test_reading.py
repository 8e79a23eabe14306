"""Answers of workers, read in this process or in one of their own."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from torch import nn

from modelviz import trace
from modelviz.jobs import JobResult, Limits, reading
from modelviz.jobs.reading import read
from modelviz.jobs.transfer import result_to_dict

GRAPH = trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), input_size=(1, 2))
LINE = json.dumps({"answer": result_to_dict(JobResult(graph=GRAPH))}).encode()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer counts as long."""
    monkeypatch.setattr(reading, "AT_ONCE", 0)


def result(
    line: bytes, folder: Path, limits: Limits | None = None, stop: bool = False
) -> JobResult:
    stopped = threading.Event()
    if stop:
        stopped.set()
    return read(line, str(folder), limits or Limits(), stopped)


@pytest.mark.usefixtures("elsewhere")
def test_a_long_answer_comes_back_as_it_was_sent(tmp_path: Path) -> None:
    found = result(LINE, tmp_path)
    assert found.graph == GRAPH
    assert found == reading.read_at_once(LINE)


@pytest.mark.parametrize(
    "line", [b"", b"[" * 100_000, b'{"answer": 3}', b'{"answer": {"graph": []}}']
)
def test_what_is_no_answer_is_an_error(line: bytes, tmp_path: Path) -> None:
    found = reading.read_at_once(line)
    assert found.error is not None and "no readable result" in found.error.message


@pytest.mark.usefixtures("elsewhere")
def test_reading_ends_at_its_limits_and_when_it_is_cancelled(tmp_path: Path) -> None:
    late = result(LINE, tmp_path, Limits(seconds=0.01))
    assert late.error is not None and late.error.kind == "timeout"
    cancelled = result(LINE, tmp_path, stop=True)
    assert cancelled.error is not None and cancelled.error.kind == "cancelled"
