"""What a long day leaves behind: ``python -m benchmarks.long_use [--rounds N] [--jobs N]``.

One process traces and draws again and again (models that run, that fail, that keep a state), then
a pool of workers does jobs of which some are cancelled and some lose their worker. After each fifth
of it: memory, threads, open files, child processes and files in the folder for temporary files.
Writes the section of the README.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import torch
from torch import nn

import modelviz
from modelviz.gallery import NAMES
from modelviz.jobs import JobSpec, Pool
from modelviz.sources import resolve

from .report import machine, table, write_section

PARTS = 5
HEAD = ("done", "MiB", "threads", "open files", "children", "temporary files")


class Remembering(nn.Module):
    """Keeps what it has computed."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.seen: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of all results so far."""
        self.seen.append(self.linear(x))
        return torch.stack(self.seen).sum(0)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=500, help="traces with a picture each")
    parser.add_argument("--jobs", type=int, default=100, help="jobs in workers")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        rounds = measured("traces and pictures", options.rounds, traces())
        with Pool(workers=2) as pool:
            jobs = measured("jobs", options.jobs, work(pool))
        closed = [["jobs, the pool closed", *map(str, state())]]
        tempfile.tempdir = None
    text = (
        f"Measured on {machine()}, one process. Of six traces one fails; of five jobs one is "
        "cancelled, and one loses its worker (SIGKILL).\n\n"
        f"{table(HEAD, [*rounds, *jobs, *closed])}"
    )
    print(text)
    write_section("long use", text)
    return 0


def measured(name: str, count: int, steps: Iterator[Callable[[], None]]) -> list[list[str]]:
    """The state after each part of ``count`` steps."""
    rows = []
    for number in range(1, count + 1):
        next(steps)()
        if number % max(1, count // PARTS) == 0:
            rows.append([f"{number} {name}", *map(str, state())])
    return rows


def state() -> tuple[int, int, int, int, int]:
    """Resident MiB, threads, open files, child processes, entries for temporary files."""
    gc.collect()
    own = Path("/proc/self")
    pages = int((own / "statm").read_text().split()[1])
    children = sum(
        len((task / "children").read_text().split()) for task in (own / "task").iterdir()
    )
    files = len(list((own / "fd").iterdir())) - 1  # one is that of looking
    left = len(list(Path(tempfile.gettempdir()).iterdir()))
    mib = pages * os.sysconf("SC_PAGE_SIZE") // 2**20
    return mib, threading.active_count(), files, children, left


def traces() -> Iterator[Callable[[], None]]:
    """Traces of other models in turn, each drawn and summarised."""
    failing = nn.Sequential(nn.Linear(8, 8), nn.Linear(4, 4))
    remembering = Remembering()

    def named(name: str) -> None:
        source = resolve(name)
        seen(modelviz.trace(source.model, input_data=source.inputs))

    def kept() -> None:
        seen(modelviz.trace(remembering, (2, 8), execution="real"))

    def failed() -> None:
        with contextlib.suppress(modelviz.TraceError):
            modelviz.trace(failing, (2, 8))

    for turn, name in enumerate(cycle(NAMES)):
        if turn % 6 == 4:
            yield kept
        elif turn % 6 == 5:
            yield failed
        else:
            yield lambda name=name: named(name)  # type: ignore[misc]


def seen(graph: modelviz.ModelGraph) -> None:
    """What a user looks at."""
    str(modelviz.summary(graph, verbose=0))
    modelviz.draw(graph).svg  # noqa: B018


def work(pool: Pool) -> Iterator[Callable[[], None]]:
    """Jobs, each for another client, who may leave at once or lose the worker."""

    def job(turn: int) -> None:
        spec = JobSpec("gallery", NAMES[turn % len(NAMES)])
        done = pool.submit(spec, client=f"tab {turn}")
        if turn % 5 == 3:
            done.cancel()
        elif turn % 5 == 4:
            kill_a_worker()
        done.result(120)

    turn = 0
    while True:
        yield lambda turn=turn: job(turn)  # type: ignore[misc]
        turn += 1


def kill_a_worker() -> None:
    """Kill the oldest child of this process, as a system without memory does."""
    tasks = Path("/proc/self/task").iterdir()
    children = sorted(int(pid) for task in tasks for pid in (task / "children").read_text().split())
    if children:
        os.kill(children[0], signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
