"""A state that the forward takes and that a method of the model makes."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from ..signatures import parameters_of
from ..tracing.names import dtype_name
from .guess import ArgumentPart
from .layers import Option

_STATE = r"(state|hidden|carry|memory|cache)"
_MAKES = re.compile(
    rf"(init|create|initial|new|zero|zeros|begin|empty|make|get|default|reset)\w*?_?{_STATE}s?"
    rf"|{_STATE}_(init|zero|zeros)|initialize|init_{_STATE[:-1]}|h)?",
    re.I,
)
_BATCH = re.compile(r"b|n|bs|bsz|num|size|\w*batch\w*", re.I)
_SOUNDS = re.compile(r"\w*(state|hidden|carry|memory|cache|mem)s?", re.I)
_MOST = 64


def made_state(name: str, model: nn.Module) -> dict[str, ArgumentPart]:
    """The parts of an argument that sounds like a state, as a method of the model makes it.

    Empty where there is no such method, or where it gives something else than tensors in lists
    and tuples. It is called for a batch of one, and what it changes is put back.
    """
    if not _SOUNDS.fullmatch(name):
        return {}
    from ..tracing.given import aside

    for method, call in _makers(model):
        made = aside(model, call)
        parts = dict(_parts(name, made, f"{method}() makes it"))
        if parts and len(parts) <= _MOST and None not in parts.values():
            return {place: part for place, part in parts.items() if part is not None}
    return {}


def _makers(model: nn.Module) -> Iterator[tuple[str, Callable[[], Any]]]:
    """The methods whose name says that they make a state, each to be called for a batch of one."""
    for kind in type(model).__mro__:
        if kind is nn.Module:
            return
        for name, function in vars(kind).items():
            if not inspect.isfunction(function) or not _MAKES.fullmatch(name):
                continue
            method = getattr(model, name)
            needed = [p for p in parameters_of(method) if p.default is p.empty]
            if not needed:
                yield name, method
            elif len(needed) == 1 and _BATCH.fullmatch(needed[0].name):
                yield name, lambda method=method: method(1)  # type: ignore[misc]


def _parts(place: str, made: Any, why: str) -> Iterator[tuple[str, ArgumentPart | None]]:
    """Each tensor in ``made``, by its place; None for what cannot be given."""
    if isinstance(made, torch.Tensor):
        dtype = dtype_name(made.dtype)
        option = Option(tuple(made.shape), dtype, why)
        yield place, ArgumentPart(option, (option,), certain=True)
    elif isinstance(made, (list, tuple)) and made:
        for index, part in enumerate(made):
            yield from _parts(f"{place}[{index}]", part, why)
    elif isinstance(made, dict) and made and all(isinstance(key, str) for key in made):
        for key, part in made.items():
            yield from _parts(f"{place}.{key}", part, why)
    else:
        yield place, None
