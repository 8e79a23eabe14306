"""From a plan to its outline."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..analysis.figures import share
from .devices import DEVICES
from .largest import Largest
from .mesh_words import sending_time, spread_tables, spread_title
from .outline import Answer, Cells, Grid, Outline, Pace, Part, Row, Spot
from .peak import Moment
from .result import Plan
from .seconds import step_seconds
from .suggestions import linear_globs, repeated_globs
from .words import category, folded, holder_cells, moment, steps, title

POINTS = 600
"""Points of the curve, at most: each the highest of the kernels that it stands for."""
ROWS = 60
"""Holders that are told one by one."""


def outline(plan: Plan, answer: Largest | None = None) -> Outline:
    """The outline of a plan, with the largest size that was looked for."""
    rows = folded(plan)
    seconds = plan.step_seconds
    return Outline(
        name=plan.name,
        title=title(plan),
        peak=plan.peak_bytes,
        when=moment(plan),
        steps=steps(plan) or "",
        parts=tuple(
            Part(category(name), size, share(size, plan.peak_bytes))
            for name, size in plan.breakdown.items()
            if size
        ),
        rows=tuple(
            Row(row.bytes, *holder_cells(row, path, copies)) for row, path, copies in rows[:ROWS]
        ),
        rest=sum(row.bytes for row, _, _ in rows[ROWS:]),
        curve=tuple(_curve(plan.timeline)),
        kernels=len(plan.timeline),
        paces=tuple(_paces(plan)),
        basis="" if seconds is None else seconds.basis,
        batch=plan.sizes["batch"],
        seq=plan.sizes["seq"],
        kv_cache=plan.kv_cache_bytes,
        notes=tuple(finding.message for finding in plan.findings),
        blocks=repeated_globs(plan.subject.model),
        layers=linear_globs(plan.subject.model),
        spread=spread_title(plan) or "",
        sending=sending_time(plan) or "",
        grids=tuple(
            Grid(heading, tuple(Cells(tuple(row)) for row in rows))
            for heading, rows in spread_tables(plan)
        ),
        answer=None if answer is None else Answer(answer.what, int(answer), answer.reason),
    )


def _curve(timeline: tuple[Moment, ...]) -> Iterator[Spot]:
    """The curve in no more than so many points, none of which spans two phases."""
    runs: list[tuple[int, int]] = []
    for place, one in enumerate(timeline):
        if runs and timeline[runs[-1][0]].phase == one.phase:
            runs[-1] = runs[-1][0], place + 1
        else:
            runs.append((place, place + 1))
    for start, stop in runs:
        count = max(1, round(POINTS * (stop - start) / len(timeline)))
        count = min(count, stop - start)
        for turn in range(count):
            low = start + turn * (stop - start) // count
            high = start + (turn + 1) * (stop - start) // count
            top = max(range(low, high), key=lambda place: timeline[place].bytes)
            one = timeline[top]
            yield Spot(top, one.phase, one.bytes, one.path or one.op)


def _paces(plan: Plan) -> Iterator[Pace]:
    """How long the step is on each GPU of the table, where it was planned for one."""
    if not plan.settings.device.is_gpu:
        return
    for device in DEVICES.values():
        found = step_seconds(plan.work, replace(plan.settings, device=device))
        if found is not None:
            yield Pace(device.name, found.ideal, found.estimate)
