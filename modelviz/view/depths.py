"""How much of a document is open at first: the depth that fits a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ..analysis.items import Step, Steps
from .document import Document, Kind
from .model import View
from .options import EASY, PAGE, PATH
from .tree import Part, bundled, walk
from .visibility import Visibility
from .visible import visible

BUNDLES = 24
"""Parts that a flat model too large for a page is summarised into."""
FEWER = (20, 16, 12, 9, 6, 4)
"""The same where these are too large when they are laid out."""
_BESIDE: frozenset[Kind] = frozenset({"normalisation", "activation", "dropout"})
_LIGHT = 0.4


Depth = tuple[int, int | None]
"""How many levels are open, and to how many parts the top level is cut, if it is."""


def chosen_depth(visibility: Visibility, parts: Sequence[Part], document: Document) -> Depth:
    """The deepest that fits a page; ``document`` has these parts, whatever is open in it."""
    deepest = max(module.depth for module in visibility.graph.modules) + 2
    best, depth, size = 1, 1, _size(visibility, parts, 1)
    most = size
    while depth < deepest and (size := _size(visibility, parts, depth + 1)) <= PAGE:
        depth += 1
        if size > most:
            best, most = depth, size
    for candidate in range(best if most <= PAGE else 0, 0, -1):
        view = visible(document, open_parts(visibility, parts, candidate))
        easy = view.size <= EASY and longest_path(view) <= PATH
        if easy or (candidate == 1 and view.size <= PAGE):
            return candidate, None
    return 1, BUNDLES


def smaller(visibility: Visibility, parts: Sequence[Part], depth: Depth) -> Iterator[Depth]:
    """What shows less than a depth, the most first."""
    levels, limit = depth
    bundling = _Bundling(visibility, frozenset(open_parts(visibility, parts, 1)))
    count = limit or sum(map(bundling.count, parts))
    yield from ((level, None) for level in range(levels - 1, 0, -1))
    yield from ((1, fewer) for fewer in FEWER if fewer < count)


def open_parts(visibility: Visibility, parts: Sequence[Part], depth: int) -> list[str]:
    """The ids of the parts that are open at a depth."""
    return [part.id for part, is_open in _shown(visibility, parts, depth) if is_open]


def bundled_parts(
    visibility: Visibility, parts: Sequence[Part], opened: Sequence[str], limit: int
) -> tuple[tuple[Part, ...], list[str]]:
    """The parts, those of the top level in so many bundles, and what is open then.

    What a reader asked to open stays by itself, and open. What a function of the model runs is
    bundled inside of it where it runs layers.
    """
    bundling = _Bundling(visibility, frozenset(opened))
    cut = bundling.cut(parts, limit)
    return cut, [name for name in opened if name in bundling.stay]


@dataclass
class _Bundling:
    visibility: Visibility
    opened: frozenset[str]
    stay: set[str] = field(default_factory=set)
    """What stays open."""

    def cut(self, parts: Sequence[Part], limit: int) -> tuple[Part, ...]:
        """The parts, those that are not asked for in bundles, with what is in them."""
        shown = [part for part in parts if not self._is_hidden(part)]
        rest = sum(self.count(part) for part in shown)
        cut: list[Part] = []
        for stays, stretch in groupby(shown, self._stays):
            some = tuple(stretch)
            share = limit / max(rest, 1)
            if stays:
                cut += (self._inside(part, share) for part in some)
            else:
                cut += bundled(self.visibility.graph, some, max(1, round(share * len(some))))
        return tuple(_filled(parts, cut))

    def count(self, part: Part) -> int:
        """The number of parts that a summary stands for."""
        if not self._stays(part):
            return 1
        if self._is_asked(part):
            return 0
        return sum(not self._is_hidden(child) for child in part.children or ())

    def _inside(self, part: Part, share: float) -> Part:
        """An open part, with the parts in it in bundles, to a share of their number."""
        if self._is_asked(part):
            self.stay.update(inner.id for inner in walk((part,)))
            return part
        self.stay.add(part.id)
        limit = max(1, round(share * self.count(part)))
        return replace(part, children=self.cut(part.children or (), limit))

    def _stays(self, part: Part) -> bool:
        frame = part.steps is not None and self.visibility.calls_layers(part.steps)
        return self._is_asked(part) or (frame and part.id in self.opened)

    def _is_asked(self, part: Part) -> bool:
        return part.id in self.opened and self.visibility.is_asked(part)

    def _is_hidden(self, part: Part) -> bool:
        return part.id not in self.opened and self.visibility.hides_closed(part)


def _filled(parts: Sequence[Part], cut: Sequence[Part]) -> Iterator[Part]:
    """The parts as they were cut, those that a bundle stands for in it, and those left out."""
    places = {_key(part.items[0]): index for index, part in enumerate(parts)}
    done = 0
    for part in cut:
        found = (places.get(_key(item)) for item in part.items)
        inside = [place for place in found if place is not None]
        yield from parts[done : inside[0]]
        done = inside[-1] + 1
        yield replace(part, children=tuple(parts[inside[0] : done])) if part.bundle else part
    yield from parts[done:]


def _key(item: Step) -> tuple[type, int]:
    """What tells an item from all others of a call."""
    first = item.first if isinstance(item, Steps) else item
    return type(first), first.id


def _shown(
    visibility: Visibility, parts: Sequence[Part], depth: int
) -> Iterator[tuple[Part, bool]]:
    """Every part that is seen at a depth, outer before inner, and whether it is open."""
    waiting = [(part, 1) for part in reversed(parts)] if depth else []
    while waiting:
        part, level = waiting.pop()
        is_open = visibility.opens(part, level, depth)
        yield part, is_open
        if is_open:
            inner = level if visibility.is_frame(part) else level + 1
            waiting.extend((child, inner) for child in reversed(part.children or ()))


def _size(visibility: Visibility, parts: Sequence[Part], depth: int) -> int:
    """The number of parts that are shown at a depth."""
    shown = _shown(visibility, parts, depth)
    return sum(is_open or not visibility.hides_closed(part) for part, is_open in shown)


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
