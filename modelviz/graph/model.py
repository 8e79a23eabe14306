"""The data model: what a trace knows about a model, as plain data.

A graph can be pickled, saved as JSON, sent to a browser, and compared long after the model is
gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dotted import join
from ..errors import GraphFileError
from ..files import named_path, write_text
from .records import (
    Call,
    Edge,
    Escape,
    Execution,
    Failure,
    Finding,
    FunctionCall,
    Measure,
    Module,
    Op,
    Parameter,
    Scope,
    Storage,
    Tensor,
)

if TYPE_CHECKING:
    import networkx


@dataclass(frozen=True)
class ModelGraph:
    """Everything a trace knows about a model: modules, calls, ops, tensors, in execution order."""

    name: str
    execution: Execution
    modules: tuple[Module, ...]
    calls: tuple[Call, ...] = ()
    ops: tuple[Op, ...] = ()
    tensors: tuple[Tensor, ...] = ()
    storages: tuple[Storage, ...] = ()
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    findings: tuple[Finding, ...] = ()
    failure: Failure | None = field(default=None)
    escapes: tuple[Escape, ...] = ()
    functions: tuple[FunctionCall, ...] = ()
    measures: tuple[Measure, ...] = ()

    def modules_alone(self) -> ModelGraph:
        """The same model without what ran, as a graph of modules that were not called."""
        return ModelGraph(self.name, "none", self.modules)

    # -- figures of others --------------------------------------------------------------------

    def with_figures(
        self,
        name: str,
        values: Mapping[str | int, float],
        *,
        unit: str = "",
        calls: Mapping[int, float] | None = None,
    ) -> ModelGraph:
        """The same graph with a figure of your own: a number by module path, or by op id.

        ``calls`` has numbers of single calls, by id, for modules that are called several times.

        It becomes a column of tables, a heat map (``color_by=name``), and a part of diffs and of
        saved files. ``unit`` is ``"s"``, ``"B"``, ``"FLOPs"``, ``"%"`` (of shares from 0 to 1), or
        any other word. A figure that has this name already gives way. The numbers of ops add up in
        the modules that ran them; those of modules stand for themselves. Raises InputError.
        """
        from .measures import measured

        kept = tuple(one for one in self.measures if one.name != name)
        return replace(self, measures=(*kept, measured(self, name, values, unit, calls)))

    def measure(self, name: str) -> Measure:
        """The figure of that name. Raises KeyError when there is none."""
        return {one.name: one for one in self.measures}[name]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the findings say, each as one sentence."""
        return tuple(finding.message for finding in self.findings)

    # -- totals ---------------------------------------------------------------------------

    def unique_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter tensor once, with its full path, in the order of the modules."""
        return iter(self._unique_parameters)

    @cached_property
    def _unique_parameters(self) -> list[tuple[str, Parameter]]:
        return [
            (join(module.path, parameter.name), parameter)
            for module in self.modules
            if module.shared_with is None
            for parameter in module.parameters
            if parameter.shared_with is None
        ]

    @cached_property
    def total_params(self) -> int:
        """Elements of all parameters, each tensor once."""
        return sum([parameter.numel for _, parameter in self._unique_parameters])

    @cached_property
    def trainable_params(self) -> int:
        """Elements of the parameters with ``requires_grad``, each tensor once."""
        return sum([p.numel for _, p in self._unique_parameters if p.trainable])

    @cached_property
    def total_param_bytes(self) -> int:
        """Bytes of all parameters, each tensor once."""
        return sum([parameter.bytes for _, parameter in self._unique_parameters])

    @cached_property
    def packings(self) -> tuple[str, ...]:
        """In how many bits parameters are stored that stand for more, the most of them first."""
        sizes: dict[str, int] = {}
        for _, parameter in self.unique_parameters():
            if parameter.packing is not None:
                sizes[parameter.packing] = sizes.get(parameter.packing, 0) + parameter.numel
        return tuple(sorted(sizes, key=lambda packing: -sizes[packing]))

    @cached_property
    def total_flops(self) -> int:
        """FLOPs of one forward, 2 per multiply-add."""
        return sum([op.flops for op in self.ops])

    @property
    def total_macs(self) -> int:
        """Multiply-adds of one forward: half the FLOPs."""
        return self.total_flops // 2

    @cached_property
    def total_seconds(self) -> float | None:
        """Seconds that the ops of one forward take; None where nothing was measured."""
        known = [op.seconds for op in self.ops if op.seconds is not None]
        return sum(known) if known else None

    # -- look-ups -------------------------------------------------------------------------

    @cached_property
    def _modules_by_path(self) -> dict[str, Module]:
        return {module.path: module for module in self.modules}

    def has_module(self, path: str) -> bool:
        """Whether there is a module at ``path``."""
        return path in self._modules_by_path

    def module(self, path: str) -> Module:
        """The module at ``path``. Raises KeyError when there is none."""
        return self._modules_by_path[path]

    @cached_property
    def _calls_by_path(self) -> dict[str, list[Call]]:
        calls: dict[str, list[Call]] = {}
        for call in self.calls:
            calls.setdefault(call.module, []).append(call)
        return calls

    def calls_of(self, path: str) -> tuple[Call, ...]:
        """The invocations of the module at ``path``, in order; empty when it is never called."""
        first = self.module(path).shared_with or path
        return tuple(self._calls_by_path.get(first, ()))

    @cached_property
    def _children(self) -> dict[str, list[Module]]:
        children: dict[str, list[Module]] = {module.path: [] for module in self.modules}
        for module in self.modules:
            parent = module.parent
            if parent is not None:
                children[parent].append(module)
        return children

    def children(self, path: str) -> list[Module]:
        """The modules directly inside the one at ``path``, in order."""
        return self._children[path]

    def producer(self, tensor: int) -> Op | None:
        """The op that made a tensor; None for inputs, weights and constants."""
        made_by = self.tensors[tensor].producer
        return None if made_by is None else self.ops[made_by]

    @cached_property
    def readers(self) -> tuple[tuple[int, ...], ...]:
        """For each tensor: the ops that read it, in order, each as often as it does."""
        readers: list[list[int]] = [[] for _ in self.tensors]
        for op in self.ops:
            for tensor in op.inputs:
                readers[tensor].append(op.id)
        return tuple(map(tuple, readers))

    def scope(self, call_id: int) -> Scope:
        """``(module path, call index)`` from the root call down to the call ``call_id``."""
        scope: list[tuple[str, int]] = []
        current: int | None = call_id
        while current is not None:
            call = self.calls[current]
            scope.append((call.module, call.index))
            current = call.parent
        return tuple(reversed(scope))

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Every flow of data between two ops, into an op, or out of the model."""
        into = [
            Edge(self.tensors[tensor].producer, op.id, tensor)
            for op in self.ops
            for tensor in op.inputs
        ]
        out = [Edge(self.tensors[tensor].producer, None, tensor) for tensor in self.outputs]
        return tuple(into + out)

    def borders(self, start: int, stop: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What the ops from ``start`` to before ``stop`` read from outside, and what they give.

        Tensors in order, each once; parameters and buffers are not among them.
        """
        reads: dict[int, None] = {}
        gives: dict[int, None] = {}
        for op in self.ops[start:stop]:
            for tensor in op.inputs:
                found = self.tensors[tensor]
                weight = found.kind in ("parameter", "buffer")
                if not weight and (found.producer is None or found.producer < start):
                    reads[tensor] = None
            for tensor in op.outputs:
                if self.last_reads.get(tensor, -1) >= stop:
                    gives[tensor] = None
        return tuple(reads), tuple(gives)

    @cached_property
    def last_reads(self) -> dict[int, int]:
        """By tensor: the last op that reads it; one beyond all for what leaves the model."""
        found = {tensor: op.id for op in self.ops for tensor in op.inputs}
        return found | dict.fromkeys(self.outputs, len(self.ops))

    def to_networkx(self) -> networkx.MultiDiGraph[str]:
        """The ops as a ``networkx.MultiDiGraph``, in execution order.

        Nodes carry ``kind`` (``input``, ``op``, ``constant`` or ``output``), ``op`` (its name),
        ``scope`` (``(module path, call index)`` from the root to the innermost call), ``shapes``
        of what they give, and ``flops``. Edges carry ``shape`` and ``dtype``. Parameters and
        buffers are not nodes.
        """
        from .interop import to_networkx

        return to_networkx(self)

    # -- JSON -----------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """The graph as JSON-ready lists and dicts: one row of values per record."""
        from .saved import to_dict

        return to_dict(self)

    def to_json(self) -> str:
        """The graph as JSON text: the same model and inputs give the same bytes."""
        return json.dumps(self.to_dict(), ensure_ascii=False, separators=(",", ":"))

    def save(self, path: str | Path) -> Path:
        """Write the graph as JSON; no partial file is left when writing fails."""
        return write_text(named_path(path), self.to_json())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelGraph:
        """The graph that ``to_dict`` described. Raises GraphFileError when it is none."""
        from .saved import from_dict

        return from_dict(data, cls)

    @classmethod
    def from_json(cls, text: str) -> ModelGraph:
        """The graph that ``to_json`` wrote. Raises GraphFileError when it is none."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise GraphFileError(f"expected JSON saved by modelviz: {error}") from error
        return cls.from_dict(data)

    def __repr__(self) -> str:
        return (
            f"ModelGraph({self.name}: {len(self.modules)} modules, {len(self.calls)} calls, "
            f"{len(self.ops)} ops, {self.total_params:,} parameters, "
            f"{self.total_flops:,} FLOPs, execution={self.execution!r})"
        )


def load(path: str | Path) -> ModelGraph:
    """The graph saved at ``path``. Raises GraphFileError when it cannot be read."""
    file = named_path(path)
    try:
        return ModelGraph.from_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise GraphFileError(
            f"cannot read a graph from {str(path)!r}: {error.strerror or error}"
        ) from error
    except UnicodeDecodeError as error:
        raise GraphFileError(
            f"{str(path)!r} is no graph saved by modelviz: it is no text"
        ) from error
    except GraphFileError as error:
        raise GraphFileError(f"{str(path)!r}: {error}") from error.__cause__
