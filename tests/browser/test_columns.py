"""A long picture in columns: what a person does there, in Chromium and in Firefox."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from modelviz.drawing import draw
from tests.view.test_view import decoder

from .both import in_both
from .browsers import opened

pytestmark = [pytest.mark.slow, in_both]

BOXES = """() => {
  const root = document.querySelector(".modelviz-viewer").shadowRoot;
  const shown = [...root.querySelectorAll("g.node[data-id]")];
  return Object.fromEntries(shown.map((one) => {
    const box = one.getBoundingClientRect();
    return [one.dataset.id, [box.left, box.top, box.right, box.bottom].map(Math.round)];
  }));
}"""
TALL = """(() => {
  const root = document.querySelector(".modelviz-viewer").shadowRoot;
  const { width, height } = root.querySelector(".mv-picture").viewBox.baseVal;
  return height > 4 * width;
})()"""
"""Whether it is the one column that the model is uncut."""
Boxes = dict[str, list[int]]
PATIENCE = 60


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture = draw(decoder(7), depth=3, fold=False)
    return picture.save(tmp_path_factory.mktemp("page") / "model.html")


@pytest.fixture
def page(browser: Browser, saved: Path) -> Iterator[Page]:
    with opened(browser, saved) as made:
        yield made


def wrapped(page: Page) -> Boxes:
    """Where the nodes are in columns."""
    page.get_by_role("button", name="Wrap into columns").click()
    expect(page.get_by_role("button", name="Wrap into columns", pressed=True)).to_be_visible()
    until_cut(page)
    return boxes(page)


def until(page: Page, expression: str) -> None:
    """Wait for something; Playwright's own waiting needs ``eval``, which the page forbids."""
    deadline = time.monotonic() + PATIENCE
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(50)


def until_cut(page: Page, cut: bool = True) -> None:
    """Wait until the picture is in columns, or is not, and nothing glides any more."""
    until(page, f"{TALL} !== {str(cut).lower()}")
    page.wait_for_timeout(400)


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
    assert all(box[1] >= 0 and box[3] <= 800 for box in after.values())
    until(page, "location.hash.includes('columns=1')")
    page.locator(".mv-canvas").focus()
    page.keyboard.press("w")
    expect(page.get_by_role("button", name="Wrap into columns", pressed=False)).to_be_visible()
    until_cut(page, cut=False)
    until(page, "!location.hash.includes('columns')")


def test_the_picture_in_columns_is_as_alive_as_the_other(page: Page) -> None:
    first = wrapped(page)
    page.locator(".mv-canvas").focus()
    # Keys go along the flow, from the foot of a column to the head of the next.
    said = page.locator(".mv-unseen")
    heard = []
    for _ in range(30):
        page.keyboard.press("ArrowDown")
        heard.append(said.inner_text())
    assert sum(one.startswith("Linear, q") for one in heard) >= 3
    # What stands in the next column is no branch: without one, the key leads into a block or on.
    page.keyboard.press("ArrowRight")
    assert said.inner_text() == heard[-1]
    # A block closes, and what follows moves up; search brings in what is far away.
    page.locator("g.header .sign.close").first.click(force=True)
    until(page, f"Object.keys(({BOXES})()).length < {len(first)}")
    page.keyboard.press("/")
    page.keyboard.type("layers.6.mlp.down")
    page.keyboard.press("Enter")
    until(page, "location.hash.includes('sel=') && location.hash.includes('columns=1')")
    url = page.url
    # The address leads to the same picture.
    page.goto("about:blank")
    page.goto(url)
    page.wait_for_selector(".mv-picture")
    until_cut(page)
    expect(page.get_by_role("button", name="Wrap into columns", pressed=True)).to_be_visible()
