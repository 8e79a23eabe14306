"""Objects of C that hold a state behind methods: each kind is asked for it in its own way."""

from __future__ import annotations

import contextlib
import gc
import queue
import sys
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import nn

from .keepers import LeftChanged

_LARGEST_DATABASE = 1 << 26
"""Bytes of a database of which a copy is made."""


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
