"""What a worker does for a plan: the step, the largest that fits, how figures grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_args

from torch import nn

from ..errors import InputError
from ..planning import Plan, plan
from ..planning.outline import Outline, Rise, Trend
from ..planning.outlining import outline
from ..planning.sizes import Dimension
from ..sources import Source
from ..sources.base import Tell
from ..sources.offline import offline
from .spec import PlanSpec

NO_FORWARD = "these are weights or a graph, which have no step to run: choose the model itself"


def planned(source: Source, inputs: dict[str, Any] | None, spec: PlanSpec, tell: Tell) -> Outline:
    """The outline of the plan of a model. Raises InputError, TraceError."""
    model = source.model
    if not isinstance(model, nn.Module):
        raise InputError(NO_FORWARD)
    if inputs is None:
        inputs = {} if source.inputs is None else {"input_data": source.inputs}
    tell("Planning the step")
    with offline("the step"):
        found = plan(model, **inputs, **spec.choices)
        sizes = {"batch": spec.batch, "seq": spec.seq}
        found = found.resized(**{what: n for what, n in sizes.items() if n is not None})
        if spec.find in ("batch", "seq"):
            tell(f"Looking for the largest {spec.find}")
            return outline(found, found.largest(spec.find))
        if spec.find == "peaks":
            tell("Planning other sizes")
            return replace(outline(found), rises=tuple(_rises(found)))
        if spec.find == "growth":
            tell("Finding the formulas")
            return _grown(model, inputs, found)
    return outline(found)


def _rises(found: Plan) -> Iterator[Rise]:
    """How the peak grows with each dimension that the inputs have."""
    for what in get_args(Dimension):
        if found.sizes[what] is not None:
            grown = found.growth(what)
            yield Rise(
                what,
                grown.title,
                tuple(point.size for point in grown.points),
                tuple(point.peak_bytes for point in grown.points),
                tuple(point.forward_bytes for point in grown.points),
                grown.ends or "",
            )


def _grown(model: nn.Module, inputs: dict[str, Any], found: Plan) -> Outline:
    """The outline with formulas of one forward, in the dimensions of the inputs."""
    from ..growth import formulas

    made = formulas(model, **inputs)
    trends = []
    for name in made.names:
        for figure, expression in made.shown():
            if figure in ("params", "macs"):
                continue
            one = made.curve(name, figure)
            if len(one.points) < 2:
                continue
            trends.append(
                Trend(
                    title=one.title,
                    figure=figure,
                    dim=name,
                    setting=one.setting,
                    formula=str(expression),
                    remark=one.remark,
                    sizes=tuple(size for size, _ in one.points),
                    values=tuple(value for _, value in one.points),
                )
            )
    return replace(outline(found), trends=tuple(trends), proven=str(made.valid))
