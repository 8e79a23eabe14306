"""A tree of modules from the names of weights, without the code of the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import InputError
from ..findings import note
from ..graph import ModelGraph, Module, Parameter, Shape

NOTE = "a file of weights holds names and shapes alone: classes and data flow are not known"
MAX_DEPTH = 100

Weight = tuple[str, Shape, str, int]
"""Name, shape, dtype, bytes."""


def tree(name: str, weights: Iterable[Weight]) -> ModelGraph:
    """The modules that the names of the weights imply, with their parameters."""
    parameters: dict[str, list[Parameter]] = {"": []}
    for full, shape, dtype, size in weights:
        path, _, own = full.rpartition(".")
        if path.count(".") > MAX_DEPTH:
            raise InputError(f"{name!r} has a tensor inside {path.count('.')} modules: {path[:80]}")
        above = path
        while above not in parameters:
            parameters[above] = []
            above = above.rpartition(".")[0]
        parameters[path].append(Parameter(own, shape, dtype, size, trainable=False))
    modules = tuple(
        Module(
            path=path,
            class_name=_class_name(path, name, parameters[path]),
            qualified_class="",
            file=None,
            line=None,
            config=shapes_text(parameters[path]),
            parameters=tuple(parameters[path]),
            buffers=(),
            training=False,
        )
        for path in sorted(parameters, key=_order)
    )
    return ModelGraph(name, "none", modules, findings=(note("MV010", NOTE),))


def _class_name(path: str, name: str, own: list[Parameter]) -> str:
    """What stands for the class, which is not known."""
    if not path:
        return name
    return "Weights" if own else "Module"


def shapes_text(own: Sequence[Parameter]) -> str:
    """The names and shapes of the weights, those with most dimensions first."""
    first = sorted(own, key=lambda weight: -len(weight.shape))
    return ", ".join(f"{weight.name}={list(weight.shape)}" for weight in first)


def _order(path: str) -> list[tuple[bool, int, str]]:
    """Parents before their children, and ``layers.2`` before ``layers.10``."""
    return [_part_order(part) for part in path.split(".")] if path else []


def _part_order(part: str) -> tuple[bool, int, str]:
    number = int(part) if part.isascii() and part.isdigit() and len(part) < 10 else 0
    return not part.isdigit(), number, part
