"""How much of a document is open at first: the depth that fits a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ..graph import ModelGraph
from .bundling import Bundling
from .document import Document, Kind
from .levels import Levels
from .model import View
from .options import EASY, PAGE, PATH, Depth, ViewOptions
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


@dataclass(frozen=True)
class RunPages(Pageable):
    """A graph that was run, whose parts are on levels."""

    graph: ModelGraph
    options: ViewOptions

    @cached_property
    def visibility(self) -> Visibility:
        """What the options show of it."""
        return Visibility(self.graph, self.options)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The tree in which everything is open that has something inside to see."""
        return self.visibility.whole()

    @cached_property
    def depth(self) -> Depth:
        """How much is open at first."""
        options = self.options
        if options.depth is not None:
            return Depth(options.depth)
        if options.page is not None:
            return options.page
        if options.expand:
            # What a reader asks to see comes on top of what the page shows without being asked.
            return replace(self, options=replace(options, expand=())).depth
        return self._fitting()

    def depths(self) -> Iterator[Depth]:
        """What may fit a page, the most first."""
        depth = self.depth
        yield depth
        bundling = Bundling(self.visibility, frozenset(self.levels(Depth(1)).opened))
        count = depth.limit or sum(map(bundling.count, self.parts))
        if depth.by_layer:
            count = self._layers
        elif depth.limit is None:
            every = list(self._less(depth.levels))
            yield from every[every.index(depth) + 1 :] if depth in every else every
            if self._layers < count:
                yield BY_LAYER
        yield from (Depth(1, fewer) for fewer in FEWER if fewer < count)

    def further(self, depth: Depth) -> Iterator[Depth]:
        """What is open in one kind of module more than a depth, what holds most first."""
        return self._with(depth, self.levels(depth).further_kinds(LEAST), PAGE)

    def outermost(self, depth: Depth) -> Iterator[Depth]:
        """What is open in the outermost modules, too, that hold much of it: in all, or one kind.

        How a repeated block is made is told once it is open; what is in it may stay shut.
        """
        kinds = self.levels(depth).further_kinds(MUCH, outermost=True)
        return self._with(depth, dict.fromkeys((frozenset[str]().union(*kinds), *kinds)), CALM)

    def levels(self, depth: Depth) -> Levels:
        """What is open at a depth."""
        return Levels(self.visibility, self.parts, depth)

    def _with(self, depth: Depth, kinds: Iterable[frozenset[str]], most: int) -> Iterator[Depth]:
        """A depth with each of these kinds open, too, where more is shown then and not too much."""
        size = self.levels(depth).size
        for some in kinds:
            more = depth._replace(also=depth.also | some)
            if size < self.levels(more).size <= most:
                yield more

    def _fitting(self) -> Depth:
        """The deepest that fits a page."""
        deepest = max(module.depth for module in self.visibility.graph.modules) + 2
        best, depth, size = 1, 1, self.levels(Depth(1)).size
        most = size
        while depth < deepest and (size := self.levels(Depth(depth + 1)).size) <= PAGE:
            depth += 1
            if size > most:
                best, most = depth, size
        document = self.document(Depth(1))
        for candidate in self._less(best) if most <= PAGE else ():
            view = visible(document, self.levels(candidate).opened)
            easy = view.size <= EASY and longest_path(view) <= PATH
            if easy or (candidate.levels == 1 and view.size <= PAGE):
                return candidate
        return Depth(1, BUNDLES) if self._layers > PAGE else BY_LAYER

    @property
    def _layers(self) -> int:
        """The number of parts where each layer is in one with the light steps around it."""
        bundling = Bundling(self.visibility, frozenset(self.levels(BY_LAYER).opened))
        return sum(map(bundling.count, bundling.cut(self.parts, None)))

    def _less(self, levels: int) -> Iterator[Depth]:
        """So many levels and less: of each, all, and then what holds most of the parameters."""
        for level in range(levels, 1, -1):
            size = self.levels(Depth(level)).size
            nested, most = Depth(level, nested=True), Depth(level, least=LEAST)
            if size < self.levels(nested).size <= PAGE:
                yield nested
            yield Depth(level)
            if size > self.levels(most).size > self.levels(Depth(level - 1)).size:
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
