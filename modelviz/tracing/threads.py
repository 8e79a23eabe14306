"""Work that a forward hands to threads, seen: it is done in turn, where it is handed over.

PyTorch's modes are those of one thread. So what a forward submits to a pool, or starts as a thread
of its own, runs at once in the thread of the forward; the pool and the thread then have nothing
left to do but to hand on the result. Threads that are to run beside the forward for ever (daemons),
and pools of processes, stay what they are: that they were used is told.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from ..findings import note
from ..graph import Finding
from .source import caller

AddFinding = Callable[[Finding], None]


def _untold(finding: Finding) -> None:
    """Takes what was told of the first forward, when another one runs."""


@contextmanager
def threads_in_turn(tell: AddFinding = _untold) -> Iterator[None]:
    """Work of threads runs in this thread; ``tell`` takes what is said where it does not."""
    here = threading.get_ident()
    submit, start = ThreadPoolExecutor.submit, threading.Thread.start
    elsewhere = ProcessPoolExecutor.submit

    def submit_in_turn(
        pool: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        if threading.get_ident() != here:
            return submit(pool, function, *args, **kwargs)
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:
            # As in a pool: whoever asks for the result gets it.
            future.set_exception(error)
        return future

    def start_in_turn(thread: threading.Thread) -> None:
        if threading.get_ident() == here:
            if thread.daemon:
                tell(_unseen("a thread was started"))
            else:
                _run(thread)
        start(thread)

    def submit_elsewhere(
        pool: ProcessPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        tell(_unseen("work was given to another process"))
        return elsewhere(pool, function, *args, **kwargs)

    pool: Any = ThreadPoolExecutor
    thread: Any = threading.Thread
    processes: Any = ProcessPoolExecutor
    pool.submit, thread.start, processes.submit = submit_in_turn, start_in_turn, submit_elsewhere
    try:
        yield
    finally:
        pool.submit, thread.start, processes.submit = submit, start, elsewhere


def _run(thread: threading.Thread) -> None:
    """Do what the thread is to do; nothing of that is left for it."""
    try:
        thread.run()
    except Exception:
        # As where a thread fails: it is reported, and the forward goes on.
        kind, error, trace = sys.exc_info()
        assert kind is not None
        threading.excepthook(threading.ExceptHookArgs((kind, error, trace, thread)))
    thread.run = _nothing  # type: ignore[method-assign]


def _nothing() -> None:
    """What is left to do for a thread whose work is done."""


def _unseen(what: str) -> Finding:
    file, line = caller()
    return note("MV019", f"{what}: what it computes is not seen or counted", file=file, line=line)
