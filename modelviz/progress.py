"""Progress on the terminal, for what takes more than a moment."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

PATIENCE = 1.0
"""Seconds of silence before something is said."""


@contextlib.contextmanager
def progress(what: str) -> Iterator[None]:
    """Show ``what`` and a spinner on stderr while the block runs, if it runs for long.

    Nothing is shown where stderr is no terminal, so that logs and pipes stay clean.
    """
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    status = Console(stderr=True).status(f"{what} ...")
    timer = threading.Timer(PATIENCE, status.start)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        status.stop()
