"""The viewer in a Streamlit script, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from modelviz.view.making import document_of
    from modelviz.viewer.component import viewer
    from tests.render.models import residual

    document = document_of(residual()).to_dict()
    left = viewer(document, key="left", select="head", state="sel=c2")
    right = viewer(document, key="right")
    st.text(f"{left.selected} {left.state} {right.selected} {right.state!r}")


@pytest.mark.filterwarnings("ignore")
def test_two_viewers_on_a_page_each_say_what_they_show() -> None:
    app = AppTest.from_function(script, default_timeout=30).run()
    assert not app.exception
    assert app.text[0].value == "head sel=c2 None ''"
    assert app.run().text[0].value == "head sel=c2 None ''"
