"""Forwards whose body does not run when they are called: generators, coroutines, callables."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from functools import partial
from types import AsyncGeneratorType, CoroutineType, FunctionType, GeneratorType, MethodType
from typing import Any

from torch import nn

from ..findings import note
from ..graph import Finding
from ..places import place_text
from .source import is_written_by_a_user, shown_file

RUNNING_LATER = (GeneratorType, CoroutineType, AsyncGeneratorType)
_CALLED_LATER = (FunctionType, MethodType, partial)
_ITERATED_LATER = (map, filter, zip, *(v for v in vars(itertools).values() if type(v) is type))
_LATER = frozenset({*RUNNING_LATER, *_CALLED_LATER, *_ITERATED_LATER})
_CONTAINERS = frozenset({tuple, list, dict})

_HINT = (
    "wrap the model in a module whose forward does so and gives tensors back, and trace that one"
)


class Bodies:
    """Collects what calls returned in place of tensors, to see in the end what of it never ran."""

    def __init__(self) -> None:
        self._later: list[tuple[str, nn.Module, Any, bool]] = []

    def returned(self, path: str, module: nn.Module, result: Any, outermost: bool) -> None:
        """Take note of the ``result`` of a call of ``module``; ``outermost``, that of the model."""
        kind = type(result)
        if kind in _LATER:
            self._later.append((path, module, result, outermost))
        elif kind in _CONTAINERS and result:
            parts = result.values() if kind is dict else result
            for part in parts:
                if type(part) in _LATER:
                    self._later.append((path, module, part, outermost))

    def findings(self) -> Iterator[Finding]:
        """One finding for each body that did not run to its end, and let go of all of them."""
        later, self._later = self._later, []
        for path, module, value, outermost in later:
            told = _told(module, value, outermost)
            if told is not None:
                message, file, line = told
                yield note("MV016", message, path=path, file=file, line=line, hint=_HINT)
            if outermost and isinstance(value, CoroutineType):
                value.close()  # nobody else has it, and Python would warn that none awaited it


def _told(
    module: nn.Module, value: Any, outermost: bool
) -> tuple[str, str | None, int | None] | None:
    """Message and place; None where the body ran, or where that is up to who called the module."""
    name = type(module).__name__
    if isinstance(value, RUNNING_LATER):
        kind, verb, state, now = _state(value)
        if state == "CLOSED":
            return None
        file, line = _place(module, value)
        if state == "CREATED":
            text = f"the forward of {name} is {kind}{_at(file, line)}: its body runs only when"
            text += f" {verb}, which " + (
                "the trace does not do" if outermost else "never happened"
            )
            return text + "; nothing in it was seen or counted", file, line
        text = f"the forward of {name} is {kind}{_at(file, now)} that ran only up to this line"
        return text + "; what comes after was not seen or counted", file, now
    if not outermost:
        return None
    function = _function(value)
    code = getattr(function, "__code__", None)
    file, line = (
        (None, None) if code is None else (shown_file(code.co_filename), code.co_firstlineno)
    )
    what = type(value).__name__
    when = "when it is called" if isinstance(value, _CALLED_LATER) else "when something iterates"
    text = f"{name} returned a {what}{_at(file, line)}: what it computes {when}"
    return text + " was not seen or counted", file, line


def _state(value: Any) -> tuple[str, str, str, int | None]:
    """What it is, what would run it, its state (``CREATED``, ``SUSPENDED`` …) and its line."""
    if isinstance(value, GeneratorType):
        kind, verb, prefix = "a generator", "something iterates over it", "gi"
    elif isinstance(value, CoroutineType):
        kind, verb, prefix = "a coroutine (async)", "it is awaited", "cr"
    else:
        kind, verb, prefix = "an asynchronous generator", "something iterates over it", "ag"
    frame = getattr(value, f"{prefix}_frame")
    if frame is None:
        return kind, verb, "CLOSED", None
    started = frame.f_lasti >= 0 and _has_started(value, frame)
    return kind, verb, "SUSPENDED" if started else "CREATED", frame.f_lineno


def _has_started(value: Any, frame: Any) -> bool:
    if isinstance(value, GeneratorType):
        return inspect.getgeneratorstate(value) != inspect.GEN_CREATED
    if isinstance(value, CoroutineType):
        return inspect.getcoroutinestate(value) != inspect.CORO_CREATED
    # Python has no such question for these before 3.12: at first they stand at their own line.
    return bool(frame.f_lineno != value.ag_code.co_firstlineno)


def _place(module: nn.Module, value: Any) -> tuple[str | None, int | None]:
    code = next(
        getattr(value, name) for name in ("gi_code", "cr_code", "ag_code") if hasattr(value, name)
    )
    if not is_written_by_a_user(code.co_filename):
        # A decorator of torch's made a generator of its own around the one that was written.
        code = getattr(inspect.unwrap(type(module).forward), "__code__", code)
    return shown_file(code.co_filename), code.co_firstlineno


def _function(value: Any) -> Any:
    while isinstance(value, partial):
        value = value.func
    return value


def _at(file: str | None, line: int | None) -> str:
    return "" if file is None else f" ({place_text(file, line)})"
