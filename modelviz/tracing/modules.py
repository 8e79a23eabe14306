"""The modules of a model as plain data, and the calls that a forward makes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..dotted import join
from ..errors import InputError
from ..graph import Buffer, Module, Parameter, Shape
from ..graph.local import local_dims
from ..places import place_text
from .members import config_of, has_no_forward, is_training
from .names import dtype_name
from .packed import is_packed, packed_tensors, packing_of
from .quantized import Stored, stored_bytes, stored_weights
from .source import class_place
from .structure import inner_tensors
from .torch_internals import (
    buffers_of,
    children_of,
    is_initialised,
    parameters_of,
    passing_buffers_of,
    wrapped_by_compiler,
)

NamedModule = tuple[str, nn.Module]


def walk(model: nn.Module) -> Iterator[NamedModule]:
    """Each path of ``named_modules(remove_duplicate=False)``, compiled modules seen through.

    A module that contains itself ends there.
    """
    stack: list[tuple[str, nn.Module, frozenset[int]]] = [("", model, frozenset())]
    while stack:
        path, module, above = stack.pop()
        module = uncompiled(module)
        if not is_initialised(module):
            raise _not_initialised(path, module)
        yield path, module
        children = children_of(module)
        if children:
            inside = above | {id(module)}
            below = [
                (join(path, name), child, inside)
                for name, child in children.items()
                if child is not None and id(child) not in inside
            ]
            stack.extend(reversed(below))


def _not_initialised(path: str, module: nn.Module) -> InputError:
    """The error for a module whose class never called ``nn.Module.__init__``."""
    from ..explaining.code import CALL_SUPER

    file, line = class_place(type(module))
    where = f" ({place_text(file, line)})" if file is not None else ""
    return InputError(
        f"{f'the module {path!r}' if path else 'the model'} of class {type(module).__name__}{where}"
        f" is no complete module: {CALL_SUPER}"
    )


def held(places: Iterable[NamedModule]) -> list[torch.Tensor]:
    """The parameters and buffers of the modules; shared ones come several times."""
    found: list[torch.Tensor] = []
    for _, module in places:
        for own in (parameters_of(module), buffers_of(module)):
            if own:
                found += [tensor for tensor in own.values() if tensor is not None]
    return found


def any_lazy(places: Iterable[NamedModule]) -> bool:
    """Whether the modules hold a parameter or buffer without a shape yet."""
    return are_lazy(held(places))


def are_lazy(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether any of these is one."""
    # One of each class: they are few, of however many tensors.
    return any(map(is_lazy, {type(tensor): tensor for tensor in tensors}.values()))


def refuse_lazy(model: nn.Module, places: Iterable[NamedModule], purpose: str) -> None:
    """Raise InputError for a model whose weights have no sizes yet."""
    if any_lazy(places):
        raise InputError(
            f"{type(model).__name__} has lazy parameters, whose sizes are not known yet: "
            f"call it once on an input before {purpose}"
        )


def held_once(model: nn.Module, of: Callable[[nn.Module], Any]) -> dict[str, Any]:
    """What ``of`` says that each module holds (``parameters_of``), by path, each object once."""
    found: dict[int, tuple[str, Any]] = {}
    for path, module in walk(model):
        for name, tensor in of(module).items():
            if tensor is not None:
                found.setdefault(id(tensor), (join(path, name), tensor))
    return dict(found.values())


def uncompiled(module: nn.Module) -> nn.Module:
    """The module that ``torch.compile`` wrapped, or ``module`` itself."""
    while (inside := wrapped_by_compiler(module)) is not None:
        module = inside
    return module


def first_paths(places: Iterable[NamedModule]) -> dict[int, str]:
    """The path under which each module object appears first, by ``id``."""
    paths: dict[int, str] = {}
    for path, module in places:
        paths.setdefault(id(module), path)
    return paths


def holds_shards(module: nn.Module) -> bool:
    """Whether a parameter of ``module`` itself is distributed: a part of it is on this device."""
    own = parameters_of(module)
    if not own:  # as of half of all modules
        return False
    for parameter in own.values():
        if type(parameter) is not nn.Parameter and hasattr(parameter, "placements"):
            return True
    return False


def describe(places: Iterable[NamedModule]) -> tuple[Module, ...]:
    """Every module at its path, whether it is called or not."""
    firsts: dict[int, str] = {}
    tensors: dict[int, str] = {}
    classes: dict[type, _Class] = {}
    found = []
    for path, module in places:
        kind = type(module)
        shared = classes.get(kind)
        if shared is None:
            shared = classes[kind] = _class_of(kind)
        found.append(_describe(path, module, shared, firsts, tensors))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Class:
    """What all modules of one class have in common."""

    name: str
    qualified: str
    file: str | None
    line: int | None
    scripted: bool
    may_pack: bool
    no_forward: bool


def _class_of(kind: type[nn.Module]) -> _Class:
    found = _classes.get(kind)
    if found is None:
        found = _classes[kind] = _look_up(kind)
    return found


# Looking for the source file of a class takes longer than all the rest; classes go with theirs.
_classes: WeakKeyDictionary[type, _Class] = WeakKeyDictionary()


