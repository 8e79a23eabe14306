"""What the objects of a class can hold that changes, looked up once for each class."""

from __future__ import annotations

import array
import ctypes
import io
import logging
import mmap
import queue
import random
import sys
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache, partial
from types import (
    AsyncGeneratorType,
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    MethodWrapperType,
    ModuleType,
)
from typing import Any, Literal
from weakref import WeakKeyDictionary

import torch
from torch import nn

from ..torch_internals import MACHINERY
from .replay import ITERATORS

Sort = Literal[
    "nothing",
    "dict",
    "sequence",
    "set",
    "parts",
    "view of a dict",
    "part of a dict",
    "error",
    "record",
    "steps",
    "lock",
    "process lock",
    "machinery",
    "tensor",
    "storage",
    "array",
    "bytes",
    "raw memory",
    "stream",
    "torch generator",
    "python generator",
    "numpy state",
    "numpy bits",
    "numpy generator",
    "function",
    "method",
    "class",
    "cell",
    "wrapper",
    "partial",
    "bound",
    "iterator",
    "copied",
    "pickled",
    "queue",
    "event",
    "shared value",
    "database",
    "decimals",
    "cache",
    "logger",
    "pointer",
    "reference",
    "proxy",
    "thread local",
    "context variable",
    "module",
    "object",
]

HEAP_TYPE = 1 << 9
BOUND = (BuiltinFunctionType, MethodWrapperType)
"""Methods of objects of C."""
# Not walked: machinery with a life of its own, which other threads may be using.
_MACHINERY = frozenset(
    [
        "threading",
        "_thread",
        "logging",
        "asyncio",
        "concurrent",
        "multiprocessing",
        "socket",
        "subprocess",
        "selectors",
        "importlib",
        "ast",
        "inspect",
        "typing",
        "re",
        "enum",
        "abc",
        "contextvars",
    ]
)
# Those of it that a model may hold, of which it is told when they were changed.
_AT_WORK = ("threading", "asyncio", "concurrent", "multiprocessing")
_MACHINERY_INSIDE = (
    "torch.fx",
    *MACHINERY,
    "torch.distributed.distributed_c10d",
    "torch.library",
    "modelviz.tracing",
    "modelviz.graph",
)
# Libraries whose objects hold a model's state, wherever they are met.
_KNOWN = frozenset({"torch", "numpy", "collections", "weakref", "types", "functools", "builtins"})


@dataclass(frozen=True, slots=True)
class Kind:
    """How objects of one class are kept: as what, and with which slots.

    ``near`` says that they are kept where only a function or a class leads to them, too.
    """

    sort: Sort
    has_dict: bool = False
    slots: tuple[Any, ...] = ()
    near: bool = True
    heap: bool = False


NOTHING = Kind("nothing")
_NOT_ATTRIBUTES = frozenset(
    {
        *("function", "class", "module", "tensor", "wrapper", "thread local", "logger", "bound"),
        *("event", "shared value", "machinery"),
    }
)
"""Kept without all that is in their ``__dict__``."""

ATOMS: frozenset[type] = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        range,
        slice,
        type(Ellipsis),
        type(NotImplemented),
        CodeType,
        torch.dtype,
        torch.device,
        torch.layout,
        torch.memory_format,
        torch.Size,
    }
)


def kind_of(cls: type) -> Kind:
    """How objects of ``cls`` are kept."""
    kind = _kinds.get(cls)
    if kind is None:
        kind = _look_up(cls)
        if not kind.slots:  # which would keep their class alive
            _kinds[cls] = kind
    return kind


_kinds: WeakKeyDictionary[type, Kind] = WeakKeyDictionary()


def _look_up(cls: type) -> Kind:
    if cls in ATOMS:
        return NOTHING
    module = getattr(cls, "__module__", "")
    module = module if isinstance(module, str) else ""
    if issubclass(cls, Enum) and not is_users(module):
        return NOTHING
    sort = _sort_of(cls, module)
    if sort == "nothing":
        return NOTHING
    root = module.partition(".")[0]
    near = sort != "object" or root in _KNOWN or is_users(module)
    keeps_state = sort not in _NOT_ATTRIBUTES
    return Kind(
        sort,
        has_dict=cls.__dictoffset__ != 0 and keeps_state,
        slots=_slots(cls) if keeps_state else (),
        near=near,
        heap=bool(cls.__flags__ & HEAP_TYPE),
    )


def _sort_of(cls: type, module: str) -> Sort:
    for sort, bases in _SORTS:
        if issubclass(cls, bases):
            return sort
    for sort, bases in _sorts_in_use():
        if issubclass(cls, bases):
            return sort
    if issubclass(cls, nn.Module):
        return "object"
    if is_iterator_of_c(cls):
        return "iterator"
    if module.partition(".")[0] in _MACHINERY or module.startswith(_MACHINERY_INSIDE):
        return "machinery" if module.startswith(_AT_WORK) and cls.__dictoffset__ else "nothing"
    return _sort_of_c(cls, module) or (
        "object" if cls.__flags__ & HEAP_TYPE or cls.__dictoffset__ else "nothing"
    )


