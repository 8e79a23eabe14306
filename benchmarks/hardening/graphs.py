"""Wrong saved graphs: each is refused with a GraphFileError, or shows everywhere.

``python -m benchmarks.hardening.graphs 7000`` tries so many and prints what became of them.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import modelviz
from modelviz import ModelGraph
from modelviz.errors import GraphFileError

from .mutations import bases, mutate

SECONDS = 30
"""Processor time after which a file is said to take too long."""
PICTURES = 5
"""Every so many graphs that load are made into a bitmap and a PDF, which takes longest."""


def main() -> None:
    """Try graphs and print the counts, and the faults if there are any."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    counts, faults = run(given.count, given.seed, tell=print)
    for name, count in sorted(counts.items()):
        print(f"{name}: {count:,}")
    print(f"faults: {sum(faults.values()):,}")
    for fault, count in faults.most_common():
        print(f"  {count:,} × {fault}")
    sys.exit(bool(faults))


def run(
    count: int,
    seed: int,
    shows: Callable[[ModelGraph], None] | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> tuple[Counter[str], Counter[str]]:
    """How many were refused and shown, and what else happened. ``shows`` is one check more."""
    chance, found = random.Random(seed), bases()
    counts: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    for number in range(count):
        kind, data = mutate(chance, chance.choice(found))
        text = json.dumps(data)
        try:
            with _limited(SECONDS):
                graph = ModelGraph.from_json(text)
                show(graph, pictures=number % PICTURES == 0)
                if shows is not None:
                    shows(graph)
            counts["shown"] += 1
        except GraphFileError:
            counts["refused"] += 1
        except Exception as error:
            fault = f"{kind}: {_described(error)}"
            faults[fault] += 1
            tell(f"[{number}] {fault}")
    return counts, faults


def _described(error: Exception) -> str:
    """The error, and the last lines of modelviz that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "modelviz" in f.filename]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[-4:][::-1])
    return f"{type(error).__name__}: {str(error)[:100]!r} at {places}"


def show(graph: ModelGraph, pictures: bool = True) -> None:
    """Make everything of the graph that modelviz makes. Raises whatever that raises."""
    assert ModelGraph.from_json(graph.to_json()) == graph
    repr(graph)
    list(graph.edges)
    for call in graph.calls:
        graph.scope(call.id)
    graph.to_networkx()
    _tables(graph)
    with tempfile.TemporaryDirectory() as folder:
        _pictures(graph, Path(folder), pictures)
        saved = graph.save(Path(folder) / "graph.json")
        assert modelviz.load(saved) == graph


def _tables(graph: ModelGraph) -> None:
    import io

    import rich.console

    for options in ({}, {"fold": False, "depth": None}):
        table = modelviz.summary(graph, verbose=0, **options)
        str(table).encode()
        table.to_html().encode()
        table.to_latex().encode()
        table.to_markdown().encode()
        table.to_csv().encode()
        table.to_text(60)
        json.loads(table.to_json(), parse_constant=_no_constant)
        table.to_pandas()
        rich.console.Console(file=io.StringIO(), width=100).print(table)


def _pictures(graph: ModelGraph, folder: Path, pictures: bool) -> None:
    for options in ({}, {"depth": 2, "show": ["params", "flops", "memory"], "color_by": "flops"}):
        picture = modelviz.draw(graph, **options)
        suffixes = ("svg", "dot", "mmd", "json", "html")
        for suffix in (*suffixes, "png", "pdf") if pictures else suffixes:
            path = picture.save(folder / f"picture.{suffix}")
            if suffix == "svg":
                _well_formed(path)
            if suffix == "json":
                json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant)


def _well_formed(path: Path) -> None:
    import xml.etree.ElementTree as tree

    tree.parse(path)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


class TooLong(Exception):
    """A graph took more processor time than it may."""


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


if __name__ == "__main__":
    main()
