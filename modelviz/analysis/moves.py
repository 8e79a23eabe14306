"""What is gone from one place of a model and stands in another."""

from __future__ import annotations

from collections import defaultdict

from .alignment import Alignment, Side, name_of


def find_moved(result: Alignment) -> None:
    """Pair what is gone from one place with what is new in another, where both are equal.

    Either may be a part of something that came or went with it: layers that were put into a new
    container, or taken out of one that is gone.
    """
    one, other = result.before, result.after
    _pair_equal(result, result.removed, result.added)
    _pair_equal(result, list(result.removed), _inner(other, result.added))
    _pair_equal(result, _inner(one, result.removed), list(result.added))


def _inner(side: Side, paths: list[str]) -> list[str]:
    """What is inside some modules, by path: outer ones first."""
    found = [m.path for path in paths for m in side.below(path) if m.path != path]
    return sorted(found, key=lambda path: path.count("."))


def _pair_equal(result: Alignment, gone: list[str], new: list[str]) -> None:
    """Pair each module that is gone with a new one that is equal to it, if it is not any other."""
    one, other = result.before, result.after
    places: dict[str, list[str]] = defaultdict(list)
    for path in new:
        places[other.key(path)].append(path)
    taken: tuple[set[str], set[str]] = set(), set()
    for path in list(gone):
        if _is_in(path, taken[0]):
            continue
        found = [p for p in places.get(one.key(path), ()) if not _is_in(p, taken[1])]
        if not found:
            continue
        partner = next((p for p in found if name_of(p) == name_of(path)), found[0])
        same_parent = one.module(path).parent == other.module(partner).parent
        if not (same_parent or one.parameters_in(path) or name_of(path) == name_of(partner)):
            continue  # any ReLU equals any other
        taken[0].add(path)
        taken[1].add(partner)
        for paths, moved in ((result.removed, path), (result.added, partner)):
            if moved in paths:
                paths.remove(moved)
        result.pair_whole(path, partner, moved=True)


def _is_in(path: str, holders: set[str]) -> bool:
    """Whether a module is one of some, or inside one."""
    while path not in holders:
        path, _, last = path.rpartition(".")
        if not last or not path:
            return False
    return True
