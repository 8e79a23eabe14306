"""What a person does with the page Plan."""

from __future__ import annotations

import re
import time
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from .both import in_both
from .server import Server

pytestmark = pytest.mark.slow

PATIENCE = 120_000


@in_both
def test_a_plan_is_changed_and_the_page_goes_on(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    context.request.get(server.entrance)
    page.goto(f"{server.url}/plan?model=gpt")
    expect(page.get_by_test_id("stAlert")).to_contain_text("Fits on H100 80 GB", timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible(
        timeout=PATIENCE
    )
    expect(page.get_by_text("blocks.*.attention.qkv ×12").first).to_be_visible(timeout=PATIENCE)
    # Another step: its figures come, and the page stays what it is meanwhile.
    # Typed: a value that Playwright sets in Firefox is one that the page does not hear of.
    page.get_by_role("spinbutton", name="Batch").click()
    page.keyboard.type("64")
    page.keyboard.press("Enter")
    expect(page.get_by_text("batch 64, seq 128")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Plan other sizes").click()
    expect(page.get_by_text("Peak by seq (batch 64)")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(3, timeout=PATIENCE)
    page.get_by_role("button", name="Find the formulas").click()
    expect(page.get_by_text("9216*batch*seq**2")).to_be_visible(timeout=PATIENCE)
    # On a telephone nothing of the charts and tables is beyond the page.
    page.set_viewport_size({"width": 360, "height": 900})
    beyond = """() => [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg, ' +
        '[data-testid=stVegaLiteChart] svg *, .mv-grid')]
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).length"""
    deadline = time.monotonic() + 60
    while page.evaluate(beyond):
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)
    assert errors == []
    context.close()


@in_both
def test_the_browsers_way_back_leads_through_what_was_typed(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    context.request.get(server.entrance)
    page.goto(f"{server.url}/plan?model=gpt")
    boxes = {name: page.get_by_role("spinbutton", name=name) for name in ("Batch", "Context")}
    expect(page.get_by_text("batch 1, seq 128")).to_be_visible(timeout=PATIENCE)
    steps = [("Batch", "4"), ("Context", "16"), ("Batch", "2")]
    held = [{"Batch": "", "Context": ""}]
    for name, size in steps:
        boxes[name].click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(size)
        page.keyboard.press("Enter")
        held.append(held[-1] | {name: size})
        _expect_sizes(page, boxes, held[-1])
    for sizes in held[-2::-1]:
        page.go_back()
        _expect_sizes(page, boxes, sizes)
    page.go_forward()
    _expect_sizes(page, boxes, held[1])
    context.close()


def _expect_sizes(page: Page, boxes: dict[str, Locator], sizes: dict[str, str]) -> None:
    """Wait until the widgets, the address and the plan are of these sizes."""
    names = {"Batch": "batch", "Context": "seq"}
    said = {"model": "gpt"} | {names[name]: size for name, size in sizes.items() if size}
    for name, size in sizes.items():
        expect(boxes[name]).to_have_value(size, timeout=PATIENCE)
    expect(page).to_have_url(re.compile(re.escape(urlencode(said)) + "$"), timeout=PATIENCE)
    plan = f"batch {sizes['Batch'] or 1}, seq {sizes['Context'] or 128}"
    expect(page.get_by_text(plan)).to_be_visible(timeout=PATIENCE)
