"""Short, stable names for dtypes, devices and functions."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import torch
from torch import nn

_DUNDER = {
    "__add__": "add",
    "__iadd__": "add_",
    "__isub__": "sub_",
    "__imul__": "mul_",
    "__itruediv__": "div_",
    "__truediv__": "div",
    "__rtruediv__": "rdiv",
    "__floordiv__": "floor_divide",
    "__rfloordiv__": "rfloor_divide",
    "__matmul__": "matmul",
    "__rmatmul__": "rmatmul",
    "__invert__": "bitwise_not",
}


@cache
def dtype_name(dtype: torch.dtype) -> str:
    """The dtype without the ``torch.`` in front: ``float32``."""
    return str(dtype).removeprefix("torch.")


@cache
def device_name(device: torch.device) -> str:
    """The device as text: ``cpu``, ``cuda:0``, ``meta``."""
    return str(device)


def script_name(module: nn.Module) -> str:
    """The name of a scripted module, which is one op to a reader: that of the class it was."""
    return str(getattr(module, "original_name", "script"))


@lru_cache(maxsize=8192)
def function_name(function: Any) -> str:
    """The name of an op for a reader: ``conv2d``, ``add``, ``getitem``, ``T``."""
    name = str(getattr(function, "__name__", type(function).__name__))
    if name in ("__get__", "__set__"):
        owner = getattr(getattr(function, "__self__", None), "__name__", "attribute")
        return str(owner) if name == "__get__" else f"set_{owner}"
    if name in _DUNDER:
        return _DUNDER[name]
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_")
    return name.partition(".")[0]
