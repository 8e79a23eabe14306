"""Formulas made, tried in other sizes, and made again until they hold."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from ..errors import InputError
from ..places import place_text
from .cuts import between, cut, inside, shrunk
from .edges import other_sizes, shares_in
from .ending import end_at
from .model import Unfit
from .polynomial import Point, moved
from .proofs import Proofs
from .ranges import End, Range, Valid
from .result import Formulas
from .sampling import near_points, proof_points

HIGHEST = 65_536
"""The largest size that is tried."""
SPREAD = 8
"""Points anywhere in the ranges at which formulas are proven at last."""
CUTS = 24
"""How often ranges are cut, or formulas made anew, because of such a point."""
HOLES = 4
"""How often sizes within a range are tried that may not run, and how many in each direction."""
WALK = 64
"""How many sizes are tried one by one, on each side, where formulas do not hold far away."""
SMALL = (1, 2, 4, 8)
"""How many steps from the smallest size others are tried: a model may treat them apart."""
MOST_OPS = 2_000
"""Where the forward is a loop over a dimension, it is tried up to so many ops."""
MOST_BYTES = 2**28
"""Of activations, where forwards run for real."""


class Holes(Exception):
    """Sizes between others do not run: the lab has taken a larger step."""


@dataclass
class Study(Proofs):
    """Formulas, and how far they hold."""

    together: float | None = None
    far: dict[int, Point] = field(default_factory=dict)

    def formulas(self) -> Formulas:
        """The formulas, and the sizes that they hold in. Raises InputError where there are none."""
        lab = self.lab
        self.start = lab.start()
        near = near_points(lab, self.start)
        self.far = {d: p for d in range(len(lab.names)) if (p := self._far(d)) is not None}
        far = list(self.far.values())
        if not any(self._make(points) for points in self._choices(near, far)):
            raise InputError(self._unfit(self.problem))
        self._settle()
        self._prove(proof_points(lab, self.start))
        self._prove_edges()
        ranges = [self._range(dim) for dim in range(len(lab.names))]
        ranges = self._corner(ranges)
        ranges = self._everywhere(ranges)
        if lab.given not in self.proven and lab.given not in self.points:
            self._look(lab.given)
        return self._result(ranges)

    # -- proving --------------------------------------------------------------------------------

    def _everywhere(self, ranges: list[Range]) -> list[Range]:
        """The ranges, cut until no size is known in them for which the formulas do not hold.

        Raises InputError where the formulas do not hold around the start.
        """
        for turn in range(CUTS):
            growth = self.growth
            self._prove(self._spread(ranges, turn))
            if self.growth is not growth:
                continue
            wrong = next((p for p in self._known() if inside(p, ranges) and self._fails(p)), None)
            if wrong is None:
                return ranges
            wrong = self._to_blame(wrong)
            smaller = cut(ranges, self.start, wrong, partial(self._end, wrong))
            if smaller is None:
                break
            ranges = smaller
        raise InputError(
            f"no formula was found: those made from forwards near {self._text(self.start)} do not "
            f"hold in others near it; the figures depend on values, or on "
            f"{', '.join(self.lab.names)} in another way than as a polynomial"
        )

    def _to_blame(self, wrong: Point) -> Point:
        """A point at which the formulas do not hold, with one size alone as in ``wrong`` if so."""
        alone = (moved(self.start, dim, size) for dim, size in enumerate(wrong))
        tried = (point for point in alone if point != self.start and self.lab.tried(point))
        return next((p for p in tried if self._look(p) in (None, "none")), wrong)

    def _spread(self, ranges: list[Range], turn: int) -> list[Point]:
        """Points anywhere in the ranges, others in each turn."""
        chance = random.Random(1 + turn)
        points = [tuple(between(chance, one) for one in ranges) for _ in range(4 * SPREAD)]
        return [point for point in points if self.lab.tried(point)][:SPREAD]

    def _known(self) -> list[Point]:
        """All points at which a forward was tried."""
        return [*self.lab.graphs, *self.lab.errors]

    def _fails(self, point: Point) -> bool:
        """Whether the forward fails at a point, or has other figures than the formulas say."""
        graph = self.lab.graphs.get(point)
        return graph is None or self._agreement(graph, point) == "none"

    def _text(self, point: Point) -> str:
        return ", ".join(f"{name} {size}" for name, size in zip(self.lab.names, point, strict=True))

    # -- limits ---------------------------------------------------------------------------------

    def _range(self, dim: int) -> Range:
        """The sizes of a dimension for which the formulas hold, the others as at the start."""
        name, step = self.lab.names[dim], self.lab.steps[dim]
        known = [p[dim] for p in (*self.points, *self.proven) if self._on_line(p, dim)]
        lowest = self.start[dim] % step or step
        low, below = self._limit(dim, min(known), lowest)
        high, above = self._limit(dim, max(known), max(max(known), self._highest(dim)))
        low, below = self._above_small(dim, low, below)
        low, high, below, above = self._within_edges(dim, low, high, below, above)
        for _ in range(HOLES):
            hole = self._hole(dim, low, high)
            if hole is None:
                break
            if self.lab.widen(dim, self.start):
                raise Holes
            if hole < self.start[dim]:
                low, below = self._border(dim, self.start[dim], hole)
            else:
                high, above = self._border(dim, self.start[dim], hole)
        if self._is_local(dim):
            low, below = self._walk(dim, low, below)
            high, above = self._walk(dim, high, above)
        one = Range(name, low, high, step, below, above)
        return Range(name, low, high, step, below, above, self._memory(dim, one))

    def _is_local(self, dim: int) -> bool:
        """Whether whole shares of a dimension give its figures here, and others far away."""
        far = self.far.get(dim)
        shared = any(atom.dim == dim for atom in shares_in(self.growth))
        return shared and far is not None and self._fails(far)

    def _walk(self, dim: int, last: int, end: End | None) -> tuple[int, End | None]:
        """How far towards ``last`` the formulas hold for every size, and what ends that."""
        good, step = self.start[dim], self.lab.steps[dim]
        for _ in range(WALK):
            if good == last:
                return last, end
            beyond = good + (step if last > good else -step)
            if not self._holds(dim, beyond):
                return good, self._end(moved(self.start, dim, beyond), dim)
            good = beyond
        return (good, None) if good != last else (last, end)

    def _above_small(self, dim: int, low: int, below: End | None) -> tuple[int, End | None]:
        """Where a range begins, above the smallest sizes for which the formulas do not hold."""
        step, start = self.lab.steps[dim], self.start[dim]
        small = [low + turn * step for turn in SMALL if low + turn * step < start]
        wrong = [size for size in small if not self._holds(dim, size)]
        return self._border(dim, start, wrong[-1]) if wrong else (low, below)

    def _within_edges(
        self, dim: int, low: int, high: int, below: End | None, above: End | None
    ) -> tuple[int, int, End | None, End | None]:
        """A range, cut where a part of the size is another by the rounding of numbers."""
        step = self.lab.steps[dim]
        for atom in shares_in(self.growth):
            if atom.dim != dim or atom.times == 1:
                continue
            sizes = range(low, high + 1, step)
            under, over = other_sizes(
                atom, self.start[dim], sizes, lambda size: self._holds(dim, size)
            )
            if under is not None:
                low, below = under + step, self._end(moved(self.start, dim, under), dim)
            if over is not None:
                high, above = over - step, self._end(moved(self.start, dim, over), dim)
        return low, high, below, above

    def _on_line(self, point: Point, dim: int) -> bool:
        return moved(point, dim, 0) == moved(self.start, dim, 0)

    def _highest(self, dim: int) -> int:
        """The largest size to try."""
        step, start = self.lab.steps[dim], self.start[dim]
        near, further = self.lab.graphs[self.start], self.lab.graphs[self._next(dim)]
        grown = (len(further.ops) - len(near.ops)) / (self._next(dim)[dim] - start)
        most = HIGHEST if grown <= 0 else int(start + (MOST_OPS - len(near.ops)) / grown)
        if self.lab.computes:
            held = max(1, sum(s.bytes for s in near.storages if s.born is not None))
            most = min(most, int(start * max(1.0, min(64.0, (MOST_BYTES / held) ** 0.5))))
        turns = max(0, (min(most, HIGHEST) - start) // step)
        while turns and not self.lab.tried(moved(self.start, dim, start + turns * step)):
            turns //= 2
        return start + turns * step

    def _next(self, dim: int) -> Point:
        return next(p for p in self.points if p != self.start and self._on_line(p, dim))

    def _limit(self, dim: int, good: int, last: int) -> tuple[int, End | None]:
        """The size nearest to ``last`` up to which all hold, and what ends it before that."""
        step, bad = self.lab.steps[dim], last
        while good != last:
            # By leaps, since a forward may take the longer the larger it is.
            leap = good + (min(7 * good, last - good) // step or 1) * step if last > good else last
            if leap > max(good, self.lab.affordable(self.start, dim)):
                return good, None
            if not self._holds(dim, leap):
                bad = leap
                break
            good = leap
        else:
            return last, None
        # What ends is often a table, which is among the weights: its sizes come first.
        sizes = self._sizesbetween(dim, good, bad)
        while sizes:
            middle = sizes[len(sizes) // 2]
            if self._holds(dim, middle):
                good = middle
            else:
                bad = middle
            low, high = min(good, bad), max(good, bad)
            sizes = [size for size in sizes if low < size < high]
        beyond = good + (step if last > good else -step)
        if good in self._sizesbetween(dim, 0, HIGHEST) and beyond != bad:
            if self._holds(dim, beyond):
                good = beyond
            else:
                bad = beyond
        return self._border(dim, good, bad)

    def _border(self, dim: int, good: int, bad: int) -> tuple[int, End]:
        """The last size from ``good`` on for which all holds, and what ends it before ``bad``."""
        step = self.lab.steps[dim]
        while abs(bad - good) > step:
            middle = _middle(good, bad, step)
            if self._holds(dim, middle):
                good = middle
            else:
                bad = middle
        return good, self._end(moved(self.start, dim, bad), dim)

    def _hole(self, dim: int, low: int, high: int) -> int | None:
        """A size within a range for which the formulas do not hold; None where none is found."""
        start, step = self.start[dim], self.lab.steps[dim]
        for end in (low, high):
            turns = abs(end - start) // step
            some = {round(float(turns) ** (place / HOLES)) for place in range(1, HOLES)}
            if self.growth.plan.whole:  # where the forward is a loop, large sizes take long
                some |= {turns // 3, turns // 2, 2 * turns // 3}
            for turn in sorted(some - {0}):
                size = int(start + (turn if end > start else -turn) * step)
                if not self._holds(dim, size):
                    return size
        return None

    def _sizesbetween(self, dim: int, one: int, other: int) -> list[int]:
        """The sizes of weights and buffers between two sizes of a dimension, in order."""
        step, start = self.lab.steps[dim], self.start[dim]
        low, high = min(one, other), max(one, other)
        modules = self.lab.graphs[self.start].modules
        shapes = [part.shape for module in modules for part in module.parameters]
        shapes += [part.shape for module in modules for part in module.buffers]
        held = (size for shape in shapes for size in shape)
        return sorted({s for s in held if low < s < high and (s - start) % step == 0})

    def _holds(self, dim: int, size: int) -> bool:
        return self._look(moved(self.start, dim, size)) in ("all", "counts")

    def _end(self, point: Point, dim: int) -> End:
        return end_at(self.lab, self.growth, self.start, point, dim)

    def _memory(self, dim: int, one: Range) -> tuple[int, int] | None:
        """The part of a range in which bytes agree as well; None where that is all of it."""
        sizes = sorted({p[dim] for p in (*self.points, *self.proven) if self._on_line(p, dim)})
        wrong = [s for s in sizes if one.low <= s <= one.high and not self._bytes_hold(dim, s)]
        if not wrong:
            return None
        start, ends = self.start[dim], []
        for beyond, last in (
            (max((s for s in wrong if s < start), default=None), one.low),
            (min((s for s in wrong if s > start), default=None), one.high),
        ):
            good, bad = start, beyond
            while bad is not None and abs(bad - good) > one.step:
                middle = _middle(good, bad, one.step)
                if self._bytes_hold(dim, middle):
                    good = middle
                else:
                    bad = middle
            ends.append(last if beyond is None else good)
        return (ends[0], ends[1])

    def _bytes_hold(self, dim: int, size: int) -> bool:
        point = moved(self.start, dim, size)
        return point in self.points or self._look(point) == "all"

    def _corner(self, ranges: list[Range]) -> list[Range]:
        """The ranges, made smaller where the largest sizes do not go together."""
        share, allowed = 1.0, ranges
        while len(ranges) > 1 and share > 0.02:
            smaller = [shrunk(one, self.start[dim], share) for dim, one in enumerate(ranges)]
            corner = tuple(one.high for one in smaller)
            if not self.lab.tried(corner):
                self.together = share
            elif self._look(corner) in ("all", "counts"):
                return allowed
            else:
                allowed = smaller
            share *= 0.7
        return allowed

    # -- the result -----------------------------------------------------------------------------

    def _result(self, ranges: list[Range]) -> Formulas:
        lab = self.lab
        remarks = []
        if lab.computes:
            remarks.append("the forward looks at values: it ran for real, with those given")
        if self.growth.plan.loose:
            listed = ", ".join(path or "the model" for path in sorted(self.growth.plan.loose)[:3])
            remarks.append(f"which ops run depends on the sizes, as in loops: {listed}")
        if self.together is not None:
            remarks.append("the largest sizes were tried one at a time")
        points: tuple[Mapping[str, int], ...] = tuple(
            dict(zip(lab.names, point, strict=True)) for point in self.proven
        )
        valid = Valid({one.name: one for one in ranges}, points, tuple(remarks))
        growth = replace(self.growth, given=lab.given)
        return Formulas(lab.graphs[lab.given], growth, lab.names, valid, dict(lab.inputs.names))

    def _unfit(self, problem: Unfit) -> str:
        graph = self.lab.graphs[self.start]
        place = ""
        if problem.cell is not None and problem.cell[1] is not None:
            ops = [op for op in graph.ops if graph.calls[op.call].module == problem.path]
            op = ops[problem.cell[1]]
            place = f", {op.name} ({place_text(op.file, op.line)})"
        return (
            f"no formula was found for the {problem.what} of "
            f"{problem.path or 'the model itself'}{place}: they depend on values, or on "
            f"{', '.join(self.lab.names)} in another way than as a polynomial"
        )


def _middle(good: int, bad: int, step: int) -> int:
    """A size between the two, in the middle of their logarithms while they are far apart."""
    low, high = min(good, bad), max(good, bad)
    wanted = math.isqrt(max(1, low) * high) if high > 2 * low else (low + high) // 2
    turns = max(1, min((high - low) // step - 1, (wanted - low) // step))
    return low + turns * step
