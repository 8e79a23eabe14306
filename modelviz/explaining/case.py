"""A forward that failed, as the remedies look at it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from ..analysis.settings import settings
from ..graph import Call, Failure, ModelGraph, Module, Op, Shape, Tensor
from ..places import short_place
from .expressions import operands

_WEIGHTED = re.compile(r"linear|bilinear|conv(_transpose)?[123]d|embedding|embedding_bag")
_CONVOLUTION = re.compile(r"conv(?:_transpose)?(\d)d")
_KEEPS_SIZE = re.compile(r"Norm|PReLU|Scale")


@dataclass(frozen=True, slots=True)
class Met:
    """A tensor that the failing op or layer was given, and where it came from, in words.

    ``after`` names the layer with weights before that, as a part of a sentence.
    """

    tensor: int
    shape: Shape
    dtype: str
    device: str
    kind: str
    name: str | None
    origin: str
    after: str = ""

    @property
    def text(self) -> str:
        """Its shape and type: ``[4, 16] float32``."""
        place = "" if self.device == "cpu" else f" on {self.device}"
        return f"{list(self.shape)} {self.dtype}{place}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a forward failed: the tensors that met, what was expected, and remedies.

    The remedies are in order of likelihood; where there is one, it is certain enough to be tried
    first.
    """

    met: tuple[Met, ...]
    expected: str | None
    remedies: tuple[str, ...]

    @property
    def text(self) -> str:
        """The explanation in lines."""
        lines = [f"{met.text}: {met.origin}{met.after}" for met in self.met]
        if self.expected:
            lines.append(f"expected: {self.expected}")
        lines += [f"to do: {remedy}" for remedy in self.remedies[:1]]
        lines += [f"or: {remedy}" for remedy in self.remedies[1:]]
        return "\n".join(lines)


