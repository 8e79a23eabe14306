"""One job as whoever wants its result sees it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .result import JobError, JobResult, Progress
from .spec import JobSpec


class Job:
    """A job in a pool: its progress, its result, and a way to stop it. Safe from any thread."""

    def __init__(self, spec: JobSpec, waiting_before: Callable[[Job], int]) -> None:
        self.spec = spec
        self.stopped = threading.Event()
        self._waiting_before = waiting_before
        self._stage = "Waiting"
        self._begun = time.monotonic()
        self._ended: float | None = None
        self._result: JobResult | None = None
        self._finished = threading.Event()
        self._lock = threading.Lock()

    @property
    def progress(self) -> Progress:
        """What it does now, seconds since it was submitted, and how many jobs are before it."""
        seconds = (self._ended or time.monotonic()) - self._begun
        waiting = self._waiting_before(self) if self._stage == "Waiting" else 0
        return Progress(self._stage, seconds, waiting)

    @property
    def done(self) -> bool:
        """Whether there is a result."""
        return self._finished.is_set()

    def cancel(self) -> None:
        """Stop it: its process is killed, and the result says so. Nothing once it is done."""
        self.stopped.set()
        if self._stage == "Waiting":
            self.finish(JobResult(error=JobError("cancelled", "the job was cancelled")))

    def result(self, timeout: float | None = None) -> JobResult:
        """The result, waited for. Raises TimeoutError after ``timeout`` seconds without one."""
        if not self.wait(timeout) or self._result is None:
            raise TimeoutError(f"no result after {timeout} seconds: {self.progress.stage}")
        return self._result

    def wait(self, timeout: float | None = None) -> bool:
        """Whether there is a result after at most ``timeout`` seconds."""
        return self._finished.wait(timeout)

    def tell(self, stage: str) -> None:
        """Say what it does now; for the pool."""
        if not self.done:
            self._stage = stage

    def finish(self, result: JobResult) -> None:
        """Give it its result, the first one of several; for the pool."""
        with self._lock:
            if self._result is None:
                self._result = result
                self._ended = time.monotonic()
                self._stage = "Done"
                self._finished.set()
