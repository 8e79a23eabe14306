"""Every format to take away, each made when it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from modelviz import Diagram, ModelvizError, draw
from modelviz.units import bytes_text

from .look import Look
from .outcome import Shown
from .state import Slot, passing, put, value
from .text import plain

Make = Callable[[Any, Look], str | bytes]
"""Makes a file of what a page shows: a model, or two compared."""
Formats = Mapping[str, tuple[str, Make]]
"""By suffix: what a format is called, and what makes it."""


def _diagram(shown: Shown, look: Look) -> Diagram:
    return draw(
        shown.graph,
        depth=look.depth,
        fold=look.fold,
        direction=look.direction,
        theme=look.theme,
        color_by=look.heat,
    )


PICTURES: Formats = {
    "svg": ("SVG picture", lambda shown, look: _diagram(shown, look).svg),
    "png": ("PNG picture", lambda shown, look: _diagram(shown, look).png()),
    "pdf": ("PDF page", lambda shown, look: _diagram(shown, look).pdf()),
    "html": ("HTML page to open and click", lambda shown, look: _diagram(shown, look).html),
    "dot": ("Graphviz DOT", lambda shown, look: _diagram(shown, look).source),
    "mmd": ("Mermaid", lambda shown, look: _diagram(shown, look).mermaid),
}
TABLES: Formats = {
    "csv": ("Table as CSV", lambda shown, look: shown.summary.to_csv()),
    "md": ("Table as Markdown", lambda shown, look: shown.summary.to_markdown()),
    "tex": ("Table as LaTeX", lambda shown, look: shown.summary.to_latex()),
    "json": ("Whole graph as JSON", lambda shown, look: shown.graph.to_json()),
}
OF_A_MODEL: Mapping[str, Formats] = {"Picture": PICTURES, "Figures": TABLES}

COMPARISONS: Mapping[str, Formats] = {
    "Picture": {
        "svg": ("SVG picture", lambda both, look: both.diagram(look).svg),
        "png": ("PNG picture", lambda both, look: both.diagram(look).png()),
        "pdf": ("PDF page", lambda both, look: both.diagram(look).pdf()),
        "html": ("HTML page to open and click", lambda both, look: both.diagram(look).html),
    },
    "Changes": {
        "md": ("Changes as Markdown", lambda both, look: both.diff.to_markdown()),
        "json": ("Changes as JSON", lambda both, look: both.diff.to_json()),
    },
}
TYPES = {
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
    "html": "text/html",
    "csv": "text/csv",
    "json": "application/json",
}
SMALLER = "Depth and folding are on the left, under Picture."


@dataclass(frozen=True, slots=True)
class Wanted:
    """The file that was asked for: a format of what was shown, as it looked then."""

    suffix: str
    name: str
    shown: Any
    look: Look


@dataclass(frozen=True, slots=True)
class Made:
    """What came of that: the file, or why there is none."""

    content: bytes = b""
    problem: str = ""


def show_downloads(
    slot: Slot, name: str, shown: Any, look: Look, groups: Mapping[str, Formats]
) -> None:
    """Show a button for each format of what is ``shown``, which makes the file; then one that saves it.

    Streamlit can make a file within the download itself, but does not say why where that fails.
    """
    # Settled now: a file has the theme of the page on which it was asked for.
    look = replace(look, theme=look.drawn_theme)
    with st.popover("Download", icon=":material/download:"):
        for title, formats in groups.items():
            st.markdown(f"**{title}**")
            for suffix, (label, make) in formats.items():
                # A place of its own, so that what is below it stays where it is.
                with st.container():
                    _format(slot, Wanted(suffix, name, shown, look), label, make)


def _format(slot: Slot, this: Wanted, label: str, make: Make) -> None:
    made = None
    if value(slot, "wanted") == this:
        made = value(slot, "made")
        if made is None:
            with st.spinner(f"Making it: {label}"):
                made = _make(this, make)
            put(slot, "made", made)
    if made is not None and not made.problem:
        name = f"{file_stem(this.name)}.{this.suffix}"
        st.download_button(
            f"Save {plain(name)} · {bytes_text(len(made.content))}",
            made.content,
            file_name=name,
            mime=TYPES.get(this.suffix, "text/plain"),
            key=passing(slot, f"download.{this.suffix}"),
            on_click="ignore",
            type="primary",
            width="stretch",
        )
        return
    st.button(
        f"{label} (.{this.suffix})",
        key=passing(slot, f"make.{this.suffix}"),
        on_click=_want,
        args=(slot, this),
        width="stretch",
    )
    if made is not None:
        st.error(f"{plain(made.problem)}\n\n{SMALLER}")


def _want(slot: Slot, wanted: Wanted) -> None:
    put(slot, "wanted", wanted)
    put(slot, "made", None)


def _make(wanted: Wanted, make: Make) -> Made:
    try:
        content = make(wanted.shown, wanted.look)
    except ModelvizError as error:
        return Made(problem=f"{error}.")
    if isinstance(content, str):
        content = content.encode("utf-8", "replace")
    return Made(content)


def file_stem(name: str) -> str:
    """The name of a model as that of a file, anywhere."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "model"
