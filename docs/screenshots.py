"""The pictures in docs/screenshots: each page of the app, light and dark.

Run from anywhere: python docs/screenshots.py. Needs Playwright and Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).with_name("screenshots")
sys.path.insert(0, str(ROOT))

from tests.browser.browsers import chromium  # noqa: E402
from tests.browser.server import Server, serving  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDE, NARROW = (1440, 900), (420, 900)
SETTLE = 2500
"""Milliseconds for the layout, transitions and charts to come to rest."""
PATIENCE = 300_000
"""Milliseconds that a plan may take on a busy machine."""
READY = "[data-id], .lesson .line, [data-testid=stVegaLiteChart]"
"""What a page shows once its model is there."""
CODE = """\
from torch import nn

class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(4),
        )
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.features(x).flatten(1))
"""


def explore(page: Page) -> None:
    """One model, a layer selected."""
    page.locator("[data-id]", has_text="FeedForward").first.click()


def tab(name: str) -> Callable[[Page], None]:
    """A tab of the page."""
    return lambda page: page.get_by_role("tab", name=name).first.click()


def areas(page: Page) -> None:
    """The charts as areas."""
    tab("Charts")(page)
    page.get_by_role("radio", name="By module, as areas").click()


def error(page: Page) -> None:
    """A forward that fails."""
    page.get_by_role("radio", name="Python code").click()
    page.get_by_role("textbox", name="Python code").fill(CODE)
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("The forward failed").wait_for()


def lesson(page: Page) -> None:
    """A line of a lesson, with what belongs to it."""
    page.locator(".lesson .line", has_text="x = self.branch(x)").click()
    page.mouse.move(0, 0)


def grown(page: Page) -> None:
    """What still fits, and how figures grow, of a plan."""
    page.get_by_role("button", name="Find the largest batch").click()
    page.get_by_text("with batch").last.wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Plan other sizes").click()
    page.get_by_text("Peak by seq").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Find the formulas").click()
    page.get_by_text("FLOPs by batch").wait_for(timeout=PATIENCE)
    page.get_by_role("heading", name="What still fits").evaluate("it => it.scrollIntoView()")


def nothing(page: Page) -> None:
    """The page as it opens."""


SHOTS: dict[str, tuple[str, tuple[int, int], Callable[[Page], None]]] = {
    "explore": ("/", WIDE, explore),
    "table": ("/?model=gallery:gpt", WIDE, tab("Table")),
    "charts": ("/?model=gallery:mixture_of_experts", WIDE, tab("Charts")),
    "areas": ("/", WIDE, areas),
    "notes": ("/?model=gallery:gpt", WIDE, tab("Notes")),
    "error": ("/", WIDE, error),
    "compare": ("/compare", WIDE, nothing),
    "plan": ("/plan", WIDE, nothing),
    "plan-llama": ("/plan?model=llama", WIDE, nothing),
    "plan-qwen": ("/plan?model=qwen", WIDE, nothing),
    "plan-unet": ("/plan?model=unet", WIDE, nothing),
    "plan-grown": ("/plan?model=gpt", WIDE, grown),
    "plan-narrow": ("/plan?model=unet", NARROW, nothing),
    "learn": ("/learn?lesson=complex_model", WIDE, lesson),
    "learn-narrow": ("/learn?lesson=complex_model", NARROW, lesson),
    "narrow": ("/?model=gallery:residual_cnn", NARROW, nothing),
}


def main(names: Sequence[str]) -> None:
    """Write the pictures of these pages; without any, of all."""
    FOLDER.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder) / "log", "--allow-code") as server,
        chromium() as browser,
    ):
        for name in names or SHOTS:
            for scheme in ("light", "dark"):
                print(shoot(browser, server, name, scheme))


def shoot(browser: Browser, server: Server, name: str, scheme: str) -> Path:
    """The picture of one page in one colour scheme, written."""
    path, (width, height), act = SHOTS[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    context.request.get(server.entrance)
    page.goto(server.url + path)
    page.locator(READY).first.wait_for(timeout=PATIENCE)
    page.wait_for_timeout(SETTLE)
    act(page)
    page.wait_for_timeout(SETTLE)
    rest(page)
    target = FOLDER / f"{name}-{scheme}.png"
    page.screenshot(path=target)
    context.close()
    return target


def rest(page: Page) -> None:
    """Wait until the page runs no script, and none that what was done last still sets off."""
    running = page.get_by_test_id("stStatusWidget")
    while True:
        running.wait_for(state="detached", timeout=PATIENCE)
        page.wait_for_timeout(SETTLE)
        if not running.count():
            return


if __name__ == "__main__":
    main(sys.argv[1:])
