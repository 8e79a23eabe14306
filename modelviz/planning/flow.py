"""The flow of data between the linear layers of a graph, of which tensor parallelism makes use."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import prod

import torch

from ..dotted import common_path
from ..graph import Call, ModelGraph, Op, Tensor

PRODUCTS = ("matmul", "bmm", "einsum", "baddbmm")
_FAR = 400
"""Ops that are looked at between two linear layers."""
_LINEAR = ("linear", "addmm", "matmul", "mm")
_BESIDE = frozenset({"add", "to", "t", "T", "transpose", "view", "reshape", "flatten", "permute"})
"""What a linear layer may do beside its product."""
_SAME = frozenset(
    {
        "dropout", "contiguous", "to", "float", "half", "bfloat16", "type_as", "type", "clone",
        "identity", "alias", "detach", "gelu", "silu", "mish", "hardswish", "quick_gelu",
    }
)  # fmt: skip
"""Ops that change no place of an element, beyond those that PyTorch calls pointwise."""
_LAY_OUT = frozenset({"view", "reshape", "flatten", "unflatten", "transpose", "permute"})
"""Ops that lay out features in heads, with a copy or without."""
_TURNED = frozenset({"radd", "rsub", "rmul", "rdiv", "rpow"})


class LayerFlow:
    """A graph's linear layers, who reads a tensor, and what lies between two layers.

    ``linears`` are the calls of linear layers by id, each with the path of the layer.
    """

    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        self.readers = graph.readers
        self.calls: dict[str, list[Call]] = {}
        self.linears: dict[int, str] = {}
        self._linear_of: dict[int, int] = {}
        for call in graph.calls:
            self.calls.setdefault(call.module, []).append(call)
            if self._is_linear(call):
                self.linears[call.id] = call.module
                self._linear_of |= dict.fromkeys(call.ops, call.id)

    # -- linear layers ---------------------------------------------------------------------------

    def _is_linear(self, call: Call) -> bool:
        """Whether a call is one product with a weight of its module, and a bias, and no more."""
        module = self.graph.module(call.module)
        sizes = {p.name: len(p.shape) for p in module.parameters}
        if call.method != "forward" or sizes not in ({"weight": 2}, {"weight": 2, "bias": 1}):
            return False
        ops = [self.graph.ops[i] for i in call.ops]
        products = [op for op in ops if op.name in _LINEAR]
        plain = all(op.view or op.name in _BESIDE for op in ops if op not in products)
        if call.children or len(products) != 1 or not plain:
            return False
        if len(call.inputs) != 1 or len(call.outputs) != 1:
            return False
        given, made = (self.tensor(t).shape[-1:] for t in (*call.inputs, *call.outputs))
        return sorted((*given, *made)) == sorted(self.weight(call.module))

    def weight(self, path: str) -> tuple[int, ...]:
        """The shape of the weight of a layer."""
        return next(p.shape for p in self.graph.module(path).parameters if p.name == "weight")

    def features(self, path: str) -> int:
        """How many features a linear layer gives."""
        return self.tensor(self.calls[path][0].outputs[0]).shape[-1]

    def transposed(self, path: str) -> bool:
        """Whether the weight of a linear layer is (inputs, features), not (features, inputs)."""
        call = self.calls[path][0]
        ops = [self.graph.ops[i] for i in call.ops]
        if any(op.name == "linear" for op in ops):
            return False
        first, last = self.weight(path)
        turned = any(op.name in ("t", "T", "transpose", "permute") for op in ops)
        return not turned if first == last else last == self.features(path)

    def tensor(self, number: int) -> Tensor:
        """The tensor of that number."""
        return self.graph.tensors[number]

    def linear_of(self, op: int | None) -> int | None:
        """The call of the linear layer that an op is of."""
        return None if op is None else self._linear_of.get(op)

    def outputs(self, linear: int) -> list[int]:
        """What a call of a linear layer gives."""
        return list(self.graph.calls[linear].outputs)

    # -- between layers --------------------------------------------------------------------------

    def linears_behind(self, tensor: int) -> set[int]:
        """The linear layers that a tensor comes from, with none between."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = [tensor]
        while waiting:
            producer = self.tensor(waiting.pop()).producer
            if producer is None or producer in seen:
                continue
            seen.add(producer)
            linear = self.linear_of(producer)
            if linear is not None:
                found.add(linear)
            else:
                waiting += self.graph.ops[producer].inputs
            if len(seen) > _FAR or self._is_other_product(producer):
                return set()
        return found

    def linears_after(self, tensors: tuple[int, ...] | list[int]) -> set[int]:
        """The linear layers that take what comes of ``tensors``, with none between."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(tensors)
        while waiting:
            for reader in self.readers[waiting.pop()]:
                linear = self.linear_of(reader)
                if linear is not None:
                    found.add(linear)
                elif self._is_other_product(reader):
                    return set()
                elif reader not in seen:
                    seen.add(reader)
                    waiting += self.graph.ops[reader].outputs
            if len(seen) > _FAR:
                return set()
        return found

    def _is_other_product(self, op: int) -> bool:
        """Whether an op is a linear layer of no module."""
        return self.graph.ops[op].name in ("linear", "addmm") and self.linear_of(op) is None

    def mixing(self, linear: int) -> Op | None:
        """The first op that needs all features of a layer at once; None where none does.

        Once they are laid out in heads, what is computed of one head needs no other.
        """
        features = self.features(self.linears[linear])
        waiting, seen = self.outputs(linear), set[int]()
        while waiting:
            tensor = waiting.pop()
            seen.add(tensor)
            for reader in self.readers[tensor]:
                op = self.graph.ops[reader]
                if not (op.view or changes_elements(op.name) or self.pieces(op, tensor)):
                    laid_out = len(op.outputs) == 1 and op.name in _LAY_OUT
                    if not laid_out:
                        return op
                last = [t for t in op.outputs if self.tensor(t).shape[-1:] == (features,)]
                waiting += [t for t in last if t not in seen]
        return None

    def back(self, tensor: int, name: str) -> Op | None:
        """The op ``name`` that made a tensor, but for ops on its elements since."""
        for _ in range(8):
            op = self.graph.producer(tensor)
            if op is None or op.name == name:
                return op
            if not (changes_elements(op.name) or op.view) or not op.inputs:
                return None
            size = prod(self.tensor(tensor).shape)
            same = [t for t in op.inputs if prod(self.tensor(t).shape) == size]
            tensor = same[0] if same else op.inputs[0]
        return None

    def source(self, tensor: int) -> int:
        """The tensor that ``tensor`` shows in another shape."""
        for _ in range(_FAR):
            op = self.graph.producer(tensor)
            if op is None or not op.view or len(op.inputs) != 1:
                break
            tensor = op.inputs[0]
        return tensor

    # -- what one layer gives for several --------------------------------------------------------

    def pieces(self, op: Op, tensor: int) -> list[tuple[int, int, int]]:
        """The parts of the features of ``tensor`` that ``op`` gives: tensor, start and size.

        None where the op does something else.
        """
        shape = self.tensor(tensor).shape
        made = [self.tensor(t) for t in op.outputs]
        if any(t.shape[:-1] != shape[:-1] or not t.shape for t in made):
            return []
        if op.name in ("chunk", "split", "tensor_split", "split_with_sizes"):
            starts = [sum(t.shape[-1] for t in made[:i]) for i in range(len(made))]
            whole = sum(t.shape[-1] for t in made) == shape[-1]
            pairs = zip(made, starts, strict=True)
            return [(t.id, start, t.shape[-1]) for t, start in pairs] if whole else []
        if op.name == "getitem" and len(made) == 1 and made[0].shape[-1] < shape[-1]:
            key = dict(op.args).get("key")
            last = key[-1] if isinstance(key, (tuple, list)) and key else None
            begin, _, end = str(last).partition(":")
            if not isinstance(last, str) or ":" in end or begin.strip("-").isdigit() < bool(begin):
                return []
            start = int(begin or 0) % shape[-1]
            return [(made[0].id, start, made[0].shape[-1])]
        return []

    def layout(self, linear: int, streams: int) -> tuple[int, ...] | int | None:
        """How the features of a layer that gives several streams are laid out.

        Their sizes, where one comes after the other; the number of equal pieces, each with
        features of all streams, where they are laid out so; None where that is not seen.
        """
        features = self.features(self.linears[linear])
        waiting, seen = self.outputs(linear), set[int]()
        found: dict[int, int] = {}
        while waiting:
            tensor = waiting.pop()
            seen.add(tensor)
            for reader in self.readers[tensor]:
                op = self.graph.ops[reader]
                pieces = self.pieces(op, tensor)
                found |= {start: size for _, start, size in pieces}
                if pieces or len(op.outputs) != 1:
                    continue
                shape = self.tensor(op.outputs[0]).shape
                if shape[-1:] == (features,):
                    kept = op.view or op.name in _SAME
                    waiting += [t for t in op.outputs if t not in seen and kept]
                elif op.name in _LAY_OUT and (first := _first_of(shape, features)):
                    return (features // streams,) * streams if first == streams else first
        ends = sorted(found.items())
        joined = all(a + n == b for (a, n), (b, _) in pairwise(ends))
        complete = bool(ends) and joined and sum(found.values()) == features
        return tuple(size for _, size in ends) if complete else None


def _first_of(shape: tuple[int, ...], features: int) -> int | None:
    """The first of the last dimensions of ``shape`` that are ``features`` together."""
    size = 1
    for place in reversed(range(len(shape))):
        size *= shape[place]
        if size == features and place < len(shape) - 1:
            return shape[place]
        if size > features:
            return None
    return None


@cache
def changes_elements(name: str) -> bool:
    """Whether an op changes each element by itself, or none."""
    plain = name.strip("_")
    if plain in _SAME:
        return True
    packet = getattr(torch.ops.aten, plain.removeprefix("r") if plain in _TURNED else plain, None)
    if packet is None:
        return False
    return any(
        torch.Tag.pointwise in getattr(packet, overload).tags for overload in packet.overloads()
    )


def changed_in_place(graph: ModelGraph) -> frozenset[str]:
    """The modules of which a tensor that they gave is changed in place later."""
    written = {graph.tensors[t].storage for op in graph.ops if op.in_place for t in op.outputs[:1]}
    made = ((call.module, t) for call in graph.calls for t in call.outputs)
    return frozenset(path for path, t in made if graph.tensors[t].storage in written)


def innermost(paths: tuple[str, ...]) -> str:
    """The path of the innermost module that holds all of these."""
    return common_path([path.rpartition(".")[0] for path in paths])
