"""Whether modules still compute what they did when they are split, tried on copies of them."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

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
    by_owner: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_owner[group.owner].append(group)
    answers: dict[Any, Way | None] = {}

    modules = {path: model.get_submodule(path) for path in by_owner}
    paths = {id(module): path for path, module in modules.items()}
    kinds = {group: _kind(modules[group.owner], group, graph) for group in groups}
    asked = set(kinds.values())

    def call(module: nn.Module, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        for group in by_owner[paths[id(module)]]:
            kind = kinds[group]
            if kind not in answers:
                answers[kind] = _attempt(module, group, devices, size, args, kwargs)
        if answers.keys() == asked:
            raise _Answered
        return function(*args, **kwargs)

    if groups:
        with torch.no_grad(), intercepted_calls(modules.values(), call), suppress(_Answered):
            run(model)
    found = ((group, answers.get(kinds[group])) for group in groups)
    return [(group, way) for group, way in found if way is not None]


def _kind(module: nn.Module, group: Group, graph: ModelGraph) -> Any:
    start = len(group.owner) + 1 if group.owner else 0
    shapes = tuple(p.shape for p in module.parameters())
    layers = tuple(path[start:] for path in group.layers)
    return type(module), layers, shapes, _read(graph, group.owner), group.heads, group.parts


def _read(graph: ModelGraph, path: str) -> tuple[Shape, ...]:
    """The shapes of what the first call of a module is given and reads.

    What it only hands on, such as the keys and values of other layers in a cache, tells no kind.
    """
    calls = graph.calls_of(path)
    if not calls:
        return ()
    read = {tensor for op in graph.ops[calls[0].start : calls[0].stop] for tensor in op.inputs}
    return tuple(graph.tensors[t].shape for t in calls[0].inputs if t in read)


def _attempt(
    module: nn.Module, group: Group, devices: DeviceMesh, size: int, args: Any, kwargs: Any
) -> Way | None:
    """What a split copy of ``module`` needs to give what the whole one does; None if nothing."""
    start = len(group.owner) + 1 if group.owner else 0
    with _Heads() as whole:
        wanted = [t.shape for t in tensors(_run(_twin(module), args, kwargs))]
    for way in ways(module, group, size, args, kwargs):
        try:
            twin = _twin(module)
            split_module(twin, devices, group, way, start)
            with _Heads() as split:
                given = _run(twin, args, kwargs)
        except Exception:  # whatever the user's module raises, it cannot be split in this way
            continue
        found = [tensor.shape for tensor in tensors(given)]
        # Shapes alone are also right where each device has all heads, each with a part of its size.
        heads = group.kind != "attention" or _are_parts(split.found, whole.found, size)
        if heads and found[:1] == wanted[:1]:
            return way
    return None


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


_Shapes = list[tuple[int, ...]]


def _are_parts(split: _Shapes, whole: _Shapes, size: int) -> bool:
    """Whether shapes are those of one part in ``size`` of the heads; some may have no heads."""
    parts = [(*s[:-3], s[-3] / size, *s[-2:]) for s in whole if len(s) > 2]
    pairs = list(zip(split, parts, whole, strict=False))
    alike = len(split) == len(parts) == len(whole)
    return alike and all(s in (p, w) for s, p, w in pairs) and any(s == p for s, p, _ in pairs)


def tried_experts(
    model: nn.Module, experts: Sequence[Experts], devices: DeviceMesh, size: int, run: Run
) -> list[tuple[Experts, dict[str, int]]]:
    """The stacks of experts that still run when they are split, and the numbers they need."""
    known = {one.path: one for one in experts if all(f % size == 0 for f in one.features)}
    modules = {id(model.get_submodule(path)): path for path in known}
    found: dict[str, dict[str, int]] = {}

    def call(module: nn.Module, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        path = modules[id(module)]
        if path not in found:
            wanted = [tensor.shape for tensor in tensors(result)]
            whole = {n: v for n, v in vars(module).items() if type(v) is int}
            widths = {n: v // size for n, v in whole.items() if v in known[path].features}
            for numbers in ({}, widths) if widths else ({},):
                twin = _twin(module)
                split_experts(twin, devices, known[path].dims)
                vars(twin).update(numbers)
                try:
                    given = twin(*args, **kwargs)
                except Exception:  # whatever the user's module raises, it cannot be split so
                    continue
                if [tensor.shape for tensor in tensors(given)] == wanted:
                    found[path] = numbers
                    break
        return result

    if known:
        places = [model.get_submodule(path) for path in known]
        with torch.no_grad(), intercepted_calls(places, call):
            run(model)
    return [(known[path], numbers) for path, numbers in found.items()]


def _run(twin: nn.Module, args: Any, kwargs: Any) -> Any:
    """What a copy of a module gives; tensors are handed on as they are, caches around copied."""
    memo = {id(tensor): tensor for tensor in tensors((args, kwargs))}
    args, kwargs = copy.deepcopy((args, kwargs), memo)
    return twin(*args, **kwargs)


def _twin(module: nn.Module) -> nn.Module:
    """A copy of a module with the same tensors."""
    memo: dict[int, Any] = {id(p): p for p in parameters(module).values()}
    memo |= {id(b): b for b in buffers(module).values()}
    return copy.deepcopy(module, memo)
