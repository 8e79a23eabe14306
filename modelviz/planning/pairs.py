"""Which layers tensor parallelism splits, found by the flow of data in a graph.

Layers whose outputs are split (columns of ``x @ weight.T``) and a layer that takes what they give
split (rows) belong together: between them no device needs what another one has. That holds where
nothing but ops on single elements is between them, and where attention is, whose heads know
nothing of each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from math import prod
from typing import Literal

import torch

from ..graph import Call, ModelGraph, Op
from .experts import Experts, find_experts

Kind = Literal["wide", "attention"]

_SAME = frozenset(
    {
        "dropout", "contiguous", "to", "float", "half", "bfloat16", "type_as", "type", "clone",
        "identity", "alias", "detach", "gelu", "silu", "mish", "hardswish", "quick_gelu",
    }
)  # fmt: skip
"""Ops that change no place of an element, beyond those that PyTorch calls pointwise."""


_Behind = tuple[int, int, int]
"""A tensor that attention takes, the size of a head, and the linear op that it comes from."""


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that are split together: ``columns``, then ``rows`` that take what they give.

    ``owner`` is the innermost module with all of them. ``heads`` are the numbers of heads of the
    columns, in their order, where the layers belong to attention. ``parts`` are how many features
    queries, keys and values have where one layer gives all of them: its rows are then those of the
    first device, then those of the second, and so on.
    """

    kind: Kind
    owner: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    features: tuple[int, ...]
    heads: tuple[int, ...] = ()
    parts: tuple[int, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """All of them by path."""
        return (*self.columns, *self.rows)


@dataclass(frozen=True, slots=True)
class Split:
    """What can be split: groups, embeddings of tokens by rows, what gives logits, and experts."""

    groups: tuple[Group, ...] = ()
    embeddings: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    experts: tuple[Experts, ...] = ()


def find_split(graph: ModelGraph) -> Split:
    """What tensor parallelism can split in the model that ``graph`` is of."""
    return _Search(graph).run()


@dataclass
class _Search:
    graph: ModelGraph
    linears: dict[int, str] = field(default_factory=dict)
    readers: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    calls: dict[str, list[Call]] = field(default_factory=dict)

    def run(self) -> Split:
        graph = self.graph
        for op in graph.ops:
            for tensor in op.inputs:
                self.readers[tensor].append(op.id)
        for call in graph.calls:
            self.calls.setdefault(call.module, []).append(call)
            product = self._linear_op(call)
            if product is not None:
                self.linears[product.id] = call.module
        attention = list(self._attention())
        taken = {path for group in attention for path in group.layers}
        wide = [g for g in self._wide() if taken.isdisjoint(g.layers)]
        groups = _once([*attention, *wide])
        inside = {path for group in groups for path in group.layers}
        heads = tuple(path for path in self._heads() if path not in inside)
        return Split(tuple(groups), tuple(self._embeddings()), heads, tuple(find_experts(graph)))

    def _linear_op(self, call: Call) -> Op | None:
        """The product of a call of ``nn.Linear``; None for any other call."""
        module = self.graph.module(call.module)
        if module.qualified_class != "torch.nn.modules.linear.Linear" or call.method != "forward":
            return None
        ops = [self.graph.ops[i] for i in call.ops]
        return next((op for op in ops if op.name == "linear"), None)

    def _features(self, path: str) -> int:
        """How many features a linear layer gives."""
        weight = next(p for p in self.graph.module(path).parameters if p.name == "weight")
        return weight.shape[0]

    # -- layers with elementwise ops between them ------------------------------------------------

    def _wide(self) -> Iterator[Group]:
        done: set[int] = set()
        for start in self.linears:
            if start in done:
                continue
            columns, rows, closed = self._region(start)
            done |= columns
            if closed and rows and not columns & rows:
                yield self._group("wide", columns, rows)

    def _region(self, start: int) -> tuple[set[int], set[int], bool]:
        """The linear ops whose outputs meet in elementwise ops, those that take it, and whether

        that is all that does.
        """
        columns, rows, closed = {start}, set(), True
        waiting = list(self.graph.ops[start].outputs)
        split: set[int] = set(waiting)
        while waiting:
            tensor = waiting.pop()
            closed = closed and tensor not in self.graph.outputs and bool(self.readers[tensor])
            for reader in self.readers[tensor]:
                op = self.graph.ops[reader]
                if reader in self.linears:
                    rows.add(reader)
                    continue
                others = self._others(op, split)
                if others is None:
                    closed = False
                    continue
                columns |= others[0]
                for found in (*others[1], *op.outputs):
                    if found not in split:
                        split.add(found)
                        waiting.append(found)
        return columns, rows, closed

    def _others(self, op: Op, split: set[int]) -> tuple[set[int], list[int]] | None:
        """The linear ops behind the other inputs of an elementwise op, and what lies between.

        None where the op does more than change each element by itself.
        """
        shapes = [self.graph.tensors[t].shape for t in op.outputs]
        if not _changes_elements(op.name) or len(shapes) != 1:
            return None
        columns: set[int] = set()
        between: list[int] = []
        waiting = [t for t in op.inputs if t not in split]
        while waiting:
            tensor = self.graph.tensors[waiting.pop()]
            if not tensor.shape or tensor.shape[-1] == 1:
                continue
            if tensor.producer in self.linears:
                columns.add(tensor.producer)
                between.append(tensor.id)
                continue
            before = None if tensor.producer is None else self.graph.ops[tensor.producer]
            if before is None or not _changes_elements(before.name) or tensor.shape != shapes[0]:
                return None
            between.append(tensor.id)
            waiting += [t for t in before.inputs if t not in split]
        return columns, between

    def _group(self, kind: Kind, columns: set[int], rows: set[int]) -> Group:
        first = tuple(dict.fromkeys(self.linears[op] for op in sorted(columns)))
        last = tuple(dict.fromkeys(self.linears[op] for op in sorted(rows)))
        features = tuple(self._features(path) for path in first)
        return Group(kind, _owner((*first, *last)), first, last, features)

    # -- attention -------------------------------------------------------------------------------

    def _attention(self) -> Iterator[Group]:
        for op in self.graph.ops:
            core = self._core(op)
            behind = [(tensor, size, self._linears_behind(tensor)) for tensor, size in core]
            # A mask comes from none, and what is made in two steps from more than one.
            single = [
                (tensor, size, next(iter(ops))) for tensor, size, ops in behind if len(ops) == 1
            ]
            rows = {self.linears[one] for one in self._linears_after(op)} if core else set()
            if len(rows) != 1:
                continue
            row = next(iter(rows))
            layers = {self.linears[one]: size for _, size, one in single}
            if row in layers:
                continue
            if len(layers) == 1 and len(single) == 3:
                yield from self._fused(next(iter(layers)), single, row)
            elif len(layers) == 3 and self._in_heads(single):
                features = tuple(map(self._features, layers))
                heads = tuple(f // size for f, size in zip(features, layers.values(), strict=True))
                columns = tuple(layers)
                yield Group("attention", _owner((*columns, row)), columns, (row,), features, heads)
            else:
                yield from self._latent([ops for _, _, ops in behind if ops], core, row)

    def _in_heads(self, single: list[_Behind]) -> bool:
        """Whether the layers give whole heads, each of which several of a query may share."""
        for tensor, size, op in single:
            features, shape = self._features(self.linears[op]), self.graph.tensors[tensor].shape
            heads = features // size
            if features % size or (len(shape) > 3 and shape[-3] % max(heads, 1)):
                return False
        return True

    def _latent(
        self, behind: list[set[int]], core: list[tuple[int, int]], row: str
    ) -> Iterator[Group]:
        """The group of attention whose keys and values come from a small layer by a larger one.

        What all heads share, such as the part of the keys with their positions, stays whole.
        """
        shape = self.graph.tensors[core[0][0]].shape
        heads = shape[-3] if len(shape) > 3 else 0
        split = {op for ops in behind for op in ops if heads and self._gives_heads(op, heads)}
        if len(behind) < 3 or not all(ops & split for ops in behind):
            return
        columns = tuple(dict.fromkeys(self.linears[op] for op in sorted(split)))
        features = tuple(map(self._features, columns))
        if row not in columns:
            many = (heads,) * len(columns)
            yield Group("attention", _owner((*columns, row)), columns, (row,), features, many)

    def _gives_heads(self, product: int, heads: int) -> bool:
        """Whether what a linear op gives is laid out as so many heads, by nothing but views."""
        width = self._features(self.linears[product])
        waiting = list(self.graph.ops[product].outputs)
        while waiting:
            for reader in self.readers[waiting.pop()]:
                op = self.graph.ops[reader]
                if not op.view:
                    continue
                for made in op.outputs:
                    shape = self.graph.tensors[made].shape
                    if width % heads == 0 and shape[-2:] == (heads, width // heads):
                        return True
                    if shape[-1:] == (width,):
                        waiting.append(made)
        return False

    def _fused(self, path: str, single: list[_Behind], row: str) -> Iterator[Group]:
        """The group of a layer that gives queries, keys and values together."""
        shapes = [self.graph.tensors[tensor].shape for tensor, _, _ in single]
        if any(len(shape) < 4 for shape in shapes):
            return
        heads = tuple(shape[-3] for shape in shapes)
        parts = tuple(h * size for h, (_, size, _) in zip(heads, single, strict=True))
        features = self._features(path)
        if sum(parts) == features:
            yield Group(
                "attention", _owner((path, row)), (path,), (row,), (features,), heads, parts
            )

    def _core(self, op: Op) -> list[tuple[int, int]]:
        """What attention takes, each with the size of a head: ``op`` is it, or its last product.

        Queries, keys and values, and masks; nothing where ``op`` is no part of attention.
        """
        tensors = self.graph.tensors
        if op.name == "scaled_dot_product_attention":
            wide = [t for t in op.inputs if len(tensors[t].shape) > 2]
            return [(t, tensors[t].shape[-1]) for t in wide]
        if op.name not in _PRODUCTS or len(op.inputs) != 2:
            return []
        for weights, values in (op.inputs, op.inputs[::-1]):
            softmax = self._back(weights, "softmax")
            product = None if softmax is None else self._back_to_product(softmax.inputs)
            if product is not None:
                size = self._contracted(product)
                taken = [(t, size) for t in product.inputs] if size else []
                return [*taken, (values, tensors[op.outputs[0]].shape[-1])]
        return []

    def _contracted(self, product: Op) -> int | None:
        """The size over which a product sums."""
        shapes = [self.graph.tensors[t].shape for t in product.inputs]
        if len(shapes) != 2 or min(map(len, shapes)) < 2:
            return None
        for a, b in (shapes, shapes[::-1]):
            if a[-1] == b[-2]:
                return a[-1]
        return None

    def _back(self, tensor: int, name: str) -> Op | None:
        """The op ``name`` that made a tensor, but for ops on its elements since."""
        for _ in range(8):
            producer = self.graph.tensors[tensor].producer
            if producer is None:
                return None
            op = self.graph.ops[producer]
            if op.name == name:
                return op
            if not (_changes_elements(op.name) or op.view) or not op.inputs:
                return None
            shape = self.graph.tensors[tensor].shape
            same = [t for t in op.inputs if prod(self.graph.tensors[t].shape) == prod(shape)]
            tensor = same[0] if same else op.inputs[0]
        return None

    def _back_to_product(self, tensors: tuple[int, ...]) -> Op | None:
        found = (self._back(tensor, name) for tensor in tensors for name in _PRODUCTS)
        return next((op for op in found if op is not None), None)

    def _linears_behind(self, tensor: int) -> set[int]:
        """The linear ops that a tensor comes from, with none between."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = [tensor]
        while waiting:
            producer = self.graph.tensors[waiting.pop()].producer
            if producer is None or producer in seen:
                continue
            seen.add(producer)
            if producer in self.linears:
                found.add(producer)
            else:
                waiting += self.graph.ops[producer].inputs
            if len(seen) > _FAR:
                return set()
        return found

    def _linears_after(self, op: Op) -> set[int]:
        """The linear ops that take what ``op`` gives, with none between."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(op.outputs)
        while waiting:
            for reader in self.readers[waiting.pop()]:
                if reader in self.linears:
                    found.add(reader)
                elif reader not in seen:
                    seen.add(reader)
                    waiting += self.graph.ops[reader].outputs
            if len(seen) > _FAR:
                return set()
        return found

    # -- tokens and logits -----------------------------------------------------------------------

    def _embeddings(self) -> Iterator[str]:
        given = set(self.graph.inputs)
        for path, calls in self.calls.items():
            module = self.graph.module(path)
            if module.qualified_class != "torch.nn.modules.sparse.Embedding":
                continue
            ops = [self.graph.ops[i] for call in calls for i in call.ops]
            if any(self._source(tensor) in given for op in ops for tensor in op.inputs):
                yield path

    def _source(self, tensor: int) -> int:
        """The tensor that ``tensor`` shows in another shape."""
        for _ in range(_FAR):
            producer = self.graph.tensors[tensor].producer
            op = None if producer is None else self.graph.ops[producer]
            if op is None or not op.view or len(op.inputs) != 1:
                break
            tensor = op.inputs[0]
        return tensor

    def _heads(self) -> Iterator[str]:
        """The linear layers whose output no other linear layer takes, and which widens."""
        shared = {p.shared_with for module in self.graph.modules for p in module.parameters}
        for op, path in self.linears.items():
            module = self.graph.module(path)
            weight = next(p for p in module.parameters if p.name == "weight")
            tied = weight.shared_with is not None or f"{path}.weight" in shared
            if not (tied or weight.shape[0] >= weight.shape[1]):
                continue
            if len(self.calls[path]) == 1 and not self._linears_after(self.graph.ops[op]):
                yield path


_PRODUCTS = ("matmul", "bmm", "einsum", "baddbmm")
_FAR = 400
"""Ops that are looked at between two linear layers."""


@cache
def _changes_elements(name: str) -> bool:
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


_TURNED = frozenset({"radd", "rsub", "rmul", "rdiv", "rpow"})


def _owner(paths: tuple[str, ...]) -> str:
    """The innermost path that holds all of them."""
    parts = [path.split(".")[:-1] for path in paths]
    common = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    return ".".join(common)


def _once(groups: list[Group]) -> list[Group]:
    """The groups, each once, without those that want a layer that an earlier one has."""
    found: dict[tuple[str, ...], Group] = {}
    taken: set[str] = set()
    for group in groups:
        if group.layers not in found and taken.isdisjoint(group.layers):
            found[group.layers] = group
            taken |= set(group.layers)
    return list(found.values())
