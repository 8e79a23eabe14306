"""What Streamlit's theme cannot say: less empty space around a page that is about one picture."""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding: 4.2rem 2rem 2rem; max-width: 1800px; }
[data-testid="stSidebarUserContent"] { padding-bottom: 2rem; }
.mv-title { font-size: 1.6rem; line-height: 1.3; overflow-wrap: anywhere; }
.mv-lead { font-size: clamp(1.5rem, 2.2vw, 2.6rem); margin: 0; padding: 0; }
.st-key-mv-lesson p { font-size: clamp(1.05rem, 1.3vw, 1.6rem); line-height: 1.45; }
.mv-title .mv-beside { font-size: 1rem; font-weight: 400; opacity: 0.75; }
.mv-grid { width: 100%; border-collapse: collapse; font-size: 0.93rem; }
.mv-grid :is(th, td) {
  text-align: left; vertical-align: top; padding: 6px 14px 6px 0; overflow-wrap: anywhere;
  border-bottom: 1px solid rgb(128 136 150 / 0.3);
}
.mv-grid .whole { white-space: nowrap; }
.mv-grid th { font-weight: 600; opacity: 0.75; }
.mv-grid.signs :is(th, td):first-child { width: 1.8em; font-weight: 600; }
.mv-grid .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.mv-grid :is(th, td).number:last-child { padding-right: 0; }
@media (max-width: 640px) {
  .mv-grid thead { display: none; }
  .mv-grid :is(tbody, tr, td) { display: block; border: 0; padding: 0; }
  .mv-grid tr { padding: 8px 0; border-bottom: 1px solid rgb(128 136 150 / 0.3); }
  .mv-grid.signs td:first-child { float: left; }
  .mv-grid.signs td:not(:first-child) { margin-left: 1.8em; }
  .mv-grid td.number { text-align: left; }
  .mv-grid td.number::before { content: attr(data-head) ": "; opacity: 0.75; }
  [data-testid="stMainBlockContainer"] { padding: 4.2rem 0.8rem 1rem; }
}
</style>
"""


def apply_style() -> None:
    """Add the style to the page."""
    st.html(_STYLE)
