"""Modules and parameters that a model holds where PyTorch does not look for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..tracing.modules import NamedModule
from ..tracing.torch_internals import buffers_of, children_of, parameters_of

_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Hidden:
    """A module with parameters, or a parameter, in a plain container: its class, and the holder."""

    class_name: str
    path: str
    holder: str
    kind: str


def hidden_parts(places: list[NamedModule]) -> tuple[Hidden, ...]:
    """The first module with parameters, or parameter, in each attribute that is a container."""
    registered = {id(module) for _, module in places}
    registered.update(id(p) for _, module in places for p in parameters_of(module).values())
    seen: set[int] = set()
    found = []
    for path, module in places:
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name, value in plain_attributes(module):
            if not isinstance(value, (list, tuple, dict, set, frozenset)):
                continue
            for inner in _parts(value, _DEPTH):
                if id(inner) not in registered and _is_trained(inner):
                    parameter = isinstance(inner, nn.Parameter)
                    what = "nn.Parameter" if parameter else type(inner).__name__
                    found.append(Hidden(what, path, f"self.{name}", type(value).__name__))
                    break
    return tuple(found)


def _is_trained(part: nn.Module | nn.Parameter) -> bool:
    held = [part] if isinstance(part, nn.Parameter) else part.parameters()
    return any(parameter.requires_grad for parameter in held)


def plain_attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The attributes of a module, without its parameters, buffers and modules."""
    registered = (parameters_of(module), buffers_of(module), children_of(module))
    for name, value in vars(module).items():
        if not any(value is table for table in registered):
            yield name, value


def _parts(value: Any, depth: int) -> Iterator[nn.Module | nn.Parameter]:
    if isinstance(value, (nn.Module, nn.Parameter)):
        yield value
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from _parts(part, depth - 1)
    elif depth and isinstance(value, dict):
        for part in value.values():
            yield from _parts(part, depth - 1)
