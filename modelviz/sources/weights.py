"""A tree of modules from the names of weights, without the code of the model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..dotted import join
from ..errors import InputError
from ..findings import note
from ..graph import Buffer, ModelGraph, Module, Parameter, Shape

CODE = "MV010"
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
    return ModelGraph(name, "none", modules, findings=(note(CODE, NOTE),))


def holds_weights_alone(graph: ModelGraph) -> bool:
    """Whether a graph is of a file of weights, which tells no classes."""
    return not graph.modules[0].qualified_class and any(f.code == CODE for f in graph.findings)


def as_weights(graph: ModelGraph, others: ModelGraph) -> ModelGraph:
    """What a model holds as a file of its weights would tell it, beside that of ``others``.

    A weight that two places share is in a file under both names, or under either.
    """
    named = {join(module.path, p.name) for module in others.modules for p in module.parameters}
    shared: dict[str, list[tuple[str, Parameter | Buffer]]] = {}
    for module in graph.modules:
        kept = [buffer for buffer in module.buffers if buffer.persistent]
        held: list[Parameter | Buffer] = [*module.parameters, *kept]
        for tensor in held:
            name = join(module.path, tensor.name)
            shared.setdefault(tensor.shared_with or name, []).append((name, tensor))
    return tree(
        graph.name,
        (
            (name, tensor.shape, tensor.dtype, tensor.bytes)
            for places in shared.values()
            for name, tensor in [one for one in places if one[0] in named] or places[:1]
        ),
    )


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
