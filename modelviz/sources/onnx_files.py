"""Files of ONNX, read without their weights: shapes, ops, and the modules that they came from."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..dotted import join
from ..errors import InputError
from ..findings import note
from ..graph import Buffer, Finding, ModelGraph, Parameter, Shape
from .archives import damaged
from .assembly import Assembly, Scope, Value
from .base import Source
from .onnx_formulas import FORMULAS, UNCOUNTED

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

MAX_SIZE = 2 * 2**30
"""Bytes of a file: the limit of the format itself, weights in files of their own aside."""

# Of ``onnx.TensorProto.DataType``.
_DTYPES = {
    1: "float32",
    2: "uint8",
    3: "int8",
    4: "uint16",
    5: "int16",
    6: "int32",
    7: "int64",
    9: "bool",
    10: "float16",
    11: "float64",
    12: "uint32",
    13: "uint64",
    14: "complex64",
    15: "complex128",
    16: "bfloat16",
    17: "float8_e4m3fn",
    18: "float8_e4m3fnuz",
    19: "float8_e5m2",
    20: "float8_e5m2fnuz",
}
_PACKED = {21: "uint8", 22: "int8", 23: "uint8"}
"""Types of 4 bits, and the one that stands for them."""
_VIEWS = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity")
_WEIGHTED = frozenset(
    {
        "BatchNormalization",
        "Gather",
        "GroupNormalization",
        "InstanceNormalization",
        "LayerNormalization",
        "PRelu",
        "RMSNormalization",
    }
)
"""Ops without multiply-adds whose floating inputs are weights."""
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.\w+)+")
_PARAMETER = re.compile(r"%p_(\w+)")
_STATES = 5
"""From this input on, a recurrent op is given states."""


def from_onnx(path: Path) -> Source:
    """The graph of a file of ONNX. Raises InputError for what is none."""
    if importlib.util.find_spec("onnx") is None:
        raise InputError(
            f"{path.name!r} is read with the onnx package, which is not installed: "
            'pip install "torch-modelviz[onnx]"'
        )
    model = _load(path)
    with damaged(path.name, "ONNX file"):
        return Source(_Reader(path, model).graph())


def _load(path: Path) -> ModelProto:
    """The model with the shapes that can be inferred, weights in other files left where they are.

    Neither the files that it names nor code is touched.
    """
    import onnx
    import onnx.inliner
    from google.protobuf.message import DecodeError, EncodeError

    try:
        size = path.stat().st_size
        if size > MAX_SIZE:
            raise InputError(f"{path.name!r} has {size:,} bytes; a file of ONNX has at most 2 GiB")
        model = onnx.load(str(path), load_external_data=False)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except DecodeError as error:
        raise InputError(f"{path.name!r} is no file of ONNX: {error}") from error
    if not model.graph.node:
        raise InputError(f"{path.name!r} is no file of ONNX: it has no ops")
    _drop_weights(model)
    try:
        if model.functions:
            model = onnx.inliner.inline_local_functions(model)
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError, EncodeError):
        return model  # what the file itself says about shapes has to do


def _drop_weights(model: ModelProto) -> None:
    """Let go of the data of large tensors: inference needs that of small ones alone."""
    for weight in model.graph.initializer:
        if prod(weight.dims) > 1024:
            for field in ("raw_data", "float_data", "int32_data", "int64_data", "double_data"):
                weight.ClearField(field)


class _Reader:
    """One model on its way to a graph."""

    def __init__(self, path: Path, model: ModelProto) -> None:
        self._path = path
        self._model = model
        self._graph: GraphProto = model.graph
        self._assembly = Assembly()
        self._types: dict[str, tuple[Shape, str]] = {}
        self._unknown_shapes = False
        self._symbols: dict[str, None] = {}
        self._uncounted: dict[str, None] = {}
        self._name = ""

    def graph(self) -> ModelGraph:
        """The graph of the model."""
        graph = self._graph
        for value in (*graph.input, *graph.output, *graph.value_info):
            self._types[value.name] = self._described(value)
        scopes = [self._scope(node) for node in graph.node]
        self._weights(scopes)
        held = {weight.name for weight in graph.initializer}
        for value in graph.input:
            if value.name not in held:
                given = Value(value.name, *self._types[value.name])
                self._assembly.given(given, "input", value.name)
        for node, scope in zip(graph.node, scopes, strict=True):
            self._op(node, scope)
        outputs = [value.name for value in graph.output]
        name = self._name or _plain_name(graph.name) or self._path.stem
        return _with_classes(self._assembly.graph(name, outputs, self._findings()))

    # -- modules and weights ------------------------------------------------------------------

    def _scope(self, node: NodeProto) -> Scope:
        """The modules that a node ran in, from what PyTorch's exporters write about it."""
        about = {prop.key: prop.value for prop in node.metadata_props}
        paths = _listed(about.get("pkg.torch.onnx.name_scopes"))[:-1]
        classes = _listed(about.get("pkg.torch.onnx.class_hierarchy"))[:-1]
        if paths:
            for path, qualified in zip_longest(paths, classes, fillvalue=""):
                self._assembly.module(path, qualified)
                if not path:
                    self._name = qualified.rpartition(".")[2]
            return [(path, path) for path in paths if path]
        return [(path, path) for path in _paths_of(node.name)]

    def _weights(self, scopes: Sequence[Scope]) -> None:
        readers: dict[str, tuple[NodeProto, int, Scope]] = {}
        for node, scope in zip(self._graph.node, scopes, strict=True):
            for place, key in enumerate(node.input):
                readers.setdefault(key, (node, place, scope))
        taken: set[tuple[str, str]] = set()
        roots = self._named_roots()
        for weight in self._graph.initializer:
            dtype = _dtype(weight.data_type)
            shape = tuple(weight.dims)
            value = Value(weight.name, shape, dtype)
            self._types[weight.name] = (shape, dtype)
            node, place, scope = readers.get(weight.name, (None, 0, ()))
            named = weight.name in roots or _DOTTED.fullmatch(weight.name) is not None
            kind = _kind(named, shape, weight.data_type, node, place)
            path, _, name = weight.name.rpartition(".")
            if not named:
                # An exporter made it of weights that had names: it belongs to what reads it.
                path = scope[-1][1] if scope else ""
                role = _role(node, place) if kind == "parameter" else ""
                name = role if role and (path, role) not in taken else weight.name
            taken.add((path, name))
            if kind == "parameter":
                packing = "4-bit" if weight.data_type in _PACKED else None
                size = (value.bytes + 1) // 2 if packing else value.bytes
                parameter = Parameter(name, shape, dtype, size, True, packing=packing)
                self._assembly.parameter(path, parameter)
            elif kind == "buffer":
                self._assembly.buffer(path, Buffer(name, shape, dtype, value.bytes))
            self._assembly.given(value, kind, join(path, name))

    def _named_roots(self) -> set[str]:
        """Parameters of the model itself, which have plain names, as PyTorch's exporter tells."""
        told = (prop.value for node in self._graph.node for prop in node.metadata_props)
        return {name for text in told for name in _PARAMETER.findall(text)}

    # -- ops ----------------------------------------------------------------------------------

    def _op(self, node: NodeProto, scope: Scope) -> None:
        outputs = [name for name in node.output if name]
        for name in outputs:
            if name not in self._types:
                self._unknown_shapes = True
                self._types[name] = ((), "float32")
        attributes = {one.name: one for one in node.attribute}
        alias = node.input[0] if node.op_type in _VIEWS and node.input else None
        file, line = _place(node)
        self._assembly.op(
            node.op_type,
            scope,
            [name for name in node.input if name],
            [Value(name, *self._types[name], alias) for name in outputs],
            args=tuple((name, one) for name, one in _plain(attributes).items()),
            file=file,
            line=line,
            flops=self._flops(node, attributes),
        )

    def _flops(self, node: NodeProto, attributes: Mapping[str, Any]) -> int:
        """FLOPs by PyTorch's own formulas, 0 where the op has none or a shape is not known."""
        formula = FORMULAS.get(node.op_type)
        standard = node.domain in ("", "ai.onnx")
        if formula is None and standard and node.op_type not in UNCOUNTED:
            return 0
        names = [name for name in (*node.input, *node.output[:1]) if name]
        if formula is None or any(name not in self._types for name in names):
            self._uncounted[node.op_type] = None
            return 0
        inputs = [self._types[name][0] if name else () for name in node.input]
        try:
            return formula(inputs, self._types[node.output[0]][0], _plain(attributes))
        except (IndexError, KeyError, ValueError, AssertionError):
            self._uncounted[node.op_type] = None
            return 0

    # -- values and what to tell --------------------------------------------------------------

    def _described(self, value: Any) -> tuple[Shape, str]:
        kind = value.type.tensor_type
        sizes = []
        for size in kind.shape.dim:
            if size.HasField("dim_value"):
                sizes.append(size.dim_value)
            else:
                self._symbols[size.dim_param or "?"] = None
                sizes.append(1)
        return tuple(sizes), _dtype(kind.elem_type or 1)

    def _findings(self) -> list[Finding]:
        made = [note("MV024", "read from a file of ONNX: the model as it was exported, not run")]
        if self._symbols:
            listed = ", ".join(self._symbols)
            made.append(note("MV024", f"sizes that may vary were taken as 1: {listed}"))
        if self._unknown_shapes:
            made.append(note("MV024", "some shapes are not in the file and could not be inferred"))
        made += [
            note("MV002", f"not counted: {name}, counted as 0 FLOPs") for name in self._uncounted
        ]
        return made


