"""Locks, and what is made of them: what one forward leaves taken, the next may wait for."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from typing import Any

from .keepers import LeftChanged

_PATIENCE = 0.5
"""Seconds for which another thread may hold a lock before a forward is taken to hold it."""


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


class ProcessLockKeeper:
    """A lock or semaphore of ``multiprocessing``: how often this thread has it, and its value."""

    __slots__ = ("_taken", "_value", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._taken, self._value = self._now()

    def _now(self) -> tuple[int, int | None]:
        state = self.target._semlock
        try:
            value = state._get_value()
        except NotImplementedError:  # as on macOS
            value = None
        return state._count() if state._is_mine() else 0, value

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where another process or thread may use it."""
        state = self.target._semlock
        while state._is_mine() and state._count() > self._taken:
            state.release()
        while self._now()[0] < self._taken and state.acquire(False):
            pass
        if self._now() != (self._taken, self._value):
            kind = type(self.target).__name__
            raise LeftChanged(f"a {kind} of multiprocessing was taken or released")


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
