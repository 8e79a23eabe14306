"""What the children of a module were renamed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .alignment import Alignment, Side

_ALIKE = 0.6
"""Share of what two modules of one class hold that has to be in both, to be one renamed."""
_VERY_ALIKE = 0.8
"""The same for modules of two classes."""


def find_partners(
    result: Alignment, mine: Sequence[str], theirs: Sequence[str], same: Mapping[str, str]
) -> dict[str, str]:
    """The new path of each child that has another name after.

    ``same`` are the children that kept theirs. A renamed child has the same structure; or it holds
    mostly the same; or the same layers under other names; or it is a layer of the same class in the
    same place.
    """
    taken = set(same.values())
    left = [path for path in mine if path not in same]
    rest = [path for path in theirs if path not in taken]
    if not left or not rest:
        return {}
    search = _Search(result.before, result.after, mine, theirs, dict(same))
    for find in (search.equal, search.alike, search.of_equal_layers, search.in_its_place):
        for path in list(left):
            partner = find(path, left, rest) if rest else None
            if partner is not None:
                left.remove(path)
                rest.remove(partner)
                search.found[path] = partner
    return {path: partner for path, partner in search.found.items() if path not in same}


@dataclass
class _Search:
    """The children of two modules, and which were ``found`` to be which so far."""

    one: Side
    other: Side
    mine: Sequence[str]
    theirs: Sequence[str]
    found: dict[str, str]

    def equal(self, path: str, left: Sequence[str], rest: Sequence[str]) -> str | None:
        """The nearest of equal structure."""
        equal = [p for p in rest if self.other.key(p) == self.one.key(path)]
        return min(equal, key=lambda p: self._distance(path, p), default=None)

    def alike(self, path: str, left: Sequence[str], rest: Sequence[str]) -> str | None:
        """The one that holds most of what a module holds, where none else is nearer to that."""
        scores = {partner: self._likeness(path, partner) for partner in rest}
        best = max(rest, key=lambda p: (scores[p], -self._distance(path, p)))
        same_class = self.one.kind(path) == self.other.kind(best)
        if scores[best] < (_ALIKE if same_class else _VERY_ALIKE):
            return None
        rivals = (self._likeness(p, best) for p in left if p != path)
        return best if scores[best] >= max(rivals, default=0) else None

    def of_equal_layers(self, path: str, left: Sequence[str], rest: Sequence[str]) -> str | None:
        """The nearest that holds the same layers in the same order, whatever their names are."""
        layers = self.one.layers(path)
        equal = [p for p in rest if layers and self.other.layers(p) == layers]
        return min(equal, key=lambda p: self._distance(path, p), default=None)

    def in_its_place(self, path: str, left: Sequence[str], rest: Sequence[str]) -> str | None:
        """The only layer of the same class, where both stand next to the same."""
        kind = self.one.kind(path)
        alike = [p for p in rest if self.other.kind(p) == kind]
        if len(alike) != 1 or sum(self.one.kind(p) == kind for p in left) != 1:
            return None
        partner = alike[0]
        if self.one.children(path) or self.other.children(partner):
            return None
        around = _around(self.mine, path), _around(self.theirs, partner)
        same = (self.found.get(a or "", b) == b and (a is None) == (b is None) for a, b in zip(*around, strict=True))  # fmt: skip  # noqa: E501
        return partner if any(same) else None

    def _distance(self, path: str, partner: str) -> int:
        return abs(self.theirs.index(partner) - self.mine.index(path))

    def _likeness(self, path: str, partner: str) -> float:
        """The share of what two modules hold that is in both, by name and class."""
        one, other = self.one.content(path), self.other.content(partner)
        return len(one & other) / len(one | other) if one and other else 0.0


def _around(paths: Sequence[str], path: str) -> tuple[str | None, str | None]:
    """What stands before and after one of some paths."""
    place = paths.index(path)
    return (
        paths[place - 1] if place else None,
        paths[place + 1] if place + 1 < len(paths) else None,
    )
