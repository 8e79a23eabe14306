"""Formulas made from forwards in some sizes, and compared with forwards in others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..graph import ModelGraph
from .edges import edge_points, shares_in
from .fitting import Fitter
from .lab import Lab
from .measures import measure, plan_of
from .model import Agreement, Growth, Unfit, make_growth
from .polynomial import Point, moved
from .sampling import CROWD, LINE, deciding_points, far_point

ROUNDS = 12
"""How often formulas are made anew with a point that they did not hold at."""
WIDE = (11, 26, 49)
"""How many steps away further sizes are tried where the nearest ones tell too little."""
_RANKS: tuple[Agreement, ...] = ("none", "counts", "all")


@dataclass
class Proofs:
    """Forwards in a lab, and the formulas that give their figures.

    ``start`` are the sizes that they are made around, ``points`` those that they are made from,
    ``proven`` others at which they agree.
    """

    lab: Lab
    points: list[Point] = field(default_factory=list)
    proven: dict[Point, None] = field(default_factory=dict)
    start: Point = ()

    # -- making ---------------------------------------------------------------------------------

    def _make(self, points: list[Point]) -> bool:
        """Make formulas from these points; whether there are any."""
        graphs = [self.lab.graphs[point] for point in points]
        made, fitter = make_growth(graphs, points)
        if isinstance(made, Unfit):
            self.problem = made
            return False
        self.growth: Growth = made
        self.fitter: Fitter = fitter
        self.points = points
        return True

    def _choices(self, near: list[Point], far: list[Point]) -> Iterator[list[Point]]:
        """Points to make formulas from: what holds far away as well is tried before other ways."""
        yield [*near, *far]
        more = self._more(near)
        if far:
            yield [*near, *more, *far]
            yield near
        yield [*near, *more]

    def _more(self, near: list[Point]) -> list[Point]:
        """Points beyond the first ones, for figures that these do not tell."""
        lab, count = self.lab, len(self.lab.names)
        lines = [lab.line(self.start, dim, 2 * LINE) for dim in range(count)]
        for dim, line in enumerate(lines):
            steps = (turn * self.lab.steps[dim] for turn in WIDE)
            further = (moved(self.start, dim, self.start[dim] + step) for step in steps)
            line += [point for point in further if lab.graph(point) is not None]
        wide = [p for line in lines for p in line] + lab.crowd(self.start, lines, 4 * CROWD)
        return [p for p in dict.fromkeys(wide) if p not in near]

    def _far(self, dim: int) -> Point | None:
        lab = self.lab
        point = far_point(lab, self.start, dim)
        if point is None or not plan_of([lab.graphs[self.start], lab.graphs[point]]).whole:
            return None
        return point

    def _settle(self) -> None:
        """Add the points that tell offsets of strides and windows apart."""
        for _ in range(ROUNDS):
            wanted = deciding_points(self.lab, self.fitter, self.start)
            if not wanted or not self._make([*self.points, *wanted]):
                return

    # -- proving --------------------------------------------------------------------------------

    def _look(self, point: Point) -> Agreement | None:
        """How far the formulas agree with the forward at a point; None where it fails.

        Where they do not agree, formulas that give this point as well are made, if there are any.
        """
        graph = self.lab.graph(point)
        if graph is None:
            return None
        found = self._agreement(graph, point)
        if found != "all" and point not in self.points:
            before = self.growth, self.fitter, self.points, self.proven
            if self._make([*self.points, *self.proven, point]):
                self.proven = {}
                again = self._agreement(graph, point)
                same = self.growth.plan == before[0].plan
                better = _RANKS.index(again) > _RANKS.index(found)
                if better and same and self.growth.unknown <= before[0].unknown:
                    return again
                self.growth, self.fitter, self.points, self.proven = before
        if found != "none":
            self.proven[point] = None
        return found

    def _agreement(self, graph: ModelGraph, point: Point) -> Agreement:
        return self.growth.agrees(measure(graph, self.growth.plan), point)

    def _prove(self, points: list[Point]) -> None:
        for point in points:
            if point not in self.points:
                self._look(point)

    def _prove_edges(self) -> None:
        """Prove the formulas where whole shares become one more, as long as they are made anew."""
        for _ in range(ROUNDS):
            growth = self.growth
            self._prove(edge_points(shares_in(growth), self.start, self.lab.steps))
            if self.growth is growth:
                return
