"""Jobs that go wrong in every way: each ends with an error that says how, and harms no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelviz.jobs import InputSpec, JobResult, JobSpec, Limits, Pool

from . import faults

pytestmark = pytest.mark.slow

LIMITS = Limits(seconds=5, memory=2**30, result=2**22, upload=2**20)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    with Pool(workers=2, allow_code=True, limits=LIMITS) as pool:
        yield pool


def result(pool: Pool, code: str) -> JobResult:
    return pool.submit(JobSpec("code", code)).result(60)


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        (faults.LOOP, "timeout", "more than 5 seconds"),
        (faults.SLEEP, "timeout", "more than 5 seconds"),
        (faults.PRINTS, "timeout", "more than 5 seconds"),
        (faults.SEGFAULT, "crash", "SIGSEGV"),
        (faults.EXIT, "crash", "exit status 7"),
        (faults.KILLED, "crash", "was killed"),
        (faults.HUNGER, "memory", "memory"),
        (faults.TENSOR_HUNGER, "memory", "memory"),
        (faults.SYSTEM_EXIT, "code", "exit status 3"),
        (faults.FILLS_DISK, "code", "File too large"),
        (faults.RECURSION, "code", "RecursionError"),
        (faults.READS_INPUT, "code", "EOFError"),
        (faults.LONG_ERROR, "code", "ValueError: xxx"),
        (faults.CLOSES, "crash", "a result"),
        (faults.CLOSES_AND_SLEEPS, "crash", "closed its connection"),
        (faults.writes_to_every_pipe(b"junk\n", False), "crash", "something else than a result"),
        (faults.writes_to_every_pipe(b"junk" * 10_000, True), "crash", "more than 4.19 MB"),
        (faults.writes_to_every_pipe(b'{"stage": 1}\n', True), "crash", "no result"),
        (faults.writes_to_every_pipe(b'{"answer": 3}\n', False), "crash", "no readable result"),
        (faults.writes_to_every_pipe(b'{"answer": {"graph": 3}}\n', False), "crash", "readable"),
    ],
    ids=lambda value: value.splitlines()[-1][:40] if "\n" in value else value[:20],
)
def test_fault_is_told_and_the_next_job_runs(
    pool: Pool, code: str, kind: str, message: str
) -> None:
    error = result(pool, code).error
    assert error is not None
    assert error.kind == kind
    assert message in error.message
    assert error.hint
    assert len(error.message) + len(error.traceback) + len(error.output) < 100_000
    again = result(pool, faults.START)
    assert again.error is None
    assert again.graph is not None and again.graph.total_params == 16


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find processes")
@pytest.mark.parametrize("code", [faults.FORKS, faults.LEAVES_A_PROCESS, faults.LEAVES_A_THREAD])
def test_no_process_is_left(pool: Pool, code: str) -> None:
    result(pool, code)
    left = {
        folder for process in Path("/proc").glob("[0-9]*") if (folder := home(process)) is not None
    }
    assert left <= {str(worker.folder) for worker in pool._spares}


def home(process: Path) -> str | None:
    """The folder of a worker of this test's parent, for a process that is one or comes of one."""
    try:
        environment = (process / "environ").read_bytes().split(b"\0")
        parents = (process / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    mine = parents[1] in (str(os.getpid()), "1")
    homes = [line[5:].decode() for line in environment if line.startswith(b"HOME=")]
    return next((h for h in homes if "modelviz-" in h and mine and parents[0] != "Z"), None)


def test_secrets_are_not_passed_on(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("HF_TOKEN", "hunter2")
    result(pool, faults.START)  # takes the spare that was started before
    error = result(pool, faults.SHOWS_ENVIRONMENT).error
    assert error is not None
    assert "'HF_HUB_OFFLINE': '1'" in error.message
    assert "hunter2" not in error.message + error.traceback


def test_folders_are_removed() -> None:
    with Pool(workers=1, allow_code=True, limits=LIMITS) as pool:
        folders = [worker.folder for worker in pool._spares]
        assert result(pool, faults.START).error is None
        folders += [worker.folder for worker in pool._spares]
    assert len(set(folders)) == 2
    assert not any(folder.exists() for folder in folders)


def test_spare_that_died_is_replaced(pool: Pool) -> None:
    for worker in pool._spares:
        worker._process.kill()
    assert result(pool, faults.START).error is None


def test_memory_in_the_forward_keeps_the_graph(pool: Pool) -> None:
    code = faults.START + (
        "class Net(nn.Linear):\n"
        "  def forward(self, x):\n"
        "    y = super().forward(x)\n"
        "    return [torch.ones(10**9) for _ in range(10)]\n"
        "model = Net(3, 4)\n"
    )
    spec = JobSpec("code", code, execution="real", inputs=(InputSpec((1, 3)),))
    got = pool.submit(spec).result(60)
    assert got.error is not None and got.error.kind == "memory"
    assert got.graph is not None and got.graph.ops[0].name == "linear"
