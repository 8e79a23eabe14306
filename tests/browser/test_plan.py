"""What a person does with the page Plan, in Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from .chromium import chromium
from .server import serving

pytestmark = pytest.mark.slow

PATIENCE = 120_000


def test_a_plan_is_changed_and_the_page_goes_on(tmp_path: Path) -> None:
    expect.set_options(timeout=PATIENCE)
    with serving(tmp_path / "log") as server, chromium() as browser:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{server.url}/plan?model=gpt")
        expect(page.get_by_test_id("stAlert")).to_contain_text("Fits on H100 80 GB")
        expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
        expect(page.get_by_text("blocks.*.attention.qkv ×12").first).to_be_visible()
        # Another step: its figures come, and the page stays what it is meanwhile.
        batch = page.get_by_role("spinbutton", name="Batch")
        batch.fill("64")
        batch.press("Enter")
        expect(page.get_by_text("batch 64, seq 128")).to_be_visible()
        page.get_by_role("button", name="Find the formulas").click()
        expect(page.get_by_text("9216*batch*seq**2")).to_be_visible()
        assert errors == []
