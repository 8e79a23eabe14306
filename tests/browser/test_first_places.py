"""A U is a U in the viewer, too, until something in it is opened: in Chromium and in Firefox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from modelviz import Diagram, trace
from modelviz.drawing import draw
from tests.render.u_nets import U_NETS

from .both import in_both
from .browsers import opened
from .test_columns import boxes

pytestmark = [pytest.mark.slow, in_both]


def drawn() -> Diagram:
    model, inputs = U_NETS["milesial"]()
    return draw(trace(model, input_data=inputs))


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    saved = drawn().save(tmp_path / "unet.html")
    with opened(browser, saved) as made:
        yield made


def test_skips_are_level_at_first_and_after_each_way_back(page: Page) -> None:
    diagram = drawn()
    first = boxes(page)
    exported = {name: found[0] for name, found in diagram.regions.items()}
    level = [
        (edge.source, edge.target)
        for edge in diagram.view.edges
        if exported[edge.source].right < exported[edge.target].left
        and abs(exported[edge.source].centre[1] - exported[edge.target].centre[1]) < 30
    ]
    assert len(level) >= 2
    for source, target in level:
        assert first[source][2] < first[target][0]
    page.get_by_label("Depth").select_option("2")
    page.wait_for_timeout(600)
    other = boxes(page)
    assert other.keys() != first.keys()
    page.get_by_label("Depth").select_option(index=0)
    page.wait_for_timeout(600)
    assert boxes(page).keys() == first.keys()
