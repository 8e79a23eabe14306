"""What is shown of a graph, for the tests of it."""

from __future__ import annotations

from typing import Any

from modelviz.graph import ModelGraph
from modelviz.view import View, ViewOptions, view_options
from modelviz.view.making import document_of
from modelviz.view.visible import visible


def view_of(graph: ModelGraph, depth: ViewOptions | int | None = None, **more: Any) -> View:
    """What is shown at first: with options that are there already, or down to a depth."""
    options = depth if isinstance(depth, ViewOptions) else view_options(depth, **more)
    return visible(document_of(graph, options))
