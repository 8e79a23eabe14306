"""The header of a safetensors file: names, shapes and types. The data is never read."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

from ..errors import InputError
from .weights import Weight

MAX_HEADER = 100 * 2**20
"""Bytes of the header: the limit of the format's own reader."""

_MAX_DIMENSIONS = 64

# The format's names: bits of an element, and the name of the type in PyTorch.
_DTYPES = {
    "BOOL": (8, "bool"),
    "U8": (8, "uint8"),
    "I8": (8, "int8"),
    "F8_E5M2": (8, "float8_e5m2"),
    "F8_E4M3": (8, "float8_e4m3fn"),
    "F8_E8M0": (8, "float8_e8m0fnu"),
    "F8_E5M2FNUZ": (8, "float8_e5m2fnuz"),
    "F8_E4M3FNUZ": (8, "float8_e4m3fnuz"),
    "F4": (4, "float4"),
    "F6_E2M3": (6, "float6_e2m3"),
    "F6_E3M2": (6, "float6_e3m2"),
    "I16": (16, "int16"),
    "U16": (16, "uint16"),
    "F16": (16, "float16"),
    "BF16": (16, "bfloat16"),
    "I32": (32, "int32"),
    "U32": (32, "uint32"),
    "F32": (32, "float32"),
    "F64": (64, "float64"),
    "I64": (64, "int64"),
    "U64": (64, "uint64"),
    "C64": (64, "complex64"),
}


def read_weights(path: Path) -> list[Weight]:
    """The weights that a safetensors file holds, in the order of its header.

    Raises InputError for a file that is no such file, is damaged or is cut off.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(size - 8, MAX_HEADER):
                raise InputError(
                    f"{path.name!r} is no safetensors file, or is cut off: it has {size:,} bytes, "
                    f"and begins with a header of {length:,}"
                )
            text = file.read(length)
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    return _weights(text, size - 8 - length, path.name)


def _weights(text: bytes, data: int, file: str) -> list[Weight]:
    """The weights that the header names, whose data is ``data`` bytes long."""
    try:
        header = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file!r} is no safetensors file: its header is not JSON") from error
    if not isinstance(header, dict):
        raise InputError(f"{file!r} is no safetensors file: its header is no JSON object")
    header.pop("__metadata__", None)
    if not header:
        raise InputError(f"{file!r} holds no tensors")
    return [_weight(name, value, data, file) for name, value in header.items()]


def _weight(name: str, value: Any, data: int, file: str) -> Weight:
    damaged = InputError(f"{file!r} is damaged: it describes the tensor {name[:80]!r} wrongly")
    try:
        shape, (start, stop) = value["shape"], value["data_offsets"]
        bits, dtype = _DTYPES[value["dtype"]]
    except (KeyError, TypeError, ValueError):
        raise damaged from None
    if not isinstance(shape, list) or len(shape) > _MAX_DIMENSIONS:
        raise damaged
    if not all(type(part) is int and 0 <= part < 2**63 for part in (*shape, start, stop)):
        raise damaged
    if prod(part or 1 for part in shape) >= 2**63:  # PyTorch has no such tensor
        raise damaged
    elements = prod(shape)
    if not start <= stop <= data or (elements * bits + 7) // 8 != stop - start:
        raise damaged
    return name, tuple(shape), dtype, stop - start
