"""Firefox, driven by its own protocol (WebDriver BiDi): Playwright drives a build of its own."""

from __future__ import annotations

import base64
import contextlib
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

START_SECONDS = 60
PATIENCE = 30

KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "Shift": "\ue008"}
KEYS |= {"ArrowLeft": "\ue012", "ArrowUp": "\ue013", "ArrowRight": "\ue014", "ArrowDown": "\ue015"}


class Firefox:
    """One page in Firefox. ``root`` in an expression is the viewer's shadow root."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._number = 0
        self.faults: list[str] = []
        """What was logged as an error, by the page or by its scripts."""
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self._page = self.ask("browsingContext.getTree")["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The result of a command."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": params}
        self._connection.send(json.dumps(command))
        while True:
            answer = json.loads(self._connection.recv(timeout=PATIENCE))
            if answer.get("method") == "log.entryAdded":
                entry = answer["params"]
                if entry["level"] == "error":
                    self.faults.append(str(entry.get("text")))
            elif answer.get("id") == self._number:
                assert answer["type"] == "success", answer
                return dict(answer["result"])

    def open(self, url: str, width: int = 1280, height: int = 800) -> None:
        """Load a page in a window of this size.

        Firefox may say that a page is complete while the one before it still answers, or the blank
        one of a new process: the old page is marked, and an answer is awaited that has no mark.
        """
        size = {"width": width, "height": height}
        self.ask("browsingContext.setViewport", context=self._page, viewport=size)
        self.run("(window.isTheOldPage = true)")
        self.ask("browsingContext.navigate", context=self._page, url=url, wait="complete")
        self.wait("!window.isTheOldPage && location.href !== 'about:blank'")

    def run(self, expression: str) -> Any:
        """What an expression is, as JSON has it."""
        root = "const root = document.querySelector('.modelviz-viewer')?.shadowRoot;"
        whole = f"(async () => {{ {root} return JSON.stringify(await ({expression}) ?? null); }})()"
        found = self.ask(
            "script.evaluate",
            expression=whole,
            target={"context": self._page},
            awaitPromise=True,
        )
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])

    def wait(self, expression: str) -> Any:
        """What an expression is once it is something."""
        deadline = time.monotonic() + PATIENCE
        while not (found := self.run(expression)):
            assert time.monotonic() < deadline, expression
        return found

    def type(self, *keys: str) -> None:
        """Press keys: names such as ``Enter``, or texts."""
        actions = []
        for key in keys:
            for letter in [KEYS[key]] if key in KEYS else key:
                actions += [
                    {"type": "keyDown", "value": letter},
                    {"type": "keyUp", "value": letter},
                ]
        source = {"type": "key", "id": "keys", "actions": actions}
        self.ask("input.performActions", context=self._page, actions=[source])

    def printed(self) -> bytes:
        """The page on paper, as PDF."""
        return base64.b64decode(self.ask("browsingContext.print", context=self._page)["data"])

    def screenshot(self, file: Path) -> None:
        """What is on the screen, as PNG."""
        taken = self.ask("browsingContext.captureScreenshot", context=self._page)
        file.write_bytes(base64.b64decode(taken["data"]))


@contextlib.contextmanager
def firefox(folder: Path) -> Iterator[Firefox | None]:
    """Firefox with a profile in a folder; None where the machine has none."""
    from websockets.sync.client import connect

    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if program is None:
        yield None
        return
    log = folder / "log"
    command = [program, "--headless", "--no-remote", "--remote-debugging-port", "0"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--profile", str(folder)], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        address = _address(log, process)
        with connect(f"{address}/session", max_size=None) as connection:
            yield Firefox(connection)
    finally:
        process.terminate()
        process.wait(20)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(
            r"WebDriver BiDi listening on (ws://\S+)", log.read_text("utf-8", "replace")
        )
        if found:
            return found[1]
        time.sleep(0.1)
    raise AssertionError(f"Firefox did not start:\n{log.read_text('utf-8', 'replace')}")
