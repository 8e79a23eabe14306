"""An option that there is not: one error, which names the nearest that there is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from types import FunctionType
from typing import Any

from .errors import InputError, TraceError
from .signatures import parameters_of

_UNEXPECTED = re.compile(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def nearest(name: object, known: Iterable[str]) -> str:
    """``: did you mean 'flops'?`` with what is most like a wrong name; nothing where none is."""
    names, wanted = list(known), str(name)
    near = alike(wanted, names, 1)
    if not near and len(wanted) > 1:
        short = [one for one in names if _is_short_for(wanted.lower(), one.lower())]
        near = short if len(short) == 1 else []
    return f": did you mean {near[0]!r}?" if near else ""


def alike(name: str, known: Iterable[str], most: int = 3, cutoff: float = 0.6) -> list[str]:
    """At most so many of the known names that are spelled almost like one, likeliest first."""
    by_small = {one.lower(): one for one in known}
    near = get_close_matches(name.lower(), list(by_small), n=most, cutoff=cutoff)
    return [by_small[one] for one in near]


def meant(name: object, known: Iterable[str]) -> str | None:
    """The word among ``known`` that was given, in whatever case; None where it is none of them."""
    names = list(known)
    if name in names:
        return str(name)
    said = name.strip().lower() if isinstance(name, str) else name
    return next((one for one in names if one.lower() == said), None)


def chosen(option: str, given: object, known: Iterable[str], also: str = "") -> str:
    """The word among ``known`` that was given, in whatever case. Raises InputError.

    ``also`` is what the error says besides.
    """
    names = list(known)
    found = meant(given, names)
    if found is None:
        raise InputError(f"{option}={given!r}: {one_of(given, names)}{also}")
    return found


def one_of(name: object, known: Iterable[str]) -> str:
    """``expected one of flops, params: did you mean 'flops'?`` for a name that is not known."""
    names = list(known)
    return f"expected one of {', '.join(names)}{nearest(name, names)}"


def no_model(given: object) -> str:
    """What was given where a model is expected, and what to give: ``the class Net: make ...``."""
    name = getattr(given, "__name__", type(given).__name__)
    if isinstance(given, type):
        return f"the class {name}: make the model first, {name}(...)"
    if isinstance(given, (str, Path)):
        return (
            f"{str(given)!r}: a saved graph is read by modelviz.load({str(given)!r}), and a model "
            f"in a file is shown on the command line, modelviz summary {given}"
        )
    if isinstance(given, Mapping) and all(hasattr(value, "shape") for value in given.values()):
        return f"{name} of tensors: load them into a model first, model.load_state_dict(...)"
    if isinstance(given, FunctionType):
        return f"the function {name}: give the module that it makes or belongs to"
    return name


def _is_short_for(short: str, name: str) -> bool:
    """Whether the letters of a name hold those of another in their order, as ``md`` of markdown."""
    letters = iter(name)
    return name[:1] == short[:1] and all(letter in letters for letter in short)


class UnknownOption(InputError):
    """An option that a function has not."""


def unknown_option(name: str, function: Callable[..., Any], why: str) -> UnknownOption:
    """The error for an option ``name`` that ``function`` has not."""
    options = [
        parameter.name
        for parameter in parameters_of(function)
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    advice = nearest(name, options) or f": its options are {', '.join(options)}"
    return UnknownOption(f"{function.__name__} has no option {name!r}, {why}{advice}")


@contextmanager
def options_told_apart(function: Callable[..., Any], given: dict[str, Any]) -> Iterator[None]:
    """What is given besides the options of ``function`` goes to the forward of a model.

    Where that does not take one of them, the name is taken for a misspelt option: of the outermost
    function, where one hands it on to another. Raises InputError.
    """
    try:
        yield
    except (TraceError, UnknownOption) as error:
        name = _refused(error)
        if name is None or name not in given:
            raise
        raise unknown_option(
            name, function, "and the forward takes no argument of this name"
        ) from error.__cause__


def _refused(error: TraceError | UnknownOption) -> str | None:
    """The argument that the model's own forward does not take; None for one of what it calls."""
    found = _UNEXPECTED.search(str(error.__cause__))
    if found is None or not isinstance(error.__cause__, TypeError):
        return None
    if isinstance(error, TraceError):
        failure = error.graph.failure
        if failure is None or failure.module:
            return None
        # No line of the model ran; or a decorator's did, around its forward.
        if failure.line is not None and found[1] != "forward":
            return None
    return found[2]
