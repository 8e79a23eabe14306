"""What a person does with the viewer in an HTML file, in Chromium."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from modelviz.drawing import draw
from modelviz.graph import ModelGraph
from tests.graphs import GraphBuilder
from tests.render.models import residual

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow

PATIENCE = 20_000
SETTLED = 500
"""Milliseconds after which a transition and a glide are over."""
HOSTILE = "<img src=x onerror=\"document.title='hacked'\"></script><script>alert(1)</script>"
Opened = Callable[..., "Page"]


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Opened]:
    """A function that opens a page from disk; no script may fail, nothing may be fetched."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    def open_page(graph: ModelGraph, at: str = "", **options: object) -> Page:
        path = draw(graph, **options).save(tmp_path / "model.html")  # type: ignore[arg-type]
        return watched(path, at)

    def watched(path: Path, at: str = "") -> Page:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: said.type == "error" and faults.append(said.text))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.on(
            "request",
            lambda request: (
                request.url.split(":")[0] in ("file", "blob", "data") or faults.append(request.url)
            ),
        )
        page.goto(path.as_uri() + at)
        page.wait_for_selector(".mv-picture")
        return page

    yield open_page
    context.close()
    assert not faults


def node(page: Page, name: str) -> Locator:
    """The node whose card says a name or a class."""
    return page.locator(".node", has_text=name).first


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Details")


def ids(page: Page) -> list[str | None]:
    return [one.get_attribute("data-id") for one in page.locator(".node, .header").all()]


