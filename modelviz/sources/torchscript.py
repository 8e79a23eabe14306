"""Archives of TorchScript, read without running them: their modules, parameters and buffers.

``torch.jit.load`` compiles the code in an archive and runs parts of it. Here the pickle in it is
read by an unpickler that imports nothing: what it names becomes a plain record, or is refused.
"""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ..dotted import join
from ..errors import InputError
from ..findings import note
from ..graph import Buffer, ModelGraph, Parameter, Shape
from .archives import check_archive, damaged, names_in
from .assembly import Assembly, bytes_of
from .base import Source
from .weights import MAX_DEPTH

_MANGLED = re.compile(r"___torch_mangle_\d+\.|^__torch__\.")
_CLASS = re.compile(r"^class (\w+)\(Module\):$", re.MULTILINE)
_LISTED = re.compile(r"^  __(parameters|buffers)__ = \[(.*)\]$", re.MULTILINE)
_SETTING = re.compile(r"^  (\w+) : Final\[(?:int|float|bool|str|Tuple\[[\w, ]+\])\] = (.+)$", re.M)
_HIDDEN = ("training", "_is_full_backward_hook")
_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "LongStorage": "int64",
    "IntStorage": "int32",
    "ShortStorage": "int16",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "BoolStorage": "bool",
    "QInt8Storage": "qint8",
    "QUInt8Storage": "quint8",
    "QInt32Storage": "qint32",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}
_SCHEMES = ("per_tensor_affine", "per_channel_affine", "per_channel_affine_float_qparams")
_PACKED = ("weight", "bias")
"""What the packed weights of a quantized layer are, in their order."""
MAX_MODULES = 200_000
MAX_CODE = 64 * 2**20
"""Bytes of what is compressed in an archive, its code as a rule."""


def is_torchscript(path: Path) -> bool:
    """Whether the file is an archive that ``torch.jit.save`` wrote."""
    names = names_in(path)
    return any(name.endswith("/constants.pkl") for name in names) and any(
        "/code/" in name for name in names
    )


