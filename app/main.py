"""The app: what a model is, in a browser. Started by ``modelviz app`` or ``streamlit run``.

Streamlit imports this file for the server, and runs it as a script for the page of each visitor.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st
from parts import gate, link, state
from parts.compare import compare
from parts.explore import explore
from parts.learn import learn
from parts.planning import planning
from parts.style import apply_style

# Pixels: shapes of four dimensions, and their type beside them, can be read.
SIDEBAR = 340


def show() -> None:
    """Show the page that the visitor chose."""
    st.set_page_config(
        page_title="modelviz",
        page_icon=str(Path(__file__).with_name("icon.svg")),
        layout="wide",
        initial_sidebar_state=SIDEBAR,
    )
    apply_style()
    pages = {
        st.Page(explore, title="Explore", icon=":material/account_tree:", default=True): explore,
        st.Page(compare, title="Compare", icon=":material/compare_arrows:"): compare,
        st.Page(planning, title="Plan", icon=":material/memory:", url_path="plan"): planning,
        st.Page(learn, title="Learn", icon=":material/school:"): learn,
    }
    chosen = st.navigation(list(pages), position="top")
    link.read()
    link.follow(chosen.url_path)
    state.begin()
    # Not by chosen.run(): widgets of the main script keep their values, and what was just typed
    # into them is heard, when the page changes.
    pages[chosen]()


if __name__ == "__main__":
    show()
else:
    from starlette.middleware import Middleware

    guard = Middleware(gate.Gate, tokens=gate.tokens_of(sys.argv[1:]))
    app = st.App(__file__, lifespan=gate.opened, middleware=[guard])
