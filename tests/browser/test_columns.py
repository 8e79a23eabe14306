"""A long picture in columns: what a person does there, in Chromium and in Firefox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from modelviz.drawing import draw
from tests.view.test_view import decoder

from .both import in_both

pytestmark = [pytest.mark.slow, in_both]

BOXES = """() => {
  const root = document.querySelector(".modelviz-viewer").shadowRoot;
  const shown = [...root.querySelectorAll("g.node[data-id]")];
  return Object.fromEntries(shown.map((one) => {
    const box = one.getBoundingClientRect();
    return [one.dataset.id, [box.left, box.top, box.right, box.bottom].map(Math.round)];
  }));
}"""
Boxes = dict[str, list[int]]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = draw(decoder(7), depth=3, fold=False)
    return picture.save(tmp_path_factory.mktemp("page") / "model.html")


@pytest.fixture
def page(browser: Browser, saved: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    made.goto(saved.as_uri())
    made.wait_for_selector(".mv-picture")
    yield made
    assert errors == []
    context.close()


def wrapped(page: Page) -> Boxes:
    """Where the nodes are in columns."""
    page.get_by_role("button", name="Wrap into columns").click()
    expect(page.get_by_role("button", name="Wrap into columns", pressed=True)).to_be_visible()
    expect(page.get_by_text("(continued)").first).to_be_attached()
    page.wait_for_timeout(400)  # until nothing glides any more
    return boxes(page)


def boxes(page: Page) -> Boxes:
    found: Boxes = page.evaluate(BOXES)
    return found


def lefts(found: Boxes) -> set[int]:
    """The middles of the cards from left to right, to the nearest 100 pixels."""
    return {round((left + right) / 200) for left, _, right, _ in found.values()}


def test_a_long_picture_fills_the_window_and_is_one_column_again(page: Page) -> None:
    before = boxes(page)
    assert max(box[3] for box in before.values()) > 800
    after = wrapped(page)
    assert len(lefts(after)) > len(lefts(before)) + 2
    assert all(0 <= box[1] and box[3] <= 800 for box in after.values())
    assert "columns=1" in page.url
    page.locator(".mv-canvas").focus()
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="Wrap into columns", pressed=False)).to_be_visible()
    expect(page.get_by_text("(continued)")).to_have_count(0)
    assert "columns" not in page.url or page.wait_for_url("**/model.html*") is None


def test_the_picture_in_columns_is_as_alive_as_the_other(page: Page) -> None:
    order = [*wrapped(page)]
    canvas = page.locator(".mv-canvas")
    canvas.focus()
    # Keys go along the flow, from the foot of a column to the head of the next, and never across.
    page.keyboard.press("ArrowDown")
    seen = []
    for _ in range(20):
        seen.append(page.locator(".mv-panel .mv-path, .mv-inspector h2").first.inner_text())
        page.keyboard.press("ArrowDown")
    assert len(set(seen)) > 5 and len(order) > 20
    # A block closes, and the others close the gap; search opens it again and brings it in.
    page.locator("g.header .sign.close").first.click(force=True)
    page.wait_for_timeout(600)
    assert len(boxes(page)) < len(order)
    page.keyboard.press("/")
    page.keyboard.type("layers.6.mlp.down")
    page.keyboard.press("Enter")
    expect(page.get_by_text("(continued)").first).to_be_attached()
    page.wait_for_timeout(600)
    url = page.url
    assert "columns=1" in url and "sel=" in url
    # The address leads to the same picture.
    page.goto("about:blank")
    page.goto(url)
    expect(page.get_by_text("(continued)").first).to_be_attached()
