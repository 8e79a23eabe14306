"""A graph put together from what a file says: modules, tensors, and ops in their order.

It knows no format. What reads one names each tensor by a key of its own, says for each op in which
modules it ran, and gets calls, storages and their lifetimes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

from ..graph import (
    Buffer,
    Call,
    Execution,
    Finding,
    ModelGraph,
    Module,
    Op,
    Parameter,
    Shape,
    Storage,
    Tensor,
    TensorKind,
)
from ..graph.whole import check
from ..parsing import parse_dtype
from .weights import shapes_text

Scope = Sequence[tuple[str, str]]
"""The modules that an op ran in, outermost first without the root: a key for the run, the path."""

_OUTSIDE = ("parameter", "buffer", "constant")


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor as a file describes it; ``alias`` is the key of one whose memory it shares."""

    key: str
    shape: Shape
    dtype: str
    alias: str | None = None

    @property
    def bytes(self) -> int:
        """What its elements take."""
        return prod(self.shape) * bytes_of(self.dtype)


@dataclass
class _Draft:
    """A call that may not have ended."""

    id: int
    key: str
    module: str
    index: int
    parent: int | None
    start: int
    stop: int = 0
    ops: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


class Assembly:
    """The graph of a model, as it is put together."""

    def __init__(self, device: str = "cpu") -> None:
        self.device = device
        self.ids: dict[str, int] = {}
        self._modules: dict[str, Module] = {}
        self._tensors: list[Tensor] = []
        self._storages: list[Storage] = []
        self._ops: list[Op] = []
        self._calls = [_Draft(0, "", "", 0, None, 0)]
        self._open = [self._calls[0]]
        self._counts: dict[str, int] = {"": 1}
        self._inputs: list[int] = []
        self.module("")

    # -- modules ------------------------------------------------------------------------------

    def module(self, path: str, qualified: str = "", config: str = "") -> None:
        """Have a module at ``path``, with those that it lies in; what is known of it is kept."""
        if path and (parent := path.rpartition(".")[0]) not in self._modules:
            self.module(parent)
        known = self._modules.get(path)
        if known is None:
            name = qualified.rpartition(".")[2] or "Module"
            self._modules[path] = Module(
                path, name, qualified, None, None, config, (), (), training=False
            )
        elif qualified and not known.qualified_class:
            name = qualified.rpartition(".")[2]
            self._modules[path] = replace(known, class_name=name, qualified_class=qualified)

    def parameter(self, path: str, parameter: Parameter) -> None:
        """Add a parameter to the module at ``path``."""
        self.module(path)
        module = self._modules[path]
        self._modules[path] = replace(module, parameters=(*module.parameters, parameter))

    def buffer(self, path: str, buffer: Buffer) -> None:
        """Add a buffer to the module at ``path``."""
        self.module(path)
        module = self._modules[path]
        self._modules[path] = replace(module, buffers=(*module.buffers, buffer))

    # -- tensors and ops ----------------------------------------------------------------------

    def given(self, value: Value, kind: TensorKind, name: str | None) -> None:
        """Have a tensor that no op makes; ``name`` is the path of a weight, or an argument."""
        self._add(value, kind, None, name)
        if kind == "input":
            self._inputs.append(self.ids[value.key])

    def op(
        self,
        name: str,
        scope: Scope,
        inputs: Iterable[str],
        outputs: Sequence[Value],
        **known: Any,
    ) -> int:
        """Add an op; ``known`` are further fields of ``Op``. Its id comes back."""
        self._enter(scope)
        place = len(self._ops)
        read = tuple(dict.fromkeys(self.ids[key] for key in inputs if key in self.ids))
        for value in outputs:
            self._add(value, "activation", place, None)
        made = tuple(self.ids[value.key] for value in outputs)
        fresh = [value for value in outputs if value.alias is None or known.get("in_place")]
        moved = {
            "bytes_read": sum(self._tensors[one].bytes for one in read) if fresh else 0,
            "bytes_written": sum(value.bytes for value in fresh),
            "view": bool(outputs) and not fresh,
        }
        call = self._open[-1]
        call.ops.append(place)
        self._ops.append(Op(place, name, call.id, read, made, **{**moved, **known}))
        return place

    def shape(self, key: str) -> Shape:
        """The shape of a tensor that is known already."""
        return self._tensors[self.ids[key]].shape

    def graph(
        self,
        name: str,
        outputs: Sequence[str],
        findings: Sequence[Finding],
        execution: Execution = "fake",
    ) -> ModelGraph:
        """The graph, whose outputs are the tensors of these keys.

        Raises ValueError where the parts do not make a whole one.
        """
        while self._open:
            self._open.pop().stop = len(self._ops)
        ends = [self.ids[key] for key in outputs if key in self.ids]
        for place, end in enumerate(ends):
            tensor = self._tensors[end]
            if tensor.kind == "activation":
                label = "" if len(ends) == 1 else f"[{place}]"
                self._tensors[end] = replace(tensor, kind="output", name=label)
        inputs, results = self._crossing(set(ends))
        calls = tuple(
            Call(
                call.id,
                call.module,
                call.index,
                call.parent,
                tuple(inputs[call.id]),
                tuple(results[call.id]),
                tuple(call.ops),
                tuple(call.children),
                call.start,
                call.stop,
            )
            for call in self._calls
        )
        ran = execution != "none"
        if not self._modules[""].qualified_class:
            self._modules[""] = replace(self._modules[""], class_name=name)
        made = ModelGraph(
            name,
            execution,
            tuple(
                replace(module, config=module.config or shapes_text(module.parameters))
                for module in self._modules.values()
            ),
            calls if ran else (),
            tuple(self._ops),
            tuple(self._tensors) if ran else (),
            self._lifetimes(set(ends)) if ran else (),
            tuple(self._inputs),
            tuple(dict.fromkeys(ends)),
            tuple(findings),
        )
        check(made)
        return made

    # -- inside -------------------------------------------------------------------------------

    def _add(self, value: Value, kind: TensorKind, producer: int | None, name: str | None) -> None:
        place = len(self._tensors)
        if value.alias is not None and value.alias in self.ids:
            storage = self._tensors[self.ids[value.alias]].storage
        else:
            storage = len(self._storages)
            self._storages.append(Storage(storage, value.bytes, self.device, producer, None))
        self.ids[value.key] = place
        self._tensors.append(
            Tensor(
                place,
                value.shape,
                value.dtype,
                self.device,
                value.bytes,
                kind,
                producer,
                storage,
                name,
            )
        )

    def _enter(self, scope: Scope) -> None:
        """End the calls that the next op is not in, and begin those that it is in."""
        common = 0
        inner = [call.key for call in self._open[1:]]
        while common < min(len(scope), len(inner)) and inner[common] == scope[common][0]:
            common += 1
        while len(self._open) > common + 1:
            self._open.pop().stop = len(self._ops)
        for key, path in scope[common:]:
            self.module(path)
            above = self._open[-1]
            index = self._counts.get(path, 0)
            self._counts[path] = index + 1
            call = _Draft(len(self._calls), key, path, index, above.id, len(self._ops))
            above.children.append(call.id)
            self._calls.append(call)
            self._open.append(call)

    def _crossing(self, ends: set[int]) -> tuple[list[list[int]], list[list[int]]]:
        """The tensors that go into each call, and those that come out of it and are used."""
        inputs: list[dict[int, None]] = [{} for _ in self._calls]
        results: list[dict[int, None]] = [{} for _ in self._calls]
        for op in self._ops:
            for one in op.inputs:
                tensor = self._tensors[one]
                if tensor.kind in _OUTSIDE:
                    continue
                self._into(op, tensor, inputs)
                if tensor.producer is not None:
                    self._out_of(tensor, op.id, results)
        for end in sorted(ends):
            if self._tensors[end].producer is not None:
                self._out_of(self._tensors[end], len(self._ops), results)
        return [list(one) for one in inputs], [list(one) for one in results]

    def _into(self, op: Op, tensor: Tensor, inputs: list[dict[int, None]]) -> None:
        """Note the tensor for the calls around the op that it comes into from outside."""
        place: int | None = op.call
        while place is not None:
            call = self._calls[place]
            if tensor.producer is not None and tensor.producer >= call.start:
                return
            inputs[place][tensor.id] = None
            place = call.parent

    def _out_of(self, tensor: Tensor, reader: int, results: list[dict[int, None]]) -> None:
        """Note the tensor for the calls around the op that made it which the reader is not in."""
        assert tensor.producer is not None
        place: int | None = self._ops[tensor.producer].call
        while place is not None and reader >= self._calls[place].stop:
            results[place][tensor.id] = None
            place = self._calls[place].parent

    def _lifetimes(self, ends: set[int]) -> tuple[Storage, ...]:
        """The storages: each is freed after the last op that reads or makes a tensor in it."""
        last: dict[int, int] = {}
        for op in self._ops:
            for one in (*op.inputs, *op.outputs):
                last[self._tensors[one].storage] = op.id
        kept = {self._tensors[end].storage for end in ends}
        return tuple(
            storage
            if storage.born is None
            else replace(
                storage, freed=len(self._ops) if storage.id in kept else last[storage.id] + 1
            )
            for storage in self._storages
        )


def bytes_of(dtype: str) -> int:
    """Bytes of an element of the type; fractions of one, as of 4-bit types, count as one."""
    return max(1, parse_dtype(dtype).itemsize)
