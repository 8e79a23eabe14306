"""What the code of a job prints, kept for its result and passed on at once."""

from __future__ import annotations

import contextlib
import io
import sys
from collections import deque
from collections.abc import Iterator
from typing import TextIO

MAX_PRINTED = 16 * 2**10
"""Characters kept of what a job prints: the last ones."""


class Printed(io.TextIOBase):
    """A stream that passes on what is written, and has the end of it as ``text``."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._parts: deque[str] = deque()
        self._size = 0

    @property
    def text(self) -> str:
        """The end of what was written."""
        return "".join(self._parts)[-MAX_PRINTED:]

    def write(self, text: str) -> int:
        """Pass it on, where a parent reads it even if this process is ended before its result."""
        self._stream.write(text)
        self._stream.flush()
        self._parts.append(text)
        self._size += len(text)
        while self._size - len(self._parts[0]) >= MAX_PRINTED:
            self._size -= len(self._parts.popleft())
        return len(text)

    def writable(self) -> bool:
        """True."""
        return True


@contextlib.contextmanager
def printing() -> Iterator[Printed]:
    """What is printed meanwhile."""
    kept = Printed(sys.stdout)
    with contextlib.redirect_stdout(kept):
        yield kept
