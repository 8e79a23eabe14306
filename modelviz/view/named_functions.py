"""The names of functions that have no level of their own, for a reader who looks for them."""

from __future__ import annotations

from collections.abc import Iterable

from ..analysis.items import functions_of
from ..graph import ModelGraph
from .tree import Part, walk


class NamedFunctions:
    """Tells of parts, in the order of execution, which functions began with them.

    ``parts`` are the whole tree: what it shows as a part of its own is told by that.
    """

    def __init__(self, graph: ModelGraph, parts: Iterable[Part]) -> None:
        self._graph = graph
        self._told = {
            part.steps.function.id for part in walk(tuple(parts)) if part.steps is not None
        }

    def of(self, part: Part) -> list[str]:
        """The names of the functions, outer ones first."""
        step = part.call or part.op
        if step is None:
            return []
        begun = [one for one in functions_of(self._graph, step) if one.id not in self._told]
        self._told.update(one.id for one in begun)
        return [one.name for one in begun]
