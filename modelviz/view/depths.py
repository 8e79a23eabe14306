"""How much of a document is open at first: the depth that fits a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence

from .bundling import Bundling
from .document import Document, Kind
from .levels import further_kinds, open_parts, shown_size
from .model import View
from .options import EASY, PAGE, PATH, Depth
from .tree import Part
from .visibility import Visibility
from .visible import visible

BUNDLES = 24
"""Parts that a flat model too large for a page is summarised into."""
FEWER = (20, 16, 12, 9, 6, 4)
"""The same where these are too large when they are laid out."""
BY_LAYER = Depth(1, by_layer=True)
LEAST = 0.1
"""The share of the parameters of what is open where not all that is as deep can be."""
MUCH = 0.25
"""The share of the parameters that a picture should not leave shut if it can help it."""
CALM = 30
"""Most nodes and groups of a picture in which more is open than shows what a network is like."""
_BESIDE: frozenset[Kind] = frozenset({"normalisation", "activation", "dropout"})
_LIGHT = 0.4


class Pageable(ABC):
    """A graph of which more or less may be on a page."""

    @property
    @abstractmethod
    def depth(self) -> Depth:
        """How much is open at first."""

    @abstractmethod
    def depths(self) -> Iterator[Depth]:
        """What may fit a page, the most first."""

    @abstractmethod
    def document(self, depth: Depth) -> Document:
        """The document, open to a depth, its top level cut into so many parts."""

    def further(self, depth: Depth) -> Iterator[Depth]:
        """What is open in one kind of module more than a depth, what holds most first."""
        return iter(())

    def outermost(self, depth: Depth) -> Iterator[Depth]:
        """What is open in shut modules, too, the outermost that hold much of the model."""
        return iter(())


def chosen_depth(visibility: Visibility, parts: Sequence[Part], document: Document) -> Depth:
    """The deepest that fits a page; ``document`` has these parts, whatever is open in it."""
    deepest = max(module.depth for module in visibility.graph.modules) + 2
    best, depth, size = 1, 1, shown_size(visibility, parts, Depth(1))
    most = size
    while depth < deepest and (size := shown_size(visibility, parts, Depth(depth + 1))) <= PAGE:
        depth += 1
        if size > most:
            best, most = depth, size
    candidates = _less(visibility, parts, best) if most <= PAGE else ()
    for candidate in candidates:
        view = visible(document, open_parts(visibility, parts, candidate))
        easy = view.size <= EASY and longest_path(view) <= PATH
        if easy or (candidate.levels == 1 and view.size <= PAGE):
            return candidate
    return Depth(1, BUNDLES) if _layers(visibility, parts) > PAGE else BY_LAYER


def smaller(visibility: Visibility, parts: Sequence[Part], depth: Depth) -> Iterator[Depth]:
    """What shows less than a depth, the most first."""
    bundling = Bundling(visibility, frozenset(open_parts(visibility, parts, Depth(1))))
    count = depth.limit or sum(map(bundling.count, parts))
    if depth.by_layer:
        count = _layers(visibility, parts)
    elif depth.limit is None:
        every = list(_less(visibility, parts, depth.levels))
        yield from every[every.index(depth) + 1 :] if depth in every else every
        if _layers(visibility, parts) < count:
            yield BY_LAYER
    yield from (Depth(1, fewer) for fewer in FEWER if fewer < count)


def further(visibility: Visibility, parts: Sequence[Part], depth: Depth) -> Iterator[Depth]:
    """What is open in one kind of module more than a depth, which holds most of the parameters."""
    size = shown_size(visibility, parts, depth)
    for kinds in further_kinds(visibility, parts, depth, LEAST):
        more = depth._replace(also=depth.also | kinds)
        if size < shown_size(visibility, parts, more) <= PAGE:
            yield more


def outermost(visibility: Visibility, parts: Sequence[Part], depth: Depth) -> Iterator[Depth]:
    """What is open in the outermost modules, too, that hold much of the model: all, or one kind.

    How a repeated block is made is told once it is open; what is in it may stay shut.
    """
    size = shown_size(visibility, parts, depth)
    kinds = further_kinds(visibility, parts, depth, MUCH, outermost=True)
    for some in dict.fromkeys((frozenset[str]().union(*kinds), *kinds)):
        more = depth._replace(also=depth.also | some)
        if size < shown_size(visibility, parts, more) <= CALM:
            yield more


def _layers(visibility: Visibility, parts: Sequence[Part]) -> int:
    """The number of parts where each layer is in one with the light steps around it."""
    opened = frozenset(open_parts(visibility, parts, BY_LAYER))
    bundling = Bundling(visibility, opened)
    return sum(map(bundling.count, bundling.cut(parts, None)))


def _less(visibility: Visibility, parts: Sequence[Part], levels: int) -> Iterator[Depth]:
    """So many levels and less: of each, all, and then what holds most of the parameters."""
    for level in range(levels, 1, -1):
        size = shown_size(visibility, parts, Depth(level))
        nested, most = Depth(level, nested=True), Depth(level, least=LEAST)
        if size < shown_size(visibility, parts, nested) <= PAGE:
            yield nested
        yield Depth(level)
        if (
            size
            > shown_size(visibility, parts, most)
            > shown_size(visibility, parts, Depth(level - 1))
        ):
            yield most
    yield Depth(1)


def longest_path(view: View) -> float:
    """The length of the longest way through a view, in nodes, not counting from copy to copy.

    What comes with a layer, such as its norm and activation, is shown as a part of it, and counts
    less.
    """
    sizes = {node.id: _LIGHT if node.kind in _BESIDE else 1.0 for node in view.nodes()}
    following: dict[str, set[str]] = {}
    waiting = dict.fromkeys(sizes, 0)
    for edge in view.edges:
        if not edge.next_copy and edge.target not in following.setdefault(edge.source, set()):
            following[edge.source].add(edge.target)
            waiting[edge.target] += 1
    length = dict(sizes)
    ready = [node for node, count in waiting.items() if count == 0]
    while ready:
        node = ready.pop()
        for target in following.get(node, ()):
            length[target] = max(length[target], length[node] + sizes[target])
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    return max(length.values(), default=0.0)
