"""A plan over several devices in words: what one of them has, and what it sends."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from ..units import bytes_text, parameters_text, seconds_text, shape_text
from .mesh import Shard

if TYPE_CHECKING:
    from .collectives import Collective
    from .result import Plan

_ROWS = 8
"""Parameters that are shown."""


def spread_title(plan: Plan) -> str | None:
    """``each of 16 devices (dp=8, tp=2) has 50 M of 800 M parameters, 200 MB of 3.20 GB``."""
    spread = plan.spread
    if spread is None:
        return None
    own = parameters_text(sum(prod(shard.local_shape) for shard in spread.shards))
    whole = parameters_text(sum(prod(shard.shape) for shard in spread.shards))
    size = bytes_text(sum(shard.bytes for shard in spread.shards))
    total = bytes_text(sum(shard.global_bytes for shard in spread.shards))
    mesh, batch = spread.mesh, plan.sizes["batch"]
    has = f"{own} of {whole} parameters, {size} of {total}"
    if mesh is None:
        return f"this rank has {has}"
    text = f"each of {mesh.devices:,} devices ({mesh}) has {has}"
    if mesh.batches > 1 and batch is not None:
        text += f"; a step is of {mesh.batches:,} batches at once, {mesh.batches * batch:,} samples"
    return text


def sending_time(plan: Plan) -> str | None:
    """How long what is sent takes at best, where the bandwidth of the links is known."""
    found = plan.send_seconds
    if found is None:
        return None
    size = bytes_text(sum(one.wire_bytes for one in plan.collectives))
    parts = ", ".join(f"{axis} {seconds_text(part)}" for axis, part in found.by_axis.items())
    return (
        f"sending, apart from that: no faster than {seconds_text(found.ideal)} for {size} "
        f"({parts}), part of which may go on while kernels run ({found.basis})"
    )


def sent_cells(plan: Plan) -> Iterator[tuple[str, ...]]:
    """What one device sends in a step, by kind and axis, the most first."""
    groups: dict[tuple[str, str, int], list[int]] = {}
    for one in plan.collectives:
        sums = groups.setdefault((one.kind, one.axis, one.ranks), [0, 0, 0])
        for index, value in enumerate((one.count, one.bytes, one.wire_bytes)):
            sums[index] += value
    rows = sorted(groups.items(), key=lambda row: -row[1][2])
    for (kind, axis, ranks), (count, size, wire) in rows:
        yield bytes_text(wire), kind, f"{axis}, {ranks:,} ranks", f"×{count:,}", bytes_text(size)


def shard_cells(plan: Plan) -> list[tuple[str, ...]]:
    """The largest parameters with their shapes on all devices and on one, copies told once."""
    groups: dict[tuple[Any, ...], list[Shard]] = defaultdict(list)
    for one in plan.shards:
        key = (starred(one.path), one.shape, one.local_shape, str(dict(one.placements)))
        groups[key].append(one)
    rows = sorted(groups.items(), key=lambda row: -sum(one.bytes for one in row[1]))
    return [
        (
            bytes_text(sum(one.bytes for one in those)),
            (those[0].path if len(those) == 1 else path)
            + (f" ×{len(those):,}" if len(those) > 1 else ""),
            f"{shape_text(shape)} → {shape_text(local)}",
            ", ".join(f"{axis} {how}" for axis, how in those[0].placements.items()),
        )
        for (path, shape, local, _), those in rows[:_ROWS]
    ]


def module_cells(plan: Plan) -> list[tuple[str, ...]]:
    """What one device sends for each module, copies told once, the most first."""
    groups: dict[tuple[Any, ...], list[Collective]] = defaultdict(list)
    for one in plan.collectives:
        groups[starred(one.path or ""), one.phase, one.kind, one.axis].append(one)
    rows = sorted(groups.items(), key=lambda row: -sum(one.wire_bytes for one in row[1]))
    cells: list[tuple[str, ...]] = []
    for (path, phase, kind, axis), those in rows:
        modules = len({one.path for one in those})
        name = (those[0].path if modules == 1 else path) or "the model"
        cells.append(
            (
                bytes_text(sum(one.wire_bytes for one in those)),
                name + (f" ×{modules:,}" if modules > 1 else ""),
                f"{kind}, {axis}",
                f"×{sum(one.count for one in those):,} {phase}",
            )
        )
    return cells


def spread_tables(plan: Plan) -> Iterator[tuple[str, list[tuple[str, ...]]]]:
    """The tables of a plan over several devices, each with its title."""
    if plan.shards:
        yield "parameters, on all devices → on one", shard_cells(plan)
    sends = list(sent_cells(plan))
    if sends:
        yield "sent by one device in a step (in a ring), of messages of", sends
        by_module = module_cells(plan)
        more = len(by_module) - _ROWS
        title = "sent for" if more <= 0 else f"sent for, and for {more:,} more"
        yield title, by_module[:_ROWS]


def starred(path: str) -> str:
    """A path with a star for each number in it."""
    return re.sub(r"(?<![^.])\d+(?![^.])", "*", path)
