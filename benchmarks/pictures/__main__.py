"""Real models of every family drawn without any option: what is visible, valid, wrong, and slow.

``python -m benchmarks.pictures`` traces the models, draws each as SVG, PNG, PDF, DOT and Mermaid,
has the formats read by other programs, looks for faults in the pictures, puts them on contact
sheets, prints a table, and writes table and sheets into ``benchmarks/pictures``. ``--out`` says
where the pictures go, ``--models`` which they are.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from modelviz import Diagram, ModelGraph, draw, trace

from ..report import machine, middle, table
from ..zoo import Entry, Scale
from . import mermaid
from .formats import MOST_VISIBLE, problems
from .geometry import against_the_flow, crossings, faults, page, printed_text
from .models import chosen
from .sheets import contact_sheets

HERE = Path(__file__).parent
SUFFIXES = ("svg", "png", "pdf", "dot", "mmd")
READABLE = 5.999
"""The smallest text that is read in print, in points: 6, but for rounding."""
WAYS = ("chosen", "TB", "LR")


@dataclass(frozen=True, slots=True)
class Row:
    """One model: what its picture shows, what is wrong with it, and seconds for each step.

    Seconds are those of processors, of this process and of Graphviz together.
    """

    name: str
    scale: Scale
    params: int
    ops: int
    visible: int
    depth: int
    size: tuple[float, float]
    text: tuple[float, ...]
    backward: tuple[int, int]
    trace: float
    steps: dict[str, float]
    problems: tuple[str, ...]
    crossings: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Seconds for the view and all five formats, beyond the trace."""
        return sum(self.steps.values())


def measure(entry: Entry, scale: Scale, folder: Path, rounds: int) -> Row:
    """The model traced, drawn and judged; its pictures are in ``folder``."""
    sample = entry.build(scale)
    start = _worked()
    graph = trace(sample.module, **sample.trace_arguments())
    traced = _worked() - start
    del sample
    gc.collect()
    turns = [_drawn(graph) for _ in range(rounds)]
    diagram = turns[-1][0]
    for suffix in SUFFIXES:
        diagram.save(folder / f"{entry.name}.{suffix}")
    return Row(
        entry.name,
        scale,
        graph.total_params,
        len(graph.ops),
        diagram.view.size,
        diagram.view.depth,
        page(diagram.svg),
        _printed(graph, diagram),
        against_the_flow(diagram.svg),
        traced,
        {step: middle([seconds[step] for _, seconds in turns]) for step in turns[0][1]},
        (*problems(diagram), *faults(diagram.svg)),
        tuple(crossings(diagram.svg)),
    )


def _worked() -> float:
    """Seconds that processors worked for this process and for Graphviz, whatever else they do."""
    own = psutil.Process()
    # Those of children that ended are told with ours.
    ours = own.cpu_times()
    ended = ours.children_user + ours.children_system
    times = [ours, *(child.cpu_times() for child in own.children(recursive=True))]
    return ended + sum(one.user + one.system for one in times)


def _printed(graph: ModelGraph, chosen: Diagram) -> tuple[float, ...]:
    """The smallest text in print of the picture without options, and in either direction."""
    others = (draw(graph, direction=way) for way in WAYS[1:])
    return tuple(printed_text(diagram.svg) for diagram in (chosen, *others))


def _drawn(graph: ModelGraph) -> tuple[Diagram, dict[str, float]]:
    """A new picture of the graph, and the seconds of each step."""
    seconds: dict[str, float] = {}

    def timed(step: str, function: Callable[[], Any]) -> Any:
        start = _worked()
        result = function()
        seconds[step] = _worked() - start
        return result

    # A graph keeps what was once derived from it; a copy has derived nothing yet.
    fresh = replace(graph)
    diagram: Diagram = timed("view", lambda: draw(fresh))
    timed("svg", lambda: diagram.svg)
    timed("png", diagram.png)
    timed("pdf", diagram.pdf)
    timed("dot, mermaid", lambda: (diagram.source, diagram.mermaid))
    return diagram, seconds


