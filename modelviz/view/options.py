"""What a reader asks of a view."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ..errors import InputError
from ..unknown import chosen
from .author import NOBODY, Author

SHOW = {
    "ops": "ops between modules",
    "views": "ops that move no data, and modules that do nothing",
    "weights": "parameters that an op uses directly",
    "constants": "tensors that depend on no input",
    "unread": "ops whose result reaches no output",
    "shapes": "shapes on edges",
    "config": "the configuration of layers",
    "params": "parameter counts",
    "flops": "FLOPs",
    "memory": "bytes allocated",
    "title": "the model's name and totals",
    "legend": "what the colours mean",
}
"""Everything that ``show`` can name."""

DEFAULT_SHOW = frozenset({"ops", "weights", "shapes", "config", "title", "legend"})

PAGE = 60
"""Most nodes and groups that a view shows by itself."""


EASY, PATH = 45, 28
"""What a reader takes in at once: nodes and groups in all, and nodes one after the other.

A deeper level is opened only within these; the outermost is shown as long as it fits a page.
"""


class Depth(NamedTuple):
    """How much is open: so many levels, the top level cut to so many parts, if it is.

    Where it is cut ``by_layer``, each layer is in one part with the light steps around it.
    On the deepest open level, only what holds ``least`` of the parameters is open. Where it is
    ``nested``, modules of one class inside one another are one level. ``also`` are kinds of modules
    that are open below the deepest level, too, the outermost of each.
    """

    levels: int
    limit: int | None = None
    least: float = 0.0
    nested: bool = False
    by_layer: bool = False
    also: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Which part of a graph to show: ``depth`` None picks what fits a page.

    ``page`` is the depth that a layout was found to fit a page at; without it, what fits is guessed
    from the number of nodes. ``hide`` are patterns of what is left out, and ``author`` says what is
    called and coloured otherwise.
    """

    depth: int | None = None
    expand: tuple[str, ...] = ()
    collapse: tuple[str, ...] = ()
    fold: bool = True
    show: frozenset[str] = DEFAULT_SHOW
    page: Depth | None = None
    hide: tuple[str, ...] = ()
    author: Author = NOBODY


def view_options(
    depth: int | None = None,
    expand: str | Iterable[str] = (),
    collapse: str | Iterable[str] = (),
    fold: bool = True,
    show: str | Iterable[str] | None = None,
    hide: str | Iterable[str] = (),
) -> ViewOptions:
    """The options, checked. Raises InputError where one cannot be used.

    ``show`` names what to show beside the default; a leading ``-`` leaves something out:
    ``show="flops"``, ``show=("params", "-legend")``.
    """
    if depth is not None and (isinstance(depth, bool) or not isinstance(depth, int) or depth < 0):
        raise InputError(f"depth must be a whole number from 0, or None; got {depth!r}")
    if not isinstance(fold, bool):
        raise InputError(f"fold={fold!r}; expected True or False")
    return ViewOptions(
        depth, _names(expand), _names(collapse), fold, _shown(show), hide=_names(hide)
    )


def _names(patterns: str | Iterable[str]) -> tuple[str, ...]:
    if not isinstance(patterns, Iterable):
        raise InputError(f"a module path or pattern is text, such as 'layers.*'; got {patterns!r}")
    names = (patterns,) if isinstance(patterns, str) else tuple(patterns)
    for name in names:
        if not isinstance(name, str):
            raise InputError(f"a module path or pattern is text, such as 'layers.*'; got {name!r}")
    return names


def _shown(show: str | Iterable[str] | None) -> frozenset[str]:
    names = tuple(show.replace(",", " ").split()) if isinstance(show, str) else tuple(show or ())
    shown = DEFAULT_SHOW
    for name in names:
        bare = chosen("show", name.lstrip("+-") if isinstance(name, str) else name, (*SHOW, "all"))
        change = frozenset(SHOW) if bare == "all" else frozenset({bare})
        shown = shown - change if name.startswith("-") else shown | change
    return shown
