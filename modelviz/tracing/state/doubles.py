"""What the forward gets a double of, since it says nothing of where it is or cannot be put back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol

from .keepers import (
    AttributeKeeper,
    CellKeeper,
    ClassKeeper,
    DictKeeper,
    NamesKeeper,
    PartialKeeper,
    SequenceKeeper,
    SlotKeeper,
)
from .kinds import BOUND
from .replay import Tape

# Tuples inside one another: what is deeper is left to itself.
_MAX_DEPTH = 8


class Double(Protocol):
    """Something that a forward reads, and ``now``, what it reads instead."""

    source: Any
    now: Any
    placed: bool

    def renew(self) -> None:
        """Make ``now`` stand where ``source`` does."""


class Copied:
    """An object of C with a method ``copy``: a hash, a compressor."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.now: Any = None
        self.placed = False

    def renew(self) -> None:
        """Make ``now`` stand where ``source`` does."""
        self.now = self.source.copy()


class Doubles:
    """All doubles, by the ``id`` of what they stand for, and the places where those stand."""

    def __init__(self) -> None:
        self._double_of: dict[int, Double] = {}
        self._places: list[tuple[Callable[[Any], None], Any]] = []
        self._placed = 0

    @property
    def tapes(self) -> list[Tape]:
        """Those of iterators."""
        return [double for double in self._double_of.values() if isinstance(double, Tape)]

    def add(self, source: Any, kind: type[Tape] | type[Copied]) -> None:
        """Another one, of ``source``."""
        if id(source) not in self._double_of:
            self._double_of[id(source)] = kind(source)

    def of(self, source: Any) -> Double | None:
        """The double of ``source``, if it has one."""
        return self._double_of.get(id(source))

    def find_places(self, keepers: list[Any]) -> None:
        """Note in which of the ``keepers``, those after the last time, something doubled stands."""
        if self._double_of:
            for keeper in keepers[self._placed :]:
                for put, value in _parts(keeper):
                    if self._doubled(value) is not value:
                        self._places.append((put, value))
        self._placed = len(keepers)

    def put(self) -> None:
        """Put new doubles in all places; the keepers of the places put back what was there."""
        for double in self._double_of.values():
            double.renew()
        for put, value in self._places:
            put(self._doubled(value))

    def _doubled(self, value: Any, depth: int = 0) -> Any:
        """``value`` with a double of each part that has one; itself where none has."""
        double = self._double_of.get(id(value))
        if double is not None:
            double.placed = True
            return double.now
        if isinstance(value, tuple) and depth < _MAX_DEPTH:
            parts = [self._doubled(part, depth + 1) for part in tuple.__iter__(value)]
            if any(new is not old for new, old in zip(parts, tuple.__iter__(value), strict=True)):
                return tuple.__new__(type(value), parts)
        if isinstance(value, BOUND) and id(value.__self__) in self._double_of:
            return getattr(self._doubled(value.__self__), value.__name__)
        return value


def _parts(keeper: Any) -> Iterable[tuple[Callable[[Any], None], Any]]:
    """What stands where in what is kept: how something else is put there, and what is there."""
    target: Any = getattr(keeper, "target", None)
    if isinstance(keeper, (DictKeeper, SequenceKeeper)):
        pairs = (
            keeper.before.items() if isinstance(keeper, DictKeeper) else enumerate(keeper.before)
        )
        set_item = keeper.base.__setitem__
        return ((partial(set_item, target, key), value) for key, value in pairs)
    if isinstance(keeper, NamesKeeper):
        return ((partial(target.__setitem__, key), v) for key, v in keeper.before.items())
    if isinstance(keeper, ClassKeeper):
        return ((partial(type.__setattr__, target, key), v) for key, v in keeper.before.items())
    return _one_part(keeper, target)


def _one_part(keeper: Any, target: Any) -> Iterator[tuple[Callable[[Any], None], Any]]:
    if isinstance(keeper, SlotKeeper):
        yield partial(keeper.slot.__set__, target), keeper.before
    elif isinstance(keeper, (CellKeeper, AttributeKeeper)):
        name = keeper.name if isinstance(keeper, AttributeKeeper) else "cell_contents"
        yield partial(setattr, target, name), keeper.before
    elif isinstance(keeper, PartialKeeper):
        yield keeper.put_arguments, keeper.before[1]
