"""The interactive viewer: as an HTML page, in a notebook cell, and as a Streamlit component.

``viewer.js`` is built from ``viewer-src/``: one ES module that needs nothing else.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def bundle() -> str:
    """The viewer's JavaScript."""
    return files(__name__).joinpath("viewer.js").read_text("utf-8")