@dataclass(frozen=True)
class Case:
    """The graph of a forward that failed, with what is asked of it again and again."""

    graph: ModelGraph

    @property
    def failure(self) -> Failure:
        """Where it failed, and what the error said."""
        assert self.graph.failure is not None
        return self.graph.failure

    @property
    def message(self) -> str:
        """What the error said."""
        return self.failure.message

    @property
    def error(self) -> str:
        """The name of the error's class."""
        return self.failure.error

    @cached_property
    def op(self) -> Op | None:
        """The op that failed; None where Python code did."""
        return None if self.failure.op is None else self.graph.ops[self.failure.op]

    @property
    def op_name(self) -> str:
        """The name of the op that failed; empty where Python code did."""
        return "" if self.op is None else self.op.name

    @cached_property
    def call(self) -> Call | None:
        """The innermost call that failed."""
        return None if self.failure.call is None else self.graph.calls[self.failure.call]

    @cached_property
    def module(self) -> Module:
        """The module in which it failed."""
        return self.graph.module(self.failure.module)

    @property
    def kind(self) -> str:
        """The class of the failing module, where it is PyTorch's own; else empty."""
        own = self.module.qualified_class.startswith("torch.")
        return self.module.class_name if own else ""

    @property
    def layer(self) -> str:
        """The module's path and class, for a sentence."""
        return f"{self.module.path or 'the model'} ({self.module.class_name})"

    @cached_property
    def settings(self) -> dict[str, str]:
        """The settings of the module, by name or place."""
        return settings(self.module.config)

    def number(self, *names: str) -> int | None:
        """The first of these settings that is a number."""
        for name in names:
            if self.settings.get(name, "").isdigit():
                return int(self.settings[name])
        return None

    @cached_property
    def met(self) -> tuple[Met, ...]:
        """What the failing op was given, in its order, or else the call."""
        if self.op is None or not self.op.inputs:
            return self.given
        # An op has read its tensors in another order, perhaps, than its arguments have.
        waiting = list(map(self._met, self.op.inputs))
        ordered = []
        for shape in self.failure.shapes:
            same = next((met for met in waiting if met.shape == shape), None)
            if same is not None:
                waiting.remove(same)
                ordered.append(same)
        return (*ordered, *waiting)

    @cached_property
    def given(self) -> tuple[Met, ...]:
        """What the failing call was given."""
        return () if self.call is None else tuple(map(self._met, self.call.inputs))

    @cached_property
    def data(self) -> tuple[Met, ...]:
        """What met, without weights."""
        return tuple(met for met in self.met if not self._is_weight(met))

    @property
    def shape(self) -> Shape:
        """The shape of the first of these; ``()`` where there is none."""
        return self.data[0].shape if self.data else ()

    @cached_property
    def held(self) -> tuple[Met, ...]:
        """The weights among what met: parameters and buffers, and what stands in their place."""
        return tuple(met for met in self.met if self._is_weight(met))

    def _is_weight(self, met: Met) -> bool:
        # Weights of a layer that the model does not know are constants to it.
        takes = _WEIGHTED.fullmatch(self.op_name) is not None
        return met.kind in ("parameter", "buffer") or (met.kind == "constant" and takes)

    def _met(self, tensor_id: int) -> Met:
        one = self.graph.tensors[tensor_id]
        origin = self._origin(one)
        return Met(one.id, one.shape, one.dtype, one.device, one.kind, one.name, origin)

    def traced_back(self, met: Met) -> Met:
        """The same, with the layer that it came from."""
        op, layer = self.producer(met), self.layer_before(met)
        if op is None or layer is None or not layer.path or self.maker(op.id).path == layer.path:
            return met
        return replace(met, after=f", after {layer.path} ({layer.class_name})")

    def _origin(self, tensor: Tensor) -> str:
        if tensor.producer is None:
            kinds = {"input": "the input", "parameter": "the parameter", "buffer": "the buffer"}
            return f"{kinds.get(tensor.kind, 'a constant')} {tensor.name or ''}".rstrip()
        op = self.graph.ops[tensor.producer]
        module = self.graph.calls[op.call].module
        library = op.file is not None and f"{os.sep}torch{os.sep}" in op.file
        place = "" if library else self.place(op)
        class_name = self.graph.module(module).class_name
        inside = f" of {module} ({class_name})" if module else ""
        return f"from {op.name}{inside}" + (f", {place}" if place else "")

    def place(self, op: Op) -> str:
        """Where an op stands; without the file where that is the one that failed."""
        if op.line is not None and op.file == self.failure.file:
            return f"line {op.line}"
        return short_place(op.file, op.line)

    def producer(self, met: Met) -> Op | None:
        """The op that made a tensor."""
        return self.graph.producer(met.tensor)

    def maker(self, op: int) -> Module:
        """The module whose call an op is part of."""
        return self.graph.module(self.graph.calls[self.graph.ops[op].call].module)

    def before(self, op: Op) -> Met | None:
        """The first tensor that an op read, if it was data."""
        for tensor_id in op.inputs:
            if self.graph.tensors[tensor_id].kind not in ("parameter", "buffer"):
                return self._met(tensor_id)
        return None

    def way(self, met: Met) -> Iterator[tuple[Op, Met, Met | None]]:
        """The ops that led to a tensor, the last first, through their first inputs.

        Each with what it gave and what it was given.
        """
        current: Met | None = met
        last = len(self.graph.ops)
        while current is not None:
            op = self.producer(current)
            if op is None or op.id >= last:
                return
            before = self.before(op)
            yield op, current, before
            current, last = before, op.id

    def layer_before(self, met: Met) -> Module | None:
        """The last layer with weights on the way to a tensor, through its first inputs.

        Normalisations and activations leave the size as it is, and are passed over.
        """
        return next((self.maker(op.id) for op, _, _ in self.way(met) if self.sizes(op)), None)

    def sizes(self, op: Op) -> bool:
        """Whether an op has weights that say how large its result is."""
        weighted = any(self.graph.tensors[t].kind == "parameter" for t in op.inputs)
        return weighted and not _KEEPS_SIZE.search(self.maker(op.id).class_name)

    def joined(self, met: Met) -> tuple[int, ...] | None:
        """The sizes that were put side by side to make a tensor; None if none were."""
        shapes = self.joined_shapes(met)
        sizes = [tuple(shape[dim] for shape in shapes) for dim in range(len(met.shape))]
        parts = [s for s, whole in zip(sizes, met.shape, strict=True) if sum(s) == whole]
        return parts[0] if shapes and parts else None

    def joined_shapes(self, met: Met) -> list[Shape]:
        """The shapes of what was put side by side to make a tensor; none if nothing was."""
        for op, current, _ in self.way(met):
            if current.shape != met.shape:
                return []
            if op.name in ("cat", "concat", "concatenate", "hstack"):
                shapes = [self.graph.tensors[t].shape for t in op.inputs]
                alike = {len(shape) for shape in shapes} == {len(met.shape)}
                return shapes if len(shapes) > 1 and alike else []
            if op.flops and len(op.inputs) > 1:
                return []
        return []

    def squeezed(self, met: Met) -> str | None:
        """Where a ``squeeze`` took away a batch of one on the way to a tensor."""
        for op, current, before in self.way(met):
            batch_of_one = before is not None and before.shape[:1] == (1,)
            if op.name == "squeeze" and batch_of_one and current.shape[:1] != (1,):
                return self.place(op)
        return None

    def convolution_before(self, met: Met) -> Module | None:
        """The last convolution on the way to a tensor, through its first inputs."""
        for op, _, _ in self.way(met):
            module = self.maker(op.id)
            if module.kernel_size is not None and "Conv" in module.class_name:
                return module
        return None

    def image_without_batch(self, met: Met) -> Met | None:
        """The input that a convolution took as one sample, on the way to a tensor."""
        alone, first = False, met
        for op, _, before in self.way(met):
            kind = _CONVOLUTION.fullmatch(op.name)
            if kind is not None and before is not None:
                alone = len(before.shape) == int(kind[1]) + 1
            first = before or first
        return first if alone and first.kind == "input" else None

    def with_batch(self, image: Met) -> str:
        """The remedy for an input that is one sample and should be a batch."""
        return f"add the batch: unsqueeze(0) makes the input {[1, *image.shape]}"

    def root(self, met: Met) -> Tensor | None:
        """The parameter, buffer or constant that a tensor is a part of; None if it is data."""
        tensor = self.graph.tensors[met.tensor]
        last = len(self.graph.ops)
        while tensor.producer is not None:
            inputs = self.graph.ops[tensor.producer].inputs
            if len(inputs) != 1 or tensor.producer >= last:
                return None
            last = tensor.producer
            tensor = self.graph.tensors[inputs[0]]
        return None if tensor.kind == "input" else tensor

    @cached_property
    def facts(self) -> dict[str, str]:
        """What was to be seen when it failed, by name."""
        return dict(self.failure.facts)

    @property
    def source(self) -> str:
        """The user's line, if its text was at hand."""
        return self.facts.get("source", "")

    @property
    def expression(self) -> str:
        """The part of the line that failed, if it was at hand."""
        return self.facts.get("expression", "")

    def called(self, place: int) -> str:
        """What the user's code calls what met, by its place; ``x`` or ``y`` where not known."""
        names = operands(self.expression)
        direct = self.op is not None and len(names) == len(self.met)
        return names[place] if direct else ("x", "y")[min(place, 1)]

    @property
    def argument(self) -> str:
        """What the user's code calls the first thing that the failing call was given, or ``x``."""
        names = operands(self.expression)
        return names[0] if len(names) == 1 else "x"

    def found(self, pattern: str) -> re.Match[str] | None:
        """Where a pattern is in the message."""
        return re.search(pattern, self.message, re.DOTALL)
