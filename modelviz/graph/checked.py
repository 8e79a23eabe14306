"""Whether a graph that came from outside is one: its types, and what its numbers refer to."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from .model import ModelGraph

Test = Callable[[Any], bool]


def check_values(record: object) -> None:
    """Raise ValueError unless each value of the record, and of those inside, has its type."""
    kind: Any = type(record)
    for name, test in _tests(kind):
        value = getattr(record, name)
        if not test(value):
            raise ValueError(f"{kind.__name__}.{name} is {str(value)[:60]!r}")


def check(graph: ModelGraph) -> None:
    """Raise ValueError unless all records of the graph belong together.

    Ids are positions, parents come before their children, producers before what reads their
    results, and every number refers to a record.
    """
    paths = [module.path for module in graph.modules]
    if len(set(paths)) < len(paths) or not paths or paths[0]:
        raise ValueError("the paths of the modules are not those of one tree")
    _known([m.parent for m in graph.modules], paths, "parent module")
    _known([m.shared_with for m in graph.modules], paths, "module")
    tables: list[Sequence[Any]] = [graph.calls, graph.ops, graph.tensors, graph.storages]
    for records in tables:
        if any(record.id != place for place, record in enumerate(records)):
            raise ValueError("ids are not positions")
    _check_calls(graph, set(paths))
    _check_ops(graph)
    storages, ops, tensors = len(graph.storages), len(graph.ops), len(graph.tensors)
    _inside([tensor.storage for tensor in graph.tensors], storages, "storage")
    _inside([tensor.producer for tensor in graph.tensors], ops, "producer")
    _inside((op for one in graph.storages for op in (one.born, one.freed)), ops + 1, "op")
    _inside([*graph.inputs, *graph.outputs], tensors, "tensor")
    _inside((escape.tensor for escape in graph.escapes), tensors, "tensor")
    _inside((escape.call for escape in graph.escapes), len(graph.calls), "call")
    if graph.failure is not None:
        _inside([graph.failure.call], len(graph.calls), "call")
        _inside([graph.failure.op], ops, "op")
        _known([graph.failure.module], paths, "module")


def _check_calls(graph: ModelGraph, paths: set[str]) -> None:
    calls, ops, tensors = len(graph.calls), len(graph.ops), len(graph.tensors)
    _known([call.module for call in graph.calls], paths, "module")
    for call in graph.calls:
        _inside((call.parent,), call.id, "parent call")
        _inside(call.children, calls, "call")
        _inside(call.ops, ops, "op")
        _inside((*call.inputs, *call.outputs), tensors, "tensor")
        if not 0 <= call.start <= call.stop <= ops:
            raise ValueError(f"call {call.id} has the ops from {call.start} to {call.stop}")
        if any(graph.calls[child].parent != call.id for child in call.children):
            raise ValueError(f"call {call.id} has children of another call")


def _check_ops(graph: ModelGraph) -> None:
    calls, tensors = len(graph.calls), len(graph.tensors)
    for op in graph.ops:
        _inside((op.call,), calls, "call")
        _inside((*op.inputs, *op.outputs), tensors, "tensor")
        for tensor in op.inputs:
            producer = graph.tensors[tensor].producer
            if producer is not None and producer > op.id:
                raise ValueError(f"op {op.id} reads what op {producer} makes later")


def _inside(numbers: Iterable[int | None], count: int, what: str) -> None:
    for number in numbers:
        if number is not None and not 0 <= number < count:
            raise ValueError(f"there is no {what} {number}")


def _known(names: Sequence[str | None], known: Iterable[str], what: str) -> None:
    missing = {name for name in names if name is not None} - set(known)
    if missing:
        raise ValueError(f"there is no {what} {min(missing)[:60]!r}")


@cache
def _tests(record: type) -> tuple[tuple[str, Test], ...]:
    hints = get_type_hints(record)
    return tuple((field.name, _test(hints[field.name])) for field in fields(record))


def _test(hint: Any) -> Test:
    """Whether a value is of the type that the annotation names."""
    if hint is Any:
        return _is_plain
    if hint is int:
        # A bool is an int to Python; a number of thousands of digits cannot even be printed.
        return lambda value: type(value) is int and 0 <= value < 2**127
    if hint is float:
        return lambda value: type(value) in (int, float)
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return lambda value: isinstance(value, str) and value in parts
    if origin in (Union, types.UnionType):
        tests = [_test(part) for part in parts]
        return lambda value: any(test(value) for test in tests)
    if origin is tuple:
        return _tuple_test(parts)
    if hasattr(hint, "__dataclass_fields__"):
        return lambda value: _is_record(value, hint)
    return lambda value: type(value) is hint


def _tuple_test(parts: tuple[Any, ...]) -> Test:
    tests = [_test(part) for part in parts if part is not ...]
    if parts[-1] is ...:
        each = tests[0]
        return lambda value: type(value) is tuple and all(map(each, value))
    return lambda value: (
        type(value) is tuple
        and len(value) == len(tests)
        and all(test(part) for test, part in zip(tests, value, strict=True))
    )


def _is_record(value: Any, record: type) -> bool:
    if type(value) is record:
        check_values(value)
    return type(value) is record


def _is_plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(part) for name, part in value.items())
    return value is None or isinstance(value, (str, int, float))
