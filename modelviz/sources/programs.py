"""Programs that ``torch.export.save`` wrote (``.pt2``), read as the JSON that they are.

``torch.export.load`` unpickles weights and constants, evaluates the text of expressions and
compiles the text of guards, all of which can run code of whoever wrote the file. None of it is
needed here: the program, with every shape, is in the JSON of the archive, and the weights stay
where they are.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..findings import note
from ..graph import Buffer, Finding, ModelGraph, Parameter, Shape
from ..places import is_of_torch
from .archives import check_archive, damaged, names_in
from .assembly import Assembly, Scope, Value
from .base import Source

# The numbers of types, memory formats and layouts in ``torch._export.serde.schema``.
_DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}
_SYMBOL = re.compile(r"Symbol\('(\w+)'[^)]*\)|^(\w+)$")
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in ')
# The second is the name in files of torch before 2.8.
_PROGRAM = re.compile(r"(^|/)models/[^/]+\.json$|(^|/)serialized_exported_program\.json$")


def is_program(path: Path) -> bool:
    """Whether the file is an archive that ``torch.export.save`` wrote."""
    return any(_PROGRAM.search(name) for name in names_in(path))


def from_program(path: Path) -> Source:
    """The graph of an exported program. Raises InputError for a file that holds none."""
    check_archive(path)
    program, weights = _read(path)
    with damaged(path.name, "exported program"):
        return Source(_Reader(path, program, weights).graph())


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The program, and what is said about its weights."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            found = [one for one in names if _PROGRAM.search(one)]
            if not found:
                raise InputError(f"{path.name!r} holds no exported program: {_instead(names)}")
            if len(found) > 1:
                held = ", ".join(Path(one).stem for one in found)
                raise InputError(
                    f"{path.name!r} holds several programs ({held}): save each in a file of its own"
                )
            name = Path(found[0]).stem
            wanted = f"/data/weights/{name}_weights_config.json"
            about = next((one for one in names if one.endswith(wanted)), None)
            program = json.loads(archive.read(found[0]))
            weights = json.loads(archive.read(about)) if about else {}
    except (OSError, zipfile.BadZipFile, ValueError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name!r} is no exported program: {error}") from error
    return program, weights.get("config", {})


def _instead(names: list[str]) -> str:
    if any("/aotinductor/" in one for one in names):
        return (
            "it is a package of compiled code (AOTInductor), which can only be run: give the "
            "program that torch.export.save writes"
        )
    return "expected a file that torch.export.save wrote"


class _Reader:
    """One program on its way to a graph."""

    def __init__(self, path: Path, program: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
        self._path = path
        self._program = program
        self._weights = weights
        module = program["graph_module"]
        self._graph = module["graph"]
        self._signature = module["signature"]
        self._values = self._graph["tensor_values"]
        self._assembly = Assembly()
        self._assumed: dict[str, int] = {}
        self._unknown: dict[str, None] = {}
        self._findings: list[Finding] = []
        self._scope: Scope = ()
        self._name = ""

    def graph(self) -> ModelGraph:
        """The graph of the program."""
        for node in self._graph["nodes"]:
            self._meet_modules(node)
        self._given()
        for node in self._graph["nodes"]:
            self._op(node)
        outputs = [key for one in self._graph["outputs"] for key in _keys(one)]
        self._tell()
        return self._assembly.graph(self._name or self._path.stem, outputs, self._findings)

    # -- modules and weights ------------------------------------------------------------------

    def _meet_modules(self, node: Mapping[str, Any]) -> None:
        for _, path, qualified in _stack(node):
            self._assembly.module(path, qualified)
            if not path:
                self._name = qualified.rpartition(".")[2]

    def _given(self) -> None:
        firsts: dict[str, str] = {}
        for spec in self._signature["input_specs"]:
            ((kind, about),) = spec.items()
            if kind in ("parameter", "buffer", "tensor_constant"):
                self._weight(kind, about, firsts)
            elif kind == "user_input":
                for key in _keys(about["arg"]):
                    self._assembly.given(self._value(key), "input", key)

    def _weight(self, kind: str, about: Mapping[str, Any], firsts: dict[str, str]) -> None:
        key, full = about["arg"]["name"], about[f"{kind}_name"]
        value = self._value(key)
        if kind == "tensor_constant":
            self._assembly.given(value, "constant", full)
            return
        meta = self._weights.get(full, {})
        stored = meta.get("path_name") or full
        first = firsts.setdefault(stored, full)
        shared = None if first == full else first
        path, _, name = full.rpartition(".")
        if kind == "parameter":
            trainable = bool((meta.get("tensor_meta") or self._values[key]).get("requires_grad"))
            parameter = Parameter(name, value.shape, value.dtype, value.bytes, trainable, shared)
            self._assembly.parameter(path, parameter)
        else:
            buffer = Buffer(
                name, value.shape, value.dtype, value.bytes, about.get("persistent", True), shared
            )
            self._assembly.buffer(path, buffer)
        self._assembly.given(value, "parameter" if kind == "parameter" else "buffer", full)

    # -- ops ----------------------------------------------------------------------------------

    def _op(self, node: Mapping[str, Any]) -> None:
        outputs = [key for one in node["outputs"] for key in _keys(one)]
        if not any(key in self._values for key in outputs):
            return  # a size, a number, an assertion
        stack = _stack(node)
        if stack:
            self._scope = [(key, path) for key, path, _ in stack if path]
        target = node["target"]
        namespace, name, overload = _named(target)
        inputs = [key for one in node["inputs"] for key in _keys(one["arg"])]
        plain = [
            (one["name"], self._plain(one["arg"]))
            for one in node["inputs"]
            if not list(_keys(one["arg"]))
        ]
        file, line = place_of(node["metadata"].get("stack_trace") or "")
        flops = 0
        aliases: tuple[int | None, ...] = (None,) * len(outputs)
        if namespace == "aten":
            flops, aliases = self._counted(name, overload, node, inputs, len(outputs))
        elif any("as_graph" in one["arg"] for one in node["inputs"]):
            self._unknown[f"{name}, whose parts are programs of their own"] = None
        else:
            self._unknown[name] = None
        self._assembly.op(
            name,
            self._scope,
            inputs,
            [
                Value(*self._described(key), None if alias is None else inputs[alias])
                for key, alias in zip(outputs, aliases, strict=True)
            ],
            args=tuple((key, value) for key, value in plain if key and value is not None),
            file=file,
            line=line,
            flops=flops,
            in_place=name.endswith("_") and not name.startswith("_"),
        )

    def _counted(
        self, name: str, overload: str, node: Mapping[str, Any], inputs: list[str], count: int
    ) -> tuple[int, tuple[int | None, ...]]:
        """FLOPs of an op of PyTorch's own, and for each output the input that it is a view of."""
        from ..tracing.alone import call_alone, operator

        alone = (None,) * count
        function = operator(name, overload)
        if function is None or not inputs:
            if function is None:
                self._unknown[name] = None
            return 0, alone
        args = [self._argument(one["arg"]) for one in node["inputs"] if one.get("kind") != 2]
        kwargs = {
            one["name"]: self._argument(one["arg"])
            for one in node["inputs"]
            if one.get("kind") == 2
        }
        found = call_alone(function, args, kwargs)
        if found.flops is None:
            self._unknown[name] = None
            return 0, alone
        self._unknown.update(dict.fromkeys(found.uncounted))
        aliases = found.aliases if len(found.aliases) == count else alone
        return found.flops, aliases

    # -- values -------------------------------------------------------------------------------

    def _value(self, key: str) -> Value:
        return Value(*self._described(key))

    def _described(self, key: str) -> tuple[str, Shape, str]:
        meta = self._values[key]
        return key, tuple(self._size(one) for one in meta["sizes"]), _dtype(meta["dtype"])

    def _size(self, size: Mapping[str, Any]) -> int:
        """A size; one that may vary is what it was in the example that was exported."""
        if size.get("as_int") is not None:
            return int(size["as_int"])
        expression = size["as_expr"]
        hint = (expression.get("hint") or {}).get("as_int")
        symbol = _SYMBOL.search(str(expression["expr_str"]))
        name = (symbol[1] or symbol[2]) if symbol else ""
        if hint is None:
            low = self._program.get("range_constraints", {}).get(name, {}).get("min_val")
            hint = low if isinstance(low, int) and low > 0 else 1
        if name:
            self._assumed[name] = int(hint)
        return int(hint)

    def _argument(self, argument: Mapping[str, Any]) -> Any:
        """An argument to call the op with: tensors on ``meta``."""
        import torch

        ((kind, value),) = [item for item in argument.items() if item[1] is not None] or [
            ("as_none", True)
        ]
        if kind == "as_tensor":
            return self._on_meta(value["name"])
        if kind == "as_tensors":
            return [self._on_meta(one["name"]) for one in value]
        if kind == "as_optional_tensors":
            return [self._argument(one) for one in value]
        if kind == "as_optional_tensor":
            return self._argument(value)
        if kind == "as_scalar_type":
            return getattr(torch, _dtype(value))
        if kind == "as_device":
            return torch.device("cpu")
        if kind == "as_layout":
            return torch.strided
        if kind == "as_memory_format":
            return _memory_format(value)
        return self._plain(argument)

    def _on_meta(self, key: str) -> Any:
        import torch

        _, shape, dtype = self._described(key)
        stride = [self._size(one) for one in self._values[key]["strides"]]
        return torch.empty_strided(shape, stride, dtype=getattr(torch, dtype), device="meta")

    def _plain(self, argument: Mapping[str, Any]) -> Any:
        """An argument that is no tensor."""
        ((kind, value),) = [item for item in argument.items() if item[1] is not None] or [
            ("as_none", True)
        ]
        if kind == "as_none":
            return None
        if kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
            return self._symbolic(value)
        if kind in ("as_sym_ints", "as_sym_floats"):
            return tuple(self._symbolic(one) for one in value)
        if kind == "as_scalar_type":
            return _dtype(value)
        if kind == "as_device":
            return value["type"]
        if kind in ("as_layout", "as_memory_format", "as_graph", "as_custom_obj", "as_operator"):
            return None
        return tuple(value) if isinstance(value, list) else value

    def _symbolic(self, value: Mapping[str, Any]) -> Any:
        if value.get("as_name") is None:
            return next((one for one in value.values() if one is not None), None)
        known = self._graph["sym_int_values"].get(value["as_name"])
        return 1 if known is None else self._size(known)

    # -- what to tell -------------------------------------------------------------------------

    def _tell(self) -> None:
        told = "read from an exported program, which is not run: shapes are those it was made with"
        self._findings.append(note("MV024", told))
        if self._assumed:
            listed = "; ".join(
                f"{n} = {size}" + self._range(n) for n, size in self._assumed.items()
            )
            self._findings.append(note("MV024", f"sizes that may vary in this program: {listed}"))
        for name in self._unknown:
            self._findings.append(note("MV002", f"not counted: {name}, counted as 0 FLOPs"))

    def _range(self, name: str) -> str:
        limits = self._program.get("range_constraints", {}).get(name)
        if not limits or limits.get("max_val") is None:
            return ""
        return f" (from {limits['min_val']} to {limits['max_val']})"


