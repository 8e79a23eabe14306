"""What a forward speaks of in its code, whether it came by it with these inputs or not."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from torch import nn

from ..tracing.modules import NamedModule
from ..tracing.source import is_written_by_a_user
from ..tracing.torch_internals import children_of, parameters_of


def mentioned(places: list[NamedModule], method: str) -> frozenset[str]:
    """The paths of the modules and parameters whose names are in the code of their owner's forward.

    Methods and properties of the class that the forward calls by name belong to it. ``method`` is
    the one of the model that is traced.
    """
    found: set[str] = set()
    for path, module in places:
        kind: Any = type(module)  # a class, whose hash is its own
        names = _names_in(kind, "forward" if path else method)
        start = f"{path}." if path else ""
        found.update(start + name for name in parameters_of(module) if name in names)
        for name, child in children_of(module).items():
            if name in names:
                found.add(start + name)
            if isinstance(child, nn.ModuleDict):
                found.update(f"{start}{name}.{key}" for key in child if key in names)
    return frozenset(found)


# A distribution of PyTorch has a ``sample``, too: what it draws decides nothing by itself.
_DRAWING = frozenset({"random", "rng", "randrange", "shuffle", "gauss", "normalvariate"})


def drawing(places: list[NamedModule], method: str) -> frozenset[str]:
    """The paths of the modules whose forwards speak of random numbers of Python or NumPy."""
    found: set[str] = set()
    for path, module in places:
        kind: Any = type(module)  # a class, whose hash is its own
        if not _DRAWING.isdisjoint(_names_in(kind, "forward" if path else method)):
            found.add(path)
    return frozenset(found)


@lru_cache(maxsize=256)
def _names_in(kind: Any, method: str) -> frozenset[str]:
    waiting, seen, names = [method], {method}, set()
    while waiting:
        code = _code(inspect.getattr_static(kind, waiting.pop(), None))
        if code is None or not is_written_by_a_user(code.co_filename):
            continue
        for name in _names_of(code):
            names.add(name)
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return frozenset(names)


def _code(value: Any) -> CodeType | None:
    if isinstance(value, property):
        value = value.fget
    if isinstance(value, (staticmethod, classmethod)):
        value = value.__func__
    value = inspect.unwrap(value) if callable(value) else value
    return value.__code__ if isinstance(value, FunctionType) else None


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    waiting = list(code.co_consts)
    while waiting:
        part = waiting.pop()
        if isinstance(part, CodeType):
            yield from _names_of(part)
        elif isinstance(part, (tuple, frozenset)):
            waiting += part
        elif isinstance(part, str):
            yield part  # as ``getattr`` takes it, or a dict of modules
