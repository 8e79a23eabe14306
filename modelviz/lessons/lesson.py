"""A lesson: code, the picture of the model it makes, and which line belongs to which block."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..explaining.held import Derivations
from ..graph import ModelGraph
from ..units import shape_text
from ..view.document import Kind
from ..view.model import Group, Node
from ..view.options import PAGE
from .lines import Lines, source_lines
from .tokens import Piece, coloured

if TYPE_CHECKING:
    from ..diagram import Diagram

_MEANING: Mapping[Kind, str] = {
    "convolution": "Slides its filters over the input.",
    "linear": "Mixes all features of the input.",
    "normalisation": "Keeps numbers in a common range.",
    "activation": "It is not linear: without such a step, layers in a row could do no more than a "
    "single one.",
    "attention": "Lets each place of a sequence look at the others.",
    "embedding": "Looks up a vector for each number of the input.",
    "pooling": "Makes the input smaller: one number for each window.",
    "reshape": "Gives the same numbers another shape.",
    "recurrent": "Reads a sequence step by step and keeps a state.",
    "block": "Holds other modules.",
    "dropout": "Leaves out numbers at random while the model is trained.",
    "input": "What comes in.",
    "output": "What comes out.",
}
"""What a kind of block does, in a sentence."""
_NOTHING = "It has nothing to learn."


@dataclass(frozen=True, slots=True)
class Block:
    """A node or a group of the picture: a row of the table.

    ``name`` is its attribute in the module around it, ``level`` how deep it lies, ``gives`` the
    shape of what it hands on. ``parameters`` says how they add up, and ``words`` what it is.
    """

    id: str
    title: str
    name: str
    level: int
    gives: str
    parameters: str
    words: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the code: its pieces, the blocks that belong to it, and whether it failed."""

    pieces: tuple[Piece, ...]
    blocks: tuple[str, ...]
    failed: bool = False


@dataclass(frozen=True)
class Lesson:
    """Code beside the picture and the table of what it makes; blocks are in order of execution."""

    graph: ModelGraph
    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    diagram: Diagram

    @cached_property
    def data(self) -> dict[str, Any]:
        """What a page shows, JSON-ready; places in the picture are in points."""
        return {
            "name": self.graph.name,
            "svg": self.diagram.svg,
            "lines": [
                {"pieces": line.pieces, "blocks": line.blocks, "failed": line.failed}
                for line in self.lines
            ],
            "blocks": [
                {
                    "id": block.id,
                    "title": block.title,
                    "name": block.name,
                    "level": block.level,
                    "gives": block.gives,
                    "parameters": block.parameters,
                    "words": block.words,
                    "places": [
                        (box.left, box.top, box.width, box.height)
                        for box in self.diagram.regions.get(block.id, ())
                    ],
                }
                for block in self.blocks
            ],
            "total": f"{self.graph.total_params:,}",
        }


def lesson(
    graph: ModelGraph,
    source: str,
    file: str,
    shown: Sequence[int] | None = None,
    *,
    theme: str = "light",
) -> Lesson:
    """The lesson of a graph and the source it was made from, which the graph knows as ``file``.

    ``shown`` are the lines of the source to show, counted from 1; None shows all. A small model is
    drawn with everything open, a larger one as it fits a page.
    """
    from ..drawing import draw  # the app starts without what draws files

    depth = 1 + max(module.depth for module in graph.modules) if len(graph.calls) <= PAGE else None
    diagram = draw(graph, depth=depth, theme=theme, show=("-title", "-legend"))
    found = source_lines(source, graph, file)
    texts = coloured(source.rstrip("\n"))
    numbers = range(1, len(texts) + 1) if shown is None else shown
    failure = graph.failure
    failed = failure.line if failure is not None and failure.file == file else None
    items = _Items(diagram)
    lines = tuple(
        Line(tuple(texts[number - 1]), items.at(number, found), number == failed)
        for number in numbers
        if number <= len(texts)
    )
    blocks = tuple(_blocks(graph, Derivations(graph), diagram.view.items, 0))
    return Lesson(graph, lines, blocks, diagram)


class _Items:
    """The blocks of a picture by what they stand for."""

    def __init__(self, diagram: Diagram) -> None:
        self._all = list(diagram.view.walk())
        self._ids = {item.id for item in self._all}

    def at(self, line: int, found: Lines) -> tuple[str, ...]:
        """The ids of the blocks that belong to a line."""
        ids: dict[str, None] = {}
        if line in found.inputs:
            ids |= dict.fromkeys(self._of_kind("input"))
        for path in found.modules.get(line, ()):
            ids |= dict.fromkeys(self._of_path(path))
        ids |= {f"o{op}": None for op in found.ops.get(line, ()) if f"o{op}" in self._ids}
        if line in found.outputs:
            ids |= dict.fromkeys(self._of_kind("output"))
        return tuple(ids)

    def _of_kind(self, kind: Kind) -> list[str]:
        return [item.id for item in self._all if isinstance(item, Node) and item.kind == kind]

    def _of_path(self, path: str) -> list[str]:
        """The blocks of a module; of one without a block, those inside it, or the one around."""
        if not path:
            return [item.id for item in self._all]
        found = [item.id for item in self._all if item.path == path]
        found = found or [
            item.id for item in self._all if item.path and item.path.startswith(f"{path}.")
        ]
        return found or self._of_path_around(path)

    def _of_path_around(self, path: str) -> list[str]:
        parent = path.rpartition(".")[0]
        if not parent:
            return []
        found = [item.id for item in self._all if item.path == parent]
        return found or self._of_path_around(parent)


def _blocks(
    graph: ModelGraph, derived: Derivations, items: Iterable[Node | Group], level: int
) -> Iterable[Block]:
    for item in items:
        yield Block(
            id=item.id,
            title=item.title or item.name,
            name=item.name if item.title else "",
            level=level,
            gives=_gives(graph, item),
            parameters=_parameters(derived, item),
            words=_words(derived, item),
        )
        if isinstance(item, Group):
            yield from _blocks(graph, derived, item.children, level + 1)


def _gives(graph: ModelGraph, item: Node | Group) -> str:
    if isinstance(item, Node):
        shapes = item.shapes
    else:
        calls = () if item.path is None else graph.calls_of(item.path)
        given = calls[item.call_index].outputs if item.call_index < len(calls) else ()
        shapes = tuple(graph.tensors[tensor].shape for tensor in given)
    return ", ".join(shape_text(shape) for shape in shapes)


def _parameters(derived: Derivations, item: Node | Group) -> str:
    """How the parameters of a block add up, with its copies; empty where it cannot have any."""
    if isinstance(item, Node) and item.kind in ("input", "output"):
        return ""
    each = str(derived.of(item.path)) if item.path is not None else f"{item.each.params:,}"
    if item.copies == 1 or not item.each.params:
        return each
    return f"{item.copies} × ({each}) = {item.copies * item.each.params:,}"


def _words(derived: Derivations, item: Node | Group) -> str:
    kind: Kind = item.kind if isinstance(item, Node) else "block"
    if kind in ("input", "output"):
        return _MEANING[kind]
    learns = _NOTHING
    if item.path is not None:
        learns = derived.of(item.path).words or _NOTHING
    elif item.each.params:
        learns = ""
    return " ".join(part for part in (_MEANING.get(kind, ""), learns) if part)
