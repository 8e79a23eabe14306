"""Modules and parameters that a model holds where PyTorch does not look for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn

from ..dotted import join
from ..tracing.modules import NamedModule, held_once
from ..tracing.torch_internals import REGISTERED, parameters_of
from ..tracing.weak import behind
from ..unknown import alike

_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Hidden:
    """A module with parameters, or a parameter, in a plain container: its class, and the holder."""

    class_name: str
    path: str
    holder: str
    kind: str

    @property
    def name(self) -> str:
        """The container, as the attribute of a path."""
        return join(self.path, self.holder.removeprefix("self."))


def hidden_parts(places: list[NamedModule]) -> tuple[Hidden, ...]:
    """The first module with parameters, or parameter, in each attribute that is a container."""
    return tuple(dict.fromkeys(first for first, _ in _held(places)))


def contained(places: list[NamedModule]) -> dict[int, Hidden]:
    """The container that each of these parts is in, by the ``id``s of modules and parameters."""
    found: dict[int, Hidden] = {}
    for first, part in _held(places):
        found.setdefault(id(part), first)
        if isinstance(part, nn.Module):
            found.update((id(inner), first) for inner in part.modules() if id(inner) not in found)
            for parameter in held_once(part, parameters_of).values():
                found.setdefault(id(parameter), first)
    return found


def _held(places: list[NamedModule]) -> Iterator[tuple[Hidden, nn.Module | nn.Parameter]]:
    """Each such part, with what is said of the first one in its container."""
    registered = {id(module) for _, module in places}
    own = [p for _, module in places for p in parameters_of(module).values() if p is not None]
    registered.update(map(id, own))
    without_data = not own or any(p.is_meta for p in own)
    seen: set[int] = set()
    for path, module in places:
        if id(module) in seen:
            continue
        seen.add(id(module))
        for name, value in plain_attributes(module):
            if not isinstance(value, (list, tuple, dict, set, frozenset)):
                continue
            first = None
            for inner in _parts(value, _DEPTH):
                if id(inner) not in registered and _is_trained(inner, registered, without_data):
                    parameter = isinstance(inner, nn.Parameter)
                    what = "nn.Parameter" if parameter else type(inner).__name__
                    first = first or Hidden(what, path, f"self.{name}", type(value).__name__)
                    yield first, inner


def _is_trained(
    part: nn.Module | nn.Parameter, registered: Collection[int], without_data: bool
) -> bool:
    """Whether it has something to train that is not registered elsewhere in the model.

    In a model with data, a part on meta is a template, as functional_call takes it.
    """
    trained: Iterable[nn.Parameter] = [part] if isinstance(part, nn.Parameter) else ()
    if isinstance(part, nn.Module):
        trained = held_once(part, parameters_of).values()
    return any(
        p.requires_grad and id(p) not in registered and (without_data or not p.is_meta)
        for p in trained
    )


def plain_attributes(module: nn.Module) -> Iterator[tuple[str, Any]]:
    """The attributes of a module, without its parameters, buffers and modules."""
    for name, value in vars(module).items():
        if name not in REGISTERED:
            yield name, value


def _parts(value: Any, depth: int) -> Iterator[nn.Module | nn.Parameter]:
    value = behind(value)
    if isinstance(value, (nn.Module, nn.Parameter)):
        yield value
    elif depth and isinstance(value, (list, tuple, set, frozenset)):
        for part in value:
            yield from _parts(part, depth - 1)
    elif depth and isinstance(value, dict):
        for part in value.values():
            yield from _parts(part, depth - 1)


@dataclass(frozen=True, slots=True)
class Slip:
    """An attribute that was meant to freeze something, and is none that PyTorch reads."""

    path: str
    name: str
    on_parameters: bool


_FLAG = "requires_grad"


def slips(places: list[NamedModule]) -> tuple[Slip, ...]:
    """The flags, set to False, that leave parameters as trainable as before, by module."""
    found: dict[Slip, None] = {}
    for path, module in places:
        trained = [p for p in held_once(module, parameters_of).values() if p.requires_grad]
        if trained and vars(module).get(_FLAG) is False:
            found[Slip(path, _FLAG, False)] = None
        for parameter in parameters_of(module).values():
            if parameter is not None and parameter.requires_grad:
                names = [name for name, value in vars(parameter).items() if value is False]
                for name in alike(_FLAG, names, 1, cutoff=0.85):
                    found[Slip(path, name, True)] = None
    return tuple(found)
