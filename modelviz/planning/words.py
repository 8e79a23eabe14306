"""A plan in words: for a terminal, a notebook, and a verdict that can be said aloud."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..units import bytes_text, flops_text, seconds_text, share_text
from .devices import Device
from .mesh_words import sending_time, spread_tables, spread_title, starred

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .peak import Holder
    from .result import Plan

_ROWS = 8
"""Holders that are shown."""
_BAR = 24

_NAMES = {"kv_cache": "KV cache", "optimizer": "optimizer states"}
_OWNERS = {"loss": "the loss", "optimizer": "the optimizer"}
_VERBS = {"backward": "the backward pass of ", "loss": "the loss", "optimizer": "the optimizer"}


def title(plan: Plan) -> str:
    """What is planned: ``GPT2LMHeadModel: a training step with adamw in bf16-mixed, batch 8``."""
    settings = plan.settings
    what = f"a training step with {settings.optimizer}" if settings.trains else "an inference"
    what = "the next token" if settings.decode else what
    parts = [f"{what} in {_dtype(plan)}"]
    parts += [f"{name} {size:,}" for name, size in plan.sizes.items() if size is not None]
    if settings.accumulate > 1:
        parts.append(f"{settings.accumulate:,} passes a step")
    if settings.checkpoint:
        parts.append(f"checkpoints at {', '.join(settings.checkpoint)}")
    if settings.lora:
        parts.append(f"adapters of rank {settings.lora_rank:,} on {', '.join(settings.lora)}")
    if settings.freeze:
        parts.append(f"frozen: {', '.join(settings.freeze)}")
    return f"{plan.name}: {', '.join(parts)}"


def _dtype(plan: Plan) -> str:
    """In what the step computes: the precision of the plan, or that which the weights have."""
    precision = plan.settings.precision
    if precision.weights is not None or precision.autocast is not None:
        return precision.name
    from .copies import parameters  # the words of an outline need no torch

    sizes: dict[str, int] = defaultdict(int)
    for parameter in parameters(plan.subject.model).values():
        if parameter.is_floating_point():
            sizes[str(parameter.dtype).removeprefix("torch.")] += parameter.numel()
    return max(sizes, key=sizes.__getitem__) if sizes else precision.name


def verdict(plan: Plan) -> str:
    """Whether it fits: ``fits on H100 80 GB: 61.2 GB of 85.5 GB``."""
    return verdict_on(plan.settings.device, plan.peak_bytes)


def verdict_on(device: Device, peak: int) -> str:
    """Whether a peak of so many bytes fits on a device, in words."""
    need = bytes_text(peak)
    if device.memory is None:
        return f"needs {need} on {device.name}, whose memory is not known"
    has = bytes_text(device.memory)
    if peak > device.memory:
        short = bytes_text(peak - device.memory)
        return f"does not fit on {device.name}: {need} of {has}, {short} too much"
    if peak + device.beside[1] > device.memory:
        left = bytes_text(device.memory - peak)
        return f"barely fits on {device.name}: {need} of {has}; driver and libraries get {left}"
    return f"fits on {device.name}: {need} of {has}"


def beside(device: Device) -> str | None:
    """What a device needs besides, with the assumption; None for a device that needs nothing."""
    least, most = device.beside
    if not most:
        return None
    band = f"{bytes_text(least)} to {bytes_text(most)}"
    return f"besides, not counted: {band} ({device.beside_why})"


def moment(plan: Plan) -> str:
    """When the peak is: ``in the backward pass of lm_head (mm)``."""
    at = plan.peak.at
    if at is None:
        return "before the step"
    if at.phase in ("loss", "optimizer"):
        return f"in {_VERBS[at.phase]} ({at.op})"
    where = "the model" if not at.path else at.path
    return f"in {_VERBS.get(at.phase, '')}{where} ({at.op})"


def steps(plan: Plan) -> str | None:
    """How the first step and later ones differ, where they do."""
    if not plan.settings.trains or plan.first_step_bytes == plan.steady_bytes:
        return None
    first, later = bytes_text(plan.first_step_bytes), bytes_text(plan.steady_bytes)
    return f"the first step peaks at {first}, every later one at {later}"


def time(plan: Plan) -> str | None:
    """How long a step is, where the device's rates are known."""
    found = plan.step_seconds
    if found is None:
        return None
    return (
        f"a step: no faster than {seconds_text(found.ideal)} ({flops_text(found.flops)} at the "
        f"device's peak rates), perhaps {seconds_text(found.estimate)} ({found.basis})"
    )


def holder_words(holder: Holder) -> str:
    """``4.1 GB of activations: softmax of model.layers.0.self_attn``."""
    where = holder.path or _OWNERS.get(holder.phase or "", "the model")
    made = f"{holder.op} of {where}" if holder.op else where
    return f"{bytes_text(holder.bytes)} of {category(holder.category)}: {made}"


def category(name: str) -> str:
    """A part of the peak as it reads."""
    return _NAMES.get(name, name)


def folded(plan: Plan) -> list[tuple[Holder, str, int]]:
    """The holders with copies of one block told once: each with its path, and how many it is."""
    from .peak import Holder

    groups: dict[tuple[Any, ...], list[Holder]] = defaultdict(list)
    for one in plan.holders:
        path = None if one.path is None else starred(one.path)
        groups[one.category, path, one.op, one.phase, one.file, one.line].append(one)
    rows = []
    for (kind, path, op, phase, file, line), those in groups.items():
        name = those[0].path if len(those) == 1 else path
        total = Holder(
            kind, name, op, phase, file, line,
            sum(one.bytes for one in those), sum(one.count for one in those),
        )  # fmt: skip
        rows.append((total, name or "", len(those)))
    return sorted(rows, key=lambda row: -row[0].bytes)


