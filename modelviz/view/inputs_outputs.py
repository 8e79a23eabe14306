"""Nodes for what enters and leaves the model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from ..analysis.sight import Sight
from ..explaining import Lit
from ..graph import ModelGraph, Tensor
from ..graph.flow import reaching_ops
from ..units import shape_text
from .document import Item, Kind
from .flow import usual_dtype
from .labels import contents_text

MAX_ENDS = 8
"""Most inputs, and most outputs, that get a node each."""

_ROOT = re.compile(r"\[[^\]]*\]|[^.\[]+")


def input_nodes(
    graph: ModelGraph, sight: Sight, way: Lit
) -> tuple[tuple[Item, ...], dict[int, str]]:
    """The nodes of the inputs, and the node of each input tensor that an op reads.

    An input that no output depends on has a node that says so.
    """
    read = graph.last_reads.keys() | sight.escaped
    given = [tensor.id for tensor in graph.tensors if tensor.kind == "input"]
    used = [tensor for tensor in given if tensor in read]
    nodes, places = _nodes(graph, used, "input")
    unread = [tensor for tensor in given if tensor not in read]
    idle, _ = _nodes(graph, unread, "input", len(nodes))
    names = {tensor: places[index] for index, tensor in enumerate(used)}
    useful = {names[tensor] for tensor in _useful(graph, used, sight)}
    nodes = tuple(node if node.id in useful else _greyed(node, sight.useless) for node in nodes)
    bright = {names[tensor] for tensor in way.inputs if tensor in names}
    nodes = tuple(replace(node, status="lit") if node.id in bright else node for node in nodes)
    why = sight.unread if graph.failure is None else "not reached"
    return (*nodes, *(_greyed(node, why) for node in idle)), names


def _useful(graph: ModelGraph, inputs: Sequence[int], sight: Sight) -> Sequence[int]:
    """The inputs that an output may depend on: all that are read where nothing comes out."""
    if not graph.outputs or graph.failure is not None:
        return inputs
    ends = {*graph.outputs, *sight.escaped}
    reaches = reaching_ops(graph, ends)
    needed = {tensor for op in graph.ops if reaches[op.id] for tensor in op.inputs} | ends
    return [tensor for tensor in inputs if tensor in needed]


def _greyed(node: Item, why: str) -> Item:
    return replace(node, status="unread", detail=f"{node.detail}, {why}")


def output_nodes(graph: ModelGraph) -> tuple[tuple[Item, ...], dict[int, str]]:
    """The nodes of the outputs, and the node of each position among the outputs."""
    return _nodes(graph, graph.outputs, "output")


def _nodes(
    graph: ModelGraph, tensors: Sequence[int], kind: Kind, taken: int = 0
) -> tuple[tuple[Item, ...], dict[int, str]]:
    """One node per tensor, or per argument that holds several tensors, or one for all.

    ``taken`` is how many nodes of the kind there are already.
    """
    named = [graph.tensors[tensor] for tensor in tensors]
    keys = [root_name(tensor, index) for index, tensor in enumerate(named)]
    if taken + len(set(keys)) > MAX_ENDS:
        keys = ["*"] * len(keys)
    groups: dict[str, list[Tensor]] = {}
    for key, tensor in zip(keys, named, strict=True):
        groups.setdefault(key, []).append(tensor)
    ids = {key: f"{kind}{number}" for number, key in enumerate(groups, taken)}
    usual = usual_dtype(graph)
    nodes = tuple(_node(ids[key], kind, key, group, usual) for key, group in groups.items())
    return nodes, {index: ids[key] for index, key in enumerate(keys)}


def root_name(tensor: Tensor, index: int) -> str:
    """The argument or result that a tensor is part of: ``cache`` for ``cache.layers[3].keys``.

    It is ``[0]`` for ``[0][2]``.
    """
    found = _ROOT.match(tensor.name or "")
    return (found and found[0]) or f"#{index}"


def _node(node_id: str, kind: Kind, key: str, tensors: list[Tensor], usual: str) -> Item:
    first = tensors[0]
    if len(tensors) == 1:
        name = first.name or ""
        dtype = "" if first.dtype == usual else first.dtype
        detail = f"{shape_text(first.named_shape)} {dtype}".rstrip()
    else:
        name = "" if key in ("*",) or key.startswith("#") else key
        kinds = contents_text(shape_text(tensor.named_shape) for tensor in tensors)
        detail = ", ".join(kinds) if len(kinds) <= 2 else f"{kinds[0]}, …"
    plural = "s" if len(tensors) > 1 else ""
    count = f"{len(tensors)} " if plural else ""
    return Item(
        node_id,
        kind,
        f"{count}{kind}{plural}",
        name="" if name == kind else name,
        detail=detail,
        shapes=tuple(tensor.named_shape for tensor in tensors),
        contents=tuple(tensor.name or "" for tensor in tensors) if plural else (),
    )
