"""The size of every group's header before it has a place, and what is written in it."""

from __future__ import annotations

from dataclasses import dataclass

from ..units import shape_text
from ..view.labels import MAX_NAME, cut
from ..view.model import Group, View, called, leaves
from .lines import Line, Run, after_signs, badge_text, badge_width, figure_texts, own_signs
from .sizes import SMALL, TINY, TITLE
from .style import Style
from .text import text_width


@dataclass(frozen=True, slots=True)
class Header:
    """What stands at the top of a group."""

    line: Line
    badge: str
    note: str
    width: float
    height: float


def header(group: Group, view: View, style: Style) -> Header:
    """The header of a group: class, name, copies, and what one copy hands to the next."""
    family = style.theme.family
    signs = own_signs(group.signs)
    runs: list[Run] = [*signs]
    told = called(group)
    if told.title:
        runs.append(Run(cut(told.title, MAX_NAME), TITLE, bold=True))
    if told.name:
        name = cut(told.name, MAX_NAME)
        runs.append(Run(f"  {name}" if len(runs) > len(signs) else name, SMALL, role="muted"))
    if group.call_index:
        runs.append(Run(f"  call {group.call_index + 1}", SMALL, role="muted"))
    runs += after_signs(group)
    figures = figure_texts(group, style)
    if figures:
        runs.append(Run("  " + " · ".join(figures), TINY, role="muted"))
    badge = badge_text(group.copies, group.chained)
    note = _handed_on(group, view) if group.copies > 1 else ""
    width = style.sign + sum(run.width(family) for run in runs)
    if badge:
        width += 8 + badge_width(badge, family)
    if note:
        width += 6 + text_width(note, TINY, False, family)
    return Header(tuple(runs), badge, note, width, 15.0)


def _handed_on(group: Group, view: View) -> str:
    """What one copy of a group hands to the next."""
    inside = set(leaves(group))
    shapes: dict[str, None] = {}
    for edge in view.edges:
        if edge.next_copy and edge.source in inside and edge.target in inside:
            shapes.update((shape_text(tensor.shape), None) for tensor in edge.tensors)
    if not shapes:
        return ""
    first = next(iter(shapes))
    more = f" + {len(shapes) - 1} more" if len(shapes) > 1 else ""
    return f"to the next: {first}{more}"
