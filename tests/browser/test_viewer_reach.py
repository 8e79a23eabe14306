"""Whoever uses the viewer by fingers, by keys or on paper reaches all of it, in Chromium."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from modelviz.drawing import draw
from modelviz.graph import Finding, ModelGraph
from tests.graphs import GraphBuilder

from .both import in_both

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.slow

BRANCHES = 3
SMALL_ONES = """() => {
  const root = document.querySelector(".modelviz-viewer").shadowRoot;
  const controls = root.querySelectorAll("button, select, input, a, summary, [role=option]");
  const boxes = [...controls].map((one) => [one, one.getBoundingClientRect()]);
  const shown = boxes.filter(([, box]) => box.width && box.height);
  const small = shown.filter(([, box]) => box.width < 32 || box.height < 32);
  return [shown.length, small.map(([one, box]) => `${one.outerHTML} ${box.width} ${box.height}`)];
}"""


AT = """([x, y]) => {
  const root = document.querySelector(".modelviz-viewer").shadowRoot;
  return root.elementFromPoint(x, y)?.closest(".node")?.dataset.id;
}"""
"""The node at a point of the window."""


def branching() -> ModelGraph:
    """Parallel branches of two layers each, the second of them a block, which meet in one op."""
    build = GraphBuilder("Branching")
    for index in range(BRANCHES):
        build.module(f"branch{index}", "Branch" if index == 1 else "Linear", "", {"weight": (8, 8)})
        build.module(f"last{index}", f"Last{index}")
    build.module("branch1.inner", "Inner", "", {"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        ends = []
        for index in range(BRANCHES):
            if index == 1:
                with build.call("branch1", x) as outputs:
                    y = build.layer("branch1.inner", x)
                    outputs.append(y)
            else:
                y = build.layer(f"branch{index}", x)
            ends.append(build.layer(f"last{index}", y))
        x = build.op("cat", *ends)
    return build.graph(x)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    finding = Finding("MV101", "warning", "is never called", path="last0", hint="call it")
    graph = replace(branching(), findings=(finding,))
    return draw(graph, expand="branch1").save(tmp_path_factory.mktemp("page") / "model.html")


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 800})
    yield made
    made.close()


def opened(context: BrowserContext, path: Path) -> Page:
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(".mv-picture")
    return page


def test_arrow_keys_alone_reach_every_branch(context: BrowserContext, saved: Path) -> None:
    page = opened(context, saved)
    selected = page.locator("[data-id].mv-selected")
    page.locator(".mv-canvas").focus()
    page.keyboard.press("ArrowDown")
    ways = {selected.first.get_attribute("data-id"): ""}
    waiting = list(ways)
    while waiting:
        start = waiting.pop(0)
        for key in ("ArrowDown", "ArrowUp", "ArrowRight", "ArrowLeft"):
            page.locator(f':is(.node, .header)[data-id="{start}"]').dispatch_event("click")
            page.keyboard.press(key)
            found = selected.first.get_attribute("data-id")
            if found not in ways:
                ways[found] = f"{ways[start]} {key}"
                waiting.append(found)
    nodes = {one.get_attribute("data-id") for one in page.locator(".node").all()}
    assert nodes - ways.keys() == set()
    right = [ways[one] for one in nodes if "ArrowRight" in ways[one]]
    assert len(right) >= BRANCHES - 1, "from one branch to the next"


def test_fingers_find_room_in_every_panel(browser: Browser, saved: Path) -> None:
    narrow = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True)
    page = opened(narrow, saved)

    def expect_room(least: int) -> None:
        shown, small = page.evaluate(SMALL_ONES)
        assert small == []
        assert shown >= least

    expect_room(12)
    page.get_by_role("button", name="Show or hide the list").tap()
    page.locator(".mv-entry").wait_for()
    expect_room(16)
    page.get_by_role("button", name="Show or hide the list").tap()
    page.locator(".node", has_text="last0").tap()
    page.get_by_role("complementary", name="Details").wait_for()
    assert page.locator(".mv-link").count() >= 2
    expect_room(18)
    page.get_by_label("Search path, class or op").fill("branch")
    page.get_by_role("option").first.wait_for()
    expect_room(20)
    page.get_by_role("button", name="Keys and mouse").tap()
    page.get_by_role("dialog").wait_for()
    expect_room(15)
    narrow.close()


def printed(page: Page, folder: Path) -> Image.Image:
    """The first and only page, as a picture."""
    file = folder / "printed.pdf"
    page.pdf(path=file, prefer_css_page_size=True)
    pages = subprocess.run(["pdfinfo", file], capture_output=True, text=True, check=True).stdout
    assert "Pages:           1\n" in pages
    command = ["pdftoppm", "-r", "50", "-png", "-singlefile", file, folder / "printed"]
    subprocess.run(command, check=True)
    return Image.open(folder / "printed.png").convert("RGB")


def texts(folder: Path) -> list[str]:
    command = ["pdftotext", folder / "printed.pdf", "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_paper_has_the_whole_diagram_alone_in_light_colours(
    browser: Browser, saved: Path, tmp_path: Path, colours: str
) -> None:
    context = browser.new_context(viewport={"width": 900, "height": 500})
    page = context.new_page()
    page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
    page.goto(saved.as_uri())
    page.wait_for_selector(f".mv-picture.{colours}")
    page.locator(".node", has_text="last0").click()  # a panel, and lit edges
    for _ in range(4):
        page.keyboard.press("+")
    picture = printed(page, tmp_path)
    words = texts(tmp_path)
    names = {"Branching", *(f"Last{index}" for index in range(BRANCHES)), "Inner", "output"}
    assert [name for name in names if not any(name in word for word in words)] == []
    assert not {"Search", "Depth", "Centre", "Details", "SVG"} & set(words)
    # Nothing is cut: the edge of the page is white all around.
    width, height = picture.size
    edges = [(0, 0, width, 15), (0, height - 15, width, height), (0, 0, 15, height)]
    for edge in (*edges, (width - 15, 0, width, height)):
        assert picture.crop(edge).getcolors() == [
            (picture.crop(edge).size[0] * picture.crop(edge).size[1], (255, 255, 255))
        ]
    assert len(picture.getcolors(1 << 20) or ()) > 40, "the colours of the kinds"
    assert page.locator(".modelviz-sheet").count() == 0
    context.close()


def test_a_wide_diagram_is_printed_across(
    context: BrowserContext, saved: Path, tmp_path: Path
) -> None:
    page = opened(context, saved)
    page.get_by_label("Top to bottom").click()
    page.get_by_label("Left to right").wait_for()
    page.wait_for_url("**dir=LR**")
    width, height = printed(page, tmp_path).size
    assert width > height


def test_keys_act_in_a_page_of_its_own_before_anything_is_clicked(
    context: BrowserContext, saved: Path
) -> None:
    page = opened(context, saved)
    page.keyboard.press("ArrowDown")
    selected = page.locator("[data-id].mv-selected").first
    first = selected.get_attribute("data-id")
    page.keyboard.press("ArrowDown")
    assert selected.get_attribute("data-id") != first
    page.reload()
    page.wait_for_selector(".mv-picture")
    page.keyboard.press("/")
    page.keyboard.type("last0")
    page.get_by_role("option").first.wait_for()


def test_at_twice_its_size_the_details_leave_room_for_both(browser: Browser, saved: Path) -> None:
    """A window of 1280 by 800 at a zoom of 200%."""
    zoomed = browser.new_context(viewport={"width": 640, "height": 400})
    page = opened(zoomed, saved)
    page.locator(".node", has_text="last0").click()
    details = page.get_by_role("complementary", name="Details")
    box, canvas = details.bounding_box(), page.locator(".mv-canvas").bounding_box()
    assert box is not None and canvas is not None
    assert box["height"] > 200
    assert box["width"] <= canvas["width"] / 2 + 1
    zoomed.close()


def test_a_list_beside_the_picture_leaves_the_selected_part_in_sight(
    context: BrowserContext, saved: Path
) -> None:
    page = opened(context, saved)
    page.set_viewport_size({"width": 1000, "height": 640})
    page.locator(".mv-canvas").focus()
    page.keyboard.press("n")
    part = page.locator(".node.mv-selected").first
    part.wait_for()
    for _ in range(2):  # the list is shown, and hidden again
        page.get_by_role("button", name="Show or hide the list").click()
        page.wait_for_timeout(500)
        box = part.bounding_box()
        assert box is not None
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
        assert page.evaluate(AT, middle) == part.get_attribute("data-id")


CUT = """() => {
  const root = document.querySelector(".modelviz-viewer").shadowRoot;
  const cut = [];
  for (const select of root.querySelectorAll("select")) {
    for (const option of [...select.options].filter((one) => !one.hidden)) {
      const alone = select.cloneNode(false);
      alone.append(option.cloneNode(true));
      alone.style.cssText = "position: absolute; flex: none; width: auto; max-width: none";
      select.parentNode.append(alone);
      if (alone.offsetWidth > select.offsetWidth) cut.push(`${select.title}: ${option.text}`);
      alone.remove();
    }
  }
  for (const one of root.querySelectorAll(".mv-toolbar *")) {
    const box = one.getBoundingClientRect();
    const hides = getComputedStyle(one).overflowX !== "visible";
    const out = box.right > innerWidth || box.left < 0;
    if (box.width && out) cut.push(`outside: ${one.outerHTML}`);
    if (hides && one.scrollWidth > one.clientWidth) cut.push(`cut: ${one.textContent}`);
  }
  return cut;
}"""
"""Choices that are wider than the box that shows them, and what is cut or outside of the window."""


@in_both
@pytest.mark.parametrize("width", [320, 360, 390])
def test_on_a_phone_every_control_is_whole(browser: Browser, saved: Path, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 700})
    page = opened(context, saved)
    assert page.locator(".mv-toolbar select").count() == 2
    assert page.evaluate(CUT) == []
    search = page.locator(".mv-search").bounding_box()
    name = page.locator(".mv-name").bounding_box()
    assert search is not None
    assert name is not None
    assert search["width"] > width / 3
    assert name["height"] < 2 * search["height"]
    context.close()