def _holder_cells(plan: Plan) -> Iterator[tuple[str, str, str, str]]:
    rows = folded(plan)
    for holder, path, copies in rows[:_ROWS]:
        yield bytes_text(holder.bytes), *holder_cells(holder, path, copies)
    rest = sum(holder.bytes for holder, _, _ in rows[_ROWS:])
    if rest:
        yield bytes_text(rest), f"{len(rows) - _ROWS:,} more", "", ""


def holder_cells(holder: Holder, path: str, copies: int) -> tuple[str, str, str]:
    """What a row of ``folded`` holds, who holds it, and at which line of which file."""
    times = f" ×{copies:,}" if copies > 1 else ""
    named = holder.category in ("optimizer", "gradients")
    what = category(holder.category) + (f", {holder.op}" if holder.op and not named else "")
    if holder.phase == "backward" and not named:
        what += " in the backward pass"
    owner = path or _OWNERS.get(holder.phase or "", "the model")
    return what, owner + times, _place(holder)


def _place(holder: Holder) -> str:
    """The line of source, with the name of its file alone."""
    return "" if holder.file is None else f"{os.path.basename(holder.file)}:{holder.line}"


def _parts(plan: Plan) -> Iterator[tuple[str, int, str]]:
    for name, size in plan.breakdown.items():
        if size:
            yield category(name), size, share_text(size, plan.peak_bytes)


def _notes(plan: Plan) -> Iterator[str]:
    found = (steps(plan), time(plan), sending_time(plan), beside(plan.settings.device))
    yield from (text for text in found if text)
    yield from (finding.message for finding in plan.findings)


def text(plan: Plan) -> str:
    """The plan as plain text."""
    lines = [title(plan), f"{bytes_text(plan.peak_bytes)} at the peak, {moment(plan)}"]
    lines += [*filter(None, [spread_title(plan)]), plan.verdict, ""]
    for name, size, share in _parts(plan):
        bar = "█" * round(_BAR * size / plan.peak_bytes)
        lines.append(f"  {name:<17}{bytes_text(size):>8} {share:>7}  {bar}".rstrip())
    for heading, rows in _tables(plan):
        lines += ["", heading, *_aligned(rows)]
    notes = list(_notes(plan))
    if notes:
        lines += ["", *notes]
    return "\n".join(lines)


def _tables(plan: Plan) -> Iterator[tuple[str, Sequence[Sequence[str]]]]:
    """Each table of a plan under its heading: who holds the peak, then how it is spread."""
    yield "held at the peak by", list(_holder_cells(plan))
    yield from spread_tables(plan)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of cells as lines; the first column is of numbers."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *others in rows:
        cells = [text.ljust(width) for text, width in zip(others, widths[1:], strict=True)]
        yield "  ".join(["  " + first.rjust(widths[0]), *cells]).rstrip()


def rich_parts(plan: Plan) -> Iterator[RenderableType]:
    """The plan in colours."""
    from rich.table import Table
    from rich.text import Text

    colour = {True: "green", False: "bold red", None: "yellow"}[plan.fits]
    yield Text(title(plan), style="bold")
    yield Text(f"{bytes_text(plan.peak_bytes)} at the peak, {moment(plan)}")
    if where := spread_title(plan):
        yield Text(where)
    yield Text(plan.verdict, style=colour)
    yield Text()
    parts = Table.grid(padding=(0, 2, 0, 2))
    parts.add_column()
    parts.add_column(justify="right")
    parts.add_column(justify="right", style="dim")
    parts.add_column(style="cyan")
    for name, size, share in _parts(plan):
        parts.add_row(name, bytes_text(size), share, "█" * round(_BAR * size / plan.peak_bytes))
    yield parts
    yield Text()
    for index, (heading, rows) in enumerate(_tables(plan)):
        if index:
            yield Text()
        yield Text(heading, style="bold")
        grid = Table.grid(padding=(0, 2, 0, 2))
        grid.add_column(justify="right")
        last = len(rows[0]) - 2
        for place, style in enumerate(("", "cyan", "dim", "dim")[: last + 1]):
            # A line of source and a placement are whole; what stands before them makes room.
            grid.add_column(style=style, overflow="fold", no_wrap=place == last)
        for row in rows:
            grid.add_row(*row)
        yield grid
    notes = list(_notes(plan))
    if notes:
        yield Text()
    for note in notes:
        yield Text(note, style="dim")


def html(plan: Plan) -> str:
    """The plan for a notebook."""
    from html import escape

    parts = "".join(
        f"<tr><td>{escape(name)}</td><td style='text-align:right'>{bytes_text(size)}</td>"
        f"<td style='text-align:right'>{share}</td><td style='text-align:left'>"
        f"<div style='background:#4c78a8;height:0.8em;width:{200 * size / plan.peak_bytes:.0f}px'>"
        "</div></td></tr>"
        for name, size, share in _parts(plan)
    )
    more = "".join(f"<p>{escape(head)}</p>{_html_table(rows)}" for head, rows in _tables(plan))
    notes = "".join(f"<p><small>{escape(note)}</small></p>" for note in _notes(plan))
    where = spread_title(plan)
    placed = f"{escape(where)}<br>" if where else ""
    return (
        f"<p><b>{escape(title(plan))}</b><br>{bytes_text(plan.peak_bytes)} at the peak, "
        f"{escape(moment(plan))}<br>{placed}<b>{escape(plan.verdict)}</b></p>"
        f"<table>{parts}</table>{more}{notes}"
    )


def _html_table(rows: Iterable[Sequence[str]]) -> str:
    from html import escape

    cells = (
        "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) for row in rows
    )
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in cells)}</table>"
