"""The document of a graph, and what of it is shown at first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..collecting import collection_paused
from ..depth import deep
from ..graph import ModelGraph
from .author import authored
from .document import Document
from .hiding import without
from .marks import Marks, marked
from .model import View
from .modules import module_document, module_pages
from .options import ViewOptions
from .overlays import overlays
from .runs import run_document, run_pages
from .visible import visible

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
        made = (run_document if graph.calls else module_document)(graph, options)
        made = _asked(graph, made, options)
        return made if marks is None else marked(made, graph, marks)


def page_documents(
    graph: ModelGraph, options: ViewOptions
) -> Iterator[tuple[ViewOptions, Document]]:
    """What may fit a page, the most first: documents, and the options that give each of them again.

    The options have no depth, since that is what is looked for.
    """
    for page, made in (run_pages if graph.calls else module_pages)(graph, options):
        yield replace(options, page=page), _asked(graph, made, options)


def _asked(graph: ModelGraph, made: Document, options: ViewOptions) -> Document:
    """The document as its author wants it, with the figures that were put on the graph."""
    made = replace(without(made, options.hide), overlays=overlays(graph))
    return authored(made, graph, options.author)


def build_view(graph: ModelGraph, options: ViewOptions = _DEFAULT) -> View:
    """What is shown of a graph at first. Raises InputError for a path that matches nothing."""
    return visible(document_of(graph, options))