def _with_classes(graph: ModelGraph) -> ModelGraph:
    """The graph with the main op of a module for its class, where the file does not say that."""
    main: dict[str, str] = {}
    for call in graph.calls:
        if not call.children and call.ops:
            ops = [graph.ops[op] for op in call.ops]
            main.setdefault(call.module, max(ops, key=lambda op: op.flops).name)
    modules = tuple(
        module
        if module.qualified_class or not module.path
        else replace(module, class_name=main.get(module.path, module.class_name))
        for module in graph.modules
    )
    return replace(graph, modules=modules)


def _kind(named: bool, shape: Shape, dtype: int, node: NodeProto | None, place: int) -> Any:
    """What a tensor in the file was: a parameter, a buffer, or a constant of an op."""
    if node is not None and node.op_type == "BatchNormalization" and place in (3, 4):
        return "buffer"
    if node is not None and node.op_type in ("LSTM", "GRU", "RNN") and place >= _STATES:
        return "constant"
    if dtype in (7, 6, 9) or (not shape and not named):
        return "constant"
    return "parameter" if named or _is_weight_of(node, shape) else "constant"


def _is_weight_of(node: NodeProto | None, shape: Shape) -> bool:
    """Whether a tensor without a name of its own is a weight, not a mask or a table of sines."""
    if node is None:
        return False
    bias = node.op_type == "Add" and len(shape) == 1 and shape[0] > 1
    return bias or node.op_type in FORMULAS or node.op_type in _WEIGHTED


