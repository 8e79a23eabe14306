"""Tensors inside what a module takes and returns: containers, dataclasses, custom objects."""

from __future__ import annotations

import dataclasses
import gc
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from .torch_internals import (
    FakeTensor,
    get_unwrapped,
    is_functorch_wrapped_tensor,
    is_traceable_wrapper_subclass,
)

# A custom object (a cache, a graph batch) is looked into, but never without end.
_MAX_VISITS = 512
_MAX_DEPTH = 6
# So many places of one tensor are named.
_MAX_PLACES = 4

# Types that hold no tensors and that a module's arguments are full of; looked up by type first,
# since isinstance against torch's classes costs more than all the rest of the walk.
LEAVES = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        complex,
        str,
        bytes,
        slice,
        range,
        type,
        FunctionType,
        MethodType,
        BuiltinFunctionType,
        ModuleType,
        torch.dtype,
        torch.device,
        torch.Generator,
        torch.Size,
        torch.memory_format,
        torch.layout,
    }
)

# Classes of tensors that are made of nothing else.
PLAIN = frozenset({torch.Tensor, nn.Parameter, FakeTensor})

_EMPTY: dict[str, int] = {}
_VIEWS: tuple[Iterable[Any], ...] = (
    *(_EMPTY.keys(), _EMPTY.values(), _EMPTY.items()),
    *(OrderedDict().keys(), OrderedDict().values(), OrderedDict().items()),
)
_ITERATED: tuple[Iterable[Any], ...] = ([], (), set(), deque(), *_VIEWS)
# Containers of C whose parts have no place, or are given only once. What they refer to is looked
# at: an iterator that is asked has moved on.
_REFERRING: tuple[type[Any], ...] = (
    *(deque, set, frozenset, enumerate, reversed, type(reversed([]))),
    *map(type, _VIEWS),
    *(type(iter(one)) for one in _ITERATED),
)


