"""Questions about the flow of data in a graph, answered from tables made once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from ..graph import Call, ModelGraph, Op, Tensor
from .kinds import TRANSPARENT

if TYPE_CHECKING:
    from .forms import Form

# Ops of which each result comes from one argument, in order, and not from the others.
_ONE_BY_ONE = frozenset({"broadcast_tensors", "meshgrid"})
# How tensors are read where Python asks for a yes or no, whose values are in no output for that.
_ASKED = frozenset({"bool", "is_nonzero", "equal", "allclose"})


class Flow:
    """What reads and makes each tensor of a graph, and what leads to an output."""

    def __init__(self, graph: ModelGraph) -> None:
        self.graph = graph
        self.forms: dict[int, Form | None] = {}
        """The activation that each op computes: what ``form_of`` has said so far."""
        self.all_forms: list[tuple[Op, Form]] | None = None
        """Each op that computes an activation, and that, once ``forms`` was asked."""

    @property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """The ops that read each tensor, in order."""
        return self.graph.readers

    @cached_property
    def live(self) -> tuple[bool, ...]:
        """For each op: whether an output, or a tensor of the model that it changes, shows it."""
        live = [False] * len(self.graph.ops)
        needed = {*self.graph.outputs, *self.escaped}
        kept = {
            tensor.storage
            for tensor in self.graph.tensors
            if tensor.kind in ("buffer", "parameter", "input", "constant")
        }
        for op in reversed(self.graph.ops):
            writes = op.in_place and any(self.tensor(t).storage in kept for t in op.outputs)
            if writes or not needed.isdisjoint(op.outputs):
                live[op.id] = True
                needed.update(op.inputs)
        return tuple(live)

    @cached_property
    def escaped(self) -> frozenset[int]:
        """The tensors whose values went into Python, from where they may come back."""
        return frozenset(escape.tensor for escape in self.graph.escapes)

    @cached_property
    def reaching(self) -> frozenset[int]:
        """The tensors on which an output, or what went into Python, depends; these included."""
        return self._leading_to({*self.graph.outputs, *self.escaped})

    @cached_property
    def deciding(self) -> frozenset[int]:
        """Those of them whose values are in an output, or left as numbers that may be.

        A yes or no in Python decides what runs, and is in no output itself.
        """
        escapes = [escape for escape in self.graph.escapes if escape.is_read]
        read = {escape.tensor for escape in escapes if escape.how not in _ASKED}
        return self._leading_to({*self.graph.outputs, *read})

    def _leading_to(self, needed: set[int]) -> frozenset[int]:
        for op in reversed(self.graph.ops):
            if needed.isdisjoint(op.outputs):
                continue
            if op.name in _ONE_BY_ONE and len(op.inputs) == len(op.outputs):
                pairs = zip(op.inputs, op.outputs, strict=True)
                needed.update(given for given, made in pairs if made in needed)
            else:
                needed.update(op.inputs)
        return frozenset(needed)

    @cached_property
    def from_input(self) -> tuple[bool, ...]:
        """For each tensor: whether it depends on an input of the model."""
        depends = [tensor.kind == "input" for tensor in self.graph.tensors]
        for op in self.graph.ops:
            for tensor in op.inputs:
                if depends[tensor]:
                    for made in op.outputs:
                        depends[made] = True
                    break
        return tuple(depends)

    def tensor(self, tensor: int) -> Tensor:
        """The tensor with this id."""
        return self.graph.tensors[tensor]

    def producer(self, tensor: int) -> Op | None:
        """The op that made the tensor; None for inputs, weights and constants."""
        return self.graph.producer(tensor)

    def data(self, op: Op) -> tuple[int, ...]:
        """The inputs of an op that are neither parameters nor buffers."""
        return self._data[op.id]

    @cached_property
    def _data(self) -> tuple[tuple[int, ...], ...]:
        weights = ("parameter", "buffer")
        held = {tensor.id for tensor in self.graph.tensors if tensor.kind in weights}
        return tuple([tuple([t for t in op.inputs if t not in held]) for op in self.graph.ops])

    def weights(self, op: Op) -> tuple[Tensor, ...]:
        """The parameters that an op reads."""
        return self._weights[op.id]

    @cached_property
    def _weights(self) -> tuple[tuple[Tensor, ...], ...]:
        own = {t.id: t for t in self.graph.tensors if t.kind == "parameter"}
        return tuple([tuple([own[t] for t in op.inputs if t in own]) for op in self.graph.ops])

    def source(self, tensor: int, through: Collection[str] = TRANSPARENT) -> Op | None:
        """The op that a tensor comes from, looking through ops that hand on what they get.

        The way back follows the first input; it ends where the model's inputs begin.
        """
        for op in self.way_back(tensor):
            if op.name not in through:
                return op
        return None

    def root(
        self, tensor: int, through: Collection[str] = TRANSPARENT, weights: bool = False
    ) -> int:
        """The tensor that one comes from, back to an op that does not hand on what it gets.

        The way back goes on into parameters and buffers with ``weights``, and else ends there.
        """
        while (op := self.producer(tensor)) is not None and op.name in through:
            given = op.inputs if weights else self.data(op)
            if not given:
                break
            tensor = given[0]
        return tensor

    def way_back(self, tensor: int) -> Iterator[Op]:
        """The ops behind a tensor, nearest first, following what each reads first."""
        current: int | None = tensor
        while current is not None:
            op = self.producer(current)
            if op is None:
                return
            yield op
            inputs = self.data(op)
            current = inputs[0] if inputs else None

    def only_reader(self, op: Op, through: Collection[str] = TRANSPARENT) -> Op | None:
        """The one op that takes what ``op`` gives; None where several do, or the model's caller."""
        current = op
        while True:
            if len(current.outputs) != 1 or current.outputs[0] in self.graph.outputs:
                return None
            readers = self.readers[current.outputs[0]]
            if len(readers) != 1:
                return None
            current = self.graph.ops[readers[0]]
            if current.name not in through:
                return current

    def call(self, op: Op) -> Call:
        """The innermost call that ran the op."""
        return self.graph.calls[op.call]

    def path(self, op: Op) -> str:
        """The path of the module that ran the op."""
        return self.graph.calls[op.call].module

    def argument(self, op: Op, name: str, default: object = None) -> object:
        """An argument of the op by its name."""
        for argument, value in op.args:
            if argument == name:
                return value
        return default
