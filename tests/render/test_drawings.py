"""The viewer draws what Python does: both are held to the same drawings."""

from __future__ import annotations

import json

import pytest

from tests.render.drawings import DRAWINGS, FOLDER, text, vector, widths


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_drawings_of_the_viewer_are_current(name: str) -> None:
    """``python -m tests.render.drawings`` writes them anew, with the Graphviz of this machine."""
    kept = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert kept == text(vector(DRAWINGS[name], json.loads(kept)["layout"]))


def test_the_widths_of_what_is_written_in_them_are_current() -> None:
    written = "".join((FOLDER / f"{name}.json").read_text(encoding="utf-8") for name in DRAWINGS)
    kept = (FOLDER / "widths" / "fonts.json").read_text(encoding="utf-8")
    assert kept == text(widths(written))
