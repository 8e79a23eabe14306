"""Text of a model on a page: never read as Markdown or as HTML."""

from __future__ import annotations

import re
from html import escape

import streamlit as st

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def plain(text: str) -> str:
    """The text for a place where Streamlit reads Markdown, every mark in it escaped."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def heading(text: str, beside: str = "") -> None:
    """Show the text as the title of a page, and what else it is called beside it."""
    more = f' <span class="mv-beside">{escape(beside)}</span>' if beside else ""
    st.html(f'<h1 class="mv-title" style="margin:0;padding:0">{escape(text)}{more}</h1>')


def lines(text: str, class_name: str = "") -> None:
    """Show the text with its own line breaks."""
    style = "white-space:pre-wrap;overflow-wrap:anywhere"
    st.html(f'<div class="{class_name}" style="{style}">{escape(text)}</div>')