def unwrapped(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor that holds the data: inside ``vmap`` and ``grad``, below the wrappers."""
    while is_functorch_wrapped_tensor(tensor):
        tensor = get_unwrapped(tensor)
    return tensor


def inner_tensors(tensor: Any) -> list[torch.Tensor]:
    """The tensors that ``tensor`` is made of; none where it is a tensor like any other."""
    if type(tensor) in PLAIN or not is_traceable_wrapper_subclass(tensor):
        return []
    names, _ = tensor.__tensor_flatten__()
    # A distributed tensor names its mesh as well.
    parts = [getattr(tensor, name) for name in names]
    return [part for part in parts if isinstance(part, torch.Tensor)]


def shallow_tensors(value: Any) -> Iterator[torch.Tensor]:
    """The tensors in a function's result or arguments: nested tuples, lists and dicts."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from shallow_tensors(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from shallow_tensors(part)


def kernel_tensors(values: Iterable[Any]) -> list[torch.Tensor]:
    """The tensors among the arguments of a kernel, which holds them by themselves or in lists."""
    found: list[torch.Tensor] = []
    for value in values:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += kernel_tensors(value)
    return found


def tensors(value: Any) -> list[torch.Tensor]:
    """The tensors anywhere in ``value``, each object once, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    return [tensor for _, tensor in named_tensors(value)]


def argument_tensors(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[torch.Tensor]:
    """The tensors anywhere in the arguments of a call, each object once, in order."""
    found: list[torch.Tensor] = []
    for value in args:
        if isinstance(value, torch.Tensor):
            found.append(value)
        elif type(value) not in LEAVES:
            return tensors((args, kwargs))
    if kwargs or len(found) > 1:
        return tensors((args, kwargs))
    return found


def named_tensors(
    value: Any, name: str = "", every_place: bool = False
) -> list[tuple[str, torch.Tensor]]:
    """The tensors anywhere in ``value`` with their places, such as ``[0].logits``.

    The first place of each, or ``every_place``.
    """
    walk = Walk(every_place)
    walk.collect(value, name, 0)
    return walk.found


class Walk:
    """Collects the tensors of one value: each object once, or at ``every_place``."""

    max_depth, max_visits = _MAX_DEPTH, _MAX_VISITS

    def __init__(self, every_place: bool = False) -> None:
        self.every_place = every_place
        self.found: list[tuple[str, torch.Tensor]] = []
        self.seen: set[int] = set()

    def collect(self, value: Any, name: str, depth: int) -> None:
        """Add the tensors in ``value``, which stands at the place ``name``."""
        if self.is_leaf(value) or id(value) in self.seen:
            return
        if isinstance(value, torch.Tensor):
            self.found.append((name, value))
            if not self.every_place:
                self.seen.add(id(value))
            return
        self.seen.add(id(value))
        if isinstance(value, (tuple, list)):
            fields = getattr(value, "_fields", None)
            for index, part in enumerate(value):
                place = f"[{index}]" if fields is None else f".{fields[index]}"
                self.collect(part, name + place, depth + 1)
        elif isinstance(value, Mapping):
            for key in value:
                if isinstance(key, torch.Tensor):
                    self.collect(key, f"{name}[key]", depth + 1)
                place = f".{key}" if isinstance(key, str) else f"[{_key_text(key)}]"
                self.collect(value[key], name + place, depth + 1)
        elif isinstance(value, _REFERRING):
            for index, part in enumerate(gc.get_referents(value)):
                self.collect(part, f"{name}[{index}]", depth + 1)
        elif depth > self.max_depth or len(self.seen) > self.max_visits:
            self.give_up(value)
        else:
            for place, part in self.parts(value):
                self.collect(part, f"{name}.{place}", depth + 1)

    def is_leaf(self, value: Any) -> bool:
        """Whether there is nothing to look for in ``value``."""
        return type(value) in LEAVES

    def parts(self, value: Any) -> list[tuple[str, Any]]:
        """What an object of no container's class holds, by name."""
        return [] if isinstance(value, nn.Module) else attributes(value)

    def give_up(self, value: Any) -> None:
        """``value`` is not looked into."""


def joined_places(places: Iterable[tuple[str, int]]) -> dict[int, str]:
    """The places at which each tensor stands, as one name: of each its place and its id."""
    found: dict[int, list[str]] = {}
    for place, tensor in dict.fromkeys(places):
        found.setdefault(tensor, []).append(place)
    return {tensor: _one_name(names) for tensor, names in found.items()}


def _one_name(places: Sequence[str]) -> str:
    more = len(places) - _MAX_PLACES
    return ", ".join(places[:_MAX_PLACES]) + (f" and {more} more" if more > 0 else "")


def _key_text(key: Any) -> str:
    """The key of a mapping in the name of a place; the values of a tensor are not asked for."""
    return "tensor" if isinstance(key, torch.Tensor) else repr(key)


def attributes(value: Any) -> list[tuple[str, Any]]:
    """What an object holds by name: fields, slots, attributes, the arguments of an exception."""
    if dataclasses.is_dataclass(value):
        return [(item.name, getattr(value, item.name, None)) for item in dataclasses.fields(value)]
    if isinstance(value, BaseException):
        return [("args", value.args), *value.__dict__.items()]
    return [*_slots(value), *getattr(value, "__dict__", {}).items()]


def _slots(value: Any) -> Iterator[tuple[str, Any]]:
    """What stands in the ``__slots__`` of an object, by name."""
    for base in type(value).__mro__:
        for name, member in base.__dict__.items() if "__slots__" in base.__dict__ else ():
            if type(member) is MemberDescriptorType:
                with suppress(AttributeError):
                    yield name, member.__get__(value)


def replaced(
    value: Any,
    swap: Callable[[Any], Any],
    kind: type[Any] | tuple[type[Any], ...] = torch.Tensor,
) -> Any:
    """``value`` with each of its tensors swapped, or each part of another ``kind``.

    Containers are copied only when needed. Looks into those whose parts can be replaced without a
    side effect (tuples, lists, dicts); anything else comes back as it is.
    """
    if isinstance(value, kind):
        return swap(value)
    if type(value) in (tuple, list):
        parts = [replaced(part, swap, kind) for part in value]
        changed = any(new is not old for new, old in zip(parts, value, strict=True))
        return type(value)(parts) if changed else value
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = [replaced(part, swap, kind) for part in value]
        if isinstance(value, PackedSequence) and parts[1].device.type != "cpu":
            parts[1] = value.batch_sizes  # which are to stay there, wherever the data is
        changed = any(new is not old for new, old in zip(parts, value, strict=True))
        return type(value)(*parts) if changed else value
    if isinstance(value, dict):
        pairs = {key: replaced(part, swap, kind) for key, part in value.items()}
        changes = {key: part for key, part in pairs.items() if part is not value[key]}
        if not changes:
            return value
        result = copy(value)
        for key, part in changes.items():
            result[key] = part
        return result
    return value
