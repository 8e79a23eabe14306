"""Values that a forward without data knows of its tensors, and those that only seem known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch

from .devices import exists
from .recipes import is_small
from .structure import kernel_tensors
from .torch_internals import FakeTensor, disable_current_modes

# What these return holds whatever was in the memory before.
_UNDEFINED = {
    torch.ops.aten.empty.memory_format,
    torch.ops.aten.empty_strided.default,
    torch.ops.aten.empty_permuted.default,
    torch.ops.aten.empty_like.default,
    torch.ops.aten.new_empty.default,
    torch.ops.aten.new_empty_strided.default,
    # Zeros without memory, as forward mode has them: a kernel that reads their data ends Python.
    torch.ops.aten._efficientzerotensor.default,
}
# Of the tensor they are given these read shape and dtype alone.
_FILLING = {
    torch.ops.aten.full_like.default,
    torch.ops.aten.new_full.default,
    torch.ops.aten.new_ones.default,
    torch.ops.aten.new_zeros.default,
    torch.ops.aten.ones_like.default,
    torch.ops.aten.zeros_like.default,
}


def text_of(function: Callable[..., str], tensor: torch.Tensor, *rest: Any) -> str:
    """A fake tensor as text, for which the model asks: what is known, and else size and dtype."""
    constant: torch.Tensor | None = getattr(tensor, "constant", None)
    if constant is not None:
        with disable_current_modes():
            return function(constant, *rest)
    return function(tensor, *rest).replace("FakeTensor(", "tensor(")


def value_of_settings(
    result: FakeTensor, function: Any, args: Sequence[Any], kwargs: dict[str, Any]
) -> torch.Tensor | None:
    """The real tensor for what a kernel made from no tensor's values and no chance, if it is small.

    None where it is made from more, and where its value is known already.
    """
    if (
        result.constant is not None
        or not is_small(result)
        or not exists(result.fake_device)
        or function in _UNDEFINED
        or torch.Tag.nondeterministic_seeded in function.tags
    ):
        return None
    fills = function in _FILLING and result.is_contiguous() and is_small(args[0])
    if kernel_tensors((*args[fills:], *kwargs.values())):
        return None
    with disable_current_modes():
        if fills:
            like = torch.empty(args[0].shape, dtype=args[0].dtype, device="cpu")
            args = (like, *args[1:])
        known: torch.Tensor = function(*args, **kwargs)
        return known


def numbers_of(
    data: Any, value_of: Callable[[torch.Tensor], torch.Tensor | None]
) -> tuple[Any, torch.dtype, bool] | None:
    """Nested lists with a number for each tensor of one value in them, as ``torch.tensor`` has it.

    With the dtype that these make together, and whether all are known: 0 stands for the others.
    None where there is none, and where anything else is in them.
    """
    if isinstance(data, torch.Tensor):
        return None  # which is copied, or handed on as it is
    dtypes: list[torch.dtype] = []
    tensors: list[bool] = []

    def number(part: Any) -> Any:
        if type(part) in (list, tuple):
            return [number(inner) for inner in part]
        if not isinstance(part, torch.Tensor):
            dtypes.append(_dtype_of(part))
            return part
        if part.dim():
            raise TypeError
        dtypes.append(part.dtype)
        value = value_of(part)
        tensors.append(value is not None)
        with disable_current_modes():
            return 0 if value is None else value.item()

    try:
        numbers = number(data)
    except (KeyError, TypeError):
        return None
    return (numbers, reduce(torch.promote_types, dtypes), all(tensors)) if tensors else None


def _dtype_of(number: Any) -> torch.dtype:
    """What ``torch.tensor`` makes of a number of Python's; KeyError for anything else."""
    if type(number) is float:
        return torch.get_default_dtype()
    return {bool: torch.bool, int: torch.int64}[type(number)]


def is_known(tensor: torch.Tensor) -> bool:
    """Whether a fake tensor has a value."""
    return isinstance(tensor, FakeTensor) and tensor.constant is not None


def doubt(result: Any, function: Any, given: Sequence[Any]) -> None:
    """Forget values that do not follow from the arguments of a kernel.

    A shape function that calls ``new_empty`` on a known tensor returns one that seems known.
    """
    for tensor in result if isinstance(result, (tuple, list)) else (result,):
        if isinstance(tensor, FakeTensor) and tensor.constant is not None:
            if function in _FILLING:
                return
            sources = kernel_tensors(given)
            if function in _UNDEFINED or any(
                isinstance(source, FakeTensor) and source.constant is None for source in sources
            ):
                tensor.constant = None