def _keys(argument: Mapping[str, Any]) -> Iterator[str]:
    """The keys of the tensors in an argument."""
    for kind, value in argument.items():
        if value is None:
            continue
        if kind == "as_tensor":
            yield value["name"]
        elif kind in ("as_tensors", "as_nested_tensors"):
            for one in value:
                yield from (
                    [part["name"] for part in one] if isinstance(one, list) else [one["name"]]
                )
        elif kind == "as_optional_tensor":
            yield from _keys(value)
        elif kind == "as_optional_tensors":
            for one in value:
                yield from _keys(one)


def _stack(node: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The modules that a node ran in, outermost first: key of the run, path, class."""
    text = node["metadata"].get("nn_module_stack") or ""
    parts = [one.split(",", 2) for one in text.split(";") if one]
    return [(part[0], part[1], part[2]) for part in parts if len(part) == 3]


def _named(target: str) -> tuple[str, str, str]:
    """Namespace, name and overload of what a node calls."""
    parts = target.removeprefix("torch.ops.").split(".")
    if target.startswith("torch.ops.") and len(parts) == 3:
        return parts[0], parts[1], parts[2]
    return "", parts[-1], ""


def place_of(trace: str) -> tuple[str | None, int | None]:
    """The innermost line of a traceback that is not of PyTorch itself."""
    frames = _FRAME.findall(trace)
    own = [frame for frame in frames if not is_of_torch(frame[0])] or frames
    return (own[-1][0], int(own[-1][1])) if own else (None, None)


def _dtype(number: int) -> str:
    if number not in _DTYPES:
        raise InputError(f"the program has a tensor of a type that is not known ({number})")
    return _DTYPES[number]


def _memory_format(number: int) -> Any:
    import torch

    formats = {
        1: torch.contiguous_format,
        2: torch.channels_last,
        3: torch.channels_last_3d,
        4: torch.preserve_format,
    }
    return formats.get(number, torch.preserve_format)
