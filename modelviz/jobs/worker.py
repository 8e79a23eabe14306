"""The worker process, ``python -m modelviz.jobs.worker``: one request, one answer, the end.

It reads one line of JSON from its standard input and writes lines of JSON to its standard
output: that it is ready, that it has begun, stages, and an answer. When its input ends, its parent
is gone, and it ends as well, with all that it started.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, NoReturn

from ..collecting import collect_seldom
from .confine import confine

Send = Callable[[dict[str, Any]], None]

_FOLDER = os.getcwd()

PATIENCE = 2.0
"""Seconds without a request after which the libraries of models are imported, too."""


def main() -> None:
    """Serve one request."""
    collect_seldom()
    try:
        _serve(*_channel())
    except BrokenPipeError:  # the parent is gone
        _leave()


def _serve(requests: BinaryIO, tell: Send) -> None:
    tell({"stage": "Importing torch"})
    from . import work  # imports torch and the tracer

    tell({"ready": True})
    if not _asked_within(requests, PATIENCE):
        work.prepare()
    line = requests.readline()
    if not line:
        _leave()
    threading.Thread(target=_end_with_parent, args=(requests,), daemon=True).start()
    tell({"begun": True})
    request = json.loads(line)
    confine(request["seconds"], request["memory"])
    tell({"answer": work.answer(request, lambda stage: tell({"stage": stage}))})
    sys.stderr.flush()
    # Threads and exit handlers of the user's code are not waited for.
    os._exit(0)


def _channel() -> tuple[BinaryIO, Send]:
    """The pipes to the parent, moved to where prints and reads of the user's code do not go."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    folder = json.dumps(_FOLDER + os.sep)[1:-1].encode()
    lock = threading.Lock()

    def tell(message: dict[str, Any]) -> None:
        # Where the worker lives means nothing to a reader: "model.py" says more.
        text = json.dumps(message, separators=(",", ":")).encode().replace(folder, b"")
        with lock:
            answers.write(text + b"\n")
            answers.flush()

    return requests, tell


def _asked_within(requests: BinaryIO, seconds: float) -> bool:
    """Whether a request, or the end of all requests, comes within so many seconds."""
    if os.name != "posix":  # no way to look into a pipe: better to be ready at once
        return True
    return bool(select.select([requests], [], [], seconds)[0])


def _end_with_parent(requests: BinaryIO) -> None:
    requests.read()
    _leave()


def _leave() -> NoReturn:
    """End this process and all that it started, and leave nothing behind."""
    shutil.rmtree(_FOLDER, ignore_errors=True)
    if os.name == "posix":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    main()
