"""The data model: what a trace knows about a model, as plain data.

Nothing here holds a tensor, a module or a callable, so a graph can be pickled,
saved as JSON, sent to a browser, and compared long after the model is gone.
Ids are positions: ``graph.ops[op.id] is op``, and likewise for calls and tensors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from .errors import GraphFileError
from .files import write_text

if TYPE_CHECKING:
    import networkx

Shape = tuple[int, ...]
Scope = tuple[tuple[str, int], ...]
TensorKind = Literal["input", "parameter", "buffer", "constant", "activation", "output"]
Execution = Literal["fake", "real", "none"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a module owns itself (not through a child).

    ``packed`` marks the weights of a quantized module, which PyTorch keeps outside
    ``parameters()``. ``lazy`` marks a parameter whose shape is not known yet.
    ``shared_with`` is the full path under which the same tensor appears first.
    """

    name: str
    shape: Shape
    dtype: str
    bytes: int
    trainable: bool
    shared_with: str | None = None
    packed: bool = False
    lazy: bool = False

    @property
    def numel(self) -> int:
        """Number of elements; 0 while the parameter is lazy."""
        return 0 if self.lazy else _product(self.shape)


@dataclass(frozen=True, slots=True)
class Buffer:
    """One buffer that a module owns itself."""

    name: str
    shape: Shape
    dtype: str
    bytes: int
    persistent: bool = True
    shared_with: str | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """One path of ``named_modules(remove_duplicate=False)``, called or not.

    ``shared_with`` is the first path of the same module object when this is not the first.
    """

    path: str
    class_name: str
    qualified_class: str
    file: str | None
    line: int | None
    config: str
    parameters: tuple[Parameter, ...]
    buffers: tuple[Buffer, ...]
    training: bool
    kernel_size: Shape | None = None
    shared_with: str | None = None

    @property
    def name(self) -> str:
        """The attribute name in the parent module; empty for the root."""
        return self.path.rpartition(".")[2]

    @property
    def parent(self) -> str | None:
        """The path of the parent module; None for the root."""
        return self.path.rpartition(".")[0] if self.path else None

    @property
    def depth(self) -> int:
        """0 for the root, 1 for its children, and so on."""
        return self.path.count(".") + 1 if self.path else 0


@dataclass(frozen=True, slots=True)
class Call:
    """One invocation of a module. ``index`` counts the invocations of the same module.

    The ops run anywhere inside it are ``graph.ops[start:stop]``; those run directly by its
    ``forward``, outside any child call, are ``ops``. ``children`` are the child calls in order.
    ``module`` is the first path of the module object that was called.
    """

    id: int
    module: str
    index: int
    parent: int | None
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    ops: tuple[int, ...]
    children: tuple[int, ...]
    start: int
    stop: int
    method: str = "forward"
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Op:
    """One PyTorch function that produced or changed a tensor.

    ``inputs`` are the tensors whose data it read, ``outputs`` those it returned or wrote.
    ``args`` are its non-tensor arguments by name. ``bytes_read`` and ``bytes_written`` are
    what its kernels moved. ``workspace`` is what its temporaries took at their peak, beyond what
    it left allocated. ``view`` says that no data moved; ``in_place``, that it wrote into a tensor
    that existed before. ``flops`` counts 2 per multiply-add. ``seconds`` is how long it took, where
    that was measured.
    """

    id: int
    name: str
    call: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    args: tuple[tuple[str, Any], ...] = ()
    file: str | None = None
    line: int | None = None
    flops: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    workspace: int = 0
    view: bool = False
    in_place: bool = False
    failed: bool = False
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor at one moment of the forward; an in-place write makes a new one.

    ``producer`` is the op that made it, None for inputs, parameters, buffers and constants.
    ``name`` is the path of a parameter or buffer, the argument name of an input, or the place of
    an output in what the model returned. ``storage`` is the index into ``graph.storages``.
    """

    id: int
    shape: Shape
    dtype: str
    device: str
    bytes: int
    kind: TensorKind
    producer: int | None
    storage: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Storage:
    """A block of memory: its bytes, and the ops between which it was held.

    It existed before the forward when ``born`` is None, and after it when ``freed`` is None;
    otherwise it was allocated by op ``born`` and was gone when op ``freed`` began.
    """

    id: int
    bytes: int
    device: str
    born: int | None
    freed: int | None


@dataclass(frozen=True, slots=True)
class Edge:
    """Data flowing through ``tensor`` from op ``source`` to op ``target``.

    ``source`` is None for an input, parameter, buffer or constant; ``target`` is None where the
    tensor leaves the model as an output.
    """

    source: int | None
    target: int | None
    tensor: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Where and why the forward stopped: the call, the op, the source line, the shapes that met."""

    error: str
    message: str
    call: int | None
    op: int | None
    module: str
    file: str | None
    line: int | None
    shapes: tuple[Shape, ...]


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
    notes: tuple[str, ...] = ()
    failure: Failure | None = field(default=None)

    # -- totals ---------------------------------------------------------------------------

    def unique_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter tensor once, with its full path, in the order of the modules."""
        for module in self.modules:
            if module.shared_with is None:
                for parameter in module.parameters:
                    if parameter.shared_with is None:
                        yield _join(module.path, parameter.name), parameter

    @cached_property
    def total_params(self) -> int:
        """Elements of all parameters, each tensor once."""
        return sum(parameter.numel for _, parameter in self.unique_parameters())

    @cached_property
    def trainable_params(self) -> int:
        """Elements of the parameters with ``requires_grad``, each tensor once."""
        return sum(p.numel for _, p in self.unique_parameters() if p.trainable)

    @cached_property
    def total_param_bytes(self) -> int:
        """Bytes of all parameters, each tensor once."""
        return sum(parameter.bytes for _, parameter in self.unique_parameters())

    @cached_property
    def total_flops(self) -> int:
        """FLOPs of one forward, 2 per multiply-add."""
        return sum(op.flops for op in self.ops)

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
        return write_text(Path(path), self.to_json())

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ModelGraph:
        """The graph that ``to_dict`` described. Raises GraphFileError when it is none."""
        from .saved import from_dict

        return from_dict(data)

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
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GraphFileError(f"cannot read a graph from {str(path)!r}: {error}") from error
    return ModelGraph.from_json(text)


def _product(shape: Shape) -> int:
    result = 1
    for size in shape:
        result *= size
    return result


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
