"""Processes that lay pictures out: used again, ended when they fail, never left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import modelviz.render.workers as workers
from modelviz.render.engine import LayoutError, run_graphviz
from modelviz.render.workers import WorkerDied, WorkerLate, answer


@pytest.fixture(autouse=True)
def no_worker_before_or_after() -> Iterator[None]:
    workers.close_all()
    yield
    workers.close_all()


def names(dot: str, seconds: float = 30.0) -> list[str]:
    """The nodes that a layout tells of."""
    told = json.loads(answer("dot", "json0", dot.encode(), seconds, {}))
    return [item["name"] for item in told["objects"]]


def test_a_worker_is_used_again_and_answers_as_a_new_one() -> None:
    first = answer("dot", "json0", b"digraph { a -> b }", 30.0, {})
    (worker,) = workers._idle
    assert names("digraph { c -> d -> e }") == ["c", "d", "e"]
    assert answer("dot", "json0", b"digraph { a -> b }", 30.0, {}) == first
    assert workers._idle == [worker] and worker.alive


def test_a_source_that_cannot_be_read_ends_its_worker_alone() -> None:
    with pytest.raises(WorkerDied, match="exit status"):
        names("digraph { a -> ")
    assert workers._idle == []
    assert names("digraph { a }") == ["a"]


def test_a_worker_that_is_late_is_ended() -> None:
    names("digraph { a }")
    (worker,) = workers._idle
    with pytest.raises(WorkerLate):
        names("digraph { a }", seconds=0.0)
    assert not worker.alive and workers._idle == []
    assert names("digraph { a }") == ["a"]


def test_a_worker_that_was_ended_from_outside_is_replaced() -> None:
    names("digraph { a }")
    (worker,) = workers._idle
    worker._process.kill()
    worker._process.wait()
    assert names("digraph { b }") == ["b"]


def test_an_interrupt_ends_the_worker_in_the_middle_of_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names("digraph { a }")
    (worker,) = workers._idle

    def interrupted(*_: object) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workers.LayoutProcess, "_exchange", interrupted)
        with pytest.raises(KeyboardInterrupt):
            names("digraph { b }")
    assert not worker.alive
    assert names("digraph { c }") == ["c"]


def test_threads_that_ask_at_once_get_their_own_answers() -> None:
    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(lambda i: names(f"digraph {{ n{i} }}"), range(12)))
    assert told == [[f"n{i}"] for i in range(12)]
    assert len(workers._idle) <= workers.MAX_IDLE


_FORKING = """
import os, sys
import modelviz.render.workers as workers
ask = lambda name: workers.answer("dot", "plain", f"digraph {{ {name} }}".encode(), 30.0, {})
ask("a")
(worker,) = workers._idle
child = os.fork()
if child == 0:
    right = workers._idle == [] and b"node b" in ask("b")
    workers.close_all()
    os._exit(0 if right else 1)
status = os.waitpid(child, 0)[1]
assert status == 0 and b"node c" in ask("c") and workers._idle == [worker]
print(worker._process.pid)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_fork_has_workers_of_its_own_and_none_outlives_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _FORKING], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


def test_a_system_library_that_lacks_is_named_with_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "libXrender.so.1: cannot open shared object file: No such file or directory"
    (tmp_path / "pygraphviz.py").write_text(f"raise ImportError({said!r})")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(LayoutError, match=r"needs libXrender\.so\.1.*apt-get install graphviz"):
        run_graphviz("digraph { a }", "svg")
