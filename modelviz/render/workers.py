"""Processes that run Graphviz's library, kept for the next picture: a start takes longer than most.

A worker that fails or takes too long is ended; one that waits for work ends with this process.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Timer

MAX_IDLE = 2
"""Most workers that wait for work. As many as there are threads that ask may be busy."""
_WORKER = Path(__file__).with_name("graphviz_worker.py")


class WorkerLate(Exception):
    """A worker did not answer in time."""


class WorkerDied(Exception):
    """A worker ended without an answer; the message says how."""


class LayoutProcess:
    """A process that lays out one picture after the other. Raises OSError where none can start."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._late = False
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_WORKER), json.dumps(sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={**os.environ, **environment},
            )
        except BaseException:
            self._errors.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def ask(self, engine: str, form: str, source: bytes, seconds: float) -> bytes:
        """What Graphviz makes of the source. After WorkerLate and WorkerDied it is of no use."""
        timer = Timer(seconds, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            answer = self._exchange(f"{engine} {form} {len(source)}\n".encode() + source)
        finally:
            timer.cancel()
            timer.join()
        if self._late:
            raise WorkerLate
        if answer is None:
            raise WorkerDied(self._last_words())
        return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        self.let_go()

    def let_go(self) -> None:
        """Close what leads to the process, without ending it: it belongs to another one."""
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def _give_up(self) -> None:
        self._late = True
        self._process.kill()

    def _exchange(self, request: bytes) -> bytes | None:
        """The answer to a request; None when the process ends before it has given it."""
        send, receive = self._process.stdin, self._process.stdout
        assert send is not None and receive is not None
        try:
            send.write(request)
            send.flush()
        except BrokenPipeError:
            return None
        head = receive.readline()
        answer = receive.read(int(head or 0))
        return answer if head and len(answer) == int(head) else None

    def _last_words(self) -> str:
        """How the process ended, and the last line that it wrote about it."""
        status = self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode("utf-8", "replace").strip().splitlines()
        return f"(exit status {status}): {said[-1] if said else 'no message'}"


_idle: list[LayoutProcess] = []


def answer(
    engine: str, form: str, source: bytes, seconds: float, environment: Mapping[str, str]
) -> bytes:
    """What Graphviz makes of the source. Raises WorkerLate, WorkerDied and OSError.

    A worker is kept for the next picture, but for one with an environment of its own.
    """
    worker = LayoutProcess(environment) if environment else _waiting() or LayoutProcess(environment)
    try:
        result = worker.ask(engine, form, source, seconds)
    except BaseException:
        worker.close()
        raise
    if environment or len(_idle) >= MAX_IDLE:
        worker.close()
    else:
        _idle.append(worker)
    return result


def _waiting() -> LayoutProcess | None:
    """A worker that waits for work; None when there is none."""
    # Taken out one by one, which no two threads do at once: each worker has one that asks.
    while _idle:
        try:
            worker = _idle.pop()
        except IndexError:
            return None
        if worker.alive:
            return worker
        worker.close()
    return None


@atexit.register
def close_all() -> None:
    """End the workers that wait for work."""
    while _idle:
        _idle.pop().close()


def _leave_to_parent() -> None:
    """Forget the workers in a fork of this process, which shares its pipes with it."""
    while _idle:
        _idle.pop().let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
