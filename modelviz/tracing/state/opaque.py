"""Objects of C that hold a state behind methods: each kind is asked for it in its own way."""

from __future__ import annotations

import contextlib
import gc
import queue
import sys
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import nn

_LARGEST_DATABASE = 1 << 26
"""Bytes of a database of which a copy is made."""


_PATIENCE = 0.5
"""Seconds for which another thread may hold a lock before a forward is taken to hold it."""


class LeftChanged(Exception):
    """Says what was not put back, in whole words."""


_left_taken: ContextVar[dict[int, tuple[Any, str]] | None] = ContextVar("left taken", default=None)


@contextlib.contextmanager
def locks_remembered() -> Iterator[None]:
    """Inside, what one forward leaves taken is known to the next, of another trace as well."""
    if _left_taken.get() is not None:
        yield
        return
    token = _left_taken.set({})
    try:
        yield
    finally:
        _left_taken.reset(token)


def _remember(lock: Any, said: str) -> None:
    left = _left_taken.get()
    if left is not None:
        left[id(lock)] = lock, said


def taken_for_long(keepers: Iterable[Any]) -> str | None:
    """What was said of a lock that a forward left taken, if the next may wait for it for ever."""
    left = _left_taken.get()
    if not left:
        return None
    met = [k.target for k in keepers if isinstance(k, (LockKeeper, MachineryKeeper))]
    for lock, said in [left[id(lock)] for lock in met if id(lock) in left]:
        if not lock.acquire(timeout=_PATIENCE):
            return said
        lock.release()
    return None


