"""What a person does with the app, against the real command."""

from __future__ import annotations

import json
import math
import os
import re
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from torch import nn

from modelviz import trace

from .both import in_both, write_anew
from .server import Server, serving

pytestmark = pytest.mark.slow

SECONDS = 1000
PATIENCE = 60 * SECONDS
BROKEN = """\
from torch import nn

class Broken(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.head = nn.Linear(7, 10)

    def forward(self, x):
        return self.head(self.conv(x).mean((2, 3)))
"""
TWICE = """\
from torch import nn

class Twice(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(4, 8), nn.Linear(8, 2), nn.Softmax(1))
"""
LONG = """\
from torch import nn

class Long(nn.Sequential):
    def __init__(self):
        super().__init__(*[nn.Linear(4, 4) for _ in range(2000)])
"""
UPLOADERS = {
    "Model file": "An exported program (.pt2), ONNX, TorchScript, or weights",
    "Saved graph": "A graph saved by",
}
SLOW = """\
import time
from torch import nn

def model():
    time.sleep({seconds})
    return nn.Linear(4, 4)
"""

HOSTILE = """\
import torch
from torch import nn

def model():
    net = type({name!r}, (nn.Sequential,), {{}})()
    net.add_module({part!r}, nn.Linear(4, 4))
    return net, torch.zeros(1, 4)
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new visitor, who may leave no error in the console."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    errors: list[str] = []
    made.on("pageerror", lambda error: errors.append(str(error)))
    outside: list[str] = []
    made.on("request", lambda request: outside.append(request.url))
    yield made
    context.close()
    assert errors == []
    elsewhere = [
        url for url in outside if not re.match(r"(http|ws)://127\.0\.0\.1:|data:|blob:", url)
    ]
    assert elsewhere == []


def enter(page: Page, server: Server) -> None:
    """Let this browser in: it has the token from then on."""
    page.context.request.get(server.entrance)


def open_page(page: Page, server: Server, path: str = "/") -> None:
    enter(page, server)
    page.goto(server.url + path)
    figure(page, "Parameters").wait_for()


def figure(page: Page, label: str) -> Locator:
    return page.get_by_test_id("stMetric").filter(has_text=label).first


def expect_figure(page: Page, label: str, value: str) -> None:
    """Wait until the figure is this: a page that is drawn anew still shows what it did before."""
    expect(figure(page, label).get_by_test_id("stMetricValue")).to_have_text(value)


def heading(page: Page, name: str) -> Locator:
    # What the page showed before stays until what it shows now is complete.
    return page.locator("h1", has_text=name).first


def choose(page: Page, label: str, option: str, place: int = 0) -> None:
    box = page.get_by_role("combobox", name=label, exact=True).nth(place)
    wanted = page.get_by_role("option", name=option, exact=True)
    # A list that opens while the page still moves closes again.
    wait_for(page, lambda: box.click() or page.wait_for_timeout(300) or wanted.count())
    wanted.click()


def layer(page: Page, text: str) -> Locator:
    """A box of the picture."""
    return page.locator("[data-id]", has_text=text).first


def double_click(place: Locator) -> None:
    place.dblclick()
    browser = place.page.context.browser
    if browser is not None and browser.browser_type.name == "firefox":
        # What Playwright sends to Firefox are two clicks, which it does not take for a double one.
        place.dispatch_event("dblclick")


def address(page: Page) -> dict[str, str]:
    return {name: held[0] for name, held in parse_qs(urlparse(page.url).query).items()}


def wait_for(page: Page, what: Any) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE / SECONDS
    while not what():
        assert time.monotonic() < deadline
        page.wait_for_timeout(100)


def run_code(page: Page, code: str) -> None:
    page.get_by_role("radio", name="Python code").click()
    write_anew(page.get_by_role("textbox", name="Python code"), code)
    page.get_by_role("button", name="Run", exact=True).click()


def upload(page: Page, kind: str, file: Any) -> None:
    """Give a file to the uploader of this kind, once it is there: another's may be until then."""
    page.get_by_role("radio", name=kind).click()
    page.get_by_text(UPLOADERS[kind]).wait_for()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)


