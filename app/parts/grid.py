"""A table that shows all of its text at every width; Streamlit's own cuts what does not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import streamlit as st

Cell = str | Sequence[str]
"""A text, or several lines of it."""
_SHORT = 12
"""Most characters of a place in a file that is never broken."""


def show_grid(
    heads: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    numbers: int = 0,
    *,
    signs: bool = True,
) -> None:
    """Show the rows under their heads; the last ``numbers`` columns are aligned to the right.

    ``signs`` says that the first column holds a sign and is no wider.
    Where there is little room, each row is a block, its cells below one another.
    """
    first_number = len(heads) - numbers
    kinds = ["number" if place >= first_number else "text" for place in range(len(heads))]
    top = "".join(
        f'<th scope="col" class="{kind}">{escape(head)}</th>'
        for head, kind in zip(heads, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{kind}" data-head="{escape(head)}">{_cell(cell)}</td>'
            for head, kind, cell in zip(heads, kinds, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    kind = "mv-grid signs" if signs else "mv-grid"
    st.html(f'<table class="{kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>')


def _cell(cell: Cell) -> str:
    texts = [cell] if isinstance(cell, str) else cell
    return "<br>".join(" ".join(map(_word, text.split(" "))) for text in texts)


def _word(word: str) -> str:
    """A word, whole on one line where it is a short place: ``gpt.py:51`` is not cut before a 1."""
    text, short = escape(word), len(word) <= _SHORT and ":" in word
    return f'<span class="whole">{text}</span>' if short else text