class PickledKeeper:
    """What gives its state to be pickled, and takes one: XML elements, ``SeedSequence``."""

    __slots__ = ("before", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self.before = target.__reduce_ex__(2)[2]

    def restore(self) -> None:
        """Put it back."""
        self.target.__setstate__(self.before)


class QueueKeeper:
    """A ``queue.SimpleQueue``: it is looked into by taking all out and putting all back."""

    __slots__ = ("_before", "target")

    def __init__(self, target: queue.SimpleQueue[Any]) -> None:
        self.target = target
        self._before = self._taken()
        self._fill()

    @property
    def items(self) -> list[Any]:
        """What is in it."""
        return self._before

    def _taken(self) -> list[Any]:
        items = []
        while not self.target.empty():
            items.append(self.target.get_nowait())
        return items

    def _fill(self) -> None:
        for item in self._before:
            self.target.put(item)

    def restore(self) -> None:
        """Put it back."""
        self._taken()
        self._fill()


class DatabaseKeeper:
    """An open connection of sqlite3: a copy of what the database holds, if that is not large.

    Where changes of before the forward wait to be committed, nothing is put back: it would commit
    or lose them.
    """

    __slots__ = ("_before", "_copy", "target")

    def __init__(self, target: Any) -> None:
        self._copy: Any = None
        self.target = target
        self._before = self._count()
        if not target.in_transaction and self._size() <= _LARGEST_DATABASE:
            connect = sys.modules["sqlite3"].connect
            self._copy = connect(":memory:", check_same_thread=False)
            target.backup(self._copy)

    def __del__(self) -> None:
        # Python warns of a connection that nobody closes.
        if self._copy is not None:
            self._copy.close()

    def _asked(self, setting: str) -> int:
        return int(self.target.cursor().execute(f"pragma {setting}").fetchone()[0])

    def _size(self) -> int:
        return self._asked("page_count") * self._asked("page_size")

    def _count(self) -> tuple[int, int]:
        return self.target.total_changes, self._asked("schema_version")

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where that would touch what was not committed."""
        if self._count() == self._before:
            return
        if self._copy is None:
            raise LeftChanged("the database of a sqlite3 connection was changed")
        if self.target.in_transaction:
            self.target.rollback()
        self._copy.backup(self.target)
        self._before = self._count()


class CacheKeeper:
    """A cache of ``functools``: emptied if it was empty; else it is told that it holds more.

    Numbers and words that it holds more of are the same at each call: nothing is told of them.
    """

    __slots__ = ("_before", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._before = target.cache_info()

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where it held something before and holds more now."""
        now, before = self.target.cache_info(), self._before
        if not any((before.hits, before.misses, before.currsize)):
            if now != before:
                self.target.cache_clear()
        elif now.currsize > before.currsize and _holds_state(self.target):
            more = now.currsize - before.currsize
            name = getattr(self.target, "__qualname__", "a function")
            raise LeftChanged(f"the cache of {name} holds {more} more of its results")


_CONSTANTS = (bool, int, float, complex, str, bytes, type(None), type(...), slice, range, type)
_DESCRIPTIONS = (torch.dtype, torch.device, torch.layout, torch.memory_format)


def _holds_state(cache: Any) -> bool:
    """Whether a cache of ``functools`` holds anything but numbers, words and what has only such."""
    own = {id(getattr(cache, "__wrapped__", None)), id(vars(cache))}
    waiting = [held for held in gc.get_referents(cache) if id(held) not in own]
    seen: set[int] = set()
    while waiting:
        value = waiting.pop()
        plain = isinstance(value, (*_CONSTANTS, *_DESCRIPTIONS)) or type(value) is object
        if plain or id(value) in seen or type(value).__module__ == "functools":
            continue
        seen.add(id(value))
        parts = gc.get_referents(value)
        if isinstance(value, (torch.Tensor, nn.Module, FunctionType, ModuleType)):
            return True
        # An object of C that does not say what it holds, as an array or a generator.
        if not parts and not isinstance(value, (dict, list, tuple, set, frozenset)):
            return True
        waiting += parts
    return False


class EventKeeper:
    """A ``threading.Event``: whether it is set."""

    __slots__ = ("_before", "target")

    def __init__(self, target: threading.Event) -> None:
        self.target = target
        self._before = target.is_set()

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where another thread may wait for it."""
        if self.target.is_set() is self._before:
            return
        if _is_shared():
            raise LeftChanged(f"a threading.Event was {'cleared' if self._before else 'set'}")
        (self.target.set if self._before else self.target.clear)()


class LoggerKeeper:
    """A logger: its level and flags, its handlers and filters."""

    __slots__ = ("_before", "_level", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._level = target.level
        self._before = (target.disabled, target.propagate)

    def restore(self) -> None:
        """Put it back."""
        target = self.target
        if target.level != self._level:
            target.setLevel(self._level)  # which tells all other loggers
        target.disabled, target.propagate = self._before


_DECIMALS = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")


class DecimalKeeper:
    """A context of decimal numbers: settings, flags and traps."""

    __slots__ = ("_flags", "_settings", "_traps", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._settings = [getattr(target, name) for name in _DECIMALS]
        self._flags, self._traps = dict(target.flags), dict(target.traps)

    def restore(self) -> None:
        """Put it back."""
        for name, value in zip(_DECIMALS, self._settings, strict=True):
            setattr(self.target, name, value)
        self.target.flags.update(self._flags)
        self.target.traps.update(self._traps)


def decimal_context() -> DecimalKeeper | None:
    """That of this thread, if decimal numbers are in use."""
    decimal = sys.modules.get("decimal")
    return None if decimal is None else DecimalKeeper(decimal.getcontext())


def database_keeper(target: Any) -> list[DatabaseKeeper]:
    """One, or none for a connection that the forward cannot use: closed, or of another thread."""
    with contextlib.suppress(sys.modules["sqlite3"].ProgrammingError):
        return [DatabaseKeeper(target)]
    return []


class StepsKeeper:
    """A coroutine or an asynchronous generator: how far it ran, which cannot be undone."""

    __slots__ = ("_place", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._place = self._now()

    def _now(self) -> int | None:
        frame = getattr(self.target, "cr_frame", None) or getattr(self.target, "ag_frame", None)
        return None if frame is None else frame.f_lasti

    def restore(self) -> None:
        """Nothing can be put back. Raises LeftChanged where it ran on."""
        if self._now() != self._place:
            raise LeftChanged(f"{self.target.__qualname__} ({type(self.target).__name__}) ran on")


class LockKeeper:
    """A lock: whether it is taken, by this thread where it says whose it is."""

    __slots__ = ("_before", "_now", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        # One that a thread may take twice says only from Python 3.14 on whether any has it.
        self._now = getattr(target, "_is_owned", None) or target.locked
        self._before = self._now()

    def restore(self) -> None:
        """Put it back, or the next attempt waits. Raises LeftChanged where others may have it."""
        if self._now() is self._before:
            return
        if _is_shared() and self._now == getattr(self.target, "locked", None):
            if self._before:
                raise LeftChanged("a lock was released")
            said = "a lock was taken"
            _remember(self.target, said)
            raise LeftChanged(said)
        if self._before:
            self.target.acquire()
        while self._now() and not self._before:
            self.target.release()


class MachineryKeeper:
    """A semaphore, a barrier, a future: its own attributes, where no other thread may use it."""

    __slots__ = ("_before", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._before = dict(vars(target))

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where another thread may wait for it."""
        now, before = vars(self.target), self._before
        if now.keys() == before.keys() and all(map(_is_same, now.values(), before.values())):
            return
        kind = type(self.target)
        if isinstance(self.target, threading.Thread):
            raise LeftChanged("a thread was started, which can be done once")
        if _is_shared() or not kind.__module__.startswith("threading"):
            message = f"an object of {kind.__module__}.{kind.__qualname__} was changed"
            if isinstance(self.target, threading.Semaphore):
                _remember(self.target, message)
            raise LeftChanged(message)
        now.clear()
        now.update(before)


def _is_same(one: Any, other: Any) -> bool:
    """Whether a number is equal, or anything else the same object."""
    return one is other or (type(one) is type(other) is int and one == other)


def _is_shared() -> bool:
    return threading.active_count() > 1
