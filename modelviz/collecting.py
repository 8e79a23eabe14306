"""Python's collector of garbage: when it looks, and which objects it knows."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import compress
from typing import Any, Literal


@contextmanager
def collection_paused() -> Iterator[None]:
    """No cycles are looked for inside; as a decorator, while the function runs.

    A stage makes many small objects in one go and keeps nearly all of them, in which Python would
    look for garbage again and again.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


_SELDOM = (1_000_000, 20, 10)


def collect_seldom() -> None:
    """Look for garbage after many new objects only: for good, in a process of our own.

    The imports of a first summary make half a million objects that all stay; with Python's own
    thresholds a tenth of its time goes into looking through them.
    """
    gc.set_threshold(*_SELDOM)


@contextmanager
def collecting_seldom() -> Iterator[None]:
    """The same inside, in a process of the caller's; as a decorator, while the function runs."""
    before = gc.get_threshold()
    # The first alone: from Python 3.14 on the last is always told as 0.
    if before[0] == _SELDOM[0]:  # another thread, or the call around this one, puts back what was
        yield
        return
    collect_seldom()
    try:
        yield
    finally:
        gc.set_threshold(*before)


def objects_of(kinds: Iterable[type]) -> list[Any]:
    """Every object of the process that is of one of these types, and not of a subclass."""
    every = gc.get_objects()
    wanted = set(map(id, kinds))  # what makes a class can forbid to hash it
    # Without a step of Python for each of what may be millions.
    return list(compress(every, map(wanted.__contains__, map(id, map(type, every)))))


class Newcomers:
    """Knows which objects were made since ``settle`` was last called, of those that still are.

    They are the youngest generation of Python's collector, which is small, where all objects of
    the process may be millions. Inside ``with`` what a collection moves out of it is written down
    before, so that each is looked at once; automatic ones should be paused.
    """

    def __init__(self) -> None:
        self._new: set[int] = set()
        self._before: dict[int, Any] | None = None
        self._old: set[int] = set()
        # What was asked about lives on, so that no ``id`` comes twice.
        self._asked: list[Any] = []

    def __enter__(self) -> Newcomers:
        gc.callbacks.append(self._collecting)
        self.settle()
        return self

    def __exit__(self, *raised: object) -> None:
        gc.callbacks.remove(self._collecting)
        self._before = None

    def settle(self) -> None:
        """From now on nothing that there is is new."""
        old: list[Any] = []
        gc.collect(0)
        self._new.clear()
        self._old.clear()
        # A Python without the global lock has one generation. What there is lives on, there, so
        # that nothing new gets its ``id``.
        apart = id(old) not in _ids(generation=0)
        self._before = None if apart else {id(one): one for one in gc.get_objects()}

    def ids(self) -> set[int]:
        """The ``id``s of what is new."""
        if self._before is not None:
            self._new |= _ids() - self._before.keys()
        else:
            gc.collect(0)
        return self._new

    def is_new(self, value: object) -> bool:
        """Whether this one is."""
        key = id(value)
        if key not in self._new and key not in self._old:
            self._asked.append(value)
            if key not in self.ids():
                self._old.add(key)
        return key in self._new

    def _collecting(self, phase: Literal["start", "stop"], facts: dict[str, int]) -> None:
        if phase == "start" and self._before is None:
            self._new |= _ids(generation=0)


def _ids(generation: int | None = None) -> set[int]:
    return set(map(id, gc.get_objects(generation=generation)))
