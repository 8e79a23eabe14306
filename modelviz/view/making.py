"""The document of a graph, and what of it is shown at first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ..collecting import collection_paused
from ..depth import deep
from ..graph import ModelGraph
from .author import authored
from .depths import Pageable
from .document import Document
from .hiding import without
from .marks import Marks, marked
from .modules import module_pages
from .options import Depth, ViewOptions
from .overlays import overlays
from .runs import run_pages

Page = tuple[ViewOptions, Document]
_DEFAULT = ViewOptions()


@collection_paused()
def document_of(
    graph: ModelGraph, options: ViewOptions = _DEFAULT, marks: Marks | None = None
) -> Document:
    """All that a picture of a graph could show, open at first as the options ask.

    ``marks`` are what is to be told of its parts. Raises InputError for a path in the options that
    matches nothing.
    """
    with deep(graph):
        pages = _pages(graph, options)
        made = _asked(graph, pages.document(pages.depth), options)
        return made if marks is None else marked(made, graph, marks)


@dataclass(frozen=True)
class Pages:
    """What of a graph may be on a page: documents, and the options that give each of them again.

    The options have no depth, since that is what is looked for.
    """

    graph: ModelGraph
    options: ViewOptions

    def __iter__(self) -> Iterator[Page]:
        """What may fit, the most first."""
        return map(self._page, self._made.depths())

    def further(self, depth: Depth) -> Iterator[Page]:
        """What is open in one kind of module more than a depth, what holds most first."""
        return map(self._page, self._made.further(depth))

    def outermost(self, depth: Depth) -> Iterator[Page]:
        """What is open in shut modules, too, the outermost that hold much of the model."""
        return map(self._page, self._made.outermost(depth))

    def _page(self, depth: Depth) -> Page:
        made = _asked(self.graph, self._made.document(depth), self.options)
        return replace(self.options, page=depth), made

    @cached_property
    def _made(self) -> Pageable:
        return _pages(self.graph, self.options)


def _pages(graph: ModelGraph, options: ViewOptions) -> Pageable:
    return (run_pages if graph.calls else module_pages)(graph, options)


def _asked(graph: ModelGraph, made: Document, options: ViewOptions) -> Document:
    """The document as its author wants it, with the figures that were put on the graph."""
    made = replace(without(made, options.hide), overlays=overlays(graph))
    return authored(made, graph, options.author)
