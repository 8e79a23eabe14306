"""The colours of a node: by its kind, by a figure, or by its failure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..view.model import Node, View
from .heat import Scale, scale_of
from .style import Style
from .theme import Theme, mix, readable_on

PALE = 0.6
"""How far what did not change goes into the background, where changes are marked."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Fill, outline, the stripe at the side, and text."""

    fill: str
    line: str
    stripe: str
    text: str
    muted: str


LIT = 1.6
"""The width of a line that stands out."""


def node_colours(node: Node, style: Style, scale: Scale) -> Colours:
    """The colours that a node is drawn in; ``scale`` is that of the heat map."""
    colours = _plain_colours(node, style, scale)
    if node.status == "lit":
        return replace(colours, line=style.theme.lit, stripe=style.theme.lit)
    return colours


def is_lit(nodes: Iterable[Node]) -> bool:
    """Whether any node is on the way to a failure, or where it ended."""
    return any(node.status in ("lit", "failed") for node in nodes)


def _plain_colours(node: Node, style: Style, scale: Scale) -> Colours:
    theme = style.theme
    if node.status == "failed":
        fill = mix(theme.error, theme.background, 0.82)
        return Colours(fill, theme.error, theme.error, theme.text, theme.muted)
    if node.tone is not None:
        mark = theme.tones[node.tone]
        fill = mix(mark, theme.background, 0.82)
        return Colours(fill, mark, mark, theme.text, theme.muted)
    own = node.colour
    if own:
        text = readable_on(own)
        return Colours(own, mix(own, text, 0.35), mix(own, text, 0.2), text, mix(text, own, 0.2))
    if style.color_by is not None and node.kind not in ("input", "output"):
        fill = scale.colour(style.heat_value(node)) or theme.background
        text = readable_on(fill)
        return Colours(fill, mix(fill, text, 0.35), fill, text, mix(text, fill, 0.2))
    if node.kind == "unused" or node.status == "unread":
        return Colours(theme.background, theme.muted, theme.muted, theme.muted, theme.muted)
    if node.kind == "weight":
        return Colours(theme.background, theme.muted, theme.muted, theme.text, theme.muted)
    if node.kind in ("input", "output"):
        fill = mix(theme.edge, theme.background, 0.1) if theme.coloured else theme.background
        text = theme.background if theme.coloured else theme.text
        return Colours(fill, theme.edge, fill, text, mix(text, fill, 0.15))
    if node.pale and theme.coloured:
        return _pale(node, theme)
    hue = theme.hues[node.kind]
    line = mix(hue, theme.text, 0.3) if theme.coloured else theme.edge
    stripe = hue if theme.coloured else theme.fill(node.kind)
    muted = mix(theme.text, theme.fill(node.kind), 0.25) if theme.coloured else theme.muted
    return Colours(theme.fill(node.kind), line, stripe, theme.text, muted)


def _pale(node: Node, theme: Theme) -> Colours:
    """The colours of what did not change, where changes are marked."""
    hue = theme.hues[node.kind]
    plain = (theme.fill(node.kind), mix(hue, theme.text, 0.3), hue)
    fill, line, stripe = (mix(colour, theme.background, PALE) for colour in plain)
    return Colours(fill, line, stripe, theme.text, theme.muted)


def heat_scale(view: View, style: Style) -> Scale:
    """The scale of the heat map: that of the figures of all nodes."""
    values = (style.heat_value(node) for node in view.nodes())
    return scale_of(value for value in values if value is not None)
