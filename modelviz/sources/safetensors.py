"""The header of a safetensors file: names, shapes and types. The data is never read."""

from __future__ import annotations

from math import prod
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from ..errors import InputError
from .weights import Weight

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
    """The weights that a safetensors file holds, in the order of their data.

    Raises InputError for a file that is no such file, is damaged or is cut off.
    """
    try:
        with safe_open(path, framework="np") as file:
            found = [_weight(name, file.get_slice(name)) for name in file.offset_keys()]
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except SafetensorError as error:
        raise InputError(
            f"{path.name!r} is no safetensors file, is damaged or is cut off: {error}"
        ) from error
    if not found:
        raise InputError(f"{path.name!r} holds no tensors")
    return found


def _weight(name: str, header: Any) -> Weight:
    """A tensor of which the file tells shape and type without reading it."""
    bits, dtype = _DTYPES[header.get_dtype()]
    shape = tuple(header.get_shape())
    return name, shape, dtype, (prod(shape) * bits + 7) // 8
