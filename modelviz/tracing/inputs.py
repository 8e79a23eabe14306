"""``input_size``, ``input_data`` and ``dtypes``, as torchinfo takes them, to a call of forward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..signatures import parameters_of
from .structure import named_tensors

# Made inputs are the same on every run, and leave the global generator alone.
_SEED = 0


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arguments of one call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def named_tensors(self, function: Callable[..., Any]) -> list[tuple[str, torch.Tensor]]:
        """Each tensor in the arguments with its place: ``x``, ``batch.image``, ``pair[0]``."""
        names = _argument_names(function, len(self.args))
        found = []
        for name, value in [*zip(names, self.args, strict=True), *self.kwargs.items()]:
            found.extend(named_tensors(value, name))
        return found

    def mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Inputs:
        """The same arguments with each tensor in lists, tuples and mappings changed."""
        return Inputs(
            tuple(_mapped(value, change) for value in self.args),
            {name: _mapped(value, change) for name, value in self.kwargs.items()},
        )


def make_inputs(
    model: nn.Module,
    input_size: Any,
    input_data: Any,
    *,
    batch_dim: int | None,
    dtypes: Sequence[torch.dtype] | None,
    device: torch.device | None,
    kwargs: dict[str, Any],
    empty: bool,
) -> Inputs:
    """The call of forward that the arguments describe.

    ``input_size`` is a shape or a sequence of shapes, with the batch unless ``batch_dim`` says
    where to insert one of size 1; values are random, integers zero. ``input_data`` is a tensor,
    a sequence of positional arguments, or a dict of keyword arguments. ``empty`` leaves made
    tensors without values, for a forward that looks at none. Raises InputError.
    """
    if input_size is not None and input_data is not None:
        raise InputError(
            "got both input_size and input_data, expected one of them: "
            "drop input_size to use your data"
        )
    if input_size is not None:
        target = device or model_device(model)
        sizes = input_sizes(input_size)
        made = [
            _made(_with_batch(size, batch_dim), dtype, target, empty)
            for size, dtype in zip(sizes, _dtypes(model, dtypes, len(sizes)), strict=True)
        ]
        return Inputs(tuple(made), dict(kwargs))
    if input_data is not None:
        args, named = _given(input_data)
        inputs = Inputs(args, {**named, **kwargs})
        return inputs if device is None else inputs.mapped(lambda tensor: tensor.to(device))
    return Inputs((), dict(kwargs))


def input_sizes(input_size: Any) -> list[tuple[int, ...]]:
    """``input_size`` as a list of shapes. Raises InputError for anything but positive integers."""
    if isinstance(input_size, Mapping) or not isinstance(input_size, Iterable):
        raise _bad_size(input_size)
    parts = list(input_size)
    if parts and all(_is_size(part) for part in parts):
        parts = [parts]
    shapes = []
    for part in parts:
        if not isinstance(part, Iterable) or isinstance(part, str):
            raise _bad_size(input_size)
        shape = tuple(part)
        if not all(_is_size(size) and size > 0 for size in shape):
            raise _bad_size(input_size)
        shapes.append(tuple(int(size) for size in shape))
    if not shapes:
        raise _bad_size(input_size)
    return shapes


def model_device(model: nn.Module) -> torch.device:
    """The device of the first parameter or buffer; the default device when there is none."""
    for tensor in (*_first(model.parameters()), *_first(model.buffers())):
        return tensor.device
    return torch.get_default_device()


def _first(tensors: Iterable[torch.Tensor]) -> list[torch.Tensor]:
    return list(next(([tensor] for tensor in tensors), []))


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _bad_size(input_size: Any) -> InputError:
    return InputError(
        f"input_size={input_size!r} is not a shape: expected positive integers such as "
        f"(1, 3, 224, 224), or a sequence of such shapes, one for each input"
    )


def _dtypes(
    model: nn.Module, dtypes: Sequence[torch.dtype] | None, count: int
) -> list[torch.dtype]:
    if dtypes is None:
        return [_float_dtype(model)] * count
    given = list(dtypes)
    if not all(isinstance(dtype, torch.dtype) for dtype in given):
        raise InputError(f"dtypes={dtypes!r}: expected a list of torch dtypes, such as torch.long")
    if len(given) != count:
        raise InputError(
            f"got {len(given)} dtypes for {count} inputs: expected one for each shape in input_size"
        )
    return given


def _float_dtype(model: nn.Module) -> torch.dtype:
    """The dtype of the model's first floating-point parameter, so that half models work too."""
    for parameter in model.parameters():
        if parameter.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
            return parameter.dtype
    return torch.get_default_dtype()


def _with_batch(size: tuple[int, ...], batch_dim: int | None) -> tuple[int, ...]:
    if batch_dim is None:
        return size
    position = batch_dim if batch_dim >= 0 else len(size) + 1 + batch_dim
    return (*size[:position], 1, *size[position:])


def _made(
    size: tuple[int, ...], dtype: torch.dtype, device: torch.device, empty: bool
) -> torch.Tensor:
    if empty or device.type == "meta":
        return torch.empty(size, dtype=dtype, device=device)
    if not (dtype.is_floating_point or dtype.is_complex):
        return torch.zeros(size, dtype=dtype, device=device)
    generator = torch.Generator(device=device).manual_seed(_SEED)
    wide = dtype if dtype.is_complex else torch.float32
    return torch.rand(size, generator=generator, dtype=wide, device=device).to(dtype)


def _given(data: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(data, torch.Tensor):
        return (data,), {}
    if isinstance(data, Mapping):
        if not all(isinstance(key, str) for key in data):
            raise InputError(
                "input_data is a dict, so its keys must be the names of forward's arguments; "
                "put it in a list to pass it as one argument"
            )
        return (), dict(data)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return (data,), {}
    if isinstance(data, (list, tuple)):
        return tuple(data), {}
    if type(data).__module__ == "numpy":
        return (torch.as_tensor(data),), {}
    return (data,), {}


def _argument_names(function: Callable[..., Any], count: int) -> list[str]:
    names: list[str] = []
    for parameter in parameters_of(function):
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    names += [f"arg{position}" for position in range(len(names), count)]
    return names[:count]


def _mapped(value: Any, change: Callable[[torch.Tensor], torch.Tensor]) -> Any:
    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_mapped(part, change) for part in value))
    if type(value) in (list, tuple):
        return type(value)(_mapped(part, change) for part in value)
    if type(value) is dict:
        return {key: _mapped(part, change) for key, part in value.items()}
    return value