def top_and_middle(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box is not None
    return box["y"], box["x"] + box["width"] / 2


def nested() -> ModelGraph:
    """Two different stages, the second of repeated blocks, each of layers."""
    build = GraphBuilder("Nested")
    for path, kind in (("stem", "Stem"), ("body", "Body")):
        build.module(path, kind)
    for path in ("stem.conv", "stem.act", "body.0", "body.1", "body.2", "head"):
        kind = {"stem.conv": "Conv2d", "stem.act": "ReLU", "head": "Linear"}.get(path, "Block")
        build.module(path, kind)
    for index in range(3):
        build.module(f"body.{index}.fc", "Linear", "8, 8", {"weight": (8, 8)})
        build.module(f"body.{index}.act", "GELU")
    x = build.input(2, 8)
    with build.call("", x):
        with build.call("stem", x) as outputs:
            x = build.layer("stem.conv", x, "conv2d")
            x = build.layer("stem.act", x, "relu")
            outputs.append(x)
        with build.call("body", x) as outputs:
            for index in range(3):
                with build.call(f"body.{index}", x) as inner:
                    x = build.layer(f"body.{index}.fc", x, flops=256)
                    x = build.layer(f"body.{index}.act", x, "gelu")
                    inner.append(x)
            outputs.append(x)
        x = build.layer("head", x, flops=96)
    return build.graph(x)


def test_a_click_shows_the_details_and_lights_the_way(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    node(page, "Stem").click()
    panel(page).get_by_text("stem", exact=True).first.wait_for()
    assert "mv-focus" in (page.locator(".mv-picture").get_attribute("class") or "")
    assert page.locator(".node.mv-lit").count() == page.locator(".node").count()
    page.keyboard.press("Escape")
    assert not panel(page).is_visible()
    assert page.locator(".mv-lit").count() == 0


def test_a_double_click_opens_in_place_and_closes_again(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    before = top_and_middle(node(page, "Body"))
    node(page, "Body").dblclick()
    header = page.locator(".header", has_text="Body")
    header.wait_for()
    page.wait_for_timeout(SETTLED)
    ident = header.get_attribute("data-id")
    after = top_and_middle(page.locator(f'.group[data-id="{ident}"] .frame'))
    assert after == pytest.approx(before, abs=8)
    assert node(page, "Block").count() == 1
    box = header.bounding_box()
    assert box is not None
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    header.wait_for(state="detached")
    page.wait_for_timeout(SETTLED)
    assert top_and_middle(node(page, "Body")) == pytest.approx(before, abs=8)


def test_copies_unfold_and_fold(opened: Opened) -> None:
    page = opened(nested(), depth=2)
    assert page.locator(".node", has_text="Block").count() == 1
    page.locator(".badge.unfold").first.click()
    page.locator(".badge.fold").wait_for()
    assert page.locator(".node", has_text="Block").count() == 3
    page.locator(".badge.fold").click()
    page.locator(".badge.unfold").wait_for()
    assert page.locator(".node", has_text="Block").count() == 1


def test_an_edge_says_what_it_carries(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    box = page.locator(".edge .hit").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = page.get_by_role("tooltip")
    tip.wait_for()
    assert "2×8" in tip.inner_text() and "→" in tip.inner_text()
    page.mouse.move(5, 790)
    assert not tip.is_visible()


def test_a_search_opens_what_holds_the_hit(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    page.locator(".mv-canvas").press("/")
    page.keyboard.type("conv")
    page.keyboard.press("Enter")
    panel(page).get_by_text("stem.conv", exact=True).wait_for()
    assert page.locator("output.mv-count").inner_text() == "1 of 1"
    assert node(page, "Conv2d").is_visible()
    page.keyboard.press("Control+a")
    page.keyboard.type("linear")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_function("() => /#.*sel=/.test(location.href)")
    assert page.locator("output.mv-count").inner_text().startswith("2 of")


def test_the_keyboard_alone_is_enough(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.shadowRoot?.activeElement?.className") == (
            "mv-canvas"
        ):
            break
    status = page.locator(".mv-unseen[role=status]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert status.inner_text().startswith("Stem")
    page.keyboard.press("Enter")
    page.locator(".header", has_text="Stem").wait_for()
    page.keyboard.press("ArrowRight")
    assert status.inner_text().startswith("Conv2d")
    page.keyboard.press("ArrowLeft")
    assert status.inner_text().startswith("Stem")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog").is_visible()


def test_a_link_shows_the_same_picture(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    node(page, "Body").dblclick()
    page.locator(".badge.unfold").first.click()
    page.locator(".badge.fold").wait_for()
    node(page, "Block").click()
    page.get_by_label("Colour by").select_option("flops")
    page.get_by_label("Top to bottom").click()
    page.wait_for_function("() => /sel=.*heat=flops.*dir=LR/.test(location.href)")
    seen, address = ids(page), page.url
    page.reload()
    page.locator(".mv-selected").first.wait_for()
    assert ids(page) == seen
    assert page.get_by_label("Left to right").is_visible()
    assert panel(page).get_by_text("body.0", exact=True).first.is_visible()
    page.wait_for_timeout(SETTLED)
    assert page.url == address


def test_depths_and_closing_all(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    page.get_by_label("Depth").select_option("3")
    node(page, "GELU").wait_for()
    page.get_by_label("Close all blocks").click()
    node(page, "Body").wait_for()
    assert page.locator(".header").count() == 0


def test_it_is_dark_where_the_page_is_until_told_otherwise(opened: Opened) -> None:
    page = opened(residual())
    root = page.locator(".mv-root")
    assert root.get_attribute("data-theme") == "light"
    page.emulate_media(color_scheme="dark")
    page.locator(".mv-picture.dark").wait_for()
    assert root.get_attribute("data-theme") == "dark"
    page.get_by_label("Theme: as the page").click()
    page.locator(".mv-picture.light").wait_for()
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(SETTLED)
    assert root.get_attribute("data-theme") == "light"


def test_what_is_shown_is_saved_as_svg_and_png(opened: Opened, tmp_path: Path) -> None:
    page = opened(nested(), depth=1)
    node(page, "Stem").dblclick()
    page.locator(".header", has_text="Stem").wait_for()
    for kind in ("SVG", "PNG"):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=kind, exact=True).click()
        assert waiting.value.suggested_filename == f"Nested.{kind.lower()}"
        waiting.value.save_as(tmp_path / kind)
    texts = [one.text for one in ElementTree.parse(tmp_path / "SVG").iter() if one.text]
    assert {"Conv2d", "Nested", "Body"} <= set(texts)
    image = Image.open(tmp_path / "PNG").convert("RGB")
    assert image.width > 200 and len(image.getcolors(maxcolors=1_000_000) or ()) > 20


def test_a_path_is_copied(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    node(page, "Stem").click()
    page.get_by_label("Copy path").click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text === 'stem')")


def test_the_picture_moves_and_zooms(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    canvas = page.locator(".mv-canvas").bounding_box()
    assert canvas is not None
    x, y = canvas["x"] + 100, canvas["y"] + 100
    before = top_and_middle(node(page, "Stem"))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=4)
    page.mouse.up()
    assert top_and_middle(node(page, "Stem")) == pytest.approx((before[0] + 40, before[1] + 60))
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    page.wait_for_timeout(SETTLED)
    larger = node(page, "Stem").bounding_box()
    page.get_by_label("Fit the whole picture").click()
    page.wait_for_timeout(SETTLED)
    fitted = node(page, "Stem").bounding_box()
    assert larger is not None and fitted is not None and larger["width"] > fitted["width"]
    assert top_and_middle(node(page, "Stem")) == pytest.approx(before, abs=1)


def test_a_failed_forward_leads_to_the_layer(opened: Opened) -> None:
    import torch
    from torch import nn

    from modelviz import TraceError, trace

    model = nn.Sequential(nn.Sequential(nn.Linear(4, 8)), nn.Sequential(nn.Linear(9, 2)))
    with pytest.raises(TraceError) as caught:
        trace(model, input_data=torch.zeros(2, 4))
    page = opened(caught.value.graph)
    assert "cannot be multiplied" in page.get_by_role("alert").first.inner_text()
    page.get_by_role("button", name="Go to the failing layer").click()
    panel(page).get_by_text("The forward failed here.").wait_for()
    assert panel(page).get_by_text("1.0", exact=True).is_visible()


def test_a_model_that_was_not_run_says_so(opened: Opened) -> None:
    from torch import nn

    from modelviz import trace

    page = opened(trace(nn.Sequential(nn.Linear(4, 8), nn.ReLU()), execution="none"))
    assert page.get_by_text("This model was not run").is_visible()
    assert node(page, "Linear").is_visible()


def test_names_are_text(opened: Opened) -> None:
    build = GraphBuilder(HOSTILE)
    build.module(HOSTILE, HOSTILE)
    x = build.input(1, 2, name=HOSTILE)
    with build.call("", x):
        y = build.layer(HOSTILE, x, "relu")
    page = opened(build.graph(y))
    page.locator(".node").nth(1).click()
    panel(page).wait_for()
    assert panel(page).get_by_role("heading", level=2).inner_text() == HOSTILE
    assert page.locator("img").count() == 0
    assert page.title() == HOSTILE


def test_a_narrow_screen_has_room_for_all_of_it(opened: Opened) -> None:
    page = opened(nested(), depth=1)
    page.set_viewport_size({"width": 360, "height": 640})
    node(page, "Stem").click()
    box = panel(page).bounding_box()
    assert box is not None and box["width"] >= 358 and box["y"] > 200
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    for control in page.locator(".mv-toolbar button:visible, .mv-toolbar select").all():
        place = control.bounding_box()
        assert place is not None and place["x"] >= 0 and place["x"] + place["width"] <= 360
    bar = page.locator(".mv-toolbar").bounding_box()
    assert bar is not None and bar["height"] < 125, "more than three rows"


def test_without_scripts_there_is_a_picture(browser: Browser, tmp_path: Path) -> None:
    path = draw(residual()).save(tmp_path / "model.html")
    page = browser.new_page(java_script_enabled=False)
    page.goto(path.as_uri())
    assert page.locator("noscript svg").is_visible()
    page.close()


def test_a_notebook_cell_shows_the_viewer_in_a_frame(browser: Browser, tmp_path: Path) -> None:
    cell = draw(nested())._repr_mimebundle_()["text/html"]
    path = tmp_path / "notebook.html"
    path.write_text(
        f"<!doctype html><body style='background: #111'>{cell}{cell}</body>", encoding="utf-8"
    )
    page = browser.new_page()
    page.goto(path.as_uri())
    frames = page.locator("iframe")
    frames.nth(1).wait_for()
    assert frames.count() == 2
    for index in range(2):
        viewer = frames.nth(index).content_frame
        viewer.locator(".mv-picture.dark").wait_for()
    viewer.locator(".node", has_text="Linear").first.click()
    assert viewer.get_by_role("complementary", name="Details").is_visible()
    page.close()


def test_one_cell_of_a_notebook_has_the_code_for_all(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelviz.viewer import notebook

    def cell(model: ModelGraph, carries: bool) -> str:
        monkeypatch.setattr(notebook, "carries_code", lambda: carries)
        return draw(model)._repr_mimebundle_()["text/html"]

    cells = [cell(nested(), False), cell(residual(), False), cell(residual(2), True)]
    assert len(cells[2]) > 10 * len(cells[0])
    page = browser.new_page()
    path = tmp_path / "notebook.html"
    # A notebook that shows its cells in another order, and one that lost the one with the code.
    for shown, alive in ((cells, 3), (cells[:2], 0)):
        path.write_text(f"<!doctype html><body>{''.join(shown)}</body>", encoding="utf-8")
        page.goto(path.as_uri())
        for index in range(alive):
            page.locator("iframe").nth(index).content_frame.locator(".mv-picture").wait_for()
        page.wait_for_function("document.images.length === 0 || document.images[1].complete")
        assert page.locator("iframe").count() == alive
        assert page.locator("img").count() == len(shown) - alive
    page.close()


def test_a_cell_is_a_picture_until_it_runs_and_a_viewer_each_time_it_does(
    browser: Browser, tmp_path: Path
) -> None:
    cell = draw(nested())._repr_mimebundle_()["text/html"]
    path = tmp_path / "notebook.html"
    path.write_text("<!doctype html><body><div id='output'></div></body>", encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    for _ in range(2):
        # As a notebook shows an output: first the saved one, whose scripts do not run.
        page.evaluate("(cell) => document.querySelector('#output').innerHTML = cell", cell)
        image = page.locator("#output img")
        assert image.evaluate("(image) => image.decode().then(() => image.naturalWidth)") > 100
        assert page.locator("iframe").count() == 0
        page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = document.querySelector("#output script").textContent;
              document.querySelector("#output").append(script);
            }"""
        )
        page.locator("iframe").content_frame.locator(".mv-picture").wait_for()
        assert page.locator("iframe").count() == 1
        assert image.count() == 0
    page.close()


def test_time_is_shown_where_it_was_measured(opened: Opened) -> None:
    from torch import nn

    from modelviz import trace

    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
    page = opened(trace(model, (2, 8)))
    assert "time" not in choices_of(page)
    page.close()
    page = opened(trace(model, (2, 8), timed=True))
    assert "time" in choices_of(page)
    page.get_by_label("Colour by").select_option("seconds")
    page.get_by_role("note", name="Legend").get_by_text(re.compile(r"time .* [mµn]?s$")).wait_for()
    node(page, "Linear").click()
    assert panel(page).get_by_role("row", name=re.compile(r"Time .* [mµn]?s")).is_visible()


def choices_of(page: Page) -> list[str]:
    return page.get_by_label("Colour by").locator("option").all_inner_texts()


def large() -> ModelGraph:
    """10,000 layers in 25 parts of 20 blocks of 20, all of them different."""
    build = GraphBuilder("Large")
    random.seed(0)
    wide = [random.randint(1, 60) for _ in range(10_001)]
    x = build.input(2, wide[0])
    done = 0
    with build.call("", x):
        for part in range(25):
            build.module(f"{part}", "Sequential")
            with build.call(f"{part}", x) as outer:
                for block in range(20):
                    path = f"{part}.{block}"
                    build.module(path, "Sequential")
                    with build.call(path, x) as inner:
                        for layer in range(20):
                            before, after = wide[done : done + 2]
                            weight = {"weight": (after, before)}
                            build.module(f"{path}.{layer}", "Linear", f"{before}, {after}", weight)
                            x = build.layer(f"{path}.{layer}", x)
                            done += 1
                        inner.append(x)
                outer.append(x)
    return build.graph(x)


def test_ten_thousand_layers_open_and_expand(browser: Browser, tmp_path: Path) -> None:
    """How long that takes is for ``python -m benchmarks.viewer`` to say."""
    path = draw(large(), depth=1).save(tmp_path / "large.html")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_selector(".mv-picture")
    assert len(ids(page)) <= 60
    for _ in range(2):
        before = len(ids(page))
        page.locator(".sign.open").first.click()
        page.wait_for_timeout(SETTLED)
        assert len(ids(page)) > before
    page.get_by_label("Search path, class or op").fill("linear")
    page.locator(".mv-count", has_text=re.compile(r"\d found")).wait_for()
    page.get_by_label("Depth").select_option("3")
    for _ in range(60):
        page.get_by_label("Fit the whole picture").click()
        page.wait_for_timeout(SETTLED)
        if page.locator(".coarse .found").count():
            break
    assert page.locator(".coarse .found").count() > 0
    assert page.locator(".node").count() == 0, "from far, boxes without elements of their own"
    page.close()
