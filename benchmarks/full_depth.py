"""Model to SVG with everything in it, beside torchview: all modules open, every op, nothing folded.

``python -m benchmarks.full_depth`` measures both in one process, in turns, from the model to the
text of the SVG, and writes the table into ``benchmarks/full_depth.md``. torchview needs Graphviz's
``dot`` (Debian: ``apt-get install graphviz``).
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import logging
import math
import shutil
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from modelviz import draw, trace

from .report import geometric_mean, machine, middle, table
from .timing import Timing, interleaved
from .zoo import Entry, Sample, entry, missing

REPORT = Path(__file__).with_suffix(".md")
MODELS = (
    "torch-transformer",
    "torch-lstm-language-model",
    "torch-unet",
    "torchvision-alexnet",
    "torchvision-squeezenet",
    "torchvision-shufflenet",
    "timm-vgg",
    "timm-resnet",
    "timm-densenet",
    "timm-inception-v3",
    "timm-mobilenetv3",
    "timm-convnext",
    "timm-vit",
    "timm-mixer",
    "transformers-bert",
    "transformers-distilbert",
    "transformers-gpt2",
    "transformers-vit",
    "diffusers-unet2d",
    "pyg-gcn",
)


@dataclass(slots=True)
class Row:
    """One model: how much each tool shows, and the seconds of each run."""

    name: str
    ops: int
    timings: dict[str, Timing]
    shown: dict[str, int] = field(default_factory=dict)

    def seconds(self, tool: str) -> float | None:
        """The median run of a tool; None when it failed."""
        return self.timings[tool].typical

    @property
    def ratio(self) -> float | None:
        """The seconds of modelviz as a share of torchview's; None when one of them failed."""
        ours, theirs = self.seconds("modelviz"), self.seconds("torchview")
        return None if ours is None or theirs is None else ours / theirs


def with_modelviz(sample: Sample) -> tuple[str, int]:
    """The SVG, and the number of nodes in it."""
    # torchview has no nodes for parameters, so those are left out here too. All modules are named
    # as open; a depth spares the search for one that fits a page.
    diagram = draw(
        sample.module,
        depth=1,
        expand="**",
        fold=False,
        show=("ops", "views", "constants", "unread", "-weights"),
        **sample.trace_arguments(),
    )
    nodes = list(diagram.view.nodes())
    if sum(node.ops for node in nodes) != len(diagram.graph.ops):
        raise RuntimeError("not every op is in the picture")
    return diagram.svg, len(nodes)


def with_torchview(sample: Sample) -> tuple[str, int]:
    """The SVG, and the number of nodes in it."""
    import torchview

    graph = torchview.draw_graph(
        sample.module,
        device="cpu",
        depth=math.inf,
        expand_nested=True,
        hide_module_functions=False,
        **sample.trace_arguments(),
    )
    return graph.visual_graph.pipe("svg").decode(), len(graph.id_dict)


TOOLS = {"modelviz": with_modelviz, "torchview": with_torchview}


def measure(item: Entry, rounds: int, limit: float) -> Row:
    """Both tools on one model, in turns."""
    sample = item.build("small" if item.full is None else "full")
    ops = len(trace(sample.module, **sample.trace_arguments()).ops)
    functions: dict[str, Callable[[], tuple[str, int]]] = {
        name: partial(tool, sample) for name, tool in TOOLS.items()
    }
    timings = interleaved(functions, rounds, limit, limit)
    row = Row(item.name, ops, timings)
    for name, timing in timings.items():
        if timing.failure is None:
            _, row.shown[name] = timing.result
        timing.result = None
    return row


def report(rows: list[Row]) -> str:
    """The table, with how often modelviz is ahead above it."""
    head = ["model", "ops", "nodes: modelviz", "torchview"]
    head += ["seconds: modelviz", "torchview", "ratio"]
    lines = []
    for row in rows:
        line = [row.name, f"{row.ops:,}"]
        line += [f"{row.shown[tool]:,}" if tool in row.shown else "" for tool in TOOLS]
        for tool in TOOLS:
            seconds = row.seconds(tool)
            line.append(row.timings[tool].failure or "" if seconds is None else f"{seconds:.2f}")
        line.append("" if row.ratio is None else f"{row.ratio:.2f}")
        lines.append(line)
    ratios = [row.ratio for row in rows if row.ratio is not None]
    ahead = sum(ratio < 1 for ratio in ratios)
    summary = (
        f"Measured on {machine()}, from the model to the text of an SVG. modelviz is ahead on "
        f"{ahead} of {len(ratios)} models; it takes {middle(ratios):.2f} of torchview's time for "
        f"the median model, {geometric_mean(ratios):.2f} in the geometric mean, "
        f"{max(ratios):.2f} at most."
    )
    return f"{summary}\n\n{table(head, lines)}"


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the report when all models were measured."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="which of the models, as globs")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each tool after a warm-up")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one run")
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args(arguments)
    if shutil.which("dot") is None:
        print(
            "torchview draws with Graphviz's dot, which is not on the PATH. "
            "Install it (Debian: apt-get install graphviz) and run this again.",
            file=sys.stderr,
        )
        return 2
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    rows = []
    for name in MODELS:
        item = entry(name)
        if missing(item.family) or not any(fnmatch.fnmatch(name, p) for p in options.patterns):
            continue
        row = measure(item, options.rounds, options.limit)
        rows.append(row)
        print(
            f"{name}: {row.ratio} {row.shown} "
            f"{ {tool: (t.typical, t.failure) for tool, t in row.timings.items()} }",
            file=sys.stderr,
        )
        gc.collect()
    text = report(rows)
    print(text)
    if options.patterns == ["*"] and not options.no_write:
        REPORT.write_text(
            f"# Everything in one SVG\n\nMade by `python -m benchmarks.full_depth`.\n\n{text}\n",
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
