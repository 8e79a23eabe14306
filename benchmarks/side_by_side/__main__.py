"""Five models drawn by torchlens, torchview and modelviz: the pictures, their sizes, the time.

``python -m benchmarks.side_by_side`` draws them into ``benchmarks/side_by_side`` and writes the
figures into the README there. The peers need Graphviz's ``dot`` (Debian: ``apt-get install
graphviz``).
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from torch import nn

from modelviz.sources import resolve

from ..report import machine, table
from ..timing import Timing, interleaved
from ..zoo import Sample, entry
from . import images
from .tools import TOOLS, Drawn, tidy

HERE = Path(__file__).parent


def _example(name: str) -> Sample:
    source = resolve(name)
    model = source.model
    assert isinstance(model, nn.Module)
    return Sample(model.eval(), tuple(source.inputs))


MODELS: dict[str, tuple[str, Callable[[], Sample]]] = {
    "resnet50": ("ResNet-50 (timm)", lambda: entry("timm-resnet").build("full")),
    "gpt2": ("GPT-2, 124 M (transformers)", lambda: entry("transformers-gpt2").build("full")),
    "unet": ("U-Net, 31 M", lambda: entry("torch-unet").build("full")),
    "transformer": (
        "torch.nn.Transformer, 6 + 6 layers",
        lambda: entry("torch-transformer").build("full"),
    ),
    "mixture_of_experts": (
        "a mixture of 8 experts, 2 chosen for each token",
        lambda: _example("mixture_of_experts"),
    ),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One tool's picture of one model: its size in pixels, what it shows, and the seconds."""

    model: str
    tool: str
    size: tuple[int, int] | None
    paper: tuple[float, float]
    nodes: int
    edges: int
    seconds: float | None
    failure: str

    @property
    def caption(self) -> str:
        """The figures in a line."""
        if self.size is None:
            return self.failure
        taken = "" if self.seconds is None else f", {self.seconds:.2f} s"
        return f"{self.size[0]:,} × {self.size[1]:,} pixels, {self.nodes:,} nodes{taken}"


def compare(name: str, build: Callable[[], Sample], work: Path, limit: float) -> list[Row]:
    """Every tool on one model; the pictures are kept beside this file."""
    rows = []
    for tool, function in TOOLS.items():
        sample = build()
        path = work / f"{name}-{tool}.png"
        with tidy(tool):
            run = partial(function, sample, path)
            timing, failures = _tried(run, limit)
        rows.append(_row(name, tool, timing, failures))
        print(f"{name}, {tool}: {rows[-1].caption}", file=sys.stderr)
        if timing.failure is None:
            images.keep(path, HERE / path.name)
        del sample
        gc.collect()
    shown = [
        (row.tool, row.caption, None if row.size is None else work / f"{name}-{row.tool}.png")
        for row in rows
    ]
    images.side_by_side(shown, HERE / f"{name}.png")
    return rows


def _tried(run: Callable[[], Drawn], limit: float) -> tuple[Timing, list[str]]:
    """A picture and its seconds, and what went wrong in the attempts before; three at most."""
    failures: list[str] = []
    for _ in range(3):
        timing = interleaved({"": run}, rounds=1, limit=limit, budget=limit)[""]
        if timing.failure is None:
            break
        failures.append(timing.failure)
    return timing, failures


def _row(model: str, tool: str, timing: Timing, failures: list[str]) -> Row:
    failure = f"{len(failures)} of 3 tries failed: {failures[-1]}" if failures else ""
    if timing.failure is not None:
        return Row(model, tool, None, (0, 0), 0, 0, None, failure)
    drawn: Drawn = timing.result
    size, paper = images.size(drawn.path), images.size_on_paper(drawn.path, drawn.dpi)
    return Row(model, tool, size, paper, drawn.nodes, drawn.edges, timing.typical, failure)


def report(rows: list[Row]) -> str:
    """The table of all pictures."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("torchlens", "torchview"))
    head = ["model", "tool", "pixels", "on paper, cm", "nodes", "edges", "seconds", "failures"]
    lines = [
        [
            MODELS[row.model][0],
            row.tool,
            f"{row.size[0]:,} × {row.size[1]:,}" if row.size else "",
            f"{row.paper[0]:.0f} × {row.paper[1]:.0f}" if row.size else "",
            f"{row.nodes:,}" if row.size else "",
            f"{row.edges:,}" if row.size else "",
            "" if row.seconds is None else f"{row.seconds:.2f}",
            row.failure,
        ]
        for row in rows
    ]
    return f"Measured on {machine()}; {versions}.\n\n{table(head, lines)}"


def main(arguments: list[str] | None = None) -> int:
    """Draw and measure; write the figures into the README."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=list(MODELS), help=", ".join(MODELS))
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one picture")
    options = parser.parse_args(arguments)
    if shutil.which("dot") is None:
        print(
            "torchlens and torchview draw with Graphviz's dot, which is not on the PATH. "
            "Install it (Debian: apt-get install graphviz) and run this again.",
            file=sys.stderr,
        )
        return 2
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    rows: list[Row] = []
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # for whatever a tool leaves where it runs
        try:
            for name in options.models:
                rows += compare(name, MODELS[name][1], Path(folder), options.limit)
        finally:
            os.chdir(here)
    text = report(rows)
    print(text)
    if options.models == list(MODELS):
        _write(text)
    return 0


def _write(text: str) -> None:
    """Put the text between the marks in the README here."""
    readme = HERE / "README.md"
    start, stop = "<!-- figures -->", "<!-- end of figures -->"
    content = readme.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(stop)}", re.DOTALL)
    readme.write_text(pattern.sub(lambda _: f"{start}\n{text}\n{stop}", content), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
