"""Workers kept ready, and the jobs that wait for one."""

from __future__ import annotations

import atexit
import json
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from types import TracebackType

from ..errors import InputError
from ..sources.names import search
from ..units import bytes_text
from .client import JobProcess, WorkerError
from .job import Job
from .reading import read
from .result import JobError, JobResult
from .spec import CODE_KINDS, JobSpec, Limits

MAX_WAITING = 16
"""Jobs of one client that may wait."""

_NO_CODE = JobError(
    "refused",
    "this server runs no Python code of its users",
    "start it with --allow-code to allow that, on a machine where it can do no harm: "
    "modelviz app --allow-code",
)
_CLOSED = JobError("refused", "the pool of workers is closed", "start it again")


class Pool:
    """Worker processes, at most ``workers`` at a time (None: as many as there are cores).

    ``spares`` more are ready and idle, begun one after the other, since importing torch takes a
    processor for seconds; ``limits`` hold for each job. Code of the user's runs only
    with ``allow_code``.
    """

    def __init__(
        self,
        *,
        workers: int | None = None,
        spares: int = 1,
        allow_code: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self.workers = workers or os.cpu_count() or 1
        self.allow_code = allow_code
        self.limits = limits or Limits()
        self._count = spares
        self._lock = threading.Lock()
        self._spares: deque[JobProcess] = deque()
        self._begun: list[JobProcess] = []
        self._running: set[Job] = set()
        self._waiting: dict[str, deque[Job]] = {}
        self._names: dict[str, list[str]] = {}
        self._closed = False
        _open.add(self)
        self._refill()

    def submit(self, spec: JobSpec, *, client: str = "") -> Job:
        """The job, queued; the clients (sessions) take turns. Never raises for a bad spec."""
        job = Job(spec, self._waiting_before)
        refusal = self._refusal(spec)
        if refusal is not None:
            job.finish(JobResult(error=refusal))
            return job
        with self._lock:
            waiting = self._waiting.setdefault(client, deque())
            full = len(waiting) >= MAX_WAITING
            if not full:
                waiting.append(job)
        if full:
            error = JobError("refused", f"{MAX_WAITING} jobs are waiting", "wait, or cancel some")
            job.finish(JobResult(error=error))
        self._start_next()
        return job

    def names(self, prefix: str, query: str = "", limit: int = 50) -> list[str]:
        """The names that ``prefix:name`` knows and that match, best first, found by a worker.

        The first time for a library takes seconds. Raises InputError when it is not installed.
        """
        if prefix not in self._names:
            stopped = threading.Event()
            worker = self._take()
            try:
                line = worker.ask({"names": prefix}, self.limits, lambda stage: None, stopped)
            except WorkerError as error:
                raise InputError(f"the models of {prefix} cannot be listed: {error}") from error
            finally:
                worker.close()
            answer = json.loads(line)["answer"]
            if "names" not in answer:
                raise InputError(str(answer.get("error")))
            self._names[prefix] = [str(name) for name in answer["names"]]
        return search(self._names[prefix], query, limit)

    def keep(self, spares: int) -> None:
        """Keep so many workers ready from now on."""
        self._count = spares
        self._refill()

    def close(self) -> None:
        """Stop every job and every worker. Jobs that wait end with an error."""
        with self._lock:
            self._closed = True
            spares, self._spares = list(self._spares), deque()
            jobs = [*self._running, *(job for jobs in self._waiting.values() for job in jobs)]
            self._waiting.clear()
        for job in jobs:
            job.cancel()
        for worker in spares:
            worker.close()
        for job in jobs:
            job.wait(5)
        _open.discard(self)

    def __enter__(self) -> Pool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _refusal(self, spec: JobSpec) -> JobError | None:
        """Why the job is not even queued; None if it is."""
        if self._closed:
            return _CLOSED
        try:
            spec.checked()
        except InputError as error:
            return JobError("input", str(error))
        if spec.kind in CODE_KINDS and not self.allow_code:
            return _NO_CODE
        size = max(len(spec.source), len(spec.data or b""))
        if size > self.limits.upload:
            most = bytes_text(self.limits.upload)
            return JobError("input", f"{bytes_text(size)} are too much: expected at most {most}")
        return None

    def _waiting_before(self, job: Job) -> int:
        """How many jobs are likely to start before this one."""
        with self._lock:
            queues = [list(jobs) for jobs in self._waiting.values()]
        own = next((jobs for jobs in queues if job in jobs), None)
        if own is None:
            return 0
        place = own.index(job)
        return sum(min(len(jobs), place) for jobs in queues if jobs is not own) + place

    def _start_next(self) -> None:
        """Start jobs that wait while there is room for them."""
        while True:
            with self._lock:
                if self._closed or len(self._running) >= self.workers:
                    return
                job = self._next()
                if job is None:
                    return
                self._running.add(job)
            threading.Thread(target=self._run, args=(job,), daemon=True).start()

    def _next(self) -> Job | None:
        """The next job of the client whose turn it is, who then goes to the end of the line."""
        for client in list(self._waiting):
            jobs = self._waiting.pop(client)
            while jobs:
                job = jobs.popleft()
                if jobs:
                    self._waiting[client] = jobs
                if not job.done:
                    return job
        return None

    def _run(self, job: Job) -> None:
        try:
            job.finish(self._result(job))
        finally:
            with self._lock:
                self._running.discard(job)
            self._start_next()

    def _result(self, job: Job) -> JobResult:
        job.tell("Starting")
        try:
            return self._asked(job)
        except WorkerError as error:
            if error.begun or error.kind != "crash":
                return JobResult(error=worker_error(error))
        # The worker was gone before it had the job, which can still be done.
        try:
            return self._asked(job)
        except WorkerError as error:
            return JobResult(error=worker_error(error))

    def _asked(self, job: Job) -> JobResult:
        """What a worker answers. Raises WorkerError when it does not."""
        try:
            worker = self._take()
        except OSError as error:  # no memory, no processes, no room for its folder
            return JobResult(error=_crash(f"no worker could be started: {error}"))
        try:
            limits = job.spec.limits(self.limits)
            request = {"spec": job.spec.to_dict(), "upload": worker.receive(job.spec)}
            line = worker.ask(request, limits, job.tell, job.stopped)
            job.tell("Reading the result")
            return read(line, str(worker.folder), limits, job.stopped)
        except OSError as error:
            return JobResult(error=_crash(f"the upload cannot be stored: {error}"))
        finally:
            worker.close()

    def _take(self) -> JobProcess:
        """A worker that is ready or soon will be, and another begun in its place."""
        with self._lock:
            worker = next(_alive(self._spares), None)
        if worker is None:
            worker = JobProcess(self._refill)
            with self._lock:
                self._begun.append(worker)
        self._refill()
        return worker

    def _refill(self) -> None:
        """Begin a spare if one is missing, unless a worker is on its way: it calls this again."""
        with self._lock:
            self._begun = [worker for worker in self._begun if worker.starting and worker.alive]
            if len(self._spares) < self._count and not self._begun and not self._closed:
                spare = JobProcess(self._refill)
                self._spares.append(spare)
                self._begun.append(spare)


def worker_error(error: WorkerError) -> JobError:
    """What to tell about a worker that gave no answer."""
    return JobError(error.kind, str(error), _HINTS.get(error.kind, ""), output=error.output)


def _crash(message: str) -> JobError:
    return JobError("crash", message, "try it again")


_HINTS = {
    "timeout": "look for a loop that does not end, take a smaller model, or choose fake execution",
    "memory": "choose the fake execution, which needs no memory, or smaller inputs",
    "crash": "the output of the job may say more",
}


def _alive(spares: deque[JobProcess]) -> Iterator[JobProcess]:
    while spares:
        worker = spares.popleft()
        if worker.alive:
            yield worker
            return
        worker.close()


_open: weakref.WeakSet[Pool] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for pool in list(_open):
        pool.close()
