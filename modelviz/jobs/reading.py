"""What a worker answered, read: if it is long, by a process of its own.

Reading a graph of a hundred thousand records takes seconds of pure Python, in which a server would
answer nobody. The process (``reader.py``) gets the line with the answer and gives the result back
as a pickle, which is that process's own work, whatever is in the line.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import tempfile
import threading
import time

from .environment import worker_environment
from .result import JobError, JobResult
from .spec import Limits
from .transfer import result_from_dict

AT_ONCE = 2**18
"""Bytes of an answer that is read where it arrives: that takes some hundredths of a second."""

_PACE = 0.05
_UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    RecursionError,
    MemoryError,
)


def read(line: bytes, folder: str, limits: Limits, stopped: threading.Event) -> JobResult:
    """The result in the line, or an error that says why there is none; ``folder`` to work in."""
    if len(line) <= AT_ONCE:
        return read_at_once(line)
    command = [sys.executable, "-m", "modelviz.jobs.reader", str(limits.seconds)]
    # A file, since ``communicate`` may forget what is left to write when it has timed out once.
    with tempfile.TemporaryFile() as given:
        given.write(line)
        given.seek(0)
        process = subprocess.Popen(
            [*command, str(limits.memory)],
            cwd=folder,
            env=worker_environment(folder),
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    deadline = time.monotonic() + limits.seconds
    while True:
        try:
            pickled, _ = process.communicate(timeout=_PACE)
            break
        except subprocess.TimeoutExpired:
            if stopped.is_set() or time.monotonic() > deadline:
                process.kill()
                process.communicate()
                return JobResult(error=_ended(stopped, limits))
    try:
        found = pickle.loads(pickled)
    except (EOFError, pickle.UnpicklingError):  # it was killed, or ran out of memory
        return JobResult(error=_unreadable("it takes too much memory or time to read"))
    assert isinstance(found, JobResult)
    return found


def read_at_once(line: bytes) -> JobResult:
    """The result in the line, or an error that says why it holds none."""
    try:
        return result_from_dict(json.loads(line)["answer"])
    except _UNREADABLE as error:
        # Only user code that wrote to the worker's pipe gets here.
        return JobResult(error=_unreadable(str(error)[:200]))


def _unreadable(reason: str) -> JobError:
    return JobError("crash", f"the job gave no readable result: {reason}", "try it again")


def _ended(stopped: threading.Event, limits: Limits) -> JobError:
    if stopped.is_set():
        return JobError("cancelled", "the job was cancelled")
    message = f"reading the result took more than {limits.seconds:g} seconds"
    return JobError("timeout", message, "take a smaller model, or use the command line")
