"""What ends the range of a dimension: the failure, the other way, or the op with other figures."""

from __future__ import annotations

from dataclasses import replace

from ..errors import TraceError
from ..graph import ModelGraph
from .lab import Lab, reason
from .measures import cells_of, difference, measure
from .model import Growth
from .polynomial import Point
from .ranges import End


def end_at(lab: Lab, growth: Growth, start: Point, point: Point, dim: int) -> End:
    """What happens at a point where the formulas do not hold, and ends the range of ``dim``."""
    end = _ending(lab, growth, start, point, point[dim])
    others = [
        f"{name} {size}"
        for place, (name, size) in enumerate(zip(lab.names, point, strict=True))
        if place != dim and size != start[place]
    ]
    return replace(end, message=f"{end.message}, with {', '.join(others)}") if others else end


def _ending(lab: Lab, growth: Growth, start: Point, point: Point, size: int) -> End:
    graph = lab.graph(point)
    if graph is None:
        error = lab.errors[point]
        failure = error.graph.failure if isinstance(error, TraceError) else None
        if failure is None:
            return End(size, reason(error))
        message = f"the forward fails: {failure.error}: {failure.message.strip()}"
        message = message.partition("\n")[0]
        return End(size, message, failure.module, failure.file, failure.line)
    parted = difference(lab.graphs[start], graph)
    if parted is not None:
        message = f"the forward goes another way: {parted.message}"
        return End(size, message, parted.path, parted.file, parted.line)
    return _other_figures(growth, graph, point, size)


def _other_figures(growth: Growth, graph: ModelGraph, point: Point, size: int) -> End:
    """The first op whose figures the formulas do not give."""
    found = measure(graph, growth.plan)
    for op, cell in zip(graph.ops, cells_of(graph, growth.plan.loose), strict=True):
        flops = growth.flops.get(cell)
        if flops is None or flops.at(point) != found.cells[cell][0]:
            message = f"{op.name} has another number of FLOPs"
            return End(size, f"the forward changes: {message}", cell[0], op.file, op.line)
    for path, shapes in found.outputs.items():
        known = growth.outputs.get(path, ())
        if tuple(tuple(part.at(point) for part in shape) for shape in known) != shapes:
            call = graph.calls_of(path)[0]
            line = graph.ops[call.stop - 1] if call.stop > call.start else None
            file, number = (None, None) if line is None else (line.file, line.line)
            return End(size, "the forward changes: other shapes", path, file, number)
    return End(size, "the forward changes")