# What an iterator has beside ``__next__`` and facts of where it is.
_OF_ITERATORS = frozenset({"close", "send", "throw", "copy"})


def is_iterator_of_c(cls: type) -> bool:
    """Whether objects of ``cls`` do nothing but to give one item after the other, and are of C."""
    step = getattr(cls, "__next__", None)
    if step is None or isinstance(step, FunctionType):
        return False
    names = [name for name in dir(cls) if not name.startswith("_")]
    return all(name in _OF_ITERATORS or not callable(getattr(cls, name)) for name in names)


# Flags of a class that only C can set: it cannot be called, it cannot be changed.
_OF_C = 1 << 7 | 1 << 8


def _sort_of_c(cls: type, module: str) -> Sort | None:
    """How an object of C of Python itself is kept that holds a state behind its methods."""
    if cls.__flags__ & HEAP_TYPE and not cls.__flags__ & _OF_C:
        return None
    root = module.partition(".")[0]
    if root in ("builtins", "types") or root not in sys.stdlib_module_names:
        return None
    if hasattr(cls, "__setstate__"):
        return "pickled"
    return "copied" if callable(getattr(cls, "copy", None)) else None


_CTYPES_SIMPLE: type = ctypes.c_int.__mro__[1]
"""The class of single numbers of C, which has no public name."""
REFERENCES = frozenset({"O", "z", "Z"})
"""Codes of single values of C that are the address of an object of Python, or of its text."""
_CTYPES_POINTER: type = ctypes.POINTER(ctypes.c_int).__mro__[1]

_SORTS: tuple[tuple[Sort, Any], ...] = (
    ("dict", dict),
    ("sequence", (list, deque)),
    ("set", set),
    ("parts", (tuple, frozenset)),
    ("view of a dict", MappingProxyType),
    ("part of a dict", (type({}.keys()), type({}.values()), type({}.items()))),
    ("error", BaseException),
    ("steps", (CoroutineType, AsyncGeneratorType)),
    ("lock", (type(threading.Lock()), type(threading.RLock()))),
    ("tensor", torch.Tensor),
    ("storage", (torch.UntypedStorage, torch.TypedStorage)),
    ("bytes", (bytearray, array.array, memoryview)),
    ("pointer", _CTYPES_POINTER),
    ("raw memory", (mmap.mmap, ctypes.Array, ctypes.Structure, ctypes.Union, _CTYPES_SIMPLE)),
    ("stream", io.IOBase),
    ("torch generator", torch.Generator),
    ("python generator", random.Random),
    ("function", FunctionType),
    ("method", MethodType),
    ("class", type),
    ("cell", CellType),
    ("wrapper", (property, staticmethod, classmethod)),
    ("partial", partial),
    ("bound", BOUND),
    ("iterator", tuple(ITERATORS)),
    ("queue", queue.SimpleQueue),
    ("event", threading.Event),
    ("cache", type(lru_cache(abs))),
    ("logger", logging.Logger),
    ("module", ModuleType),
    ("reference", weakref.ref),
    ("proxy", weakref.ProxyTypes),
    ("thread local", threading.local),
    ("context variable", ContextVar),
)


def _sorts_in_use() -> Iterator[tuple[Sort, type]]:
    """Those of modules that not every process imports."""
    for module, of_module in _OF_MODULES.items():
        found = sys.modules.get(module)
        if found is not None:
            yield from ((sort, getattr(found, name)) for name, sort in of_module.items())


_OF_MODULES: dict[str, dict[str, Sort]] = {
    "numpy": {"ndarray": "array", "void": "record"},
    "numpy.random": {
        "RandomState": "numpy state",
        "BitGenerator": "numpy bits",
        "Generator": "numpy generator",
        "SeedSequence": "pickled",
    },
    "multiprocessing.sharedctypes": {"SynchronizedBase": "shared value"},
    "multiprocessing.synchronize": {"SemLock": "process lock"},
    "sqlite3": {"Connection": "database"},
    "decimal": {"Context": "decimals"},
}


def _slots(cls: type) -> tuple[Any, ...]:
    return tuple(
        [
            value
            for base in cls.__mro__
            if base.__flags__ & HEAP_TYPE and "__slots__" in vars(base)  # not those of C
            for value in vars(base).values()
            if type(value) is MemberDescriptorType
        ]
    )


def is_users(module: object) -> bool:
    """Whether a module belongs to the user: not to Python, not to an installed package."""
    if not isinstance(module, str):
        return True  # a name that somebody made up
    found = _users.get(module)
    if found is None:
        found = _users[module] = _is_users(module)
    return found


_users: dict[str, bool] = {}


def _is_users(name: str) -> bool:
    root = name.partition(".")[0]
    if root in sys.stdlib_module_names or root in ("torch", "modelviz"):
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    return not file or not ("site-packages" in file or "dist-packages" in file)
