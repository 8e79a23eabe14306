"""Wrong saved graphs: each is refused with a GraphFileError, or shows everywhere."""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import modelviz
from modelviz import ModelGraph
from modelviz.errors import GraphFileError

from .mutations import bases, mutate
from .trial import Tried, attempt

SECONDS = 30
"""Processor time after which a file is said to take too long."""
PICTURES = 5
"""Every so many graphs that load are made into a bitmap and a PDF, which takes longest."""


def run(
    count: int,
    seed: int,
    shows: Callable[[ModelGraph], None] | None = None,
) -> Tried:
    """How many were refused and shown, and what else happened. ``shows`` is one check more."""
    chance, found = random.Random(seed), bases()
    tried: Tried = (Counter(), Counter())
    for number in range(count):
        kind, data = mutate(chance, chance.choice(found))
        text = json.dumps(data)

        def look(text: str = text, number: int = number) -> None:
            graph = ModelGraph.from_json(text)
            show(graph, pictures=number % PICTURES == 0)
            if shows is not None:
                shows(graph)

        attempt(tried, kind, look, GraphFileError, SECONDS)
    return tried


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
