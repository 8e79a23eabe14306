"""``input_size``, ``input_data`` and ``dtypes``, as torchinfo takes them, to a call of forward."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from ..signatures import parameters_of as declared
from .constants import empty as empty_tensor
from .modules import NamedModule, walk
from .sizes import input_dtypes, input_sizes, with_batch
from .state.replay import ITERATORS, Replay, changed
from .structure import joined_places, named_tensors, replaced, tensors
from .torch_internals import buffers_of, parameters_of

# Made inputs are the same on every run, and leave the global generator alone.
_SEED = 0
_CHANGED = (torch.Tensor, Replay, *ITERATORS)
_QUANTIZED = frozenset([torch.quint8, torch.qint8, torch.qint32])


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arguments of one call."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]

    def named_tensors(self, function: Callable[..., Any]) -> list[tuple[str, torch.Tensor]]:
        """Each tensor in the arguments with its place: ``x``, ``batch.image``, ``pair[0]``.

        One that was given in several places comes once, with all of them: ``query, key``.
        """
        names = _argument_names(function, len(self.args))
        found: list[tuple[str, torch.Tensor]] = []
        for name, value in [*zip(names, self.args, strict=True), *self.kwargs.items()]:
            found += named_tensors(value, name, every_place=True)
        places = joined_places((place, id(tensor)) for place, tensor in found)
        given = {id(tensor): tensor for _, tensor in found}
        return [(places[key], tensor) for key, tensor in given.items()]

    def renewed(self, fresh: Callable[[Any], Any]) -> Inputs:
        """The same arguments with ``fresh`` applied to each, and to what is in tuples."""
        return Inputs(
            tuple(_renewed(value, fresh) for value in self.args),
            {name: _renewed(value, fresh) for name, value in self.kwargs.items()},
        )

    def mapped(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Inputs:
        """The same arguments with each tensor in containers and iterators changed."""

        def new(part: Any) -> Any:
            if isinstance(part, torch.Tensor):
                return change(part)
            return changed(part, lambda item: replaced(item, new, _CHANGED))

        args, kwargs = replaced((self.args, self.kwargs), new, _CHANGED)
        return Inputs(args, kwargs)

    def remade(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Inputs:
        """As ``mapped``, with those changed too that objects hold, which are copied then.

        Raises InputError for an object that cannot be copied.
        """
        made: dict[int, torch.Tensor] = {}

        def once(tensor: torch.Tensor) -> torch.Tensor:
            if id(tensor) not in made:
                made[id(tensor)] = change(tensor)
            return made[id(tensor)]

        found = self.mapped(once)
        done = {id(tensor) for tensor in made.values()}
        left = [t for t in tensors((found.args, found.kwargs)) if id(t) not in done]
        if not left:
            return found
        memo: dict[int, Any] = {id(tensor): once(tensor) for tensor in left}
        memo |= {id(tensor): tensor for tensor in made.values()}
        try:
            args, kwargs = copy.deepcopy((found.args, found.kwargs), memo)
        except Exception as error:
            raise InputError(
                f"an input cannot be copied to hold other tensors: {type(error).__name__}: {error}"
            ) from error
        return Inputs(args, kwargs)


def inputs_of(model: nn.Module, arguments: Mapping[str, Any], **how: Any) -> Inputs:
    """The call of forward that ``arguments`` of ``trace`` describe; ``how`` as for the next."""
    names = ("input_size", "input_data", "batch_dim", "dtypes")
    kwargs = {name: value for name, value in arguments.items() if name not in names}
    named: dict[str, Any] = {name: arguments.get(name) for name in names}
    return make_inputs(model, **named, kwargs=kwargs, **how)


def make_inputs(
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    *,
    batch_dim: int | None = None,
    dtypes: Any = None,
    device: torch.device | None = None,
    kwargs: dict[str, Any],
    empty: bool = False,
    fresh: Callable[[Any], Any] = lambda value: value,
    places: Iterable[NamedModule] | None = None,
) -> Inputs:
    """The call of forward that the arguments describe.

    ``input_size`` is a shape, or a sequence or dict of them, with the batch unless ``batch_dim``
    says where to insert one of size 1; values are random, integers zero. ``input_data`` is a
    tensor, a sequence of positional arguments, or a dict of keyword arguments. ``empty`` leaves
    made tensors without values, for a forward that looks at none. ``fresh`` gives a new
    iterator for one that can be read only once. ``places`` are the modules, where they are known.
    Raises InputError.
    """
    if input_size is not None and input_data is not None:
        raise InputError(
            "got both input_size and input_data, expected one of them: "
            "drop input_size to use your data"
        )
    if input_size is not None:
        target = device or model_device(model, places)
        placed, named = input_sizes(input_size)
        sizes = [with_batch(size, batch_dim) for size in (*placed, *named.values())]
        types = input_dtypes(dtypes, len(sizes), _float_dtype(model, places))
        made = [_made(size, dtype, target, empty) for size, dtype in zip(sizes, types, strict=True)]
        by_name = dict(zip(named, made[len(placed) :], strict=True))
        return Inputs(tuple(made[: len(placed)]), {**by_name, **kwargs}).renewed(fresh)
    if input_data is not None:
        args, named = _given(input_data)
        inputs = Inputs(args, {**named, **kwargs}).renewed(fresh)
        return inputs if device is None else inputs.mapped(lambda tensor: _moved(tensor, device))
    return Inputs((), dict(kwargs)).renewed(fresh)


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The tensor on another device; itself where PyTorch has none of its kind without data."""
    with_data = tensor.is_quantized or tensor.is_mkldnn
    with_data = with_data or (tensor.is_nested and tensor.layout is torch.strided)
    return tensor if with_data and device.type == "meta" else tensor.to(device)


