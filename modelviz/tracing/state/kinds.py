"""What the objects of a class can hold that changes, looked up once for each class."""

from __future__ import annotations

import array
import ctypes
import io
import mmap
import random
import sys
import threading
import weakref
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from functools import partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FunctionType,
    MappingProxyType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Literal

import torch
from torch import nn

from ..torch_internals import MACHINERY

Sort = Literal[
    "nothing",
    "dict",
    "sequence",
    "set",
    "parts",
    "view of a dict",
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
    "reference",
    "thread local",
    "context variable",
    "module",
    "object",
]

HEAP_TYPE = 1 << 9
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
        BuiltinFunctionType,
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
    if cls in ATOMS or issubclass(cls, BaseException):
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
    keeps_state = sort not in ("function", "class", "module", "tensor", "wrapper", "thread local")
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
    for sort, bases in _numpy_sorts():
        if issubclass(cls, bases):
            return sort
    if issubclass(cls, nn.Module):
        return "object"
    if module.partition(".")[0] in _MACHINERY or module.startswith(_MACHINERY_INSIDE):
        return "nothing"
    return "object" if cls.__flags__ & HEAP_TYPE or cls.__dictoffset__ else "nothing"


_CTYPES_SIMPLE: type = ctypes.c_int.__mro__[1]
"""The class of single numbers of C, which has no public name."""

_SORTS: tuple[tuple[Sort, Any], ...] = (
    ("dict", dict),
    ("sequence", (list, deque)),
    ("set", set),
    ("parts", (tuple, frozenset)),
    ("view of a dict", MappingProxyType),
    ("tensor", torch.Tensor),
    ("storage", (torch.UntypedStorage, torch.TypedStorage)),
    ("bytes", (bytearray, array.array, memoryview)),
    ("raw memory", (mmap.mmap, ctypes.Array, ctypes.Structure, ctypes.Union, _CTYPES_SIMPLE)),
    ("stream", io.IOBase),
    ("torch generator", torch.Generator),
    ("python generator", random.Random),
    ("function", FunctionType),
    ("method", MethodType),
    ("class", type),
    ("cell", CellType),
    ("wrapper", (partial, property, staticmethod, classmethod)),
    ("module", ModuleType),
    ("reference", weakref.ref),
    ("thread local", threading.local),
    ("context variable", ContextVar),
)


def _numpy_sorts() -> tuple[tuple[Sort, type], ...]:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return ()
    return (
        ("array", numpy.ndarray),
        ("numpy state", numpy.random.RandomState),
        ("numpy bits", numpy.random.BitGenerator),
        ("numpy generator", numpy.random.Generator),
    )


def _slots(cls: type) -> tuple[Any, ...]:
    return tuple(
        [
            value
            for base in cls.__mro__
            if base.__flags__ & HEAP_TYPE
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
