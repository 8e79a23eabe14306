"""Figures that were put on a graph, by module or by op: made, checked, and looked up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING

from ..errors import InputError
from .records import Call, Measure

if TYPE_CHECKING:
    from .model import ModelGraph

LARGEST = 1e100
MAX_NAME = 60


def measured(
    graph: ModelGraph,
    name: str,
    values: Mapping[str | int, float],
    unit: str,
    calls: Mapping[int, float] | None = None,
) -> Measure:
    """The figure, checked against the graph. Raises InputError."""
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise InputError(f"with_figures: {name!r} is no name for a figure: give a word or two")
    if not isinstance(unit, str):
        raise InputError(f"with_figures: unit={unit!r}; expected text such as 's', 'B' or '%'")
    for given in (values, {} if calls is None else calls):
        if not isinstance(given, Mapping):
            raise InputError(
                "with_figures: expected numbers by module path or op id, or by id of a call, got "
                f"{type(given).__name__}"
            )
    paths = {module.path for module in graph.modules}
    kept: list[tuple[str | int, float]] = []
    for key, value in values.items():
        op = isinstance(key, int) and not isinstance(key, bool)
        if not (key in paths if isinstance(key, str) else op and 0 <= key < len(graph.ops)):
            raise InputError(
                f"with_figures: {graph.name} has no module or op {key!r}: expected a path such as "
                f"{_example(graph)!r}, or the id of an op, below {len(graph.ops)}"
            )
        kept.append((key, _checked(name, key, value)))
    if not calls:
        return Measure(name, unit, tuple(kept))
    by_call: list[tuple[int, float]] = []
    for call, value in calls.items():
        if not isinstance(call, int) or isinstance(call, bool) or not 0 <= call < len(graph.calls):
            raise InputError(
                f"with_figures: {graph.name} has no call {call!r}: expected the id of a call, "
                f"below {len(graph.calls)}"
            )
        by_call.append((call, _checked(name, call, value)))
    return Measure(name, unit, tuple(kept), tuple(by_call))


def _checked(name: str, key: str | int, value: object) -> float:
    number = _number(value)
    if number is None:
        raise InputError(
            f"with_figures: {name} of {key!r} is {value!r}; expected a finite number "
            f"of at most {LARGEST:g}, or leave it out"
        )
    return number


def is_whole(graph: ModelGraph, measure: Measure) -> bool:
    """Whether the numbers of a figure that came from a file are those of the graph."""
    try:
        calls = None if measure.calls is None else dict(measure.calls)
        measured(graph, measure.name, dict(measure.values), measure.unit, calls)
    except (InputError, TypeError):
        return False
    return True


class MeasureTable:
    """The numbers of one figure, by module and by call."""

    def __init__(self, graph: ModelGraph, measure: Measure) -> None:
        self.measure = measure
        self._graph = graph
        self._modules: dict[str, float] = {k: v for k, v in measure.values if isinstance(k, str)}
        ops: dict[int, float] = {k: v for k, v in measure.values if isinstance(k, int)}
        self._sums = [0.0, *accumulate(ops.get(op.id, 0.0) for op in graph.ops)] if ops else None
        self._calls: dict[int, float] = dict(measure.calls or ())
        self._known = [0, *accumulate(op.id in ops for op in graph.ops)] if ops else None

    def of_module(self, path: str) -> float | None:
        """The number of a module: its own, or the sum over the ops that its calls ran."""
        if path in self._modules:
            return self._modules[path]
        first = self._graph.module(path).shared_with or path
        if first in self._modules:
            return self._modules[first]
        parts = [self.of_call(call) for call in self._graph.calls_of(path)]
        known = [part for part in parts if part is not None]
        return sum(known) if known else None

    def of_call(self, call: Call) -> float | None:
        """The number of a call: its own, that of its module, or the sum over its ops."""
        if call.id in self._calls:
            return self._calls[call.id]
        if call.module in self._modules:
            return self._modules[call.module]
        if self._sums is None or self._known is None:
            return None
        if self._known[call.start] == self._known[call.stop]:
            return None
        return self._sums[call.stop] - self._sums[call.start]

    def of_op(self, op: int) -> float | None:
        """The number of an op alone."""
        if self._sums is None or self._known is None or self._known[op] == self._known[op + 1]:
            return None
        return self._sums[op + 1] - self._sums[op]


def _number(value: object) -> float | None:
    """A finite number, also one of NumPy or a tensor of one element."""
    if isinstance(value, (bool, str, bytes)):
        return None
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return None
    if not math.isfinite(number) or abs(number) > LARGEST:
        return None
    return int(value) if isinstance(value, int) else number


def _example(graph: ModelGraph) -> str:
    return next((module.path for module in graph.modules if module.path), "")
