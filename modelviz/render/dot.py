"""A view as DOT, with all its texts, for Graphviz to draw.

Every box has a fixed size, so the layout does not depend on fonts.
"""

from __future__ import annotations

import html
from collections.abc import Iterator

from ..view.model import Group
from .cards import Card, CardRow
from .group_marks import group_colour
from .layout_source import DotLine, DotWriter, header_table, quoted
from .lines import heat_text
from .paint import node_colours
from .plan import Plan
from .sizes import TINY
from .text import with_controls


def dot_source(drawing: Plan) -> str:
    """The DOT text of a plan, with its texts."""
    return _Writer(drawing).source()


class _Writer(DotWriter):
    def __init__(self, drawing: Plan) -> None:
        super().__init__(drawing)
        self.head = f"digraph {quoted(_escapes(drawing.view.name))} {{"
        self._theme = drawing.style.theme

    def defaults(self) -> dict[str, dict[str, str]]:
        theme, defaults = self._theme, super().defaults()
        font = "Times" if theme.family == "serif" else "Helvetica"
        defaults["graph"] |= {
            "bgcolor": quoted(theme.background),
            "fontname": font,
            "pad": "0.2",
            "outputorder": "edgesfirst",
        }
        defaults["node"] |= {
            "style": '"filled,rounded"',
            "fontname": font,
            "fontsize": "10",
            "margin": "0",
        }
        defaults["edge"] |= {
            "color": quoted(theme.edge),
            "fontname": font,
            "fontcolor": quoted(theme.muted),
            "fontsize": f"{TINY:g}",
        }
        return defaults

    def group(self, group: Group, level: int) -> dict[str, str]:
        head, theme = self.plan.headers[group.id], self._theme
        texts = [run.text.strip() for run in head.line] + [head.badge, head.note]
        said = html.escape(with_controls("  ".join(filter(None, texts)), "\n"), quote=False)
        text = f'<FONT COLOR="{theme.text}" POINT-SIZE="10">{said}</FONT>'
        return super().group(group, level) | {
            "label": header_table(head, text),
            "style": '"filled,rounded"',
            "color": quoted(theme.group_line),
            "fillcolor": quoted(group_colour(group, level, theme)),
        }

    def card(self, card: Card) -> dict[str, str]:
        colours = node_colours(card.rows[0].node, self.plan.style, self.plan.scale)
        attributes = super().card(card) | {
            "label": quoted("\\n".join(_row_text(row) for row in card.rows)),
            "fillcolor": quoted(colours.fill),
            "color": quoted(colours.line),
            "fontcolor": quoted(colours.text),
        }
        heat = [text for row in card.rows if (text := heat_text(row.node, self.plan.style))]
        if heat:
            attributes["tooltip"] = quoted(_escapes("\n".join(heat)))
        if card.idle:
            attributes["style"] = '"dashed,rounded"'
        return attributes

    def line(self, line: DotLine) -> dict[str, str]:
        label = None if line.edge is None else self.plan.labels.get(line.edge)
        if label is None:
            return line.attributes
        # A label that the layout does not see: there is room for it between the ranks.
        return line.attributes | {"xlabel": quoted(_escapes("\n".join(label.lines)))}

    def links(self) -> Iterator[str]:
        place = {node: self.plan.names[card] for node, card in self.plan.place.items()}
        for link in self.plan.view.links:
            source, target = place[link.source], place[link.target]
            if source != target:
                yield f"{source}->{target} [style=dotted dir=none constraint=false]"


def _row_text(row: CardRow) -> str:
    lines = ["".join(run.text for run in line) for line in row.lines]
    if row.badge:
        lines[0] += f"  {row.badge}"
    return "\\n".join(_escapes(line) for line in lines)


def _escapes(text: str) -> str:
    """Text as DOT gives it back: backslashes doubled, entities kept from being read."""
    escaped = text.replace("\\", "\\\\").replace("&", "&amp;")
    return with_controls(escaped, "\n").replace("\n", "\\n")
