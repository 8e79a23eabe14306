"""Marks: what is to be told of parts of a model, as changes and findings are, in a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

from ..dotted import with_ancestors
from ..findings import SIGNS, name_of
from ..graph import Finding, ModelGraph
from ..places import place_text
from .document import Document, Item, Link, PlacedMark, PlacedMarks, Tone

_CALLS = 20
"""Calls of one module that are marked; a loop may have thousands."""

Ids = Callable[[str], Iterable[str]]
"""Gives the ids of a module's item and of those around it, the innermost first."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing to tell: in a few words, in some lines, and of which modules or op.

    ``sign`` says the same as the colour of the ``tone``, and ``word`` is what a card has room for.
    ``nodes`` are ids of items beside those of the graph.
    """

    tone: Tone
    sign: str
    title: str
    lines: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    op: int | None = None
    nodes: tuple[str, ...] = ()
    word: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """An item that the graph does not have, in the module ``parent``, after its part ``after``.

    ``reads`` and ``feeds`` are ids of items that were next to it in the flow.
    """

    item: Item
    parent: str
    after: str | None
    reads: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Marks:
    """All marks of a picture, in the order in which a reader goes through them.

    ``fills`` says that they colour what they are about, and that all else is drawn paler.
    """

    title: str
    entries: tuple[Mark, ...] = ()
    extras: tuple[Extra, ...] = ()
    fills: bool = False


def finding_marks(findings: Iterable[Finding]) -> Marks:
    """Findings as marks, in their order."""
    return Marks("Findings", tuple(map(_of_finding, findings)))


def _of_finding(finding: Finding) -> Mark:
    path = finding.path if finding.path is None else finding.path or "the model"
    words = (finding.code, name_of(finding.code), path)
    hint = f"→ {finding.hint}" if finding.hint else ""
    lines = (finding.message, hint, place_text(finding.file, finding.line))
    return Mark(
        finding.level,
        SIGNS[finding.level],
        " ".join(word for word in words if word),
        tuple(line for line in lines if line),
        () if finding.path is None else (finding.path,),
        finding.op,
    )


def marked(document: Document, graph: ModelGraph, marks: Marks) -> Document:
    """The document of a graph with marks; without entries, it is as it was."""
    if not marks.entries:
        return document
    ids: Ids = partial(_ids, graph)
    parts, parents = Parts(graph), {extra.item.id: extra.parent for extra in marks.extras}
    entries = tuple(_placed(parts, mark, parents, ids) for mark in marks.entries)
    items = document.items
    for extra in marks.extras:
        items = _with_extra(items, extra, ids)
    links = (*document.links, *_former(marks.extras))
    placed = PlacedMarks(marks.title, entries, marks.fills)
    return replace(document, items=items, marks=placed, links=links)


def _former(extras: Iterable[Extra]) -> Iterator[Link]:
    """The ways of the data to what is gone and from there, each once."""
    found: dict[Link, None] = {}
    for extra in extras:
        found |= {Link(source, extra.item.id, "removed"): None for source in extra.reads}
        found |= {Link(extra.item.id, target, "removed"): None for target in extra.feeds}
    yield from found


def _placed(parts: Parts, mark: Mark, parents: Mapping[str, str], ids: Ids) -> PlacedMark:
    places = [(node, *ids(parents[node])) for node in mark.nodes]
    for path in parts.of(mark.paths):
        calls = parts.graph.calls_of(path)
        places += [(f"c{call.id}", *ids(path)) for call in calls[:_CALLS]] or [tuple(ids(path))]
    if mark.op is not None:
        call = parts.graph.ops[mark.op].call
        around = ids(parts.graph.calls[call].module)
        places = [(f"o{mark.op}", f"c{call}", *around)]
    known = tuple(place for place in places if place)
    return PlacedMark(mark.tone, mark.sign, mark.title, mark.lines, known, mark.word)


@dataclass(frozen=True)
class Parts:
    """Which modules a picture of a graph has."""

    graph: ModelGraph

    def of(self, paths: Iterable[str]) -> Iterator[str]:
        """The modules that stand for these: themselves, or for a container what it holds.

        A container that is never called, such as a ModuleList, is no part of a picture of a
        forward; the outermost modules in it that are called are.
        """
        for path in paths:
            if not self.graph.has_module(path):  # what a foreign file may name
                continue
            found = [path] if self._is_there(path) else list(self._inside(path))
            yield from found or [path]

    def _is_there(self, path: str) -> bool:
        return not self.graph.calls or bool(self.graph.calls_of(path))

    def _inside(self, path: str) -> Iterator[str]:
        for inner in self._children.get(path, ()):
            if self._is_there(inner):
                yield inner
            else:
                yield from self._inside(inner)

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        children: dict[str, list[str]] = {}
        for module in self.graph.modules:
            if module.path:
                children.setdefault(module.path.rpartition(".")[0], []).append(module.path)
        return children


def _ids(graph: ModelGraph, path: str) -> Iterator[str]:
    """The ids of a module's item and of those around it; what holds what is never called, too."""
    for around in with_ancestors(path):
        if not graph.calls:
            yield f"m{around}"
        elif graph.has_module(around) and (calls := graph.calls_of(around)):
            if around != path:
                yield f"x{calls[0].id}"
            yield f"c{calls[0].id}"


def _with_extra(items: tuple[Item, ...], extra: Extra, ids: Ids) -> tuple[Item, ...]:
    """The items with an extra one among the parts of its parent, or of what is around that."""
    for holder in ids(extra.parent):
        found = _inside(items, holder, extra, ids)
        if found is not None:
            return found
    return _put(items, extra, ids)


def _inside(
    items: tuple[Item, ...], holder: str, extra: Extra, ids: Ids
) -> tuple[Item, ...] | None:
    """The items with an extra one in the one with an id; None where that is not among them."""
    for place, item in enumerate(items):
        if item.children is None:
            continue
        if item.id == holder:
            children: tuple[Item, ...] | None = _put(item.children, extra, ids)
        else:
            children = _inside(item.children, holder, extra, ids)
        if children is not None:
            return (*items[:place], replace(item, children=children), *items[place + 1 :])
    return None


def _put(items: tuple[Item, ...], extra: Extra, ids: Ids) -> tuple[Item, ...]:
    before = set() if extra.after is None else set(ids(extra.after))
    ends = [place + 1 for place, item in enumerate(items) if item.id in before]
    starts = [place for place, item in enumerate(items) if item.kind not in ("input", "weight")]
    place = ends[0] if ends else min(starts, default=len(items))
    return (*items[:place], extra.item, *items[place:])
