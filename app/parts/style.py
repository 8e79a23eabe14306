"""What Streamlit's theme cannot say: less empty space around a page that is about one picture."""

from __future__ import annotations

import streamlit as st

_STYLE = """
<style>
[data-testid="stMainBlockContainer"] { padding: 4.2rem 2rem 2rem; max-width: 1800px; }
[data-testid="stSidebarUserContent"] { padding-bottom: 2rem; }
.mv-title { font-size: 1.6rem; line-height: 1.3; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 4.2rem 0.8rem 1rem; }
}
</style>
"""


def apply_style() -> None:
    """Add the style to the page."""
    st.html(_STYLE)
