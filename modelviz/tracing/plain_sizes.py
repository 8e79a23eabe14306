"""``symbolic_shapes`` of PyTorch, asked about sizes that are plain numbers, without its import.

Shape functions ask it about each size that might be a symbol, and it imports sympy. As long as
nothing is asked that it alone can answer, a stand-in says of plain numbers what it would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, reduce
from importlib import import_module
from operator import and_, or_
from types import ModuleType
from typing import Any

import torch

from .torch_internals import has_symbolic_sizes

SYMBOLS = "torch.fx.experimental.symbolic_shapes"
_PLAIN = frozenset({bool, int, float, str, type(None), torch.dtype, torch.device})


def _is_plain(value: Any) -> bool:
    """Whether nothing in ``value`` can be a symbol."""
    kind = type(value)
    if kind in _PLAIN:
        return True
    if kind in (tuple, list, torch.Size):
        return all(map(_is_plain, value))
    return isinstance(value, torch.Tensor) and not has_symbolic_sizes(value)


def _same_bool(value: Any, skip: int = 0) -> Any:
    return value if type(value) is bool else NotImplemented


def _same_int(value: Any) -> Any:
    return value if type(value) is int else NotImplemented


def _same_number(value: Any) -> Any:
    return value if type(value) in (bool, int, float) else NotImplemented


def _equal(x: Any, y: Any) -> Any:
    if isinstance(x, int) and isinstance(y, int):
        return x == y
    if isinstance(x, (tuple, list)) and isinstance(y, (tuple, list)):
        if len(x) != len(y):
            return False
        parts = [_equal(a, b) for a, b in zip(x, y, strict=True)]
        return NotImplemented if NotImplemented in parts else all(parts)
    return NotImplemented


def _ask(*values: Any) -> Any:
    return NotImplemented


# What functions of ``symbolic_shapes`` say of plain values. Those that ask are imported by shape
# functions which then do not call them, for plain sizes.
PLAIN: dict[str, Callable[..., Any]] = {
    "expect_true": _same_bool,
    "guard_bool": _same_bool,
    "guard_or_false": _same_bool,
    "guard_or_true": _same_bool,
    "statically_known_true": _same_bool,
    "guard_int": _same_int,
    "guard_scalar": _same_number,
    "guard_size_oblivious": _same_bool,
    "definitely_true": _same_bool,
    "guarding_hint_or_throw": _same_int,
    "sym_and": lambda *values: reduce(and_, values) if values else NotImplemented,
    "sym_or": lambda *values: reduce(or_, values) if values else NotImplemented,
    "sym_eq": _equal,
    "has_hint": lambda a: True,
    "has_guarding_hint": lambda a: True,
    "is_symbolic": lambda a: False if isinstance(a, (int, float)) else NotImplemented,
    "is_nested_int": lambda a: False,
    "has_free_symbols": lambda a: False,
    "has_free_unbacked_symbols": lambda a: False,
    "_iterate_exprs": lambda a: iter(()),
    "_iterate_nodes": lambda a: iter(()),
    "_advise_is_bounded": _ask,
    "_advise_is_size": _ask,
    "_constrain_range_for_size": _ask,
    "compute_unbacked_bindings": _ask,
    "constrain_range": _ask,
    "free_unbacked_symbols": _ask,
    "hint_int": _ask,
    "optimization_hint": _ask,
    "size_hint": _ask,
}


def _answering(name: str, plain: Callable[..., Any]) -> Callable[..., Any]:
    """A function that knows the answer for plain values, and asks ``symbolic_shapes`` else."""

    def answer(*args: Any, **kwargs: Any) -> Any:
        if not kwargs and all(map(_is_plain, args)):
            result = plain(*args)
            if result is not NotImplemented:
                return result
        return getattr(_symbols(), name)(*args, **kwargs)

    return answer


@cache
def _answers() -> dict[str, Callable[..., Any]]:
    return {name: _answering(name, plain) for name, plain in PLAIN.items()}


class GuardOnDataDependentSymNode(RuntimeError):
    """What is raised where control flow depends on a symbol; never where there are none."""


class _Symbols(ModuleType):
    """``symbolic_shapes`` until something is asked that it alone can answer."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # asked by the import machinery
            raise AttributeError(name)
        return getattr(_symbols(), name)


def _symbols() -> ModuleType:
    """``symbolic_shapes`` itself, which takes the place of its stand-in for good."""
    module = sys.modules.get(SYMBOLS)
    if isinstance(module, _Symbols):
        _take_out(module)
    return import_module(SYMBOLS)


def _put_in() -> _Symbols:
    module = _Symbols(SYMBOLS)
    vars(module).update(_answers())
    vars(module)["GuardOnDataDependentSymNode"] = GuardOnDataDependentSymNode
    sys.modules[SYMBOLS] = module
    parent, _, name = SYMBOLS.rpartition(".")
    setattr(import_module(parent), name, module)
    return module


def _take_out(module: _Symbols) -> None:
    parent, _, name = SYMBOLS.rpartition(".")
    if sys.modules.get(SYMBOLS) is module:
        del sys.modules[SYMBOLS]
    if vars(sys.modules[parent]).get(name) is module:
        delattr(sys.modules[parent], name)


@contextmanager
def without_symbols() -> Iterator[None]:
    """Where ``symbolic_shapes`` is not imported, its stand-in answers for it."""
    symbols = _put_in()
    try:
        yield
    finally:
        _take_out(symbols)
