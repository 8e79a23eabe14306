"""Caches outside the model that a forward filled with tensors that have no data."""

from __future__ import annotations

import functools
import gc
from types import FunctionType, MethodType, ModuleType
from typing import Any

from torch import nn
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

_CACHED_FUNCTION: type = type(functools.lru_cache(lambda: None))
# From a cache to the tensors in it: the table, an entry, a container or two.
_MAX_DEPTH = 5


def forget_fakes(mode: FakeTensorMode) -> None:
    """Clear every ``functools`` cache that holds a fake tensor of ``mode``.

    A model that memoises a method would otherwise hand tensors without data to the next forward.
    """
    for value in gc.get_objects():
        if type(value) is _CACHED_FUNCTION and value.cache_info().currsize and _holds(value, mode):
            value.cache_clear()


def _holds(cache: Any, mode: FakeTensorMode) -> bool:
    level: list[Any] = [cache]
    seen: set[int] = set()
    for _ in range(_MAX_DEPTH):
        deeper = []
        for value in gc.get_referents(*level):
            if type(value) is FakeTensor and value.fake_mode is mode:
                return True
            outside = isinstance(value, (type, FunctionType, MethodType, ModuleType, nn.Module))
            if not outside and id(value) not in seen:
                seen.add(id(value))
                deeper.append(value)
        level = deeper
    return False
