"""Values that a forward without data knows of its tensors, and those that only seem known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from math import prod
from typing import Any

import torch

from .devices import exists
from .mode_internals import disable_current_modes, disable_torch_dispatch
from .recipes import MAX_KNOWN, Output, is_small
from .structure import kernel_tensors
from .torch_internals import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
    schema_of,
)

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


def forget_overwritten(mode: FakeTensorMode, function: Any, kwargs: dict[str, Any]) -> None:
    """Forget the values of what is given as ``out=``.

    From known values the mode would compute the new ones, and leave a stand-in its old shape.
    """
    known = [value for value in kwargs.values() if is_known(value)]
    schema = schema_of(function) if known else None
    if schema is not None and schema.is_mutable:
        for fake in known:
            mode.fake_tensor_converter.invalidate_constant_aliases(fake.constant)


def known_view(mode: FakeTensorMode, function: Any, args: list[Any]) -> FakeTensor | None:
    """A view of a tensor whose value is known, as the mode makes it, in half of the time.

    None for everything else.
    """
    if not getattr(function, "is_view", False):
        return None
    if not is_known(args[0]) or len(kernel_tensors(args)) > 1:
        return None
    with disable_torch_dispatch():
        view = function(args[0].constant, *args[1:])
        if not isinstance(view, torch.Tensor) or not mode.may_turn_const(view):
            return None
    return mode.fake_tensor_converter.from_real_tensor(mode, view, make_constant=True)


def spared(
    made: Callable[[Output], FakeTensor], function: Any, args: list[Any], kwargs: dict[str, Any]
) -> list[Any]:
    """``args`` without values from which one too large to be known would be computed.

    The mode finds out from the result: a mask of 60,000 tokens would take 29 GB before. ``made``
    makes a fake tensor without a value.
    """
    found = kernel_tensors(args)
    known = [tensor for tensor in found if is_known(tensor)]
    if not known:
        return args
    # Two that differ in shape may be broadcast against one another.
    most = prod({tuple(tensor.shape): tensor.numel() for tensor in found}.values())
    most *= prod([n for value in args if type(value) is list for n in value if type(n) is int])
    schema = schema_of(function)
    if 0 <= most <= MAX_KNOWN or schema is None or schema.is_mutable or function.is_view:
        return args
    if len(known) < len(found):
        # Shapes follow from values of indices and counts at most, never of what is picked from.
        return [_unknown(args[0], made), *args[1:]] if is_known(args[0]) else args
    unknown = [_unknown(value, made) for value in args]
    try:
        results = kernel_tensors((function(*unknown, **kwargs),))
    except (DataDependentOutputException, DynamicOutputShapeException):
        return args
    return unknown if not all(map(is_small, results)) else args


def _unknown(value: Any, made: Callable[[Output], FakeTensor]) -> Any:
    """A fake tensor, or each of a list, without its value."""
    if isinstance(value, FakeTensor):
        return made(Output.of(value, None, None))
    if type(value) in (list, tuple):
        return type(value)(_unknown(part, made) for part in value)
    return value
