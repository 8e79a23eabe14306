"""What the command prints to: streams that may be closed, full, or without most characters."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import json
import os
import sys
from collections.abc import Iterator

from .errors import OutputError

LOST = 2
"""The exit code where what was to be printed could not be."""
READER_LEFT = 1
_SPELLED = "modelviz.spelled"
_ALIKE = {
    "\u00d7": "x",
    "\u00f7": "/",
    "\u00b7": "-",
    "\u00b5": "u",
    "\u00b1": "+-",
    "\u2013": "-",
    "\u2212": "-",
    "\u2026": "...",
    "\u2192": "->",
    "\u21b7": "~>",
    "\u00bb": ">",
    "\u2264": "<=",
    "\u2265": ">=",
    "\u2500": "-",
    "\u2502": "|",
    "\u251c": "+",
    "\u2514": "+",
    "\u2588": "#",
    "\u2591": ".",
    "\u2716": "x",
    "\u25b2": "!",
    "\u25cf": "i",
}
"""What stands for a sign of ours where it cannot be printed; as wide, where it is in a table."""
_CODES = (errno.ENOSPC, errno.EIO, errno.EBADF, errno.EFBIG, errno.EDQUOT)


@contextlib.contextmanager
def streams() -> Iterator[None]:
    r"""Standard output and error made usable; the process ends with a word where they fail.

    Where the encoding of a stream lacks a sign of ours, one like it is printed, ``->`` for an
    arrow; other characters are spelled out as in JSON: ``\u4e2d``.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_SPELLED)
    if sys.stdout is None:
        sys.stdout = _Closed()
    if sys.stderr is None:
        # ``print(..., file=None)`` would write to the output.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    try:
        yield
    except OSError as error:
        if not cannot_print(error):
            raise
        _end(error)
    finally:
        _hand_on()


def printable(text: str) -> str:
    """``text``, with what stands for the signs that the encoding of standard output lacks.

    So ``print(report)`` works where Python's own error would end it: on consoles of old systems,
    and in pipes that have their encoding.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, _SPELLED).decode(encoding)


def cannot_print(error: BaseException) -> bool:
    """Whether it is a stream that failed: it is full, broken or closed."""
    return isinstance(error, OSError) and error.errno in _CODES and error.filename is None


def say(text: str) -> None:
    """Print to standard error, if anything can be printed there."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _forget(sys.stderr)


def _spelled(error: UnicodeError) -> tuple[str, int]:
    """What stands for the characters that cannot be encoded: valid in the text of JSON, too."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    return "".join(_ALIKE.get(sign) or json.dumps(sign)[1:-1] for sign in text), error.end


codecs.register_error(_SPELLED, _spelled)


class _Closed(io.TextIOBase):
    """A standard output that was closed before the process began."""

    def write(self, text: str) -> int:
        """Nothing; raises OutputError."""
        raise OutputError("cannot print: the standard output is closed")


def _hand_on() -> None:
    """Write out what was printed; a reader who left, as in ``| head``, is worth no message."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout)
        sys.exit(READER_LEFT)
    except OSError as error:
        _end(error)
    try:
        sys.stderr.flush()
    except OSError:
        _forget(sys.stderr)


def _end(error: OSError) -> None:
    """Say that what was printed is lost, and leave the process."""
    _forget(sys.stdout)
    say(f"modelviz: cannot print: {error.strerror or error}")
    sys.exit(LOST)


def _forget(stream: object) -> None:
    """Let what the stream still holds go nowhere: Python would try and complain once more."""
    if isinstance(stream, io.TextIOWrapper):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
