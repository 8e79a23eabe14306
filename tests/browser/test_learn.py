"""What a person does with the page Learn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from modelviz.lessons import excerpt

from .both import in_both, write_anew
from .server import Server

pytestmark = pytest.mark.slow

PATIENCE = 60_000


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """The page, opened by a new visitor, who may leave no error."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    made = context.new_page()
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    context.request.get(server.entrance)
    made.goto(f"{server.url}/learn")
    line(made, "self.fc1(x)").wait_for()
    yield made
    context.close()
    assert errors == []


def line(page: Page, text: str) -> Locator:
    return page.locator(".lesson .line", has_text=text)


def lit(page: Page, kind: str) -> Locator:
    return page.locator(f".lesson {kind}.lit")


@in_both
def test_a_line_its_block_and_its_row_light_up_together(page: Page) -> None:
    line(page, "x = self.fc1(x)").hover()
    expect(lit(page, "rect")).to_have_attribute("aria-label", "Linear fc1")
    expect(lit(page, "tr")).to_contain_text("784·128 + 128 = 100,480")
    expect(page.locator(".says")).to_contain_text("from each of the 784 inputs")
    # The pointer goes away, and so does the light; a click keeps it.
    page.mouse.move(5, 5)
    expect(lit(page, "rect")).to_have_count(0)
    page.locator('.lesson rect[aria-label="Linear fc2"]').click()
    page.mouse.move(5, 5)
    expect(lit(page, ".line")).to_have_count(2)
    expect(lit(page, ".line").first).to_contain_text("self.fc2 = nn.Linear(128, 10)")
    page.keyboard.press("Escape")
    expect(lit(page, ".line")).to_have_count(0)
    # By keys alone.
    line(page, "self.relu = nn.ReLU()").focus()
    page.keyboard.press("Enter")
    expect(lit(page, "rect")).to_have_attribute("aria-label", "ReLU relu")


@in_both
def test_another_way_an_edit_and_a_failure(page: Page) -> None:
    page.get_by_role("radio", name="Modules inside modules").click()
    line(page, "x = self.branch(x)").click()
    expect(lit(page, "rect")).to_have_attribute("aria-label", "Sequential branch")
    assert page.url.endswith("/learn?lesson=complex_model")

    page.locator("label", has_text="Change the code").click()
    editor = page.get_by_role("textbox", name="The code of this lesson")
    code = excerpt("complex_model").text
    expect(editor).to_contain_text("class ComplexModel(nn.Module):")
    write_anew(editor, code.replace("nn.Linear(50, 10)", "nn.Linear(50, 7)"))
    page.get_by_role("button", name="Draw it").click()
    expect(page.locator(".lesson table")).to_contain_text("50·7 + 7 = 357")
    write_anew(editor, code.replace("nn.Linear(50, 10)", "nn.Linear(60, 10)"))
    editor.press("Control+Enter")
    expect(page.locator(".lesson .line.failed")).to_contain_text("self.shared_fc(x)")
    page.get_by_role("button", name="Back to the example").click()
    expect(page.locator(".lesson tr.total")).to_contain_text("5,560")


@in_both
def test_on_a_telephone_nothing_is_wider_than_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    line(page, "self.fc1(x)").click()
    expect(page.locator(".says")).to_be_in_viewport()
    wide = page.evaluate(
        "() => [...document.querySelectorAll('.stMain')].map((m) => m.scrollWidth - m.clientWidth)"
    )
    assert all(extra <= 0 for extra in wide)
