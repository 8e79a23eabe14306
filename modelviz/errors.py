"""The errors a user can meet: each says what was given, what was expected, what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .graph import ModelGraph


class ModelvizError(Exception):
    """Base class of every error modelviz raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """What IPython and notebooks show in place of a traceback through modelviz."""
        from .tracebacks import shown

        return shown(self)


class InputError(ModelvizError, ValueError):
    """An argument that cannot be used: what was given, what was expected."""


class CodeError(InputError):
    """The user's own code raised before there was a model; ``__cause__`` is what it raised."""


class AmbiguousModelError(InputError):
    """A file holds several models; ``choices`` are the texts that name one each."""

    def __init__(self, message: str, choices: tuple[str, ...]) -> None:
        super().__init__(message)
        self.choices = choices


class GraphFileError(ModelvizError, ValueError):
    """A file that holds no readable graph."""


class OutputError(ModelvizError, OSError):
    """A file that cannot be written."""


class TraceError(ModelvizError, RuntimeError):
    """The forward failed or was interrupted; ``graph`` holds everything up to that point.

    ``final`` says that a real forward would end in the same way.
    """

    def __init__(self, message: str, graph: ModelGraph, final: bool = False) -> None:
        super().__init__(message)
        self.graph = graph
        self.final = final
