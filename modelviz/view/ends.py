"""Nodes for what enters and leaves the model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..graph import ModelGraph, Tensor
from .flow import usual_dtype
from .labels import contents_text, shape_text
from .model import Kind, Node

MAX_ENDS = 8
"""Most inputs, and most outputs, that get a node each."""


def input_nodes(graph: ModelGraph) -> tuple[tuple[Node, ...], dict[int, str]]:
    """The nodes of the inputs that are used, and the node of each input tensor."""
    used = {tensor for op in graph.ops for tensor in op.inputs} | set(graph.outputs)
    given = [tensor.id for tensor in graph.tensors if tensor.kind == "input" and tensor.id in used]
    nodes, places = _nodes(graph, given, "input")
    return nodes, {tensor: places[index] for index, tensor in enumerate(given)}


def output_nodes(graph: ModelGraph) -> tuple[tuple[Node, ...], dict[int, str]]:
    """The nodes of the outputs, and the node of each position among the outputs."""
    return _nodes(graph, graph.outputs, "output")


def _nodes(
    graph: ModelGraph, tensors: Sequence[int], kind: Kind
) -> tuple[tuple[Node, ...], dict[int, str]]:
    """One node per tensor, or per argument that holds several tensors, or one for all."""
    named = [graph.tensors[tensor] for tensor in tensors]
    keys = [_root_name(tensor, index) for index, tensor in enumerate(named)]
    if len(set(keys)) > MAX_ENDS:
        keys = ["*"] * len(keys)
    groups: dict[str, list[Tensor]] = {}
    for key, tensor in zip(keys, named, strict=True):
        groups.setdefault(key, []).append(tensor)
    ids = {key: f"{kind}{number}" for number, key in enumerate(groups)}
    usual = usual_dtype(graph)
    nodes = tuple(_node(ids[key], kind, key, group, usual) for key, group in groups.items())
    return nodes, {index: ids[key] for index, key in enumerate(keys)}


def _root_name(tensor: Tensor, index: int) -> str:
    """The argument or result that a tensor is part of: ``cache`` for ``cache.layers[3].keys``."""
    root = re.split(r"[.\[]", tensor.name or "", maxsplit=1)[0]
    return root or f"#{index}"


def _node(node_id: str, kind: Kind, key: str, tensors: list[Tensor], usual: str) -> Node:
    first = tensors[0]
    if len(tensors) == 1:
        name = first.name or ""
        dtype = "" if first.dtype == usual else first.dtype
        detail = f"{shape_text(first.shape)} {dtype}".rstrip()
    else:
        name = "" if key in ("*",) or key.startswith("#") else key
        kinds = contents_text(shape_text(tensor.shape) for tensor in tensors)
        detail = ", ".join(kinds) if len(kinds) <= 2 else f"{kinds[0]}, …"
    plural = "s" if len(tensors) > 1 else ""
    count = f"{len(tensors)} " if plural else ""
    return Node(
        node_id,
        kind,
        f"{count}{kind}{plural}",
        name="" if name == kind else name,
        detail=detail,
        shapes=tuple(tensor.shape for tensor in tensors),
        contents=tuple(tensor.name or "" for tensor in tensors) if plural else (),
    )
