"""What a picture says of a forward that failed."""

from __future__ import annotations

from ..graph import ModelGraph
from ..units import shapes_text
from .labels import cut


def failure_text(graph: ModelGraph) -> str:
    """The error, the module and the shapes that met, or nothing where all went well."""
    failure = graph.failure
    if failure is None:
        return ""
    where = failure.module or graph.name
    met = shapes_text(failure.shapes)
    shapes = f", where {met} met" if len(failure.shapes) > 1 else f", given {met}" if met else ""
    return f"{failure.error} in {where}{shapes}: {cut(failure.message, 160)}"
