"""Caches outside the model that a forward filled with tensors that have no data."""

from __future__ import annotations

import functools
import gc
import sys
import traceback
import weakref
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType, ModuleType
from typing import Any

from torch import nn

from ..collecting import objects_of
from ..findings import note
from ..graph import Finding
from .recorder import Recorder
from .torch_internals import FakeTensorMode, OpOverload, OpOverloadPacket

# From a cache to the tensors in it: the table, an entry, a container or two.
_MAX_DEPTH = 5
_OUTSIDE = (type, FunctionType, MethodType, ModuleType, nn.Module, OpOverload, OpOverloadPacket)


_LEAK = (
    "the model keeps tensors of this forward somewhere outside itself, and they have no data: "
    "if a later forward fails, trace with execution='real'"
)


def leaked(
    mode: FakeTensorMode | None,
    recorder: Recorder,
    imported: Callable[[], Sequence[str]],
    told: bool,
) -> tuple[Finding, ...]:
    """A note if something outside the model still holds fake tensors; caches are cleared first.

    Python modules that were ``imported`` by the forward, and made tensors then, are forgotten, so
    that the next one imports them with data. ``told`` is whether the note is wanted: after a
    failure the traceback holds some as well, so that nothing can be said. Of a real forward the
    caches are cleared as well: what it had from them, the next one has to make again.
    """
    if not recorder.survivors():
        return ()
    # What only points at itself is young and soon found; a walk through all objects is not.
    gc.collect(1)
    survivors = recorder.survivors()
    if not survivors:
        return ()
    ids = {id(tensor) for tensor in survivors}
    _clear_caches(ids)
    if mode is not None:
        _forget_modules(imported(), ids)
    del survivors
    if mode is None or not told or not recorder.survivors():
        return ()
    gc.collect()
    return (note("MV005", _LEAK),) if recorder.survivors() else ()


def empty_frames(error: BaseException) -> None:
    """Let go of the local variables of all frames that an error, or one behind it, went through."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            for frame, _ in traceback.walk_tb(one.__traceback__):
                len(frame.f_locals)  # until Python 3.13 a copy, which is only now empty as well
            waiting += (one.__cause__, one.__context__)


def _clear_caches(survivors: set[int]) -> None:
    """Clear every ``functools`` cache that holds a tensor of those, by ``id``.

    A model that memoises a method would otherwise hand tensors without data to the next forward.
    """
    filled = [cached for cached in _caches.all() if cached.cache_info().currsize]
    # All of them at once: mostly none does, and much that they lead to is the same.
    if _lead_to(filled, survivors):
        for cached in filled:
            if _lead_to([cached], survivors):
                cached.cache_clear()


class _Caches:
    """All ``functools`` caches of the process.

    Each refers to its type. While that has as many references as before, and all that were found
    are alive, there is no other, and no look through all objects is needed.
    """

    def __init__(self) -> None:
        self._found: list[weakref.ref[Any]] = []
        self._references: int | None = None

    def all(self) -> list[Any]:
        found = [one() for one in self._found]
        same = self._references is not None and self._references == _references()
        if same and all(one is not None for one in found):
            return found
        found = objects_of([_CACHE])
        self._found = [weakref.ref(one) for one in found]
        self._references = _references()
        return found


_CACHE = functools._lru_cache_wrapper
_caches = _Caches()


def _references() -> int | None:
    """How many refer to the type of caches; None where this Python does not count its objects."""
    before = sys.getrefcount(_CACHE)
    one = functools.lru_cache(abs)
    counted = sys.getrefcount(_CACHE) == before + 1
    del one
    return before if counted else None


def _forget_modules(names: Sequence[str], survivors: set[int]) -> None:
    """Forget every Python module among those that holds a tensor of those, by ``id``."""
    for name in names:
        module = sys.modules.get(name)
        root = name.partition(".")[0]
        ours = root in sys.stdlib_module_names or root in ("torch", "modelviz")
        if ours or module is None or not _lead_to([vars(module)], survivors):
            continue
        del sys.modules[name]
        package, _, own = name.rpartition(".")
        if getattr(sys.modules.get(package), own, None) is module:
            delattr(sys.modules[package], own)


def _lead_to(caches: Sequence[Any], survivors: set[int]) -> bool:
    """Whether any of them holds one of those objects, given by ``id``, a few containers deep."""
    level = caches
    seen: set[int] = set()
    for _ in range(_MAX_DEPTH):
        found = {id(value): value for value in gc.get_referents(*level)}
        if not survivors.isdisjoint(found):
            return True
        level = [
            value
            for key, value in found.items()
            # Numbers, texts and tuples of them lead nowhere.
            if gc.is_tracked(value) and key not in seen and not issubclass(type(value), _OUTSIDE)
        ]
        seen.update(found)
    return False
