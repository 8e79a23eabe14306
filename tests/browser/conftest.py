"""A running app, and the browsers in which it is looked at: one of each for all tests."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright, expect

from .browsers import chromium, firefox, playing
from .server import Server, serving

expect.set_options(timeout=60_000)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, with code allowed."""
    with serving(tmp_path_factory.mktemp("app") / "log", "--allow-code") as started:
        yield started


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with playing() as started:
        yield started


@pytest.fixture(scope="session")
def started(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Browser | None]]:
    """The browsers that were asked for; both stay open, since tests of both take turns."""
    with contextlib.ExitStack() as stack:
        yield _Browsers(stack, playwright, tmp_path_factory)


class _Browsers(dict[str, "Browser | None"]):
    """Browsers by name, each started when it is asked for."""

    def __init__(
        self,
        stack: contextlib.ExitStack,
        playwright: Playwright,
        folders: pytest.TempPathFactory,
    ) -> None:
        super().__init__()
        self._stack, self._playwright, self._folders = stack, playwright, folders

    def __missing__(self, name: str) -> Browser | None:
        opened = (
            chromium(self._playwright)
            if name == "chromium"
            else firefox(self._playwright, self._folders.mktemp("firefox"))
        )
        self[name] = self._stack.enter_context(opened)
        return self[name]


@pytest.fixture
def browser(request: pytest.FixtureRequest, started: dict[str, Browser | None]) -> Browser:
    """Chromium, or the browser that ``in_both`` asks for."""
    found = started[getattr(request, "param", "chromium")]
    if found is None:
        pytest.skip("Firefox is not installed: apt-get install firefox-esr")
    return found
