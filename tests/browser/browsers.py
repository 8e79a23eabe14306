"""Browsers, driven by Playwright: Chromium and Firefox, those of the system."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

HOW_TO_INSTALL = (
    "the browser tests need Playwright and Chromium: pip install playwright, "
    "then apt-get install chromium (or: playwright install chromium)"
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RELAY = Path(__file__).parent / "firefox_relay.py"


@contextlib.contextmanager
def playing() -> Iterator[Playwright]:
    """Playwright; no more than one at a time."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise AssertionError(HOW_TO_INSTALL) from error
    with sync_playwright() as playwright:
        yield playwright


@contextlib.contextmanager
def chromium(playwright: Playwright | None = None) -> Iterator[Browser]:
    """Chromium: that of the system where there is one, or else Playwright's own."""
    if playwright is None:
        with playing() as started, chromium(started) as browser:
            yield browser
        return
    from playwright.sync_api import Error

    system = shutil.which("chromium") or shutil.which("chromium-browser")
    try:
        browser = playwright.chromium.launch(executable_path=system, args=list(QUIET))
    except Error as error:
        raise AssertionError(f"{HOW_TO_INSTALL}\n{error}") from error
    try:
        yield browser
    finally:
        browser.close()


@contextlib.contextmanager
def firefox(playwright: Playwright, folder: Path) -> Iterator[Browser | None]:
    """Firefox, by way of a relay that is written to a folder; None where the machine has none."""
    if not (shutil.which("firefox-esr") or shutil.which("firefox")):
        yield None
        return
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{RELAY}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    browser = playwright.firefox.launch(executable_path=program, channel="moz-firefox")
    try:
        yield browser
    finally:
        browser.close()


@contextlib.contextmanager
def opened(browser: Browser, saved: Path) -> Iterator[Page]:
    """The page of a saved viewer, drawn; no error was raised in it by the end."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(saved.as_uri())
    page.wait_for_selector(".mv-picture")
    yield page
    assert errors == []
    context.close()
