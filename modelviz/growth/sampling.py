"""The sizes in which a model is traced for formulas: to make them, and to prove them."""

from __future__ import annotations

import random

from ..errors import InputError
from .fitting import Fitter
from .lab import Lab
from .polynomial import Point, moved, moved_together

LINE = 3
"""Sizes beside the first that each dimension is tried in."""
FEWEST = 2
"""Of them, those that must run for a formula."""
CROWD = 6
PROOFS = 3


def near_points(lab: Lab, start: Point, crowd: int = CROWD) -> list[Point]:
    """Points near the start that run: along each dimension, and in several at once.

    Raises InputError where a dimension takes too few sizes.
    """
    lines = [lab.line(start, dim, LINE) for dim in range(len(lab.names))]
    for dim, line in enumerate(lines):
        if len(line) < FEWEST:
            raise InputError(
                f"dims: {lab.names[dim]!r} can take only {len(line) + 1} sizes near "
                f"{start[dim]}, too few for a formula: give None in its place"
            )
    points = [start, *(point for line in lines for point in line)]
    return points + [p for p in lab.crowd(start, lines, crowd) if p not in points]


def far_point(lab: Lab, start: Point, dim: int) -> Point | None:
    """A point far along one dimension; None where none runs, or ops are more with each size."""
    line = [p for p in lab.graphs if moved(p, dim, 0) == moved(start, dim, 0)]
    if len({len(lab.graphs[p].ops) for p in line}) > 1:
        return None
    return lab.far(start, dim)


def deciding_points(lab: Lab, fitter: Fitter, start: Point) -> list[Point]:
    """Points that run and narrow which offsets strides and windows have; none if all are settled.

    Each moves all dimensions at once, so that few decide on many.
    """
    wanted: list[list[int]] = [[] for _ in lab.names]
    for atom, (low, high) in fitter.loose.items():
        border = (low + high) // 2 + 1
        taken = {point[atom.dim] for point in fitter.points}.union(wanted[atom.dim])
        for turn in range(atom.divisor):
            size = start[atom.dim] + turn * lab.steps[atom.dim]
            if (atom.times * size + border) % atom.divisor == 0 and size not in taken:
                wanted[atom.dim].append(size)
                break
    return [point for point in moved_together(start, wanted) if lab.graph(point) is not None]


def proof_points(lab: Lab, start: Point) -> list[Point]:
    """Points beyond those that make formulas, not far from them; they may not run."""
    chance = random.Random(0)
    return [
        tuple(
            size + chance.randrange(2, 40) * step
            for size, step in zip(start, lab.steps, strict=True)
        )
        for _ in range(PROOFS)
    ]


def find_steps(lab: Lab) -> Lab:
    """The lab with the step of each dimension.

    Those that were guessed are left out where they are fixed, or take too few sizes. Raises
    InputError for a dimension that the model cannot change, with the reason.
    """
    for dim, name in reversed([*enumerate(lab.names)]):
        step = lab.find_step(dim)
        if step is not None:
            lab.steps.insert(0, step)
        elif lab.inputs.guessed:
            lab = lab.without(dim)
        else:
            raise InputError(_fixed(lab, dim, name))
    while lab.names and lab.inputs.guessed:
        start = lab.start()
        dims = reversed(range(len(lab.names)))
        few = next((d for d in dims if len(lab.line(start, d, LINE)) < FEWEST), None)
        if few is None:
            break
        lab = lab.without(few)
        del lab.steps[few]
    if not lab.names:
        raise InputError(
            "the model takes these inputs in no other size: give dims for what may change"
        )
    return lab


def _fixed(lab: Lab, dim: int, name: str) -> str:
    others = [label for label in lab.inputs.shapes if label not in lab.inputs.names]
    text = f"dims: the size of {name!r} cannot change: {lab.why_fixed(dim)}; give None in its place"
    if others:
        text += f", or name the dimensions of {', '.join(others)} that change with it"
    return text
