"""The records of a graph: frozen rows of plain data.

Nothing here holds a tensor, a module or a callable. Ids are positions:
``graph.ops[op.id] is op``, and likewise for calls and tensors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

from .quick import quick

Shape = tuple[int, ...]
NamedShape = tuple[int | str, ...]
"""A shape some of whose sizes are names, or terms of them: ``("batch", "2*seq", 768)``."""
Scope = tuple[tuple[str, int], ...]
TensorKind = Literal["input", "parameter", "buffer", "constant", "activation", "output"]
Execution = Literal["fake", "real", "none"]
Level = Literal["error", "warning", "info"]
BACKWARD = "backward"
"""How a tensor escapes from which a backward pass starts."""
KEPT = "kept"
"""How a tensor escapes that outlives the forward."""


@quick
@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter that a module owns itself (not through a child).

    ``packed`` marks the weights of a quantized module, which PyTorch keeps outside
    ``parameters()``. ``packing`` says in how many bits a value is stored (``4-bit``) where these
    are fewer than it stands for: ``shape`` is then what the weight stands for, ``bytes`` what is
    stored, scales and zero points included, and ``dtype`` that of the packed tensor. ``lazy``
    marks a parameter whose shape is not known yet.
    ``shared_with`` is the full path under which the same tensor appears first. Of one that is
    distributed, ``bytes`` are those of one device, and ``dims`` has a size that differs between
    all devices and one as both: ``("(256→128)", 64)``.
    """

    name: str
    shape: Shape
    dtype: str
    bytes: int
    trainable: bool
    shared_with: str | None = None
    packed: bool = False
    lazy: bool = False
    packing: str | None = None
    dims: NamedShape | None = None

    @property
    def named_shape(self) -> NamedShape:
        """The shape as it reads, with both sizes where it is distributed."""
        return self.shape if self.dims is None else self.dims

    @property
    def numel(self) -> int:
        """Number of elements; 0 while the parameter is lazy."""
        return 0 if self.lazy else math.prod(self.shape)


@quick
@dataclass(frozen=True, slots=True)
class Buffer:
    """One buffer that a module owns itself."""

    name: str
    shape: Shape
    dtype: str
    bytes: int
    persistent: bool = True
    shared_with: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Module:
    """One path of ``named_modules(remove_duplicate=False)``, called or not.

    ``shared_with`` is the first path of the same module object when this is not the first.
    ``no_forward`` says that its class has none: it only holds others.
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
    no_forward: bool = False

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

    @property
    def is_container(self) -> bool:
        """Whether its class is one of PyTorch's that only hold others, such as ``Sequential``."""
        return self.qualified_class.startswith("torch.nn.modules.container.")


@quick
@dataclass(frozen=True, slots=True)
class Call:
    """One invocation of a module. ``index`` counts the invocations of the same module.

    The ops run anywhere inside it are ``graph.ops[start:stop]``; those run directly by its
    ``forward``, outside any child call, are ``ops``. ``children`` are the child calls in order.
    ``module`` is the first path of the module object that was called. ``function`` is the run of a
    Python function that called it, None where the forward around it did.
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
    function: int | None = None


@quick
@dataclass(frozen=True, slots=True)
class FunctionCall:
    """One run of a Python function, or method, between a module's forward and what it did.

    ``call`` is the call whose forward it is part of, ``parent`` the run of the function that
    called it, None where the forward did. ``file`` and ``line`` are where it is defined. Functions
    of PyTorch and of Python itself are none of these, nor is the forward; a function that calls
    itself is one run.
    """

    id: int
    name: str
    call: int
    parent: int | None
    file: str | None
    line: int | None


@quick
@dataclass(frozen=True, slots=True)
class Op:
    """One PyTorch function that produced or changed a tensor.

    ``inputs`` are the tensors whose data it read, ``outputs`` those it returned or wrote.
    ``args`` are its non-tensor arguments by name. ``bytes_read`` and ``bytes_written`` are
    what its kernels moved. ``workspace`` is what its temporaries took at their peak, beyond what
    it left allocated. ``view`` says that no data moved; ``in_place``, that it wrote into a tensor
    that existed before. ``flops`` counts 2 per multiply-add. ``seconds`` is how long it took, where
    that was measured. ``function`` is the run of a Python function that made it, the innermost,
    None where the forward of its call did.
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
    function: int | None = None
    backward: bool = False


@quick
@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor at one moment of the forward; an in-place write makes a new one.

    ``producer`` is the op that made it, None for inputs, parameters, buffers and constants.
    ``name`` is the path of a parameter or buffer, the argument name of an input, or the place of
    an output in what the model returned. ``storage`` is the index into ``graph.storages``.
    ``dims`` is the shape in named dimensions, where these were given: ``("batch", "seq", 768)``.
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
    dims: NamedShape | None = None

    @property
    def named_shape(self) -> NamedShape:
        """The shape as it reads: in named dimensions where it has them, or else in numbers."""
        return self.shape if self.dims is None else self.dims


@quick
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


@quick
@dataclass(frozen=True, slots=True)
class Edge:
    """Data flowing through ``tensor`` from op ``source`` to op ``target``.

    ``source`` is None for an input, parameter, buffer or constant; ``target`` is None where the
    tensor leaves the model as an output.
    """

    source: int | None
    target: int | None
    tensor: int


@quick
@dataclass(frozen=True, slots=True)
class Escape:
    """Data that left PyTorch's sight: what was computed with it is not in the graph.

    ``tensor`` was read during ``call`` by the function ``how``, which gave no tensor: ``numpy``,
    ``item``. ``whole`` says that it handed out the memory, or all values, and not one value. Of a
    tensor from which a backward pass started, ``how`` is ``backward``: what comes back depends on
    how it was computed. Of one that outlives the forward in the model, or in what it can reach,
    ``how`` is ``kept``.
    """

    tensor: int
    how: str
    call: int
    whole: bool
    file: str | None
    line: int | None

    @property
    def is_read(self) -> bool:
        """Whether values were handed to Python, and not to autograd or to what keeps the tensor."""
        return self.how not in (BACKWARD, KEPT)


@quick
@dataclass(frozen=True, slots=True)
class Failure:
    """Where and why the forward stopped: the call, the op, the source line, the shapes that met.

    ``facts`` are names and values of what was to be seen only then: ``source``, the text of the
    line; ``expression``, the part of it that failed; ``outside``, the class of a layer that the
    model does not hold; ``smallest`` and ``largest``, of the indices.
    """

    error: str
    message: str
    call: int | None
    op: int | None
    module: str
    file: str | None
    line: int | None
    shapes: tuple[Shape, ...]
    facts: tuple[tuple[str, str], ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class Finding:
    """Something worth telling about a model: a remark on the trace, or what a check has found.

    ``code`` is the stable name of its kind (``modelviz.findings`` lists those of the trace).
    ``path`` is the module and ``op`` the op that it is about, ``file`` and ``line`` the place in
    the user's source; ``hint`` says what to do. Each is None where it does not apply.
    """

    code: str
    level: Level
    message: str
    path: str | None = None
    op: int | None = None
    file: str | None = None
    line: int | None = None
    hint: str | None = None


@quick
@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that was put on a graph: a number for modules, by path, or for ops, by id.

    ``calls`` are those of single calls, by id, where a module that is called several times has
    another number in each. ``unit`` says how it reads: ``"s"``, ``"B"``, ``"FLOPs"``, ``"%"``,
    any other text, or none.
    """

    name: str
    unit: str
    values: tuple[tuple[str | int, Any], ...]
    calls: tuple[tuple[int, Any], ...] | None = None
