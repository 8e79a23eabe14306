"""Ctrl-C during a trace: it ends the forward between two ops, never in the middle of our work.

Python raises KeyboardInterrupt between any two instructions, also where PyTorch takes a mode off
its stack and has not put it back, or where nobody can catch it. So the first Ctrl-C waits for the
next op or call of a module, or for the end of the trace; a second one does not wait.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any


class Interrupt:
    """Whether Ctrl-C was pressed during the trace that runs."""

    pending = False

    def check(self) -> None:
        """Raise KeyboardInterrupt if it was."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt


INTERRUPT = Interrupt()


@contextmanager
def interrupts_wait() -> Iterator[None]:
    """Ctrl-C waits for ``INTERRUPT.check()``, or for the end."""
    before: Any = signal.getsignal(signal.SIGINT)
    # Only the main thread gets signals; a handler of the user's own is left alone.
    mine = threading.current_thread() is threading.main_thread()
    if not mine or before is not signal.default_int_handler:
        yield
        return

    def wait(number: int, frame: FrameType | None) -> None:
        if INTERRUPT.pending:
            INTERRUPT.pending = False
            before(number, frame)
        INTERRUPT.pending = True

    INTERRUPT.pending = False
    signal.signal(signal.SIGINT, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    INTERRUPT.check()
