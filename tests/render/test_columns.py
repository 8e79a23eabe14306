"""Columns and rows: what the viewer is held to."""

from __future__ import annotations

from tests.render import columns
from tests.render.drawings import text


def test_layouts_are_cut_as_the_viewer_cuts_them() -> None:
    kept = columns.kept()
    again = columns.vectors({one["name"]: one["layout"] for one in kept})
    assert text(kept) == text([*again]), "python -m tests.render.columns"


def test_some_are_cut_and_some_are_not() -> None:
    counts = {
        max((len(boxes) for boxes in after["frames"].values()), default=0)
        for one in columns.kept()
        for *_, after in one["rooms"]
    }
    assert {0, 1, 2} <= counts