def _look_up(kind: type[nn.Module]) -> _Class:
    # A parametrized module has a class made for it, named after the one it replaces.
    made_up = kind.__module__ == nn.utils.parametrize.__name__
    shown = kind.__mro__[1] if made_up and kind.__name__.startswith("Parametrized") else kind
    file, line = class_place(shown)
    return _Class(
        name=shown.__name__,
        qualified=f"{shown.__module__}.{shown.__qualname__}",
        file=file,
        line=line,
        scripted=issubclass(kind, torch.jit.ScriptModule),
        may_pack=not str(shown.__module__).startswith("torch.nn.modules."),
        no_forward=has_no_forward(kind),
    )


def _describe(
    path: str,
    module: nn.Module,
    shared: _Class,
    firsts: dict[int, str],
    tensors: dict[int, str],
) -> Module:
    name = str(getattr(module, "original_name", shared.name)) if shared.scripted else shared.name
    # Half of all modules hold no tensor themselves.
    bare = not (parameters_of(module) or buffers_of(module))
    stored = {} if bare else stored_weights(module)
    parameters = () if bare else tuple(_parameters(path, module, tensors, stored))
    if shared.may_pack:
        parameters += tuple(_packed(module))
    first = firsts.setdefault(id(module), path)
    config = config_of(module)
    if parameters:
        ways = dict.fromkeys([p.packing for p in parameters if p.packing is not None])
        config = ", ".join(filter(None, (config, *ways))) if ways else config
    return Module(
        path=path,
        class_name=name,
        qualified_class=shared.qualified,
        file=shared.file,
        line=shared.line,
        config=config,
        parameters=parameters,
        buffers=() if bare else tuple(_buffers(path, module, tensors, stored)),
        training=is_training(module),
        kernel_size=_kernel_size(module),
        shared_with=None if first == path else first,
        no_forward=shared.no_forward and "forward" not in vars(module),
    )


def _parameters(
    path: str, module: nn.Module, seen: dict[int, str], stored: Mapping[str, Stored]
) -> Iterator[Parameter]:
    own = parameters_of(module)
    for name, parameter in own.items():
        if parameter is not None and not (stored and _belongs(name, stored)):
            yield _parameter(path, name, parameter, seen, stored.get(name))
    if not stored:
        return
    buffers = buffers_of(module)
    for name in stored.keys() - own.keys():
        # Layers of packed integers hold their weight, and the bias, as buffers.
        for part in (name, "bias"):
            buffer = buffers.get(part)
            if buffer is not None:
                yield replace(_parameter(path, part, buffer, seen, stored.get(part)), packed=True)


def _parameter(
    path: str, name: str, tensor: torch.Tensor, seen: dict[int, str], stored: Stored | None
) -> Parameter:
    full = join(path, name)
    first = seen.setdefault(id(tensor), full)
    lazy = type(tensor) is not nn.Parameter and is_lazy(tensor)
    found = Parameter(
        name=name,
        shape=() if lazy else tuple(tensor.shape),
        dtype=dtype_name(tensor.dtype),
        # Of a distributed parameter, what this device has.
        bytes=0 if lazy else stored_bytes(tensor),
        trainable=tensor.requires_grad,
        shared_with=None if first == full else first,
        lazy=lazy,
    )
    distributed = type(tensor) is not nn.Parameter and hasattr(tensor, "placements")
    if distributed and (inner := inner_tensors(tensor)):
        found = replace(found, dims=local_dims(found.shape, tuple(inner[0].shape)))
    if stored is None:
        return found
    return replace(found, shape=stored.shape, bytes=stored.bytes, packing=stored.packing)


def _belongs(name: str, stored: Mapping[str, Stored]) -> bool:
    """Whether a tensor is part of how another one is stored."""
    return any(name in weight.beside for weight in stored.values())


def _buffers(
    path: str, module: nn.Module, seen: dict[int, str], stored: Mapping[str, Stored]
) -> Iterator[Buffer]:
    buffers = buffers_of(module)
    if not buffers:
        return
    shown_as_weights = bool(stored) and bool(stored.keys() - parameters_of(module).keys())
    passing = passing_buffers_of(module)
    for name, buffer in buffers.items():
        if buffer is None or (stored and (name in stored or _belongs(name, stored))):
            continue
        if shown_as_weights and name == "bias":
            continue
        full = join(path, name)
        first = seen.setdefault(id(buffer), full)
        lazy = type(buffer) is not torch.Tensor and is_lazy(buffer)
        yield Buffer(
            name=name,
            shape=() if lazy else tuple(buffer.shape),
            dtype=dtype_name(buffer.dtype),
            bytes=0 if lazy else stored_bytes(buffer),
            persistent=name not in passing,
            shared_with=None if first == full else first,
        )


def _packed(module: nn.Module) -> Iterator[Parameter]:
    """The weights that a quantized module keeps in a packed object outside ``parameters()``."""
    # A quantized linear layer has a child module for this, which is described by itself.
    if torch.ScriptObject not in set(map(type, vars(module).values())):
        return
    for name, value in [item for item in vars(module).items() if is_packed(item[1])]:
        for part, tensor in packed_tensors(value):
            yield Parameter(
                name=f"{name}.{part}",
                shape=tuple(tensor.shape),
                dtype=dtype_name(tensor.dtype),
                bytes=tensor.untyped_storage().nbytes(),
                trainable=False,
                packed=True,
                packing=packing_of(tensor),
            )


def _kernel_size(module: nn.Module) -> Shape | None:
    size = vars(module).get("kernel_size")
    if size is None:
        return None
    if isinstance(size, int) and not isinstance(size, bool):
        return (size,)
    if isinstance(size, (tuple, list)) and all(isinstance(part, int) for part in size):
        return tuple(size)
    return None