def report(rows: list[Row], mermaid_verdict: str) -> str:
    """The table, with a summary above it."""
    head = ["model", "parameters", "ops", "nodes and groups", "depth", "page, points"]
    head += [
        *(f"text, {way}" for way in WAYS),
        "arrows up",
        "trace, s",
        *rows[0].steps,
        "all formats, s",
        "wrong",
        "crossings",
    ]
    lines = [
        [
            f"{row.name}" + ("" if row.scale == "full" else " (small)"),
            f"{row.params:,}",
            f"{row.ops:,}",
            f"{row.visible}",
            f"{row.depth}",
            f"{row.size[0]:.0f} × {row.size[1]:.0f}",
            *(f"{size:.1f}" for size in row.text),
            f"{row.backward[0]} of {row.backward[1]}",
            f"{row.trace:.2f}",
            *(f"{seconds:.3f}" for seconds in row.steps.values()),
            f"{row.seconds:.2f}",
            f"{len(row.problems) or ''}",
            f"{len(row.crossings) or ''}",
        ]
        for row in rows
    ]
    slowest = max(rows, key=lambda row: row.seconds)
    widest = max(rows, key=lambda row: row.visible)
    readable = [
        f"{sum(row.text[place] >= READABLE for row in rows)} {way}"
        for place, way in enumerate(("as drawn without options", "downwards", "to the right"))
    ]
    smallest = min(rows, key=lambda row: row.text[0])
    wrong = [f"- {row.name}: {problem}" for row in rows for problem in row.problems]
    broken = [f"- {row.name}: {crossing}" for row in rows for crossing in row.crossings]
    summary = [
        f"- {len(rows)} models; at most {MOST_VISIBLE} nodes and groups are visible in "
        f"{sum(row.visible <= MOST_VISIBLE for row in rows)}; the most is {widest.visible} "
        f"({widest.name}).",
        "- Printed on A4 or Letter within margins of an inch, no text is under 6 points in "
        f"{', '.join(readable)} of {len(rows)}; the smallest without options is "
        f"{smallest.text[0]:.2f} ({smallest.name}).",
        f"- All five formats take {middle([row.seconds for row in rows]):.2f} s of a processor "
        f"beyond the trace for the median model, {slowest.seconds:.2f} s for the slowest "
        f"({slowest.name}); "
        f"{sum(row.seconds < 1 for row in rows)} take less than 1 s.",
        f"- {mermaid_verdict}",
        f"- {sum(not row.problems for row in rows)} pictures have nothing wrong that is looked "
        "for: a format that its readers refuse, cards or texts that overlap, text wider than its "
        "box or off the page, a label on a card, an arrow to nowhere.",
        f"- {sum(not row.crossings for row in rows)} pictures have no line that passes behind a "
        "card or behind another line's label.",
    ]
    return "\n\n".join(
        (
            f"Measured on {machine()}.",
            "\n".join(summary),
            table(head, lines),
            "What is wrong:\n\n" + ("\n".join(wrong) or "- nothing was found"),
            "Lines that look broken:\n\n" + ("\n".join(broken) or "- none"),
        )
    )


def main(arguments: list[str] | None = None) -> int:
    """Draw, measure, print; write the report when all models were drawn."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="folder for the pictures; else one that is named")
    parser.add_argument("--models", nargs="*", default=[], help="names of zoo models, as globs")
    parser.add_argument("--rounds", type=int, default=3, help="times each is drawn; medians count")
    parser.add_argument("--mermaid", type=Path, help="folder in which Mermaid is, or will be kept")
    parser.add_argument("--no-write", action="store_true", help="print and draw only")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    out = options.out or Path(tempfile.mkdtemp(prefix="modelviz-pictures-"))
    out.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    for entry, scale in chosen(options.models):
        row = measure(entry, scale, out, options.rounds + (not rows))
        rows.append(row)
        print(
            f"{row.name}: {row.visible} visible, {row.seconds:.2f} s, {len(row.problems)} problems",
            file=sys.stderr,
        )
    rows, verdict = _with_mermaid(rows, out, options.mermaid)
    sheets = contact_sheets([(row.name, out / f"{row.name}.png") for row in rows], out)
    text = report(rows, verdict)
    print(f"{text}\n\nPictures: {out}\nContact sheets: {'  '.join(map(str, sheets))}")
    if not options.models and not options.no_write:
        _publish(text, sheets)
    return 1 if any(row.problems for row in rows) else 0


def _with_mermaid(rows: list[Row], out: Path, folder: Path | None) -> tuple[list[Row], str]:
    """The rows with what Mermaid's parser says, and the same as a sentence."""
    paths = [out / f"{row.name}.mmd" for row in rows]
    try:
        with tempfile.TemporaryDirectory(prefix="modelviz-mermaid-") as temporary:
            home = folder or Path(temporary)
            mermaid.install(home)
            errors = mermaid.errors(home, paths)
    except mermaid.NoMermaid as reason:
        return rows, f"Mermaid's own parser was not asked: {reason}."
    judged = [
        replace(row, problems=(*row.problems, f"Mermaid: {errors[path].splitlines()[0]}"))
        if path in errors
        else row
        for row, path in zip(rows, paths, strict=True)
    ]
    parser = mermaid.PACKAGES[0].replace("@", " ")
    return judged, f"{parser} parses {len(paths) - len(errors)} of {len(paths)} files."


def _publish(text: str, sheets: list[Path]) -> None:
    """The report and the contact sheets beside this file."""
    for old in HERE.glob("sheet-*.png"):
        old.unlink()
    for sheet in sheets:
        (HERE / sheet.name).write_bytes(sheet.read_bytes())
    shown = "\n\n".join(f"![Contact sheet {i}]({s.name})" for i, s in enumerate(sheets, 1))
    (HERE / "README.md").write_text(
        f"# Pictures without options\n\nMade by `python -m benchmarks.pictures`.\n\n{text}\n\n"
        f"## Contact sheets\n\n{shown}\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    sys.exit(main())
