"""``input_size`` and ``dtypes``, in every form that torchinfo takes, as shapes and dtypes."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from ..errors import InputError
from ..graph import Shape
from ..parsing import parse_dtype
from .structure import named_tensors

_MOST = 2**59
"""Elements of a tensor whose bytes can be counted, at up to 16 each."""


def input_sizes(input_size: Any) -> tuple[list[Shape], dict[str, Shape]]:
    """The shapes of positional arguments, and those of arguments given by name.

    ``input_size`` is a shape, a sequence of shapes, or a dict of shapes by name; sizes are whole
    numbers of any kind (Python's, NumPy's). Raises InputError for anything else.
    """
    if isinstance(input_size, torch.Tensor):
        raise _bad_size(input_size)
    if isinstance(input_size, Mapping):
        if not input_size or not all(isinstance(name, str) for name in input_size):
            raise _bad_size(input_size)
        return [], {name: _shape(size, input_size) for name, size in input_size.items()}
    parts = _parts(input_size, input_size)
    if parts and all(_size(part) is not None for part in parts):
        return [_shape(parts, input_size)], {}
    if not parts:
        raise _bad_size(input_size)
    return [_shape(part, input_size) for part in parts], {}


def input_dtypes(dtypes: Any, count: int, otherwise: torch.dtype) -> list[torch.dtype]:
    """One dtype for each of ``count`` inputs: ``otherwise`` where ``dtypes`` is None.

    ``dtypes`` is a sequence of them, or one for all. Each is a torch dtype, a type of tensors such
    as ``torch.LongTensor``, a NumPy dtype, or the name of one. Raises InputError.
    """
    if dtypes is None:
        return [otherwise] * count
    single = isinstance(dtypes, (str, type)) or not isinstance(dtypes, Iterable)
    given = [_dtype(dtype) for dtype in ([dtypes] if single else dtypes)]
    # One is enough where all are the same.
    if len(given) != count and len(set(given)) == 1:
        return given[:1] * count
    if len(given) != count:
        raise InputError(
            f"got {len(given)} dtypes for {count} inputs: expected one for each shape in input_size"
        )
    return given


def with_batch(size: Shape, batch_dim: int | None) -> Shape:
    """The shape with a batch of 1 at ``batch_dim``, if one is to be put in. Raises InputError."""
    if batch_dim is None:
        return size
    place = _size(batch_dim)
    if place is None or not -len(size) - 1 <= place <= len(size):
        raise InputError(
            f"batch_dim={batch_dim!r}: expected where to put the batch into the shape "
            f"{size}, from {-len(size) - 1} to {len(size)}"
        )
    position = place if place >= 0 else len(size) + 1 + place
    return (*size[:position], 1, *size[position:])


def _parts(value: Any, input_size: Any) -> list[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise _bad_size(input_size)
    return list(value)


def _shape(value: Any, input_size: Any) -> Shape:
    sizes = [_size(part) for part in _parts(value, input_size)]
    if any(size is None or size <= 0 for size in sizes):
        raise _bad_size(input_size)
    shape = tuple(size for size in sizes if size is not None)
    if math.prod(shape) > _MOST:
        raise InputError(f"input_size={shape} has more elements than a tensor can: give less")
    return shape


def _size(value: Any) -> int | None:
    """The whole number that ``value`` is; None for anything else, also for a bool."""
    if isinstance(value, (bool, torch.Tensor)):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def _bad_size(input_size: Any) -> InputError:
    shapes = [str(tuple(tensor.shape)) for _, tensor in named_tensors(input_size, "")]
    if shapes:
        what = "is a tensor of shape" if len(shapes) == 1 else "has tensors of shapes"
        return InputError(
            f"input_size {what} {', '.join(shapes)}: give data as input_data, or the shape as "
            "input_size"
        )
    return InputError(
        f"input_size={input_size!r} is not a shape: expected positive integers such as "
        f"(1, 3, 224, 224), or a sequence of such shapes, one for each input"
    )


def _dtype(given: Any) -> torch.dtype:
    if isinstance(given, torch.dtype):
        return given
    # A type of tensors, such as torch.cuda.LongTensor, knows its dtype.
    found = getattr(given, "dtype", None)
    if isinstance(found, torch.dtype):
        return found
    if given is float:
        return torch.get_default_dtype()
    if isinstance(given, type) and given in _OF_PYTHON:
        return _OF_PYTHON[given]
    name = str(getattr(given, "__name__", given)).removeprefix("torch.").removeprefix("cuda.")
    tensors = getattr(torch, name, None)
    if name.endswith("Tensor") and isinstance(getattr(tensors, "dtype", None), torch.dtype):
        return tensors.dtype  # type: ignore[union-attr, no-any-return]
    try:
        return parse_dtype(name)
    except InputError:
        raise InputError(
            f"dtypes: {given!r} is none; expected torch dtypes such as torch.long, or their names"
        ) from None


_OF_PYTHON = {bool: torch.bool, int: torch.int64, complex: torch.complex64}
