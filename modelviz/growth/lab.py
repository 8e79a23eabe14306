"""Forwards of one model in many sizes, each run once."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import thread_time
from typing import Any

from ..errors import InputError, TraceError
from ..graph import Failure, ModelGraph
from ..places import place_text
from ..tracing import trace
from .inputs import NamedInputs
from .polynomial import Point, moved

FAR = (16, 64, 240, 960, 6720)
"""How many steps away sizes are tried that tell strides apart: 6720 is a multiple of most."""
SLOW = 0.3
PATIENCE = 2.0
"""Seconds that a forward may take where larger sizes take longer, and from when that is asked."""
STEPS = (1, -1, 2, -2, 4, 8, -8, 16, 32, -32, 3, 5, 7, 6, 12, 14, 28)
"""Steps between sizes that a model may insist on; downwards for one whose size is at its limit."""
LEAST = 3
"""The smallest size that formulas are made from: size 1 is stretched, which other sizes are not."""


@dataclass
class Lab:
    """Runs forwards of ``inputs.model`` at points, with ``options`` of ``trace``."""

    inputs: NamedInputs
    options: Mapping[str, Any]
    graphs: dict[Point, ModelGraph] = field(default_factory=dict)
    errors: dict[Point, TraceError | InputError] = field(default_factory=dict)
    steps: list[int] = field(default_factory=list)
    seconds: dict[Point, float] = field(default_factory=dict)
    timed_twice: set[Point] = field(default_factory=set)

    @property
    def names(self) -> tuple[str, ...]:
        """The named dimensions."""
        return tuple(self.inputs.dims)

    @property
    def given(self) -> Point:
        """The sizes that were given."""
        return tuple(self.inputs.dims.values())

    @property
    def computes(self) -> bool:
        """Whether the forward runs for real, so that large sizes cost time and memory."""
        return any(graph.execution == "real" for graph in self.graphs.values())

    def graph(self, point: Point) -> ModelGraph | None:
        """The graph at these sizes; None where the forward fails, for which ``errors`` says why."""
        if point in self.graphs:
            return self.graphs[point]
        if point in self.errors or min(point) < 1:
            return None
        if self.graphs and not self.tried(point):
            return None
        try:
            self.graphs[point] = self._run(point)
        except TraceError as error:
            if not isinstance(error.__cause__, Exception):  # interrupted
                raise
            self.errors[point] = error
        except InputError as error:
            self.errors[point] = error
        return self.graphs.get(point)

    def _run(self, point: Point) -> ModelGraph:
        """The graph at these sizes, timed; raises what ``trace`` raises."""
        sizes = dict(zip(self.names, point, strict=True))
        arguments = self.inputs.at(sizes, self.computes)
        options = dict(self.options)
        if self.graphs:
            # As the first one: a large forward that cannot do without values is not run for real.
            options["execution"] = "real" if self.computes else "fake"
        begun = thread_time()
        graph = trace(self.inputs.model, **arguments, **options)
        taken = thread_time() - begun
        self.seconds[point] = min(taken, self.seconds.get(point, taken))
        return graph

    def tried(self, point: Point) -> bool:
        """Whether a forward at these sizes tells what one with values does."""
        sizes = dict(zip(self.names, point, strict=True))
        return self.computes or self.inputs.values_known(sizes)

    def first(self) -> ModelGraph:
        """The graph at the sizes that were given. Raises what the forward raises there."""
        graph = self.graph(self.given)
        if graph is None:
            raise self.errors[self.given]
        return graph

    def without(self, dim: int) -> Lab:
        """The same where a dimension has no name."""
        kept = Lab(self.inputs.without(self.names[dim]), self.options, steps=list(self.steps))
        kept.graphs[kept.given] = self.graphs[self.given]
        kept.seconds[kept.given] = self.seconds[self.given]
        return kept

    def find_step(self, dim: int) -> int | None:
        """The smallest step by which the size of a dimension can change; None if it cannot."""
        size = self.given[dim]
        for step in dict.fromkeys((*STEPS, size)):
            point = moved(self.given, dim, size + step)
            if size + step > 0 and self.graph(point) is not None:
                return abs(step)
        return None

    def widen(self, dim: int, start: Point) -> bool:
        """Take a larger step for a dimension some of whose sizes do not run; whether there is one.

        Sizes a few steps away, in one direction, must all run.
        """
        size = start[dim]
        for step in sorted({abs(step) for step in STEPS} | {size}):
            if step <= self.steps[dim]:
                continue
            for sign in (1, -1):
                others = [size + sign * turn * step for turn in (1, 2, 3)]
                points = [moved(start, dim, other) for other in others if other > 0]
                if len(points) > 1 and all(self.graph(point) is not None for point in points):
                    self.steps[dim] = step
                    return True
        return False

    def why_fixed(self, dim: int) -> str:
        """Why the size of a dimension cannot change: what happens with the next one."""
        size = self.given[dim] + 1
        error = self.errors[moved(self.given, dim, size)]
        return f"with {size} in place of {self.given[dim]} {reason(error)}"

    def start(self) -> Point:
        """The sizes that formulas are made around: those given, unless they are very small."""
        point = self.given
        for dim, step in enumerate(self.steps):
            size = point[dim]
            while size < LEAST:
                size += step
            other = moved(point, dim, size)
            if self.graph(other) is not None:
                point = other
        return point

    def line(self, start: Point, dim: int, count: int) -> list[Point]:
        """Points along one dimension, the nearest first, above where that runs or else below."""
        step = self.steps[dim]
        found: list[Point] = []
        for turn in range(1, 2 * count + 1):
            for size in (start[dim] + turn * step, start[dim] - turn * step):
                point = moved(start, dim, size)
                if size >= min(LEAST, start[dim]) and self.graph(point) is not None:
                    found.append(point)
                    break
            if len(found) == count:
                break
        return found

    def far(self, start: Point, dim: int) -> Point | None:
        """A point far along one dimension; None where none runs."""
        found = None
        for turn in FAR[:2] if self.computes else FAR:
            point = moved(start, dim, start[dim] + turn * self.steps[dim])
            if point[dim] > self.affordable(start, dim) or self.graph(point) is None:
                break
            found = point
        return found

    def affordable(self, start: Point, dim: int) -> float:
        """The size up to which a forward takes no more than ``PATIENCE``, as the others tell.

        A forward by shapes alone takes the same time in all sizes, but for loops, of Python or
        inside of one op.
        """
        line = [p for p in self.seconds if moved(p, dim, 0) == moved(start, dim, 0)]
        line.sort(key=lambda point: point[dim])
        for split in range(1, len(line)):
            # All of the larger ones, since one forward may take long for no reason of its own.
            least = max(self.seconds[point] for point in line[:split])
            fastest = min(line[split:], key=self.seconds.__getitem__)
            most = self.seconds[fastest]
            if most <= max(SLOW, 1.8 * least):
                continue
            if fastest not in self.timed_twice:
                self.timed_twice.add(fastest)
                self._run(fastest)
                return self.affordable(start, dim)
            low, high = line[split - 1][dim], line[split][dim]
            slope = (most - least) / (high - low)
            return max(line[-1][dim], high + (PATIENCE - most) / slope)
        return float("inf")

    def crowd(self, start: Point, lines: Sequence[Sequence[Point]], count: int) -> list[Point]:
        """Points that differ in several dimensions, near the start."""
        found: list[Point] = []
        chance = random.Random(0)
        for _ in range(3 * count):
            # Each size once in a round, so that no two dimensions keep step with each other.
            columns = [
                chance.sample([p[dim] for p in line], len(line)) for dim, line in enumerate(lines)
            ]
            for point in zip(*columns, strict=False):
                if len(found) < count and point not in found and self.graph(point) is not None:
                    found.append(point)
        return found


def reason(error: TraceError | InputError) -> str:
    """Why a forward does not run, with the place."""
    failure = error.graph.failure if isinstance(error, TraceError) else None
    if failure is None:
        return f"it fails: {str(error).partition(chr(10))[0]}"
    return failure_text(failure)


def failure_text(failure: Failure) -> str:
    """What failed, where."""
    message = failure.message.strip().partition("\n")[0]
    place = ", ".join(p for p in (failure.module, place_text(failure.file, failure.line)) if p)
    return f"it fails: {failure.error}: {message}" + (f" ({place})" if place else "")
