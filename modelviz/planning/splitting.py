"""Tensor parallelism of a model over one axis of a mesh, with PyTorch's ``parallelize_module``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributed.tensor import Replicate
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)

from ..errors import InputError
from ..graph import Finding, ModelGraph
from ..tracing.modules import walk
from ..tracing.torch_internals import parameters_of
from .changes import Adapter, layer_of
from .experts import split_experts
from .flow import changed_in_place
from .groups import Group, Split
from .local import sum_gradients
from .multihead import multi_heads, split_multi_head
from .pairs import find_split
from .trials import Run, tried, tried_experts
from .ways import set_up, split_layer, styles_of
from .whole import told_reasons, whole_layers

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh


def split_layers(
    model: nn.Module, devices: DeviceMesh, size: int, graph: ModelGraph, run: Run
) -> Iterator[Finding]:
    """Split the layers of ``model`` over one axis; what stays whole is told. Raises InputError.

    ``graph`` is that of its forward, which says what belongs together.
    """
    split = find_split(graph)
    whole = dict(split.refused)
    for group in split.groups:
        _require_divides(group, size)
    multi = list(_multi_heads(model, graph, size))
    found = tried(model, split.groups, devices, size, graph, run)
    styles: dict[str, Any] = {}
    for group, _ in found:
        styles |= styles_of(group)
    kept = {group for group, _ in found}
    for group in split.groups:
        if group not in kept:
            whole[group.columns[0]] = f"{group.owner or 'the model'} does not run with its " + (
                "heads split" if group.kind == "attention" else "features split"
            )
    tables = _table_styles(model, split, styles, size, whole, graph)
    styles |= tables
    experts = tried_experts(model, split.experts, devices, size, run)
    if not styles and not experts and not multi:
        raise InputError(
            f"mesh: tp={size} splits no layer of {type(model).__name__}: no linear layers follow "
            "one another with nothing but single elements or attention between them"
            f"{told_reasons(whole)}; give parallelize=, a function that applies parallelize_module"
        )
    ties = _ties(model, styles)
    changed = changed_in_place(graph)
    for path, style in styles.items():
        if path in tables:
            parallelize_module(layer_of(model.get_submodule(path)), devices, style)
        else:
            split_layer(model.get_submodule(path), devices, style)
        if path in changed:
            # What comes of a distributed tensor is a view, which autograd lets nobody change.
            model.get_submodule(path).register_forward_hook(_cloned)
    for attention in multi:
        split_multi_head(attention, devices)
    for one, numbers in experts:
        module = model.get_submodule(one.path)
        split_experts(module, devices, one.dims)
        vars(module).update(numbers)
    for (first, name), others in ties:
        for module, other in others:
            module.register_parameter(other, parameters_of(first)[name])
    for group, way in found:
        module = model.get_submodule(group.owner)
        set_up(module, devices, group, way)
        sum_gradients(model, devices, module, group.beside)
    yield from whole_layers(model, whole, split.alone, size)


def _cloned(module: nn.Module, given: Any, made: torch.Tensor) -> torch.Tensor:
    return made.clone()


def _multi_heads(model: nn.Module, graph: ModelGraph, size: int) -> Iterator[nn.MultiheadAttention]:
    """The layers of attention of PyTorch's own class that are split. Raises InputError."""
    called = {call.module for call in graph.calls}
    for path, module in multi_heads(model):
        if path in called:
            if module.num_heads % size:
                raise _bad_heads(size, module.num_heads, path, path.rpartition(".")[0], ())
            yield module


def _require_divides(group: Group, size: int) -> None:
    where = group.owner
    for path, counts in zip(group.columns, group.heads, strict=False):
        for heads in counts:
            if heads % size:
                raise _bad_heads(size, heads, path, where, tuple(group.counts))
    for path, features in zip(group.columns, group.features, strict=True):
        if features % size:
            raise InputError(
                f"mesh: tp={size} does not divide the {features:,} features that {path} gives in "
                f"{where or 'the model'}: expected a divisor of {features:,}"
            )


def _bad_heads(size: int, heads: int, path: str, where: str, others: tuple[int, ...]) -> InputError:
    counts = (heads, *others)
    fits = [n for n in range(1, heads + 1) if all(count % n == 0 for count in counts)]
    return InputError(
        f"mesh: tp={size} does not divide the {heads} heads of {path} in {where or 'the model'}: "
        f"expected one of {', '.join(map(str, fits))}"
    )


# -- tokens and logits ----------------------------------------------------------------------------


def _table_styles(
    model: nn.Module,
    split: Split,
    styles: Mapping[str, Any],
    size: int,
    whole: dict[str, str],
    graph: ModelGraph,
) -> dict[str, Any]:
    """Embeddings by rows and heads by columns, where all that use the weight are among them."""
    called = {call.module for call in graph.calls}
    wanted: dict[str, Any] = {
        path: RowwiseParallel(input_layouts=Replicate()) for path in split.embeddings
    }
    wanted |= {path: ColwiseParallel(output_layouts=Replicate()) for path in split.heads}
    holders: dict[int, list[str]] = defaultdict(list)
    seen: set[int] = set()
    for path, module in walk(model):
        if id(module) in seen:
            continue
        seen.add(id(module))
        adapted = path.removesuffix(".base")
        on = isinstance(model.get_submodule(adapted), Adapter)
        for parameter in parameters_of(module).values():
            if parameter is not None:
                holders[id(parameter)].append(adapted if on else path)
    found = {}
    for path, style in wanted.items():
        weight = parameters_of(layer_of(model.get_submodule(path)))["weight"]
        if weight is None or path in styles:
            continue
        # A module that is never called only holds the weight.
        others = [p for p in holders[id(weight)] if p not in wanted and p in called]
        if weight.shape[0] % size:
            whole[path] = f"its {weight.shape[0]:,} rows are no multiple of {size}"
        elif others:
            whole[path] = f"{others[0]} has the same weight"
        else:
            found[path] = style
    return found


_Place = tuple[nn.Module, str]


def _ties(model: nn.Module, styles: Mapping[str, Any]) -> list[tuple[_Place, list[_Place]]]:
    """The parameters of split layers that several hold: the first that does, and the others."""
    holders: dict[int, dict[tuple[int, str], _Place]] = defaultdict(dict)
    split = [layer_of(model.get_submodule(path)) for path in styles]
    own = set(map(id, split))
    for module in (*split, *(inside for _, inside in walk(model))):
        for name, parameter in parameters_of(module).items():
            if parameter is not None and (id(module) in own or id(parameter) in holders):
                holders[id(parameter)][id(module), name] = module, name
    held = [list(places.values()) for places in holders.values()]
    return [(places[0], places[1:]) for places in held if len(places) > 1]
