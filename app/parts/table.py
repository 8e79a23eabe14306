"""The summary as a table to sort, search and download."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from modelviz.units import shape_text

from .outcome import Outcome, Shown
from .selection import select, selected
from .specs import key_of
from .state import Slot, key, passing

if TYPE_CHECKING:
    import pandas

HEIGHT = 560
SHAPES = ("input_size", "output_size")
COLUMNS: dict[str, tuple[str, str]] = {
    "path": ("Layer", "text"),
    "class_name": ("Class", "text"),
    "call": ("Call", "word"),
    "input_size": ("Input", "text"),
    "output_size": ("Output", "text"),
    "total_params": ("Parameters", "localized"),
    "params_share": ("Parameters, share", "share"),
    "flops": ("FLOPs", "localized"),
    "flops_percent": ("FLOPs, share", "share"),
    "memory": ("Peak memory, bytes", "localized"),
    "output_bytes": ("Output, bytes", "localized"),
    "dtype": ("Type", "text"),
    "config": ("Configuration", "text"),
    "source": ("Source", "text"),
}
"""What the table shows: the summary's column, its title, and how it reads; text is searched."""
WIDTHS: dict[str, int] = {"path": 240, "config": 260, "source": 320}
"""Pixels of the columns that hold long text."""


def show_table(slot: Slot, outcome: Outcome, shown: Shown) -> None:
    """Show the table. The row of the selected layer is selected, and selecting a row selects it."""
    rows = table_rows(shown)
    query = st.text_input(
        "Search the table",
        key=key(slot, "table.query"),
        persist_state="session",
        placeholder="Search by path, class, shape or configuration",
        label_visibility="collapsed",
        icon=":material/search:",
    )
    rows = matching(rows, query or "")
    st.caption(f"{len(rows):,} rows. Sums include what is inside. Click a title to sort.")
    widget = passing(slot, f"table.{key_of(outcome.spec)}.{hash(query)}")
    _select_row(slot, widget, rows)
    st.dataframe(
        rows,
        key=widget,
        height=HEIGHT,
        hide_index=True,
        column_config=_columns(rows),
        selection_mode="single-row",
        on_select=lambda: _hear(slot, widget, rows),
    )


def table_rows(shown: Shown) -> pandas.DataFrame:
    """The rows of the table, in order of execution, with shapes as text."""
    frame = shown.rows.copy()
    total = shown.graph.total_params
    frame["params_share"] = frame["total_params"] / total if total else 0.0
    frame["path"] = frame["path"].where(frame["path"] != "", shown.graph.name)
    for name in SHAPES:
        if name in frame:
            frame[name] = [shapes_text(shapes) for shapes in frame[name]]
    # Calls are numbered where a module has several, from 1 as in the picture.
    if "call" in frame and (calls := frame.pop("call")).max() > 0:
        frame["call"] = [f"{call + 1:.0f}" if call >= 0 else "" for call in calls]
    shown_columns: pandas.DataFrame = frame[[name for name in COLUMNS if name in frame]]
    return shown_columns


def matching(rows: pandas.DataFrame, query: str) -> pandas.DataFrame:
    """The rows in which every word of the query occurs, in whatever column of text."""
    words = query.lower().split()
    if not words:
        return rows
    texts = [name for name in COLUMNS if name in rows and COLUMNS[name][1] == "text"]
    joined = rows[texts].fillna("").astype(str).agg("\n".join, axis=1).str.lower()
    found = joined.map(lambda text: all(word in text for word in words))
    hits: pandas.DataFrame = rows[found]
    return hits


def shapes_text(shapes: Any) -> str:
    """The shapes in a cell of the summary as text: ``1×3×224×224``; empty where it has none."""
    if not isinstance(shapes, list):
        return ""
    return ", ".join(map(shape_text, shapes))


def _columns(rows: pandas.DataFrame) -> dict[str, Any]:
    config = st.column_config
    made: dict[str, Any] = {}
    for name, (title, form) in COLUMNS.items():
        if name not in rows:
            continue
        if form in ("text", "word"):
            made[name] = config.TextColumn(title, width=WIDTHS.get(name), pinned=name == "path")
        elif form == "share":
            made[name] = config.ProgressColumn(title, format="percent", min_value=0, max_value=1)
        else:
            made[name] = config.NumberColumn(title, format=form)
    return made


# -- selection ------------------------------------------------------------------------------------


def _paths(rows: pandas.DataFrame) -> list[str]:
    return [str(path) for path in rows["path"]]


def _select_row(slot: Slot, widget: str, rows: pandas.DataFrame) -> None:
    """Mark the row of what is selected, whoever selected it."""
    wanted = selected(slot)
    place = next((i for i, path in enumerate(_paths(rows)) if path == wanted), None)
    st.session_state[widget] = {"selection": {"rows": [] if place is None else [place]}}


def _hear(slot: Slot, widget: str, rows: pandas.DataFrame) -> None:
    """Select the layer of the row that was clicked."""
    picked = st.session_state[widget]["selection"]["rows"]
    select(slot, _paths(rows)[picked[0]] if picked else None)
