"""The non-tensor arguments of an op, as plain values with names."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any

import torch

from ..signatures import parameters_of
from .names import device_name, dtype_name, function_name
from .torch_internals import schema_of, schemas_of_operator

Argument = tuple[int | str, Any]

# Longer sequences and texts are cut: arguments are for reading, not for replaying.
_MAX_ITEMS = 16
_MAX_TEXT = 200


_AS_THEY_ARE = frozenset({int, bool, type(None)})


class _Tensor:
    """Stands where an argument was a tensor."""


_TENSOR = _Tensor()


def plain_arguments(args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> tuple[Argument, ...]:
    """Positions or names with plain values, of the arguments that hold no tensor."""
    found: list[Argument] = []
    for position, value in enumerate(args):
        plain = value if type(value) in _AS_THEY_ARE else _plain(value)
        if plain is not None and plain is not _TENSOR:
            found.append((position, plain))
    if kwargs:
        for name, value in kwargs.items():
            plain = _plain(value)
            if plain is not None and plain is not _TENSOR:
                found.append((name, plain))
    return tuple(found)


def named_arguments(function: Any, arguments: tuple[Argument, ...]) -> tuple[tuple[str, Any], ...]:
    """``arguments`` by the names that the function gives its parameters."""
    if not arguments:
        return ()
    kinds = tuple([(key, type(value)) for key, value in arguments if isinstance(key, int)])
    count = 1 + max([key for key, _ in kinds], default=-1)
    names = _parameter_names(function, count, kinds)
    return tuple([(key if isinstance(key, str) else names[key], value) for key, value in arguments])


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if isinstance(value, torch.Tensor):
        return _TENSOR
    if kind is tuple and len(value) <= _MAX_ITEMS and _AS_THEY_ARE.issuperset(map(type, value)):
        return value
    if kind is float:
        # JSON has no infinities.
        return value if value - value == 0 else str(value)
    if kind is str:
        return value if len(value) <= _MAX_TEXT else value[:_MAX_TEXT] + "…"
    if isinstance(value, (tuple, list)):
        parts = [_plain(part) for part in value[:_MAX_ITEMS]]
        if parts and all(part is _TENSOR for part in parts):
            return _TENSOR
        plain = tuple("tensor" if part is _TENSOR else part for part in parts)
        return plain if len(value) <= _MAX_ITEMS else (*plain, "…")
    if isinstance(value, slice):
        ends = (value.start, value.stop, value.step)
        texts = ["" if end is None else str(_plain_end(end)) for end in ends]
        return ":".join(texts if texts[2] else texts[:2])
    if value is Ellipsis:
        return "..."
    if isinstance(value, torch.dtype):
        return dtype_name(value)
    if isinstance(value, torch.device):
        return device_name(value)
    if isinstance(value, (torch.layout, torch.memory_format)):
        return str(value).removeprefix("torch.")
    if isinstance(value, complex):
        return str(value)
    if isinstance(value, (int, float)):
        return _plain(int(value)) if isinstance(value, int) else _plain(float(value))
    return f"<{kind.__name__}>"


def _plain_end(end: Any) -> Any:
    return "tensor" if isinstance(end, torch.Tensor) else end


@lru_cache(maxsize=4096)
def _parameter_names(
    function: Any, count: int, kinds: tuple[tuple[int, type], ...]
) -> tuple[str, ...]:
    """The names of the first ``count`` parameters; ``arg3`` where torch does not tell one."""
    names = _declared_names(function, count, kinds)
    return (*names[:count], *(f"arg{position}" for position in range(len(names), count)))


def _declared_names(
    function: Any, count: int, kinds: tuple[tuple[int, type], ...]
) -> tuple[str, ...]:
    schemas = [schema_of(function)] if schema_of(function) is not None else _schemas(function)
    long = [schema for schema in schemas if len(schema.arguments) >= count]
    for schema in sorted(long, key=lambda schema: not _takes(schema, kinds)):
        return tuple(argument.name for argument in schema.arguments)
    return tuple(
        parameter.name
        for parameter in parameters_of(function)
        if parameter.kind not in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    )


_TYPES: dict[type, tuple[str, ...]] = {
    # how a schema names what takes a value; a dtype, written as text, is a number to it
    bool: ("bool", "number"),
    int: ("int", "number", "float"),
    float: ("float", "number"),
    tuple: ("List",),
    type(None): ("Optional",),
}


_NO_NUMBERS = frozenset({"dtype", "layout", "device", "memory_format"})
"""Parameters that a schema calls whole numbers, and whose values are written as text here."""


def _takes(schema: Any, kinds: tuple[tuple[int, type], ...]) -> bool:
    """Whether the overload takes values of these types at these positions."""
    for position, kind in kinds:
        name = str(schema.arguments[position].type)
        if schema.arguments[position].name in _NO_NUMBERS and kind in (int, bool, float, tuple):
            return False
        if kind in _TYPES and not any(part in name for part in _TYPES[kind]):
            return False
    return True


def _schemas(function: Any) -> list[Any]:
    # Functions of Python name their arguments themselves, but for those, such as the poolings that
    # may return indices and the operators, that hand on whatever they are given.
    kinds = [parameter.kind for parameter in parameters_of(function)]
    named = bool(kinds) and inspect.Parameter.VAR_POSITIONAL not in kinds
    if inspect.isfunction(function) and named:
        return []
    return list(schemas_of_operator(f"aten::{function_name(function)}"))
