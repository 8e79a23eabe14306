"""Which items of a view a reader means: by path, by class or op, by the name of an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase

from ..errors import InputError
from ..graph import ModelGraph, Module
from ..unknown import alike
from .document import Item
from .inputs_outputs import root_name
from .model import Group, Node
from .patterns import all_paths, path_expression

Chosen = str | Iterable[str] | Callable[[Module], object]
"""Modules by path or pattern, or by a function that says of each whether it is meant."""


def is_meant(pattern: str, item: Item | Node | Group) -> bool:
    """Whether a pattern names an item: its path, its class, its op, or an input or output."""
    if item.path and path_expression(pattern).fullmatch(item.path):
        return True
    if not isinstance(item, Group) and item.kind in ("input", "output"):
        return any(fnmatchcase(name, pattern) for name in (item.name, *item.contents) if name)
    return fnmatchcase(item.title, pattern)


def check_meant(option: str, patterns: Iterable[str], graph: ModelGraph) -> None:
    """Raises InputError where a pattern names nothing of a graph."""
    paths, names = set(filter(None, all_paths(graph))), set(_names(graph))
    for pattern in patterns:
        fits = path_expression(pattern).fullmatch
        if any(map(fits, paths)) or any(fnmatchcase(name, pattern) for name in names):
            continue
        near = alike(pattern, sorted(paths | names), cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "see modelviz.summary"
        raise InputError(
            f"{option} names {pattern!r}, and no path, class, op, input or output of {graph.name} "
            f"matches it: {hint}"
        )


def chosen_paths(
    option: str, chosen: Callable[[Module], object], graph: ModelGraph
) -> tuple[str, ...]:
    """The paths of the modules that a function says are meant.

    Raises InputError, with the error as its cause, where the function fails for a module.
    """
    return tuple(m.path for m in graph.modules if m.path and _is_chosen(option, chosen, m))


def _is_chosen(option: str, chosen: Callable[[Module], object], module: Module) -> bool:
    try:
        return bool(chosen(module))
    except Exception as error:
        raise InputError(
            f"the function given as {option}= failed for {module.path!r} ({module.class_name}): "
            f"{type(error).__name__}: {error}. It gets one modelviz Module, with path, class_name "
            "and parameters, and says whether that is meant"
        ) from error


def _names(graph: ModelGraph) -> Iterator[str]:
    yield from (module.class_name for module in graph.modules)
    yield from (function.name for function in graph.functions)
    yield from (op.name for op in graph.ops)
    ends = [tensor for tensor in graph.tensors if tensor.kind == "input"]
    ends += [graph.tensors[tensor] for tensor in graph.outputs]
    for index, tensor in enumerate(ends):
        yield root_name(tensor, index)
        if tensor.name:
            yield tensor.name