def save_weights(file: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    """Zeros of these shapes, in the format of safetensors."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 4 * math.prod(shape)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))


# -- what a person does ---------------------------------------------------------------------------


@in_both
def test_a_diagram_is_there_before_anything_is_typed(page: Page, server: Server) -> None:
    enter(page, server)
    page.goto(server.url)
    heading(page, "Transformer").wait_for()
    layer(page, "EncoderLayer").wait_for()
    expect_figure(page, "Parameters", "2.12 M")


@in_both
def test_pick_open_search_click_and_read(page: Page, server: Server) -> None:
    open_page(page, server)
    choose(page, "Model", "residual cnn")
    heading(page, "ResidualCNN").wait_for()
    expect_figure(page, "Parameters", "1.08 M")
    # Open a block.
    double_click(layer(page, "ResidualBlock"))
    wait_for(page, lambda: address(page).get("view", "").startswith("open="))
    # Search.
    search = page.get_by_placeholder("Search path, class or op")
    search.fill("BatchNorm2d")
    search.press("Enter")
    page.get_by_text(re.compile(r"^\d+ (of|/) \d+")).first.wait_for()
    # Click a layer, read the inspector.
    layer(page, "Conv2d").click()
    page.get_by_text("torch.nn.modules.conv.Conv2d").wait_for()
    wait_for(page, lambda: address(page).get("select") == "stem.0")


@in_both
def test_a_click_in_the_picture_selects_the_row_and_the_other_way_round(
    page: Page, server: Server
) -> None:
    open_page(page, server)
    layer(page, "FeedForward").click()
    wait_for(page, lambda: address(page).get("select") == "encoder.0.feed_forward")
    page.get_by_role("tab", name="Table").click()
    table = page.get_by_test_id("stDataFrame").first
    table.wait_for()
    page.wait_for_timeout(1 * SECONDS)
    box = table.bounding_box()
    assert box is not None
    # The second row, below the titles: rows are drawn on a canvas, and have no elements.
    page.mouse.click(box["x"] + 20, box["y"] + 35 * 2.5)
    wait_for(page, lambda: address(page).get("select") == "tokens")
    page.get_by_role("tab", name="Diagram").click()
    page.get_by_text("torch.nn.modules.sparse.Embedding").wait_for()


def test_switch_the_theme(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_text("Picture", exact=True).click()
    choose(page, "Theme", "Dark")
    wait_for(page, lambda: address(page).get("theme") == "dark")
    # The page itself follows the system.
    page.emulate_media(color_scheme="dark")
    wait_for(
        page,
        lambda: (
            page.evaluate(
                "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
            )
            == "rgb(18, 22, 29)"
        ),
    )


@in_both
def test_colours_by_time_measure_it(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_text("Picture", exact=True).click()
    choose(page, "Colour by", "Time")
    page.get_by_text(re.compile(r"time [\d.]+ [µm]?s")).first.wait_for()
    layer(page, "FeedForward").click()
    page.get_by_role("row", name=re.compile(r"Time [\d.]+ [µm]?s")).wait_for()


@in_both
def test_download_an_svg_and_a_pdf(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_role("button", name="Download").first.click()
    for label, starts in (("SVG picture", (b"<?xml", b"<svg")), ("PDF page", (b"%PDF",))):
        page.get_by_role("button", name=label).click()
        name = f"Transformer.{label[:3].lower()}"
        with page.expect_download() as download:
            page.get_by_role("button", name=f"Save {name}").click()
        assert Path(download.value.path()).read_bytes().startswith(starts)
        assert download.value.suggested_filename == name


def test_a_download_that_cannot_be_made_says_why(page: Page, server: Server) -> None:
    open_page(page, server, "/?depth=1&fold=no")
    run_code(page, LONG)
    heading(page, "Long").wait_for()
    page.get_by_role("button", name="Download").first.click()
    page.get_by_role("button", name="PNG picture").click()
    page.get_by_text("more than an image can hold").wait_for()
    page.get_by_text("Depth and folding are on the left, under Picture.").wait_for()
    assert page.get_by_role("button", name="Save Long.png").count() == 0
    # What needs no image is made all the same.
    page.get_by_role("button", name="Graphviz DOT").click()
    page.get_by_role("button", name="Save Long.dot").wait_for()


@in_both
def test_compare_leads_from_change_to_change(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_role("link", name="Compare").click()
    page.get_by_text("What differs").wait_for()
    heading(page, "GPT").wait_for()
    heading(page, "Transformer").wait_for()
    page.get_by_text("+4.21 M").first.wait_for()
    # The list of the viewer, in the order of the table below it.
    listed = page.locator(".mv-entry strong")
    listed.first.wait_for()
    cells = page.locator('[data-head="Where"]')
    cells.first.wait_for()
    total = listed.count()
    expect(cells).to_have_text(listed.all_inner_texts(), use_inner_text=True)
    # By button, by key, by a click in the list.
    page.get_by_role("button", name="Next (N)").click()
    count = page.locator(".mv-review .mv-count")
    expect(count).to_have_text(f"1 of {total}")
    page.keyboard.press("n")
    expect(count).to_have_text(f"2 of {total}")
    page.keyboard.press("p")
    page.keyboard.press("p")
    expect(count).to_have_text(f"{total} of {total}")
    added = page.locator(".mv-entry", has=page.locator(".mv-added")).first
    added.click()
    expect(page.locator("li[data-here] .mv-added")).to_be_visible()
    page.locator(".node.mv-selected", has_text="+ ").first.wait_for()
    # Files of it.
    page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Changes as Markdown").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save transformer-to-gpt.md").click()
    assert Path(download.value.path()).read_text().startswith("**transformer → gpt: ")
    # Nothing is cut on a telephone.
    page.set_viewport_size({"width": 390, "height": 900})
    page.get_by_text("from transformer to gpt").wait_for()
    wide = "[...document.querySelectorAll('.mv-grid')].map((e) => e.scrollWidth - e.clientWidth)"
    wait_for(page, lambda: max(page.evaluate(wide)) <= 0)
    page.set_viewport_size({"width": 1440, "height": 900})
    choose(page, "Model", "residual cnn", place=1)
    wait_for(page, lambda: address(page).get("model2") == "gallery:residual_cnn")
    heading(page, "ResidualCNN").wait_for()


@in_both
def test_findings_lead_to_the_part(page: Page, server: Server) -> None:
    open_page(page, server)
    run_code(page, TWICE)
    heading(page, "Twice").wait_for()
    # In the picture: a sign on the part, a list, steps.
    layer(page, "▲ Linear").wait_for()
    page.locator(".mv-listed", has_text="Findings").click()
    page.locator(".mv-entry", has_text="MV501").first.click()
    page.locator(".mv-inspector .mv-warning").first.wait_for()
    # In the tab: the rule, its page, and the way to the part.
    page.get_by_role("tab", name="Findings").click()
    page.get_by_text("linear-after-linear").first.wait_for()
    page.get_by_role("button", name="MV501").click()
    page.get_by_role("heading", name="MV501 linear-after-linear").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Show the part").first.click()
    page.get_by_role("tab", name="Diagram", selected=True).wait_for()
    page.locator(".node.mv-selected").first.wait_for()


def test_break_a_model_and_read_the_error(page: Page, server: Server) -> None:
    open_page(page, server)
    run_code(page, BROKEN)
    page.get_by_text("The forward failed in head").wait_for()
    page.get_by_text("Shapes that met").wait_for()
    page.get_by_text("line 10").first.wait_for()
    # What ran before is there, and the failing layer can be gone to.
    heading(page, "Broken").wait_for()
    layer(page, "Conv2d").wait_for()
    # The viewer leaves to the page what the page says.
    assert page.locator(".mv-bad, .mv-name").count() == 0
    page.get_by_role("button", name="Show the layer").click()
    wait_for(page, lambda: address(page).get("select") == "head")
    # A reload brings it back, to be run once more.
    page.reload()
    page.get_by_text("This link came with code").wait_for()
    # What is pressed while the page is still being made may be lost.
    expect(page.get_by_role("textbox", name="Python code")).to_contain_text("class Broken")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Run it").click()
    page.get_by_text("The forward failed in head").wait_for()
    # The line is marked in the editor, until it is edited; the mark moves along.
    editor = page.get_by_role("textbox", name="Python code")
    failing = page.locator(".mv-failing")
    expect(failing).to_have_text("        return self.head(self.conv(x).mean((2, 3)))")
    expect(page.locator(".mv-failing-number")).to_have_text("10")
    editor.press("Control+Home")
    editor.press("Enter")
    expect(page.locator(".mv-failing-number")).to_have_text("11")
    # What was typed and never run survives a reload, that of a link opened here does not.
    editor.press("Control+End")
    page.keyboard.type("TYPED = 1")
    wait_for(page, lambda: "text" in address(page))
    link = page.url
    page.reload()
    page.get_by_text("This link came with code").wait_for()
    expect(editor).to_contain_text("TYPED = 1")
    # Mend it, and have it run by the keyboard.
    write_anew(editor, BROKEN.replace("nn.Linear(7", "nn.Linear(8"))
    editor.press("Control+Enter")
    page.get_by_role("dialog").get_by_role("button", name="Run it").click()
    figure(page, "FLOPs").wait_for()
    heading(page, "Broken").wait_for()
    page.get_by_text("The forward failed in head").wait_for(state="detached")
    assert failing.count() == 0
    wait_for(page, lambda: page.url != link)
    page.goto(link)
    page.get_by_text("This link came with code").wait_for()
    expect(editor).to_contain_text("nn.Linear(7, 10)")


def test_a_link_brings_back_what_was_open_and_selected(
    page: Page, server: Server, browser: Browser
) -> None:
    open_page(page, server)
    double_click(layer(page, "FeedForward"))
    layer(page, "GELU").wait_for()
    # A click alone is told, too.
    wait_for(page, lambda: "open=" in address(page).get("view", ""))
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    enter(other, server)
    other.goto(page.url)
    other.locator("[data-id]", has_text="GELU").first.wait_for(timeout=PATIENCE)
    other.context.close()
    page.reload()
    layer(page, "GELU").wait_for()
    page.get_by_role("tab", name="Charts").click()
    wait_for(page, lambda: address(page).get("tab") == "Charts")
    page.reload()
    page.get_by_role("tab", name="Charts", selected=True).wait_for()


def test_the_browsers_way_back_leads_through_what_was_shown(page: Page, server: Server) -> None:
    open_page(page, server)
    choose(page, "Model", "gpt")
    heading(page, "GPT").wait_for()
    wait_for(page, lambda: address(page) == {"model": "gallery:gpt"})
    page.get_by_role("tab", name="Charts").click()
    wait_for(page, lambda: "tab" in address(page))
    choose(page, "Model", "unet")
    heading(page, "UNet").wait_for()
    wait_for(page, lambda: address(page).get("model") == "gallery:unet")
    page.go_back()
    heading(page, "GPT").wait_for()
    page.get_by_role("tab", name="Charts", selected=True).wait_for()
    page.go_back()
    page.get_by_role("tab", name="Diagram", selected=True).wait_for()
    wait_for(page, lambda: address(page) == {"model": "gallery:gpt"})
    page.go_back()
    heading(page, "Transformer").wait_for()
    expect(page.get_by_role("combobox", name="Model", exact=True)).to_have_value("transformer")
    page.go_forward()
    heading(page, "GPT").wait_for()


@in_both
def test_the_browsers_way_back_leads_through_what_was_compared(page: Page, server: Server) -> None:
    open_page(page, server, "/compare")
    shown = page.locator(".mv-title")
    for place, model in ((1, "unet"), (0, "gpt")):
        choose(page, "Model", model, place)
        wait_for(page, lambda model=model: f"gallery:{model}" in address(page).values())
    pairs = [("transformer", "gpt"), ("transformer", "unet"), ("gpt", "unet")]
    for go, pair in (
        (page.go_back, pairs[1]),
        (page.go_back, pairs[0]),
        (page.go_forward, pairs[1]),
        (page.go_forward, pairs[2]),
    ):
        go()
        for place, model in enumerate(pair):
            box = page.get_by_role("combobox", name="Model", exact=True).nth(place)
            expect(box).to_have_value(model)
            expect(shown.nth(place)).to_contain_text(model)


@in_both
def test_what_was_typed_stays_on_another_page_and_another_source(
    page: Page, server: Server
) -> None:
    open_page(page, server)
    page.get_by_role("radio", name="config.json").click()
    editor = page.get_by_role("textbox", name="A Hugging Face config.json")
    write_anew(editor, '{"model_type": "mine"}')
    page.get_by_role("radio", name="Gallery").click()
    page.get_by_role("link", name="Compare").click()
    page.get_by_text("What differs").wait_for()
    page.get_by_role("link", name="Explore").click()
    page.get_by_text("What differs").wait_for(state="detached")
    page.get_by_role("radio", name="config.json").click()
    editor = page.get_by_role("textbox", name="A Hugging Face config.json")
    expect(editor).to_have_text('{"model_type": "mine"}')


@in_both
def test_code_with_several_models_asks_which(page: Page, server: Server) -> None:
    open_page(page, server)
    run_code(page, BROKEN.replace("Linear(7", "Linear(8") + TWICE)
    heading(page, "Twice").wait_for()
    page.get_by_text("This code has 2 models. Which one is to be shown?").wait_for()
    page.get_by_role("radio", name="Broken", exact=True).click()
    heading(page, "Broken").wait_for()
    expect_figure(page, "Parameters", "314")


# -- faults ---------------------------------------------------------------------------------------


def test_cancel_and_a_worker_that_is_killed(page: Page, server: Server) -> None:
    open_page(page, server)
    run_code(page, SLOW.format(seconds=600))
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("was cancelled").wait_for()
    run_code(page, SLOW.format(seconds=601))
    # A worker that ends before it has its job is replaced without a word.
    page.get_by_text("Building the model").wait_for()
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    page.get_by_text("The process that made it ended early").wait_for()
    # The app is still there, and so are its models.
    page.get_by_role("radio", name="Gallery").click()
    choose(page, "Model", "lstm tagger")
    page.get_by_text("lstm_tagger").first.wait_for(state="detached")
    figure(page, "Parameters").wait_for()


def test_code_is_off_unless_the_command_allows_it(page: Page, tmp_path: Path) -> None:
    with serving(tmp_path / "log") as locked:
        open_page(page, locked)
        page.get_by_role("radio", name="Python code").click()
        page.get_by_text("This server does not run visitors' code.").wait_for()
        page.get_by_text("modelviz app --allow-code").wait_for()
        expect(page.get_by_role("button", name="Run", exact=True)).to_be_disabled()
        expect(page.get_by_role("textbox", name="Python code")).not_to_be_editable()


def test_a_file_of_weights(page: Page, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "two-layers.safetensors"
    save_weights(file, {"first.weight": (8, 4), "first.bias": (8,), "second.weight": (2, 8)})
    open_page(page, server)
    upload(page, "Model file", file)
    heading(page, "two-layers").wait_for()
    expect_figure(page, "Parameters", "56")
    expect_figure(page, "FLOPs", "–")
    layer(page, "first").wait_for()
    layer(page, "second").wait_for()


def test_a_saved_graph(page: Page, server: Server, tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    file = tmp_path / "model.json"
    trace(model, input_size=(3, 4)).save(file)
    open_page(page, server)
    upload(page, "Saved graph", file)
    heading(page, "Sequential").wait_for()
    expect_figure(page, "Parameters", "58")
    expect_figure(page, "FLOPs", "288")
    layer(page, "Linear").wait_for()
    layer(page, "ReLU").wait_for()


def test_malformed_uploads(page: Page, server: Server) -> None:
    open_page(page, server)
    for kind, name in (
        ("Model file", "weights.safetensors"),
        ("Model file", "net.onnx"),
        ("Saved graph", "graph.json"),
    ):
        garbage = b"\xff\x00{]" * 100
        octets = "application/octet-stream"
        upload(page, kind, {"name": name, "mimeType": octets, "buffer": garbage})
        page.get_by_text(f"{name}, 400 bytes").wait_for()
        page.get_by_text("This model cannot be made").wait_for()
        page.get_by_role("radio", name="Gallery").click()
        page.get_by_text("This model cannot be made").wait_for(state="detached")
        heading(page, "Transformer").wait_for()


def test_an_upload_of_200_mb_is_refused(page: Page, server: Server, tmp_path: Path) -> None:
    large = tmp_path / "large.safetensors"
    with large.open("wb") as file:
        file.truncate(200 * 2**20 + 1)
    open_page(page, server)
    upload(page, "Model file", large)
    page.get_by_text(re.compile("100.*MB or smaller")).wait_for()
    # A page that was tampered with is turned away as well.
    request = urllib.request.Request(
        f"{server.url}/_stcore/upload_file/nobody/nothing", data=large.read_bytes(), method="PUT"
    )
    with pytest.raises((urllib.error.HTTPError, urllib.error.URLError)):
        urllib.request.urlopen(request, timeout=60)


def test_a_config_of_absurd_size_is_one_clear_error(page: Page, server: Server) -> None:
    open_page(page, server)
    page.get_by_role("radio", name="config.json").click()
    editor = page.get_by_role("textbox", name="A Hugging Face config.json")
    huge = '{"model_type": "llama", "hidden_size": 1000000000000, "num_hidden_layers": 10}'
    write_anew(editor, huge)
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_text("This model cannot be made").wait_for()
    page.get_by_text("hidden_size").first.wait_for()


def test_names_of_a_model_are_never_run(page: Page, server: Server) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    open_page(page, server)
    name = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    run_code(page, HOSTILE.format(name=name, part=name.replace(".", "")))
    page.locator("h1", has_text=name).wait_for()
    for tab in ("Table", "Notes", "Diagram", "Charts"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(0.7 * SECONDS)
    page.get_by_role("radio", name="By module, as areas").click()
    areas = page.get_by_test_id("stEChartsChart").first
    areas.wait_for()
    # The tooltip of the one area holds its name.
    areas.hover()
    page.get_by_text(f"{name.replace('.', '')} · 20").wait_for()
    assert page.locator("img[src=x]").count() == 0
    assert dialogs == []


def test_six_visitors_at_once_each_see_their_own(browser: Browser, server: Server) -> None:
    """Twenty are in tests/app: as many browsers would test this machine more than the app."""
    contexts = [browser.new_context() for _ in range(6)]
    pages = [context.new_page() for context in contexts]
    try:
        for page in pages:
            page.set_default_timeout(3 * PATIENCE)
            enter(page, server)
            page.goto(server.url, wait_until="commit")
        for number, page in enumerate(pages):
            code = f"from torch import nn\n\nclass Net{number}(nn.Linear):\n"
            code += f"    def __init__(self):\n        super().__init__({number + 1}, 1)\n"
            run_code(page, code)
        for number, page in enumerate(pages):
            heading(page, f"Net{number}").wait_for()
            expect_figure(page, "Parameters", str(number + 2))
            # Nobody else's, anywhere on the page.
            seen = page.locator("body").inner_text()
            assert set(re.findall(r"Net\d+", seen)) == {f"Net{number}"}
    finally:
        for context in contexts:
            context.close()


def test_a_page_that_is_closed_takes_its_job_along(browser: Browser, server: Server) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    open_page(page, server)
    before = set(server.workers())
    run_code(page, SLOW.format(seconds=602))
    page.get_by_text("Building the model").wait_for()
    busy = before & set(server.workers())
    assert busy
    context.close()
    # A job may take 60 seconds: it is not that limit which ends it.
    deadline = time.monotonic() + 40
    while busy <= set(server.workers()):
        assert time.monotonic() < deadline
        time.sleep(0.5)


@in_both
def test_on_a_telephone_the_texts_of_charts_are_whole(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 780})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    context.request.get(server.entrance)
    page.goto(f"{server.url}/?model=transformer")
    page.get_by_role("tab", name="Charts", exact=True).click()
    bars = page.get_by_test_id("stVegaLiteChart").locator("svg")
    expect(bars).to_have_count(3)
    expect(bars.first.get_by_text("265 k")).to_have_count(4)
    cut = """(all) => all.flatMap((svg) => [...svg.querySelectorAll("text")]
        .filter((one) => one.getBoundingClientRect().right > svg.getBoundingClientRect().right)
        .map((one) => one.textContent))"""
    assert bars.evaluate_all(cut) == []
    context.close()
