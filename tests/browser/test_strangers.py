"""What other pages can do to an app that runs code, in Chromium."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from .server import Server

pytestmark = pytest.mark.slow

CODE = "model=code&text=eNoDAAAAAAE"  # an empty text
OPENS_A_SOCKET = """url => new Promise(done => {
    const socket = new WebSocket(url, ["streamlit"]);
    socket.onopen = () => done("open");
    socket.onerror = () => done("refused");
})"""
FETCHES = """url => fetch(url, {credentials: "include"}).then(() => "read", () => "refused")"""


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser that was let in."""
    made = browser.new_context()
    assert made.request.get(server.url).status == 403
    assert made.request.get(server.entrance).status == 200
    assert made.request.get(server.url).status == 200
    yield made
    made.close()


@pytest.fixture
def elsewhere(server: Server, tmp_path: Path) -> Iterator[str]:
    """A page of another port of this machine, with the app in a frame."""
    (tmp_path / "index.html").write_text(f'<iframe src="{server.url}/?{CODE}"></iframe>')
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{other.server_port}/"
        other.shutdown()


def test_a_page_of_another_port_neither_frames_it_nor_speaks_to_it(
    context: BrowserContext, server: Server, elsewhere: str
) -> None:
    page = context.new_page()
    page.goto(elsewhere)
    frame = page.frames[1]
    assert frame.url.startswith("chrome-error:"), frame.url
    socket = server.url.replace("http", "ws") + "/_stcore/stream"
    assert page.evaluate(OPENS_A_SOCKET, socket) == "refused"
    assert page.evaluate(FETCHES, server.url + "/_stcore/host-config") == "refused"
    # What is refused to others is given to its own page.
    page.goto(server.url)
    assert page.evaluate(OPENS_A_SOCKET, socket) == "open"
    assert page.evaluate(FETCHES, server.url + "/_stcore/host-config") == "read"


def test_the_token_leaves_the_address_and_stays_in_the_browser(
    context: BrowserContext, server: Server
) -> None:
    page = context.new_page()
    page.goto(server.entrance)
    page.get_by_test_id("stMetric").first.wait_for(timeout=60_000)
    expect(page).not_to_have_url(re.compile("token"), timeout=60_000)
    page.reload()
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=60_000)
