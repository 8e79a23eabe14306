"""A measure of a model as a treemap: modules within modules, each as large as its figure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import pandas

HEIGHT = 360
FRAME_LABEL = 24
"""Pixels of the line above what is inside a module."""
COLOURS = (
    ("#3d6f9e", "#2b5076"),
    ("#3f7f5b", "#2b5c41"),
    ("#9a5763", "#713d47"),
    ("#75609c", "#544473"),
    ("#86691f", "#604b14"),
    ("#2f7f8c", "#205b65"),
)
"""Of the cells of a module, and of the frame around them: white text is read on all."""
ITSELF = "itself"
"""What a module adds that none of those inside it does."""


def show_areas(sums: pandas.Series[float], title: str, text: Callable[[int], str]) -> None:
    """Show the sums by path of modules as areas, their figures said by ``text``."""
    values = {str(path): value for path, value in sums.items()}
    # By the place of a module in the model: it has the same colour in every chart.
    colours = dict(zip(_tops(values), cycle(COLOURS), strict=False))
    shown = {path: value for path, value in values.items() if value > 0}
    tree = nested(shown, text)
    for top, node in zip(_tops(shown), tree, strict=True):
        cell, frame = colours[top]
        for inner in _all(node):
            inner["itemStyle"] = {"color": cell, "borderColor": frame}
    label = {"color": "#ffffff", "overflow": "truncate"}
    series = {
        "type": "treemap",
        "data": tree,
        **dict.fromkeys(("top", "left", "right", "bottom"), 0),
        "roam": False,
        "nodeClick": False,
        "breadcrumb": {"show": False},
        "label": label,
        "upperLabel": {**label, "show": True, "height": FRAME_LABEL, "padding": [0, 8]},
        "itemStyle": {"gapWidth": 1},
        # Around everything there is no frame, and so no name of one.
        "levels": [{"upperLabel": {"show": False}, "itemStyle": {"borderWidth": 0, "gapWidth": 3}}],
    }
    st.echarts_chart(
        # Names are put into the tooltip as text, with their marks escaped.
        {"tooltip": {"formatter": "{b}"}, "series": [series], "animation": False},
        height=HEIGHT,
        alt=f"{title} of each module, as areas",
    )


def nested(sums: Mapping[str, float], text: Callable[[int], str]) -> list[dict[str, Any]]:
    """The sums by path as a tree, each node with the sum of what is inside."""
    inside: dict[str, dict[str, float]] = {}
    for path, value in sums.items():
        first, _, rest = path.partition(".")
        part = inside.setdefault(first, {})
        part[rest or ITSELF] = part.get(rest or ITSELF, 0) + value
    tree = []
    for name, parts in inside.items():
        value = sum(parts.values())
        node: dict[str, Any] = {"name": f"{name} · {text(int(value))}", "value": value}
        if set(parts) != {ITSELF}:
            node["children"] = nested(parts, text)
        tree.append(node)
    return tree


def _tops(paths: Iterable[str]) -> list[str]:
    """The modules directly in the model, in the order of the paths."""
    return list(dict.fromkeys(path.partition(".")[0] for path in paths))


def _all(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("children", ()):
        yield from _all(child)
