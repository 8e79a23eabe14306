"""What went wrong, in words: one description of an error for the command line, the app and others.

``problem_of(error)`` says what kind of trouble it is, what to try, and which line of the user's own
code it came from. Nothing here prints.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from json import JSONDecodeError
from typing import Any, Literal

from .errors import AmbiguousModelError, CodeError, ModelvizError, OutputError, TraceError
from .places import place_text

Kind = Literal["input", "code", "forward", "memory", "output", "usage", "crash"]

TITLES: Mapping[str, str] = {
    "input": "This model cannot be made",
    "code": "The code failed before there was a model",
    "forward": "The forward failed",
    "timeout": "It took too long",
    "memory": "It took too much memory",
    "crash": "The process that made it ended early",
    "cancelled": "Cancelled",
    "refused": "Not run",
}
"""What each kind of trouble is called, those of a job included."""

GENERAL = "check the shapes and dtypes of the inputs, and the code at the line that failed"
CORRECT = "correct the code and run it again"
GUARD_SCRIPT = 'move what is to run as a script below if __name__ == "__main__":'
NO_VALUES = "choose the fake execution, which needs none, or build the model on the meta device"
BUILD_WITHOUT = (
    "build it without weights: with torch.device('meta') around what makes the model; shapes, "
    "parameters and FLOPs are the same"
)
_NO_MEMORY = ("can't allocate memory", "not enough memory", "cannot allocate memory")


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened, what to try in order, and where.

    ``details`` are further lines about what met where, ``traceback`` the part of Python's that lies
    in the user's own code. ``file``, ``line`` and ``source``, the text of that line, are None where
    no line of the user's is to blame, and ``path`` where no module is; a line without a file is one
    of the text that was given. ``choices`` are the names
    that could have been given.
    """

    kind: Kind
    message: str
    remedies: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    traceback: str = ""
    path: str | None = None
    file: str | None = None
    line: int | None = None
    source: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        """What to try, a remedy in each line."""
        return "\n".join(self.remedies)

    @property
    def place(self) -> str:
        """The place in the source with its text: ``net.py:12: return self.fc(x)``; or nothing."""
        if self.file is None:
            return ""
        where = place_text(self.file, self.line)
        return f"{where}: {self.source}" if self.source else where

    @property
    def text(self) -> str:
        """All of it in lines, the first of which says what happened."""
        lines = [f"at {self.place}"] if self.place else []
        lines += self.details
        lines += [f"to do: {remedy}" for remedy in self.remedies[:1]]
        lines += [f"or: {remedy}" for remedy in self.remedies[1:]]
        return "".join((self.message, *(f"\n  {line}" for line in lines)))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready data; every key is always there."""
        return {
            "kind": self.kind,
            "message": self.message,
            "remedies": list(self.remedies),
            "details": list(self.details),
            "path": self.path,
            "file": self.file,
            "line": self.line,
            "source": self.source,
            "choices": list(self.choices),
        }


def problem_of(error: BaseException) -> Problem:
    """What to tell about an error, of modelviz's own or of any other kind."""
    cause = error.__cause__ or error
    if isinstance(cause, MemoryError) or any(sign in str(cause).lower() for sign in _NO_MEMORY):
        # Before there is a model, no way to run it can help.
        remedy = BUILD_WITHOUT if isinstance(error, CodeError) else NO_VALUES
        return Problem("memory", "the model needs more memory than there is", (remedy,))
    if isinstance(error, TraceError):
        return _of_forward(error)
    if isinstance(error, CodeError):
        return _in_code(str(error), cause, *_remedies(cause))
    if isinstance(error, AmbiguousModelError):
        return Problem("input", str(error), choices=error.choices)
    if isinstance(error, OutputError):
        return Problem("output", str(error))
    if isinstance(error, ModelvizError):
        line = cause.lineno if isinstance(cause, JSONDecodeError) else None
        return Problem("input", str(error).partition("\n")[0], line=line)
    if isinstance(error, SystemExit):
        return _in_code(
            f"the code ended its process (exit status {error.code})", error, GUARD_SCRIPT
        )
    what = f"{type(error).__name__}: {error}"
    from .sources.base import own_frames

    if own_frames(error):
        return _in_code(what, error, CORRECT)
    return Problem("crash", what)


def own_traceback(error: BaseException) -> str:
    """The part of the traceback that lies in the user's own code, and the error itself."""
    from .sources.base import own_frames

    frames = own_frames(error)
    if not frames and not isinstance(error, SyntaxError):
        return ""
    return "".join(
        (*traceback.format_list(frames), *traceback.format_exception_only(type(error), error))
    )


def _of_forward(error: TraceError) -> Problem:
    from .explaining.explain import explain

    message, *lines = str(error).split("\n  ")
    failure = error.graph.failure
    explanation = explain(error.graph)
    remedies = () if explanation is None else explanation.remedies
    said = ("at ", "to do: ", "or: ", "The graph up to this point")
    return Problem(
        "forward",
        message,
        remedies or (GENERAL,),
        tuple(line for line in lines if not line.startswith(said)),
        own_traceback(error.__cause__ or error),
        None if failure is None else failure.module,
        None if failure is None else failure.file,
        None if failure is None else failure.line,
        None if failure is None else dict(failure.facts).get("source") or None,
    )


def _remedies(cause: BaseException) -> tuple[str, ...]:
    """What to do about an error in the user's own code."""
    if isinstance(cause, SystemExit):
        return (GUARD_SCRIPT,)
    if not isinstance(cause, ModuleNotFoundError) or not cause.name:
        return (CORRECT,)
    from .sources.base import own_frames

    missing = cause.name.partition(".")[0]
    if own_frames(cause):
        return (f"install what holds {missing!r} (pip install {missing}), or correct the import",)
    return (
        f"run it in the folder that holds {missing}.py, or name the file: path/{missing}.py:Name",
        f"install what holds {missing!r}",
    )


def _in_code(message: str, cause: BaseException, *remedies: str) -> Problem:
    file, line, source = _last_line(cause)
    return Problem(
        "code",
        message,
        remedies,
        traceback=own_traceback(cause),
        file=file,
        line=line,
        source=source,
    )


def _last_line(error: BaseException) -> tuple[str | None, int | None, str | None]:
    """The innermost line of the user's own code on the way to the error, with its text."""
    from .sources.base import own_frames

    if isinstance(error, SyntaxError) and error.filename:
        text = error.text or linecache.getline(error.filename, error.lineno or 0)
        return error.filename, error.lineno, text.strip() or None
    frames = own_frames(error)
    if not frames:
        return None, None, None
    return frames[-1].filename, frames[-1].lineno, (frames[-1].line or "").strip() or None
