"""The exported page in a frame of another page, as docs/viewer.md shows it, in Chromium."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelviz.drawing import draw
from tests.render.models import residual

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

HEAD = "<!doctype html><title>A page</title><link rel=icon href='data:,'>"
LEAST = '<iframe src="model.html" sandbox="allow-scripts">'
DOCS = Path(__file__).parents[2] / "docs" / "viewer.md"


class Quiet(SimpleHTTPRequestHandler):
    """A site of files that says nothing of what is asked for."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a site, and its folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path
    server.shutdown()
    server.server_close()


def examples() -> list[str]:
    """The frames that the documentation shows."""
    return re.findall(r"<iframe.*?</iframe>", DOCS.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("frame", [*examples(), LEAST])
def test_a_frame_of_the_documentation_shows_the_viewer(
    browser: Browser, site: tuple[str, Path], frame: str
) -> None:
    address, folder = site
    draw(residual()).save(folder / "model.html")
    (folder / "page.html").write_text(HEAD + frame, "utf-8")
    faults: list[str] = []
    page = browser.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: said.type == "error" and faults.append(said.text))
    page.goto(f"{address}/page.html")
    inside = page.frame_locator("iframe")
    inside.locator(".mv-picture").wait_for()
    # What would keep a state, or leave the frame, is tried: it may not fail.
    inside.locator(".node", has_text="Linear").first.click()
    inside.get_by_role("complementary", name="Details").wait_for()
    inside.get_by_label("Colour by").select_option("params")
    inside.get_by_role("note", name="Legend").get_by_text(re.compile("params")).wait_for()
    inside.get_by_label("Search path, class or op").fill("blocks.1")
    inside.locator(".mv-hits [role=option]").first.click()
    inside.locator(".mv-selected").first.wait_for()
    page.wait_for_timeout(400)  # the state is told after a pause
    assert faults == []
    assert page.evaluate("[document.title, location.hash]") == ["A page", ""]
    assert inside.get_by_label("Print what is shown").count() == 0, "it could open no dialog"
    page.close()
