"""Documents for the viewer, with what Python's ``View`` shows of them in several states.

``python -m tests.view.vectors`` writes them; the tests of the viewer (``viewer-src``) and of this
package read them, so that both sides agree on what opening, closing and unfolding shows.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import modelviz
from modelviz import units
from modelviz.graph import ModelGraph
from modelviz.sources import resolve
from modelviz.units import shape_text
from modelviz.view import Group, Item, Node, View, ViewOptions, view_options
from modelviz.view.author import NOBODY, Author, author_of
from modelviz.view.document import Tone
from modelviz.view.making import document_of
from modelviz.view.marks import Mark, Marks
from modelviz.view.visible import visible
from tests.view import programs

FOLDER = Path(__file__).parents[2] / "viewer-src" / "vectors"
NUMBERS = FOLDER / "units" / "numbers.json"
EXAMPLES = ("lstm_tagger", "transformer", "gpt", "mixture_of_experts", "residual_cnn")
PROGRAMS = 40


MARKED = range(60, 72)
"""Random programs with marks on some of their parts."""


def graphs() -> Iterator[tuple[str, ModelGraph, Author, Marks | None]]:
    """The graphs of which vectors are made, examples and random programs, and their authors."""
    for name in EXAMPLES:
        source = resolve(name)
        yield name, modelviz.trace(source.model, input_data=source.inputs), NOBODY, None
    for seed in range(PROGRAMS):
        yield f"program_{seed:02}", _program(seed), NOBODY, None
    for seed in MARKED:
        graph = _program(seed)
        yield f"marked_{seed:02}", graph, NOBODY, random_marks(random.Random(seed), graph)
    yield "authored", programs.build(AUTHORED), _author(programs.build(AUTHORED)), None


def _program(seed: int) -> ModelGraph:
    return programs.build(random_program(random.Random(seed)))


def random_marks(rng: random.Random, graph: ModelGraph) -> Marks:
    """Marks on some modules and ops, in any copy."""
    paths = [module.path for module in graph.modules]
    entries = []
    kinds: tuple[tuple[Tone, str], ...] = (("added", "+"), ("changed", "~"), ("changed", "»"))
    for _ in range(rng.randint(1, 6)):
        tone, sign = rng.choice(kinds)
        some = tuple(rng.sample(paths, min(len(paths), rng.randint(1, 3))))
        op = rng.choice((None, rng.randrange(len(graph.ops)))) if graph.ops else None
        entries.append(Mark(tone, sign, "", paths=some if op is None else (), op=op))
    return Marks("Changes", tuple(entries), fills=rng.random() < 0.7)


AUTHORED = (
    programs.Block((programs.Layer(2), programs.Op("relu", (0,))), 4, True),
    programs.Layer(1),
)


def _author(graph: ModelGraph) -> Author:
    """Who says something of one copy, of all, of a class and of an op."""
    *_, last = sorted(path for path in _modules(graph))
    said = {last: "Last", "Linear": "Map", "relu": "Bend"}
    return author_of(None, said, {last: "#102030", "relu": "#405060"})


def vector(
    graph: ModelGraph, author: Author = NOBODY, marks: Marks | None = None
) -> dict[str, Any]:
    """The document of a graph, and what is shown of it in each of several states."""
    states = [
        *(view_options(depth) for depth in (None, 1, 2, 3)),
        *(view_options(depth, fold=False) for depth in (1, 3)),
        *(view_options(2, collapse=path) for path in _modules(graph)[:3]),
        *(view_options(1, expand=path) for path in _modules(graph)[-3:]),
    ]
    states = [replace(options, author=author) for options in states]
    document = document_of(graph, ViewOptions(author=author), marks).to_dict()
    if document["flow"]["differ"] and graph.functions:
        # The viewer has the functions of the first copy in all; which of them tell something may
        # differ where ops of the copies differ.
        states = [options for options in states if options.fold]
    cases = [_case(graph, options, marks) for options in states]
    return {"document": document, "cases": [case for case in cases if case is not None]}


def _case(graph: ModelGraph, options: ViewOptions, marks: Marks | None) -> dict[str, Any] | None:
    document = document_of(graph, options, marks)
    view = visible(document)
    whole = set(_ids(document_of(graph, view_options(fold=options.fold)).items))
    if not whole.issuperset(_ids(document.items)):
        # A copy that was asked to look different from the others is a fold of its own.
        return None
    return {
        "fold": options.fold,
        "open": list(document.open),
        "view": {
            "items": [_shown(item) for item in view.items],
            "edges": sorted(_edges(view)),
            "links": sorted(_links(view)),
        },
    }


def _ids(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield item.id
        yield from _ids(item.children or ())


def _shown(item: Node | Group) -> Any:
    if isinstance(item, Group):
        return [_name(item), item.copies, [_shown(child) for child in item.children]]
    return [_name(item), item.copies]


def _edges(view: View) -> Iterator[list[Any]]:
    names = {node.id: _name(node) for node in view.nodes()}
    for edge in view.edges:
        tensors = sorted(f"{shape_text(t.shape)} {t.dtype}".strip() for t in edge.tensors)
        yield [names[edge.source], names[edge.target], edge.next_copy, tensors]


def _links(view: View) -> Iterator[list[str]]:
    names = {node.id: _name(node) for node in view.nodes()}
    for link in view.links:
        yield [names[link.source], names[link.target], link.reason]


def _name(item: Node | Group) -> str:
    """What an item is called, and the signs that it bears."""
    signs = (f"{'…' if one.inside else ''}{one.sign}{one.count}" for one in item.signs)
    return " ".join((_called(item), *signs))


def _called(item: Node | Group) -> str:
    """The id; for a weight what it is called, since its number differs from copy to copy.

    With it goes what an author says.
    """
    if item.label or item.colour:
        return f"{item.id} {item.label} {item.colour}".rstrip()
    if isinstance(item, Node) and item.kind == "weight":
        return f"weight {item.path} {item.title}"
    return item.id


def _modules(graph: ModelGraph) -> list[str]:
    """The paths of modules that have something inside."""
    parents = {graph.calls[call.parent].module for call in graph.calls if call.parent is not None}
    return sorted(parents - {""})


def random_program(rng: random.Random, level: int = 0) -> tuple[Any, ...]:
    """A random program of ``tests.view.programs``."""
    return tuple(_step(rng, level) for _ in range(rng.randint(1, 6 if level == 0 else 4)))


def _step(rng: random.Random, level: int) -> Any:
    kinds = ["op", "op", "op", "layer", "layer", "direct", "constant", "unused"]
    kind = rng.choice(kinds + ["block", "block", "function"] * (3 if level < 3 else 0))
    if kind == "op":
        back = tuple(rng.randint(0, 3) for _ in range(rng.randint(1, 2)))
        return programs.Op(rng.choice(("relu", "add", "cat", "mul", *programs.VIEWS)), back)
    if kind == "layer":
        return programs.Layer(rng.randint(1, 3))
    if kind == "direct":
        return programs.Direct()
    if kind == "constant":
        return programs.Constant()
    if kind == "unused":
        return programs.Unused()
    body = random_program(rng, level + 1)
    if kind == "function":
        # What calls the same modules again has their weights only once.
        again = all(isinstance(step, (programs.Op, programs.Constant)) for step in body)
        return programs.Function(body, rng.randint(1, 3) if again else 1)
    return programs.Block(body, rng.randint(1, 4), rng.random() < 0.6)


def text(graph: ModelGraph, author: Author = NOBODY, marks: Marks | None = None) -> str:
    """A vector as it is written to its file."""
    return (
        json.dumps(vector(graph, author, marks), ensure_ascii=False, separators=(",", ":")) + "\n"
    )


def numbers() -> str:
    """What ``modelviz.units`` writes for many arguments, by function."""
    rng = random.Random(0)
    sizes = [0, 1, 9, 999, 1000, 1023, 1024, 9994, 9995, 9996, 99_950, 999_499, 999_500, 999_600]
    sizes += [25_557_032, 102_228_128, 7_241_732_096, 8_178_370_048, 10**15, 3 * 10**18]
    sizes += [38_250_000, 38_750_000, 12_345, 12_355, 125, 2_125, 2_135]
    sizes += [round(10 ** rng.uniform(0, 16)) for _ in range(60)]
    times = [0.0, 2e-9, 7.3e-6, 0.0425, 0.9994, 0.9996, 1.2, 61.5, 999.5, 2.5e-9, 3.5e-9]
    times += [10 ** rng.uniform(-9, 3) for _ in range(40)]
    shares = [(1, 3), (1, 1_000_000), (999_999, 1_000_000), (0, 10), (5, 0), (1, 2), (1, 800)]
    shares += [(rng.randint(0, 999), 1000) for _ in range(40)]
    arguments: dict[Callable[..., str], list[tuple[Any, ...]]] = {
        units.count_text: [(size,) for size in sizes],
        units.exact_text: [(size,) for size in sizes if size < 2**53],
        units.params_text: [(size,) for size in sizes],
        units.flops_text: [(size,) for size in sizes],
        units.bytes_text: [(size,) for size in sizes],
        units.seconds_text: [(seconds,) for seconds in times],
        units.share_text: [*shares],
        units.measure_text: [
            *((size, unit) for size in (0, 0.5, 1234.5, -2.5) for unit in ("s", "B", "FLOPs", "%")),
            *((value, "") for value in (0.0312, 3.0, 12.345, 999.4, 1e-5, 2.5e-7, 1e-4, 0.000123)),
            *((value, "bits") for value in (-0.071, 42.0, 1000.0, 5.25e9)),
        ],
        units.shape_text: [
            ((),),
            ((1, 64, 56),),
            ((7,),),
            (("batch", "2*seq-1", 8, "ceil((seq+1)/2)"),),
        ],
    }
    vectors = {
        function.__name__: [[given, function(*given)] for given in every]
        for function, every in arguments.items()
    }
    return json.dumps(vectors, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(folder: Path) -> None:
    """Write all vectors."""
    NUMBERS.parent.mkdir(parents=True, exist_ok=True)
    NUMBERS.write_text(numbers(), encoding="utf-8")
    for name, graph, author, marks in graphs():
        (folder / f"{name}.json").write_text(text(graph, author, marks), encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        write(FOLDER)
    else:
        first, last, out = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
        out.mkdir(parents=True, exist_ok=True)
        for seed in range(first, last):
            graph = programs.build(random_program(random.Random(seed)))
            (out / f"program_{seed:04}.json").write_text(text(graph), encoding="utf-8")
