"""The polynomials of a model's figures, made from forwards in several sizes."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

from ..dotted import with_ancestors
from ..graph import ModelGraph
from .fitting import Fitter, Values
from .measures import Cell, Measures, Plan, cells_of, measure, plan_of
from .polynomial import Point, Polynomial, added, constant

Agreement = Literal["all", "counts", "none"]
"""Of formulas and measures: in all, in all but memory, or not even in FLOPs and shapes."""
FEW_PEAKS = 2
MOST_PEAKS = 12
"""Moments that may be the peak, each at some sizes, that one expression names."""
MOST_MOMENTS = 400
MANY = 100


@dataclass(frozen=True, slots=True)
class Peak:
    """The most bytes held at once: the largest of these; None where it is not known."""

    held: tuple[Polynomial, ...] | None

    def at(self, point: Point) -> Fraction | None:
        """Its value at a point."""
        return (
            None
            if self.held is None
            else max((p.at(point) for p in self.held), default=Fraction(0))
        )


@dataclass(frozen=True)
class Growth:
    """The figures of each module, by path, as polynomials.

    ``flops`` and ``memory`` are by cell, ``outputs`` the shapes of what the first call of a module
    gives, ``cached`` keys and values by module, ``held`` the bytes
    held while each op runs, where the ops are the same at all ``points``, and ``peak`` the most of
    these. ``given`` are the sizes of the inputs as they came.
    """

    plan: Plan
    points: tuple[Point, ...]
    given: Point
    flops: Mapping[Cell, Polynomial]
    memory: Mapping[Cell, Polynomial | None]
    outputs: Mapping[str, tuple[tuple[Polynomial, ...], ...]]
    cached: tuple[tuple[str, Polynomial], ...]
    held: tuple[Polynomial, ...] | None
    peak: Peak = Peak(None)

    def peak_in(self, graph: ModelGraph, path: str) -> Peak:
        """The most bytes held while the module at ``path`` runs."""
        if not path:
            return self.peak
        if self.held is None:
            return Peak(None)
        calls = [call for call in graph.calls if call.module == path]
        return self.largest([p for call in calls for p in self.held[call.start : call.stop]])

    def largest(self, held: Sequence[Polynomial]) -> Peak:
        """The largest of what is held at some moments."""
        return _largest(list({part.key: part for part in held}.values()), self.points)

    @cached_property
    def unknown(self) -> int:
        """How many figures have no formula, all of memory."""
        return sum(part is None for part in self.memory.values()) + (self.peak.held is None)

    def agrees(self, found: Measures, point: Point) -> Agreement:
        """How far these are the measures at a point."""
        values: dict[int, Fraction] = {}

        def same(part: Polynomial, value: int) -> bool:
            if id(part) not in values:
                values[id(part)] = part.at(point)
            return values[id(part)] == value

        if not self._counts_agree(found, same):
            return "none"
        for cell, (_, memory) in found.cells.items():
            part = self.memory[cell]
            if part is not None and not same(part, memory):
                return "counts"
        peak = self.peak.at(point)
        return "all" if peak is None or peak == found.peak else "counts"

    def _counts_agree(self, found: Measures, same: Callable[[Polynomial, int], bool]) -> bool:
        if found.cells.keys() != self.flops.keys() or found.outputs.keys() != self.outputs.keys():
            return False
        if not all(same(self.flops[cell], flops) for cell, (flops, _) in found.cells.items()):
            return False
        for path, shapes in found.outputs.items():
            known = self.outputs[path]
            if [len(shape) for shape in shapes] != [len(shape) for shape in known]:
                return False
            for shape, parts in zip(shapes, known, strict=True):
                if not all(same(part, size) for part, size in zip(parts, shape, strict=True)):
                    return False
        if [path for path, _ in found.cached] != [path for path, _ in self.cached]:
            return False
        return all(same(p, v) for (_, p), (_, v) in zip(self.cached, found.cached, strict=True))


@dataclass(frozen=True, slots=True)
class Unfit:
    """A figure of a module for which no polynomial was found."""

    path: str
    what: str
    cell: Cell | None = None


def make_growth(
    graphs: Sequence[ModelGraph], points: Sequence[Point]
) -> tuple[Growth | Unfit, Fitter]:
    """The polynomials that give the figures of the graphs, one at each point."""
    fitter = Fitter(points)
    plan = plan_of(graphs)
    measured = [measure(graph, plan) for graph in graphs]
    first = measured[0]
    for other in measured:
        if other.cells.keys() != first.cells.keys():
            path = next(iter(other.cells.keys() ^ first.cells.keys()))[0]
            return Unfit(path, "ops"), fitter
        if other.outputs.keys() != first.outputs.keys():
            return Unfit(next(iter(other.outputs.keys() ^ first.outputs.keys())), "calls"), fitter

    sizes = _varying(measured)
    for values in (one for listed in sizes.values() for one in listed):
        fitter.size(values)
    outputs = {}
    for path, shapes in first.outputs.items():
        fitted = _shapes(fitter, [m.outputs[path] for m in measured], shapes)
        if fitted is None:
            return Unfit(path, "shapes"), fitter
        outputs[path] = fitted

    flops: dict[Cell, Polynomial] = {}
    memory: dict[Cell, Polynomial | None] = {}
    for cell in first.cells:
        near = sizes.get(cell, ())
        part = fitter.figure(tuple(m.cells[cell][0] for m in measured), near)
        if part is None:
            return Unfit(cell[0], "FLOPs", cell), fitter
        flops[cell] = part
        memory[cell] = fitter.figure(tuple(m.cells[cell][1] for m in measured), near)

    cached: list[tuple[str, Polynomial]] = []
    if len({tuple(path for path, _ in m.cached) for m in measured}) == 1:
        for place, (path, _) in enumerate(first.cached):
            part = fitter.figure(tuple(m.cached[place][1] for m in measured))
            if part is None:
                return Unfit(path, "cache"), fitter
            cached.append((path, part))
    held = _held(graphs[0], measured, sizes, fitter) if plan.whole else None
    growth = Growth(plan, tuple(points), points[0], flops, memory, outputs, tuple(cached), held)
    if held is None:
        whole = fitter.figure(tuple(m.peak for m in measured))
        return replace(growth, peak=Peak(None if whole is None else (whole,))), fitter
    return replace(growth, peak=growth.largest(held)), fitter


def _varying(measured: Sequence[Measures]) -> dict[Cell, list[Values]]:
    """The sizes of the tensors of each op that are not the same at all points."""
    found: dict[Cell, list[Values]] = {}
    for cell in measured[0].sizes:
        columns = [m.sizes[cell] for m in measured]
        if len(set(map(len, columns))) == 1:
            every = dict.fromkeys(zip(*columns, strict=True))
            found[cell] = [values for values in every if len(set(values)) > 1]
    return found


def _shapes(
    fitter: Fitter,
    measured: Sequence[tuple[tuple[int, ...], ...]],
    shapes: tuple[tuple[int, ...], ...],
) -> tuple[tuple[Polynomial, ...], ...] | None:
    ranks = [len(shape) for shape in shapes]
    if any([len(shape) for shape in other] != ranks for other in measured):
        return None
    result = []
    for place, shape in enumerate(shapes):
        parts = [fitter.size(tuple(o[place][dim] for o in measured)) for dim in range(len(shape))]
        if any(part is None for part in parts):
            return None
        result.append(tuple(part for part in parts if part is not None))
    return tuple(result)


def _held(
    graph: ModelGraph,
    measured: Sequence[Measures],
    sizes: Mapping[Cell, Sequence[Values]],
    fitter: Fitter,
) -> tuple[Polynomial, ...] | None:
    """What the forward holds while each op runs, as ``analysis.memory`` counts it."""
    cells = cells_of(graph)
    steps: dict[int, list[Polynomial]] = defaultdict(list)
    for storage in graph.storages:
        if storage.born is None:
            continue
        values = tuple(m.storages[storage.id] for m in measured)
        part = fitter.figure(values, sizes.get(cells[storage.born], ()))
        if part is None:
            return None
        steps[storage.born].append(part)
        if storage.freed is not None:
            steps[storage.freed].append(part.scaled(Fraction(-1)))
    held: list[Polynomial] = []
    current = constant(0)
    for op in graph.ops:
        if op.id in steps:
            current = added((current, *steps[op.id]))
        now = current
        values = tuple(m.workspaces[op.id] for m in measured)
        if any(values):
            part = fitter.figure(values, sizes.get(cells[op.id], ()))
            if part is None:
                return None
            now = current + part
        held.append(now)
    return tuple(held)


def _largest(moments: Sequence[Polynomial], points: Sequence[Point]) -> Peak:
    """The moments that may be the largest: those that no other one is shown to cover.

    Of many, those that are the largest at some of the points, or of many more sizes.
    """
    ranked = sorted(moments, key=lambda part: -sum(part.at(p) for p in (points[0], points[-1])))
    kept: list[Polynomial] = []
    for part in ranked[:MOST_MOMENTS]:
        if not any(other.never_below(part) for other in kept):
            kept = [other for other in kept if not part.never_below(other)] + [part]
    if len(kept) > FEW_PEAKS:
        seen: dict[int, Polynomial] = {}
        for point in (*points, *_many(len(points[0]))):
            best = max(range(len(kept)), key=lambda place: kept[place].at(point))
            seen.setdefault(best, kept[best])
        kept = list(seen.values())
    return Peak(tuple(kept)) if len(kept) <= MOST_PEAKS else Peak(None)


def _many(dims: int) -> Iterator[Point]:
    """Sizes of all magnitudes, the same every time."""
    chance = random.Random(0)
    for _ in range(MANY):
        yield tuple(int(2 ** chance.uniform(0, 14)) for _ in range(dims))


def of_module(parts: Mapping[Cell, Polynomial | None], path: str) -> Polynomial | None:
    """The sum over a module and all inside it; None where a part is not known."""
    inside = [part for (owner, _), part in parts.items() if path in with_ancestors(owner)]
    known = [part for part in inside if part is not None]
    return added(known) if len(known) == len(inside) else None