def model_device(model: nn.Module, places: Iterable[NamedModule] | None = None) -> torch.device:
    """The device of the first parameter or buffer; the default device when there is none."""
    buffer: torch.Tensor | None = None
    for _, module in walk(model) if places is None else places:
        for parameter in parameters_of(module).values():
            if parameter is not None:
                return parameter.device
        if buffer is None and (buffers := buffers_of(module)):
            buffer = next((b for b in buffers.values() if b is not None), None)
    return torch.get_default_device() if buffer is None else buffer.device


def _float_dtype(model: nn.Module, places: Iterable[NamedModule] | None) -> torch.dtype:
    """The dtype of the model's first floating-point parameter, so that half models work too."""
    floating = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    for _, module in walk(model) if places is None else places:
        for parameter in parameters_of(module).values():
            if parameter is not None and parameter.dtype in floating:
                return parameter.dtype
    return torch.get_default_dtype()


def _made(
    size: tuple[int, ...], dtype: torch.dtype, device: torch.device, empty: bool
) -> torch.Tensor:
    if dtype in _QUANTIZED:
        return _quantized(size, dtype, device)
    if empty or device.type == "meta":
        return empty_tensor(size, dtype, device)
    if not (dtype.is_floating_point or dtype.is_complex):
        return torch.zeros(size, dtype=dtype, device=device)
    generator = torch.Generator(device=device).manual_seed(_SEED)
    wide = dtype if dtype.is_complex else torch.float32
    return torch.rand(size, generator=generator, dtype=wide, device=device).to(dtype)


def _quantized(size: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """Zeros in steps of 0.1, for a layer that takes integers with a scale."""
    with warnings.catch_warnings():  # PyTorch warns that such tensors will go one day
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.zeros(size, device=device), 0.1, 0, dtype)


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
    for parameter in declared(function):
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{i}]" for i in range(count - len(names))]
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            names.append(parameter.name)
    names += [f"arg{position}" for position in range(len(names), count)]
    return names[:count]


def _renewed(value: Any, fresh: Callable[[Any], Any]) -> Any:
    # What lists and dicts hold is exchanged there.
    if isinstance(value, tuple):
        parts = [_renewed(part, fresh) for part in value]
        if all(new is old for new, old in zip(parts, value, strict=True)):
            return value
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return fresh(value)