def _role(node: NodeProto | None, place: int) -> str:
    """What a weight without a name of its own is to the op that reads it; empty for nothing."""
    if node is None:
        return ""
    alone = {"Add": "bias", "Sub": "shift", "Mul": "scale", "Gather": "weight"}
    return alone.get(node.op_type) or {1: "weight", 2: "bias"}.get(place, "")


def _paths_of(name: str) -> list[str]:
    """The modules in a name such as ``/blocks/blocks.0/conv/Conv``, outermost first."""
    if not name.startswith("/"):
        return []
    paths: list[str] = []
    above = ""
    for part in name.strip("/").split("/")[:-1]:
        holder = above.rpartition(".")[2]
        inside = part.removeprefix(f"{holder}.") if holder else part
        above = f"{above}.{inside}" if above else part
        paths.append(above)
    return paths


def _listed(text: str | None) -> list[str]:
    """The texts in a list that is written as Python writes it."""
    try:
        found = ast.literal_eval(text or "[]")
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _place(node: NodeProto) -> tuple[str | None, int | None]:
    from .programs import place_of

    about = {prop.key: prop.value for prop in node.metadata_props}
    return place_of(about.get("pkg.torch.onnx.stack_trace") or "")


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers and texts among the attributes of an op."""
    found: dict[str, Any] = {}
    for name, one in attributes.items():
        if one.type == 1:
            found[name] = one.f
        elif one.type == 2:
            found[name] = one.i
        elif one.type == 3:
            found[name] = one.s.decode("utf-8", "replace")
        elif one.type == 7:
            found[name] = tuple(one.ints)
    return found


def _plain_name(name: str) -> str:
    return "" if name in ("main_graph", "main", "torch_jit", "torch-jit-export") else name


def _dtype(number: int) -> str:
    found = _DTYPES.get(number) or _PACKED.get(number)
    if found is None:
        raise InputError(f"the file has a tensor of a type that is not read ({number})")
    return found
