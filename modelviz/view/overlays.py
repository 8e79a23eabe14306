"""Figures that were put on a graph, by what a picture shows."""

from __future__ import annotations

from ..graph import Measure, ModelGraph
from ..graph.measures import MeasureTable
from .document import Overlay


def overlays(graph: ModelGraph) -> tuple[Overlay, ...]:
    """All figures that were put on a graph."""
    return tuple(overlay(graph, measure) for measure in graph.measures)


def overlay(graph: ModelGraph, measure: Measure) -> Overlay:
    """A figure by module, where it has a number or its ops have, and by op."""
    table = MeasureTable(graph, measure)
    modules = {module.path: table.of_module(module.path) for module in graph.modules}
    ops = {f"o{op}": table.of_op(op) for op, _ in measure.values if isinstance(op, int)}
    return Overlay(measure.name, measure.unit, _known(modules), _known(ops))


def _known(numbers: dict[str, float | None]) -> dict[str, float]:
    return {name: number for name, number in numbers.items() if number is not None}