def from_torchscript(path: Path) -> Source:
    """The modules in an archive, as a graph without a forward. Raises InputError."""
    check_archive(path, MAX_CODE)
    if not is_torchscript(path):
        raise InputError(f"{path.name!r} is no archive of TorchScript, as torch.jit.save writes it")
    with damaged(path.name, "archive of TorchScript"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        data = next(name for name in names if name.endswith("/data.pkl") and name.count("/") == 1)
        code = {
            name.partition("/code/")[2]: archive.read(name).decode("utf-8", "replace")
            for name in names
            if "/code/" in name and name.endswith(".py")
        }
        fixed = next(name for name in names if name.endswith("/constants.pkl"))
        try:
            root = _Unpickler(archive.read(data), path.name).load()
            constants = _Unpickler(archive.read(fixed), path.name).load()
        except (pickle.UnpicklingError, EOFError, MemoryError) as error:
            raise InputError(f"{path.name!r} is a damaged archive: {error}") from error
    if not isinstance(root, _Object):
        raise InputError(f"{path.name!r} holds no module")
    found = [one for one in constants if isinstance(one, _Weight)]
    return Source(_Reader(code).graph(root, found))


class _Object:
    """A module, or another object, with the state that was saved."""

    qualified = ""
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


@dataclass(frozen=True, slots=True)
class _Stored:
    """A storage, which is not read."""

    dtype: str
    key: str


@dataclass(frozen=True, slots=True)
class _Weight:
    """A tensor, of which the shape is known."""

    storage: str
    offset: int
    shape: Shape
    dtype: str
    trainable: bool

    @property
    def bytes(self) -> int:
        return prod(self.shape) * bytes_of(self.dtype)


class _Unpickler(pickle.Unpickler):
    """Gives records in place of what the pickle names; nothing is imported."""

    def __init__(self, data: bytes, file: str) -> None:
        super().__init__(io.BytesIO(data))
        self._file = file
        self._classes: dict[str, type[_Object]] = {}

    def find_class(self, module: str, name: str) -> Any:
        """The record for a class of the archive, or what rebuilds a tensor."""
        full = f"{module}.{name}"
        if module.partition(".")[0] == "__torch__":
            return self._classes.setdefault(full, type(name, (_Object,), {"qualified": full}))
        if module.partition(".")[0] in ("torch", "collections") and name in _REBUILDING:
            return _REBUILDING[name]
        if module == "torch" and (name in _STORAGES or name in _SCHEMES):
            return name
        raise InputError(
            f"{self._file!r} asks for {full}, which an archive of TorchScript has no use for, and "
            "is not read"
        )

    def persistent_load(self, pid: Any) -> _Stored:
        """The storage with this name, type, key, place and size."""
        _, kind, key, *_ = pid
        return _Stored(_STORAGES.get(str(kind), "float32"), str(key))


def _tensor(
    storage: _Stored, offset: int, size: Any, stride: Any, trainable: bool = False, *_: Any
) -> _Weight:
    shape = tuple(int(one) for one in size)
    if any(one < 0 for one in shape) or prod(one or 1 for one in shape) >= 2**63:
        raise ValueError(f"a tensor of the shape {list(shape)}")
    return _Weight(storage.key, int(offset), shape, storage.dtype, bool(trainable))


def _quantized(storage: _Stored, offset: int, size: Any, stride: Any, *_: Any) -> _Weight:
    return _tensor(storage, offset, size, stride)


def _first(value: Any, *_: Any) -> Any:
    return value


# By the name alone: what stands for it is harmless, whichever module it is said to be from.
_REBUILDING: dict[str, Callable[..., Any]] = {
    "_rebuild_tensor_v2": _tensor,
    "_rebuild_qtensor": _quantized,
    "_rebuild_parameter": _first,
    "OrderedDict": OrderedDict,
    "build_intlist": _first,
    "build_boollist": _first,
    "build_doublelist": _first,
    "build_tensorlist": _first,
    "restore_type_tag": _first,
    "device": _first,
}


class _Reader:
    """The modules of an archive on their way to a graph."""

    def __init__(self, code: dict[str, str]) -> None:
        self._assembly = Assembly()
        self._about = {
            name: about for file, text in code.items() for name, about in _told(file, text)
        }
        self._firsts: dict[tuple[str, int, Shape], str] = {}
        self._modules = 0

    def graph(self, root: _Object, constants: list[_Weight]) -> ModelGraph:
        """The graph of the module, beside which the archive has these constants."""
        self._module("", root, 0)
        said = "read from TorchScript, which is not run: modules and weights, without data flow"
        findings = [note("MV010", said)]
        if constants:
            count = sum(prod(one.shape) for one in constants)
            text = f"{len(constants)} tensors with {count:,} numbers are constants of its code"
            findings.append(note("MV010", f"{text}, as the weights of a frozen module are"))
        name = _MANGLED.sub("", root.qualified).rpartition(".")[2]
        return self._assembly.graph(name, (), findings, "none")

    def _module(self, path: str, module: _Object, depth: int) -> None:
        self._modules += 1
        if depth > MAX_DEPTH or self._modules > MAX_MODULES:
            raise InputError("the archive has modules inside each other without an end")
        about = self._about.get(module.qualified, _About())
        qualified = _MANGLED.sub("", module.qualified)
        self._assembly.module(path, qualified, about.config)
        state = module.state if isinstance(module.state, dict) else {}
        for name, value in state.items():
            full = join(path, str(name))
            if isinstance(value, _Weight):
                self._weight(path, str(name), full, value, about)
            elif isinstance(value, _Object) and ".torch.classes." in value.qualified:
                self._packed(path, value)
            elif isinstance(value, _Object):
                self._module(full, value, depth + 1)

    def _packed(self, path: str, holder: _Object) -> None:
        """The weights that a quantized layer keeps in an object of C++."""
        for name, one in zip(_PACKED, _weights_in(holder.state, 0), strict=False):
            parameter = Parameter(name, one.shape, one.dtype, one.bytes, False, packed=True)
            self._assembly.parameter(path, parameter)

    def _weight(self, path: str, name: str, full: str, value: _Weight, about: _About) -> None:
        first = self._firsts.setdefault((value.storage, value.offset, value.shape), full)
        shared = None if first == full else first
        if name in about.parameters:
            parameter = Parameter(
                name, value.shape, value.dtype, value.bytes, value.trainable, shared
            )
            self._assembly.parameter(path, parameter)
        else:
            buffer = Buffer(name, value.shape, value.dtype, value.bytes, True, shared)
            self._assembly.buffer(path, buffer)


def _weights_in(state: Any, depth: int) -> Iterator[_Weight]:
    """The tensors in what an object saved, in their order."""
    if isinstance(state, _Weight):
        yield state
    elif isinstance(state, (list, tuple)) and depth < MAX_DEPTH:
        for one in state:
            yield from _weights_in(one, depth + 1)


@dataclass(frozen=True, slots=True)
class _About:
    """What the code of a class lists: its parameters, and its settings as text."""

    parameters: frozenset[str] = frozenset()
    config: str = ""


def _told(file: str, text: str) -> Iterator[tuple[str, _About]]:
    """Each class in a file of code, by its full name. The code is text and is not run."""
    module = file.removesuffix(".py").replace("/", ".")
    starts = [*_CLASS.finditer(text)]
    for place, start in enumerate(starts):
        end = starts[place + 1].start() if place + 1 < len(starts) else len(text)
        body = text[start.end() : end]
        listed = dict(_LISTED.findall(body))
        names = frozenset(re.findall(r'"([^"]*)"', listed.get("parameters", "")))
        settings = [
            f"{name}={value}" for name, value in _SETTING.findall(body) if name not in _HIDDEN
        ]
        yield f"{module}.{start[1]}", _About(names, ", ".join(settings))
