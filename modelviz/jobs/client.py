"""A worker process as its parent sees it."""

from __future__ import annotations

import contextlib
import json
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from ..sources.base import Tell
from ..units import bytes_text
from .environment import worker_environment
from .prints import MAX_PRINTED
from .processes import POSIX, Family, start
from .reading import AT_ONCE
from .result import ErrorKind
from .spec import JobSpec, Limits

START_SECONDS = 120.0
"""Time in which a worker must have imported torch."""
MAX_PROCESSES = 64
"""Processes that a job may run at once."""

READY = b'{"ready":true}'
"""What a worker says once it has imported torch."""

_PACE = 0.05
_LOOK_PACE = 0.2
_MAX_WAITING = 1000
_CHUNK = 2**16


class WorkerError(Exception):
    """The worker gave no answer: ``kind`` says why, ``output`` what was printed last.

    ``begun`` is whether it had taken the request.
    """

    def __init__(self, kind: ErrorKind, message: str, output: str, begun: bool) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.output = output
        self.begun = begun


class JobProcess:
    """A process that imports torch at once and then waits for its one request.

    ``on_ready`` is called, in a thread of its own, once it has done so or has ended before that.
    """

    def __init__(self, on_ready: Callable[[], None]) -> None:
        self._ready = threading.Event()
        self._on_ready = on_ready
        # Resolved, since the worker knows its folder by the path that the system gives.
        self.folder = Path(tempfile.mkdtemp(prefix="modelviz-")).resolve()
        self._process, alive = start(
            [sys.executable, "-m", "modelviz.jobs.worker"],
            str(self.folder),
            worker_environment(str(self.folder)),
        )
        self._family = Family(self._process, alive, str(self.folder))
        self._deadline = 0.0
        self._looked = 0.0
        self._flooded = False
        self._begun = False
        self._messages: queue.Queue[bytes | None] = queue.Queue()
        self._output = bytearray()
        self._result_limit = Limits().result
        for target in (self._read, self._drain):
            threading.Thread(target=target, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can still take a request."""
        return self._process.poll() is None

    @property
    def starting(self) -> bool:
        """Whether it still imports torch."""
        return not self._ready.is_set()

    def receive(self, spec: JobSpec) -> str | None:
        """Where the job's data now lies for the worker, its name kept; None without data."""
        if spec.data is None:
            return None
        folder = self.folder / "upload"
        folder.mkdir()
        name = re.sub(r"[^\w.-]", "_", Path(spec.source).name)[-80:].lstrip(".") or "upload"
        (folder / name).write_bytes(spec.data)
        return str(folder / name)

    def ask(
        self, request: dict[str, Any], limits: Limits, tell: Tell, stopped: threading.Event
    ) -> bytes:
        """The line with the worker's answer, for ``reading``.

        Raises WorkerError when there is none, or ``stopped`` is set.
        """
        self._result_limit = limits.result
        asked = False
        self._deadline = time.monotonic() + START_SECONDS
        for line in self._until(limits, stopped):
            if len(line) > AT_ONCE:
                return line
            message = self._decoded(line)
            if "stage" in message:
                tell(str(message["stage"])[:200])
            elif "ready" in message and not asked:
                asked = True
                self._send({**request, "seconds": limits.seconds, "memory": limits.memory})
            elif "begun" in message and not self._begun:
                self._begun = True
                self._deadline = time.monotonic() + limits.seconds
            elif "answer" in message:
                return line
        raise AssertionError("the messages of a worker do not end")

    def close(self) -> None:
        """End the process and all that it started, and remove its folder."""
        self._family.kill()
        # The other pipes are closed by the threads that read them.
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _until(self, limits: Limits, stopped: threading.Event) -> Iterator[bytes]:
        """The lines of the worker. Raises WorkerError when a limit is reached or it ends."""
        while True:
            try:
                line = self._messages.get(timeout=_PACE)
            except queue.Empty:
                self._watch(limits, stopped)
                continue
            if line is None:
                raise self._ended()
            yield line
            self._watch(limits, stopped)

    def _watch(self, limits: Limits, stopped: threading.Event) -> None:
        if stopped.is_set():
            raise self._error("cancelled", "the job was cancelled")
        if time.monotonic() > self._deadline:
            seconds = limits.seconds if self._begun else START_SECONDS
            raise self._error("timeout", f"the job took more than {seconds:g} seconds")
        if time.monotonic() - self._looked < _LOOK_PACE:
            return
        processes, memory = self._family.look()
        self._looked = time.monotonic()
        if memory > limits.memory:
            raise self._error(
                "memory", f"the job took more than {bytes_text(limits.memory)} of memory"
            )
        if processes > MAX_PROCESSES:
            raise self._error("crash", f"the job started more than {MAX_PROCESSES} processes")

    def _ended(self) -> WorkerError:
        """Why the worker's messages came to an end."""
        if self._flooded:
            limit = bytes_text(self._result_limit)
            return self._error("crash", f"the job sent more than {limit}, which is no result")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2)
        code = self._process.poll()
        if code is None:
            return self._error("crash", "the job closed its connection before it had a result")
        if POSIX and code == -signal.SIGXCPU:
            return self._error("timeout", "the job took more processor time than it may")
        if POSIX and code == -signal.SIGKILL:
            return self._error("crash", "the job was killed, as the system does without memory")
        if POSIX and code < 0:
            return self._error("crash", f"the job crashed ({signal.Signals(-code).name})")
        return self._error("crash", f"the job ended with exit status {code} and without a result")

    def _decoded(self, line: bytes) -> dict[str, Any]:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            raise self._error("crash", "the job wrote something else than a result to its pipe")
        return message

    def _error(self, kind: ErrorKind, message: str) -> WorkerError:
        return WorkerError(kind, message, self._printed(), self._begun)

    def _printed(self) -> str:
        """The end of what was printed."""
        text = bytes(self._output).decode("utf-8", "replace")
        return text.replace(f"{self.folder}/", "")

    def _send(self, request: dict[str, Any]) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        # If the worker is gone, its messages end, which says more.
        with contextlib.suppress(OSError):
            pipe.write(json.dumps(request).encode() + b"\n")
            pipe.flush()

    def _read(self) -> None:
        """Pass on each line, then None; more than a result may be ends it, too."""
        pipe = self._process.stdout
        assert pipe is not None
        pending = bytearray()
        received = 0
        for chunk in _chunks(pipe):
            received += len(chunk)
            *lines, rest = chunk.split(b"\n")
            for part in lines:
                line = bytes(pending + part)
                self._messages.put(line)
                pending.clear()
                if line == READY:
                    self._told_ready()
            pending += rest
            if received > self._result_limit or self._messages.qsize() > _MAX_WAITING:
                self._flooded = True
                break
        self._messages.put(None)
        self._told_ready()

    def _told_ready(self) -> None:
        if not self._ready.is_set():
            self._ready.set()
            self._on_ready()

    def _drain(self) -> None:
        pipe = self._process.stderr
        assert pipe is not None
        for chunk in _chunks(pipe):
            self._output += chunk
            del self._output[:-MAX_PRINTED]


def _chunks(pipe: IO[bytes]) -> Iterator[bytes]:
    with contextlib.suppress(OSError, ValueError), pipe:
        while chunk := pipe.read1(_CHUNK):  # type: ignore[attr-defined]
            yield chunk
