"""Whether modules still compute what they did when they are split, tried on copies of them."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..graph import ModelGraph, Shape
from ..tracing.intercept import intercepted_calls
from ..tracing.structure import tensors
from .copies import buffers, parameters
from .experts import Experts, split_experts
from .groups import Group
from .ways import Way, split_module, ways

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

Run = Callable[[nn.Module], Any]
"""Runs a forward of the model on its fake inputs."""
_Shapes = list[tuple[int, ...]]
_Part = TypeVar("_Part")
_Answer = TypeVar("_Answer")


class _Answered(Exception):
    """Ends a forward that has nothing more to tell."""


def tried(
    model: nn.Module,
    groups: Sequence[Group],
    devices: DeviceMesh,
    size: int,
    graph: ModelGraph,
    run: Run,
) -> list[tuple[Group, Way]]:
    """The groups whose owner still runs with them split, each with the way that it then needs.

    A forward that shapes its heads by a number that it holds needs that number divided, as one
    does by hand. Each kind of owner is tried once, on a copy, with what the forward gives it.
    """

    def attempt(module: nn.Module, group: Group, args: Any, kwargs: Any) -> Way | None:
        return _way(module, group, devices, size, args, kwargs)

    places = [(group.owner, group) for group in groups]
    return _answered(model, places, lambda m, group: _kind(m, group, graph), attempt, run)


def tried_experts(
    model: nn.Module, experts: Sequence[Experts], devices: DeviceMesh, size: int, run: Run
) -> list[tuple[Experts, Mapping[str, int]]]:
    """The stacks of experts that still run when they are split, and the numbers they need."""

    def attempt(
        module: nn.Module, one: Experts, args: Any, kwargs: Any
    ) -> Mapping[str, int] | None:
        return _numbers(module, one, devices, size, args, kwargs)

    def kind(module: nn.Module, one: Experts) -> Any:
        return type(module), tuple(one.dims.items()), _shapes(module)

    places = [(one.path, one) for one in experts if all(f % size == 0 for f in one.features)]
    return _answered(model, places, kind, attempt, run)


def _answered(
    model: nn.Module,
    places: Sequence[tuple[str, _Part]],
    kind: Callable[[nn.Module, _Part], Any],
    attempt: Callable[[nn.Module, _Part, Any, Any], _Answer | None],
    run: Run,
) -> list[tuple[_Part, _Answer]]:
    """The parts, each with what ``attempt`` finds, but for those for which it finds None.

    It is asked once for each kind, with what the forward gives the module at the part's path. The
    forward ends when all is known.
    """
    modules = {path: model.get_submodule(path) for path, _ in places}
    kinds = {place: kind(modules[path], part) for place, (path, part) in enumerate(places)}
    at: dict[int, list[int]] = defaultdict(list)
    for place, (path, _) in enumerate(places):
        at[id(modules[path])].append(place)
    answers: dict[Any, _Answer | None] = {}
    asked = set(kinds.values())

    def call(module: nn.Module, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        for place in at[id(module)]:
            if kinds[place] not in answers:
                answers[kinds[place]] = attempt(module, places[place][1], args, kwargs)
        if answers.keys() == asked:
            raise _Answered
        return function(*args, **kwargs)

    if places:
        with torch.no_grad(), intercepted_calls(modules.values(), call), suppress(_Answered):
            run(model)
    found = ((part, answers.get(kinds[place])) for place, (_, part) in enumerate(places))
    return [(part, answer) for part, answer in found if answer is not None]


def _kind(module: nn.Module, group: Group, graph: ModelGraph) -> Any:
    start = len(group.owner) + 1 if group.owner else 0
    layers = tuple(path[start:] for path in group.layers)
    read = _read(graph, group.owner)
    return type(module), layers, _shapes(module), read, group.heads, group.parts


def _shapes(module: nn.Module) -> tuple[Shape, ...]:
    """The shapes of the parameters of a module and of those inside it."""
    return tuple(parameter.shape for parameter in parameters(module).values())


def _read(graph: ModelGraph, path: str) -> tuple[Shape, ...]:
    """The shapes of what the first call of a module is given and reads.

    What it only hands on, such as the keys and values of other layers in a cache, tells no kind.
    """
    calls = graph.calls_of(path)
    if not calls:
        return ()
    read = {tensor for op in graph.ops[calls[0].start : calls[0].stop] for tensor in op.inputs}
    return tuple(graph.tensors[t].shape for t in calls[0].inputs if t in read)


def _way(
    module: nn.Module, group: Group, devices: DeviceMesh, size: int, args: Any, kwargs: Any
) -> Way | None:
    """What a split copy of ``module`` needs to give what the whole one does; None if nothing."""
    start = len(group.owner) + 1 if group.owner else 0
    wanted, whole = _made(_twin(module), args, kwargs)
    for way in ways(module, group, size, args, kwargs):
        try:
            twin = _twin(module)
            split_module(twin, devices, group, way, start)
            found, split = _made(twin, args, kwargs)
        except Exception:  # whatever the user's module raises, it cannot be split in this way
            continue
        # Shapes alone are also right where each device has all heads, each with a part of its size.
        heads = group.kind != "attention" or _are_parts(split, whole, size)
        if heads and found[:1] == wanted[:1]:
            return way
    return None


def _numbers(
    module: nn.Module, one: Experts, devices: DeviceMesh, size: int, args: Any, kwargs: Any
) -> Mapping[str, int] | None:
    """The numbers that a split copy of experts needs to give what whole ones do; None if none."""
    wanted, _ = _made(_twin(module), args, kwargs)
    held = {n: v for n, v in vars(module).items() if type(v) is int and v in one.features}
    widths = {name: value // size for name, value in held.items()}
    for numbers in ({}, widths) if widths else ({},):
        try:
            twin = _twin(module)
            split_experts(twin, devices, one.dims)
            vars(twin).update(numbers)
            found, _ = _made(twin, args, kwargs)
        except Exception:  # whatever the user's module raises, it cannot be split so
            continue
        if found == wanted:
            return numbers
    return None


def _made(twin: nn.Module, args: Any, kwargs: Any) -> tuple[_Shapes, _Shapes]:
    """The shapes of what a copy of a module gives, and of what attention in it takes.

    Tensors are handed on as they are, caches around them copied.
    """
    memo = {id(tensor): tensor for tensor in tensors((args, kwargs))}
    args, kwargs = copy.deepcopy((args, kwargs), memo)
    with _Heads() as heads:
        given = twin(*args, **kwargs)
    return [tuple(tensor.shape) for tensor in tensors(given)], heads.found


class _Heads(TorchFunctionMode):
    """Keeps what attention that runs inside takes: shapes (batch, heads, steps, features)."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, ...]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name == "scaled_dot_product_attention":
            given = [t for t in (*args, *(kwargs or {}).values()) if isinstance(t, torch.Tensor)]
            self.found += [tuple(t.shape) for t in given[:3]]
        if name in ("softmax", "scaled_dot_product_attention") and result.dim() > 2:
            self.found.append(tuple(result.shape))
        return result


def _are_parts(split: _Shapes, whole: _Shapes, size: int) -> bool:
    """Whether shapes are those of one part in ``size`` of the heads; some may have no heads."""
    parts = [(*s[:-3], s[-3] / size, *s[-2:]) for s in whole if len(s) > 2]
    pairs = list(zip(split, parts, whole, strict=False))
    alike = len(split) == len(parts) == len(whole)
    return alike and all(s in (p, w) for s, p, w in pairs) and any(s == p for s, p, _ in pairs)


def _twin(module: nn.Module) -> nn.Module:
    """A copy of a module with the same tensors."""
    memo: dict[int, Any] = {id(p): p for p in parameters(module).values()}
    memo |= {id(b): b for b in buffers(module).values()}
    return copy.deepcopy(module, memo)
