"""The app with a pool that runs in this process, when and as a test says."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
APP = ROOT / "app"
# As Streamlit has it when it runs the script.
sys.path.insert(0, str(APP))

from parts import server  # noqa: E402
from streamlit.components.v2 import manifest_scanner  # noqa: E402
from streamlit.testing.v1 import AppTest  # noqa: E402

from .pool import InlinePool  # noqa: E402

# Each AppTest reads the metadata of every installed package, in which nothing changes meanwhile.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(autouse=True)
def arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the script is started with: nothing."""
    monkeypatch.setattr(sys, "argv", ["main.py"])


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[InlinePool]:
    """The pool behind the app of this test."""
    made = InlinePool()
    monkeypatch.setattr(server, "Pool", lambda **choices: made)
    server._runs.cache_clear()
    server.names.cache_clear()
    yield made
    server._runs.cache_clear()


@pytest.fixture
def allow_code(arguments: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["main.py", "--allow-code"])


Open = Callable[..., AppTest]


@pytest.fixture
def open_app(pool: InlinePool) -> Open:
    """Opens the app like a browser: ``open_app(model="gallery:gpt")``."""

    def opened(**query: Any) -> AppTest:
        app = AppTest.from_file(str(APP / "main.py"), default_timeout=60)
        for name, text in query.items():
            app.query_params[name] = text
        return app.run()

    return opened
