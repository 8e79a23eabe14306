"""Python's collector of garbage: when it looks, and which objects it knows."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import compress
from typing import Any


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
