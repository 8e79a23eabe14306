"""The interactive viewer in Chromium: how long it takes to open, to expand, to search.

``python -m benchmarks.viewer`` writes each model as an HTML page, opens it from disk in headless
Chromium several times, and prints medians: until the picture is there, for one expansion after
another, for a search, and the longest time for which the page was held. Needs Chromium, and
``pip install '.[test]'``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn

import modelviz
from tests.browser.browsers import chromium

from .report import middle, table, write_section

WATCH = """
window.held = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) window.held.push(entry.duration);
}).observe({type: "longtask", buffered: true});
const look = () => {
  const {shadowRoot} = document.querySelector(".modelviz-viewer") ?? {};
  if (shadowRoot?.querySelector(".mv-picture")) window.shown = performance.now();
  else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
EXPAND = """async () => {
  const {shadowRoot} = document.querySelector(".modelviz-viewer");
  const last = shadowRoot.querySelector(".mv-picture");
  const sign = shadowRoot.querySelector(".sign.open");
  if (!sign) return null;
  const start = performance.now();
  sign.dispatchEvent(new MouseEvent("click", {bubbles: true}));
  while (shadowRoot.querySelector(".mv-picture") === last) {
    await new Promise((next) => requestAnimationFrame(next));
  }
  return performance.now() - start;
}"""
SEARCH = """async () => {
  const {shadowRoot} = document.querySelector(".modelviz-viewer");
  const [box, count] = [".mv-query", ".mv-count"].map((name) => shadowRoot.querySelector(name));
  const start = performance.now();
  box.value = "linear";
  box.dispatchEvent(new Event("input"));
  while (count.hidden) {
    await new Promise((next) => requestAnimationFrame(next));
  }
  return performance.now() - start;
}"""
EXPANSIONS = 3


class Widths(nn.Module):
    """Ten layers in a row, none like another."""

    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


def many_layers() -> modelviz.ModelGraph:
    """10,000 layers in 1,000 blocks in 25 stages, of which nothing folds."""
    widths = [8 + (7 * place * place) % 97 for place in range(10_001)]
    blocks = [Widths(widths[start : start + 11]) for start in range(0, 10_000, 10)]
    stages = [nn.Sequential(*blocks[start : start + 40]) for start in range(0, 1000, 40)]
    with torch.device("meta"):
        return modelviz.trace(nn.Sequential(*stages), (1, widths[0]))


def llama() -> modelviz.ModelGraph:
    """Llama 3.1 405B."""
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    from transformers import LlamaConfig, LlamaForCausalLM

    from .llama405b import CONFIG

    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**CONFIG)).eval()
    return modelviz.trace(model, input_data={"input_ids": torch.zeros(1, 128, dtype=torch.long)})


def gallery(name: str) -> modelviz.ModelGraph:
    """A model of the gallery."""
    from modelviz.sources import resolve

    source = resolve(name)
    return modelviz.trace(source.model, input_data=source.inputs)


MODELS: dict[str, Callable[[], modelviz.ModelGraph]] = {
    "residual CNN": lambda: gallery("residual_cnn"),
    "GPT": lambda: gallery("gpt"),
    "Llama 3.1 405B": llama,
    "10,000 layers, none alike": many_layers,
}


def measure(page_file: Path, runs: int) -> dict[str, list[float]]:
    """Milliseconds of each step, in each run."""
    times: dict[str, list[float]] = {}
    with chromium() as browser:
        for _ in range(runs):
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            page.goto(page_file.as_uri())
            page.wait_for_selector(".mv-picture")
            times.setdefault("open", []).append(page.evaluate("window.shown"))
            page.get_by_label("Close all blocks").click()
            for _ in range(EXPANSIONS):
                page.wait_for_timeout(600)
                if (taken := page.evaluate(EXPAND)) is not None:
                    times.setdefault("expand", []).append(taken)
            page.wait_for_timeout(600)
            times.setdefault("search", []).append(page.evaluate(SEARCH))
            times.setdefault("hold", []).append(max(page.evaluate("window.held"), default=0))
            page.close()
    return times


def main() -> None:
    """Measure every model, and write the table into the README."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="times that each page is opened")
    runs = parser.parse_args().runs
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, make in MODELS.items():
            graph = make()
            path = modelviz.draw(graph).save(Path(folder) / "model.html")
            times = measure(path, runs)
            expand = times["expand"]
            rows.append(
                [
                    name,
                    f"{len(graph.ops):,}",
                    f"{path.stat().st_size / 1e6:.2f}",
                    f"{middle(times['open']):.0f}",
                    f"{middle(expand):.0f}",
                    f"{max(expand):.0f}",
                    f"{middle(times['search']):.0f}",
                    f"{middle(times['hold']):.0f}",
                ]
            )
            print(rows[-1], flush=True)
    head = ["model", "ops", "page, MB", "open", "expand", "slowest", "search", "longest hold"]
    text = f"Milliseconds in headless Chromium on 2 cores, medians of {runs} runs.\n\n"
    write_section("viewer", text + table(head, rows))


if __name__ == "__main__":
    main()
