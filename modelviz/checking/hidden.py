"""Modules that a model holds where PyTorch does not look for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..tracing.torch_internals import buffers_of, children_of, parameters_of

_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Hidden:
    """A module with parameters in a plain container: its class, and where it is held."""

    class_name: str
    path: str
    holder: str
    kind: str


def hidden_modules(places: list[tuple[str, nn.Module]]) -> tuple[Hidden, ...]:
    """The first module with parameters in each attribute that is a plain container of modules."""
    registered = {id(module) for _, module in places}
    seen: set[int] = set()
    found = []
    for path, module in places:
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name, value in plain_attributes(module):
            if not isinstance(value, (list, tuple, dict, set, frozenset)):
                continue
            for inner in _modules(value, _DEPTH):
                if id(inner) not in registered and next(inner.parameters(), None) is not None:
                    kind = type(value).__name__
                    found.append(Hidden(type(inner).__name__, path, f"self.{name}", kind))
                    break
    return tuple(found)


def plain_attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The attributes of a module, without its parameters, buffers and modules."""
    registered = (parameters_of(module), buffers_of(module), children_of(module))
    for name, value in vars(module).items():
        if not any(value is table for table in registered):
            yield name, value


def _modules(value: Any, depth: int) -> Iterator[nn.Module]:
    if isinstance(value, nn.Module):
        yield value
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from _modules(part, depth - 1)
    elif depth and isinstance(value, dict):
        for part in value.values():
            yield from _modules(part, depth - 1)
