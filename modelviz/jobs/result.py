"""What a job gives: a graph, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..graph import ModelGraph
from ..planning.outline import Outline
from ..proposals import InputProposal, InputSpec

ErrorKind = Literal[
    "input",  # what was asked for cannot be read, found or built
    "code",  # the user's own code raised before there was a model
    "forward",  # the forward failed; the graph holds everything before that
    "timeout",
    "memory",
    "crash",  # the worker ended without a result, or sent something else
    "cancelled",
    "refused",  # the pool runs no code of the user's, is closed, or has too much to do
]


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job has no graph, or only the first part of one.

    ``message`` says what happened and ``hint`` what to do; ``traceback`` is the part of Python's
    that lies in the user's own code, and ``output`` the end of what that code printed. ``line`` is
    the line of the code or the text that was given, from 1; 0 where none is to blame.
    """

    kind: ErrorKind
    message: str
    hint: str = ""
    traceback: str = ""
    output: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: what it does now, seconds since it began, jobs that wait before it."""

    stage: str
    seconds: float
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class JobResult:
    """The graph of a job, or why there is none, and what a reader should know about it.

    Of code, ``candidates`` are the names in it that could be models, ``chosen`` the one taken.
    A job that plans a step gives the outline of its ``plan`` in place of a graph. ``printed`` is
    the end of what the user's code printed.
    """

    graph: ModelGraph | None = None
    error: JobError | None = None
    notes: tuple[str, ...] = ()
    inputs: tuple[InputSpec, ...] = ()
    proposals: tuple[InputProposal, ...] = ()
    candidates: tuple[str, ...] = ()
    chosen: str = ""
    plan: Outline | None = None
    printed: str = ""
