"""Parts of a flat model in bundles, so that the rest fits a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from ..analysis.items import Step, Steps
from .by_layer import by_layer
from .tree import Part, bundled, walk
from .visibility import Visibility


def bundled_parts(
    visibility: Visibility, parts: Sequence[Part], opened: Sequence[str], limit: int | None
) -> tuple[tuple[Part, ...], list[str]]:
    """The parts, those of the top level in so many bundles, and what is open then.

    Without a limit, each layer is in one with the light steps around it.

    What a reader asked to open stays by itself, and open. What a function of the model runs is
    bundled inside of it where it runs layers.
    """
    bundling = Bundling(visibility, frozenset(opened))
    cut = bundling.cut(parts, limit)
    return cut, [name for name in opened if name in bundling.stay]


@dataclass
class Bundling:
    """Puts parts into bundles, but for those that are ``opened``."""

    visibility: Visibility
    opened: frozenset[str]
    stay: set[str] = field(default_factory=set)
    """What stays open."""

    def cut(self, parts: Sequence[Part], limit: int | None) -> tuple[Part, ...]:
        """The parts, those that are not asked for in bundles, with what is in them."""
        shown = [part for part in parts if not self._is_hidden(part)]
        rest = sum(self.count(part) for part in shown)
        cut: list[Part] = []
        for stays, stretch in groupby(shown, self._stays):
            some = tuple(stretch)
            share = None if limit is None else limit / max(rest, 1)
            if stays:
                cut += (self._inside(part, share) for part in some)
            elif share is None:
                cut += by_layer(self.visibility.graph, some)
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

    def _inside(self, part: Part, share: float | None) -> Part:
        """An open part, with the parts in it in bundles, to a share of their number."""
        if self._is_asked(part):
            self.stay.update(inner.id for inner in walk((part,)))
            return part
        self.stay.add(part.id)
        limit = None if share is None else max(1, round(share * self.count(part)))
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
