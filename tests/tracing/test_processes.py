"""Traces in several threads, and in processes forked or spawned from one that traces."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from modelviz import trace


def flops(width: int = 4) -> int:
    """Of a small model: 2 rows times ``width`` squared multiply-adds, two FLOPs each."""
    return trace(nn.Sequential(nn.Linear(width, width), nn.ReLU()), (2, width)).total_flops


class Waiting(nn.Module):
    """A forward that lasts until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.count = 0
        # Neither is looked into: they belong to threads.
        self.inside, self.go_on = threading.Event(), threading.Event()

    def forward(self, x: Any) -> Any:
        self.count += 1
        self.inside.set()
        assert self.go_on.wait(60)
        return self.linear(x)


def _exit_code(child: int) -> int | None:
    """How a child ended; None if it did not within a minute."""
    for _ in range(600):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.1)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_process_forked_while_another_thread_traces() -> None:
    model = Waiting()
    fast_path = torch.backends.mha.get_fastpath_enabled()
    with ThreadPoolExecutor(1) as pool:
        tracing = pool.submit(trace, model, (2, 4))
        assert model.inside.wait(60)
        child = os.fork()
        if child == 0:
            try:
                torch.set_num_threads(1)
                # What the thread had changed, which is not there any more, is undone.
                undone = model.count == 0 and torch.backends.mha.get_fastpath_enabled() == fast_path
                os._exit(0 if undone and flops() == 64 else 3)
            except BaseException:
                os._exit(4)
        code = _exit_code(child)
        model.go_on.set()
        assert len(tracing.result().ops) == 1
    assert code == 0
    assert flops() == 64


class Forking(nn.Module):
    """Traces in a child process, in the middle of its own forward."""

    def forward(self, x: Any) -> Any:
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if flops() == 64 else 3)
            except BaseException:
                os._exit(4)
        assert _exit_code(child) == 0
        return x + 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forward_that_forks() -> None:
    assert len(trace(Forking(), (2, 4), execution="real").ops) == 1


@pytest.mark.slow
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_pool_of_processes(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip("this system has no such processes")
    assert flops() == 64
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(flops, [4, 8, 4]).get(120) == [64, 256, 64]


def test_four_threads_at_once() -> None:
    start = threading.Barrier(4)

    def work(width: int) -> list[int]:
        start.wait()
        return [flops(width) for _ in range(5)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, [4, 8, 16, 32]))
    assert found == [[4 * width * width] * 5 for width in (4, 8, 16, 32)]


class Tracing(Dataset[int]):
    """Items are the FLOPs of a model, traced where the item is made."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> int:
        return flops(4 * (index + 1))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_workers_of_a_data_loader_trace() -> None:
    flops()
    loader: DataLoader[int] = DataLoader(Tracing(), num_workers=2, timeout=60)
    assert [int(batch) for batch in loader] == [64, 256, 576, 1024]
