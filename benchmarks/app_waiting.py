"""How long a person waits for the app, as multiples of ``import torch``.

``python -m benchmarks.app_waiting`` starts ``modelviz app`` again and again, drives it in Chromium,
and writes the README's section. ``--against FOLDER`` measures another checkout of
modelviz beside this one, in the same turns. Seconds on a busy machine say little: each is divided
by those that ``import torch`` took in the same turn.
"""

from __future__ import annotations

import argparse
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from tests.browser.browsers import chromium

from .report import machine, table, write_section

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
PATIENCE = 180_000
"""Milliseconds that a page may take."""
REST = 8.0
"""Seconds of reading between two changes, in which the app gets the next worker ready."""
GALLERY = {
    "residual cnn": ("ResidualCNN", "ResidualBlock"),
    "lstm tagger": ("LSTMTagger", "LSTM"),
    "gpt": ("GPT", "Embedding"),
}
"""Models by the name in the list: their names on the page, and a layer in the picture."""
CODE = """\
from torch import nn

class Typed(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 900, 10))

def model():
    import torch
    return Typed(), torch.zeros(1, 3, 32, 32)
"""
START, CHANGE, RUN = "start to first diagram", "another model of the gallery", "code, run"
PROCESSOR = "start to first diagram, processor time of all processes"
TARGETS = {START: "2.5 × import torch", CHANGE: "2 s", RUN: "3 s", PROCESSOR: ""}
Seconds = dict[str, list[float]]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--against", type=Path, help="root of another checkout, measured as well")
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args(arguments)
    roots = {"now": ROOT}
    if options.against is not None:
        roots = {"before": options.against.resolve(), "now": ROOT}
    walls: defaultdict[str, Seconds] = defaultdict(dict)
    ratios: defaultdict[str, Seconds] = defaultdict(dict)
    with chromium() as browser:
        for turn in range(options.rounds + 1):  # the first writes bytecode and fills caches
            for label, root in roots.items():
                wall, processor = import_torch(root)
                for name, seconds in measured(browser, root).items():
                    base = processor if name == PROCESSOR else wall
                    if turn:
                        walls[label].setdefault(name, []).extend(seconds)
                        ratios[label].setdefault(name, []).extend(s / base for s in seconds)
    head = ["waited for"]
    for label in roots:
        head += [f"{label}, s", f"{label}, × import torch"]
    rows = []
    for name in TARGETS:
        row = [f"{name} (at most {TARGETS[name]})" if TARGETS[name] else name]
        for label in roots:
            row += [f"{median(walls[label][name]):.2f}", f"{median(ratios[label][name]):.2f}"]
        rows.append(row)
    text = (
        f"Measured on {machine()}, medians of {options.rounds} starts in turns, in Chromium. "
        f"Changes of model: {', '.join(GALLERY)}, each {REST:.0f} s after the last.\n\n"
        f"{table(head, rows)}"
    )
    print(text)
    if not options.no_write:
        write_section("app_waiting", text)
    return 0


def import_torch(root: Path) -> tuple[float, float]:
    """Wall and processor seconds of a process that imports torch."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True, env=_environment(root))
    return time.perf_counter() - begun, _processor_since(before)


def measured(browser: Browser, root: Path) -> Seconds:
    """The seconds of one start of the app, and of what is then done with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--allow-code", "--no-browser", "--port", str(port)]
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    with tempfile.TemporaryFile("w+") as log:
        before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        app = subprocess.Popen(
            [sys.executable, "-m", "modelviz", "app", *options],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=_environment(root),
        )
        try:
            page.goto(_address(app, log))
            _diagram(page, "Transformer", "EncoderLayer")
            taken = {START: [time.perf_counter() - begun]}
            used = _tree_seconds(app.pid)
            taken[PROCESSOR] = [used]
            taken[CHANGE] = [_changed(page, model, *seen) for model, seen in GALLERY.items()]
            taken[RUN] = [_run(page)]
        finally:
            context.close()
            app.terminate()
            app.wait()
        _processor_since(before)
    return taken


def _changed(page: Page, model: str, name: str, layer: str) -> float:
    time.sleep(REST)
    _at_rest(page)
    page.get_by_role("combobox", name="Model", exact=True).first.click()
    option = page.get_by_role("option", name=model, exact=True)
    option.wait_for()
    return _timed(option.click, lambda: _diagram(page, name, layer))


def _run(page: Page) -> float:
    page.get_by_role("radio", name="Python code").click()
    page.get_by_role("textbox", name="Python code").fill(CODE)
    page.locator("h1").first.click()
    time.sleep(REST)
    _at_rest(page)
    button = page.get_by_role("button", name="Run", exact=True)
    return _timed(button.click, lambda: _diagram(page, "Typed", "Conv2d"))


def _at_rest(page: Page) -> None:
    """Wait until the page is as it is to be: a list that opens before that closes again."""
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")


def _timed(act: Callable[[], None], wait: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    wait()
    return time.perf_counter() - begun


def _diagram(page: Page, name: str, layer: str) -> None:
    """Wait for the name of a model on the page, and for a layer in its picture."""
    page.locator("h1", has_text=name).first.wait_for()
    page.locator("[data-id]", has_text=layer).first.wait_for()


def _address(app: subprocess.Popen[bytes], log: object) -> str:
    """The address that the app prints once it serves."""
    while app.poll() is None:
        os.lseek(log.fileno(), 0, os.SEEK_SET)  # type: ignore[attr-defined]
        for word in log.read().split():  # type: ignore[attr-defined]
            if word.startswith("http://"):
                return str(word)
        time.sleep(0.01)
    raise RuntimeError("the app did not start")


def _tree_seconds(root: int) -> float:
    """Processor seconds of a process and of all that descend from it, ended ones included."""
    ticks = os.sysconf("SC_CLK_TCK")
    rows = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = Path("/proc", name, "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        rows[int(name)] = (int(fields[1]), sum(map(int, fields[11:15])))
    tree = {root}
    while more := {pid for pid, (parent, _) in rows.items() if parent in tree} - tree:
        tree |= more
    return sum(rows[pid][1] for pid in tree if pid in rows) / ticks


def _environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}


def _processor_since(before: resource.struct_rusage) -> float:
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
