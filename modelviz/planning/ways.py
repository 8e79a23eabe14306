"""How a module computes with some of its heads: numbers, tables and arguments that count heads."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.distributed.tensor import Replicate, Shard
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    ParallelStyle,
    RowwiseParallel,
    parallelize_module,
)

from ..tracing.modules import walk
from ..tracing.structure import replaced
from ..tracing.torch_internals import parameters_of
from .changes import Adapter, layer_of
from .groups import Group
from .local import compute_with, entering, own, own_part, split_parameters, summed

if TYPE_CHECKING:
    from torch.distributed.device_mesh import DeviceMesh

_Number = tuple[str, tuple[str, ...]]
"""A number that a module holds: the path of the module, and the names that lead to it."""

_SUBSETS = 5
"""Numbers of which all choices are tried; of more, some."""


@dataclass(frozen=True, slots=True)
class Way:
    """What a module needs, besides split layers, to compute with the heads of one device.

    ``numbers`` are those that it holds itself or in a plain object, with what they become.
    ``tables`` are parameters with a row or column for each head, each with that dimension, by the
    path of their module and their name. ``arguments`` says that arguments for all heads are cut.
    """

    numbers: Mapping[_Number, int] = field(default_factory=dict)
    tables: Mapping[tuple[str, str], int] = field(default_factory=dict)
    arguments: bool = False


def ways(module: nn.Module, group: Group, size: int, args: Any, kwargs: Any) -> Iterator[Way]:
    """Ways to try, the plain ones first. ``args`` and ``kwargs`` are those of a call."""
    choices = list(_choices(module, group, size))
    heads = max(group.counts, default=0)
    tables: list[Mapping[tuple[str, str], int]] = [{}]
    cuts = [False]
    if heads:
        found = _tables(module, group, heads)
        tables += [found] if found else []
        asked = [False]
        width, batch = _width(module, group), _batch(args, kwargs)
        replaced((args, kwargs), _asking(lambda t: _by_head(t, heads, batch, width), asked))
        cuts += [True] if asked[0] else []
    for cut in cuts:
        for table in tables:
            for numbers in choices:
                yield Way(numbers, table, cut)


def _asking(question: Callable[[torch.Tensor], Any], answer: list[bool]) -> Any:
    def ask(tensor: torch.Tensor) -> torch.Tensor:
        answer[0] = answer[0] or question(tensor) is not None
        return tensor

    return ask


def split_module(
    module: nn.Module, devices: DeviceMesh, group: Group, way: Way, start: int
) -> None:
    """Split the layers of ``module`` that ``group`` has, in that way.

    ``start`` is how many letters of the group's paths lead to the module.
    """
    for path, style in styles_of(group).items():
        split_layer(module.get_submodule(path[start:]), devices, style)
    set_up(module, devices, group, way)


def set_up(module: nn.Module, devices: DeviceMesh, group: Group, way: Way) -> None:
    """Change what ``module`` holds and takes besides the layers of ``group``."""
    for (path, names), value in way.numbers.items():
        holder: Any = vars(module.get_submodule(path))
        if len(names) > 1:
            changed = copy.copy(holder[names[0]])
            vars(changed)[names[1]] = value
            holder[names[0]] = changed
        else:
            holder[names[0]] = value
    held = []
    for (path, name), dim in way.tables.items():
        holder = module.get_submodule(path)
        if isinstance(holder, nn.Embedding):
            parallelize_module(holder, devices, ColwiseParallel())
        else:
            split_parameters(holder, devices, {name: dim})
            held.append((holder, name))
    if held:
        compute_with(module, held, own)
    if way.arguments:
        _cut_arguments(module, devices, max(group.counts), _width(module, group))


# -- layers ---------------------------------------------------------------------------------------


def styles_of(group: Group) -> dict[str, ParallelStyle]:
    """How each layer of a group is split."""
    turned = set(group.transposed)
    return {
        **{p: Turned("columns") if p in turned else ColwiseParallel() for p in group.columns},
        **{p: Turned("rows") if p in turned else RowwiseParallel() for p in group.rows},
    }


def split_layer(module: nn.Module, devices: DeviceMesh, style: ParallelStyle) -> None:
    """Split a layer of a group, and the adapter that may be on it.

    Of an adapter that matrix is split which is beside the split features of the layer.
    """
    parallelize_module(layer_of(module), devices, style)
    if not isinstance(module, Adapter):
        return
    columns = style.columns if isinstance(style, Turned) else isinstance(style, ColwiseParallel)
    name = "up" if columns else "down"
    split_parameters(module, devices, {name: 0 if columns else 1})
    compute_with(module, [(module, name)], own)
    vars(module)["between"] = partial(entering if columns else summed, devices=devices)


class Turned(ParallelStyle):
    """Splits a layer with one product whose weight is (inputs, features), by either.

    As ``ColwiseParallel`` and ``RowwiseParallel`` do with ``nn.Linear``.
    """

    def __init__(self, by: str) -> None:
        super().__init__()
        self.columns = by == "columns"

    def _apply(self, module: nn.Module, device_mesh: DeviceMesh) -> nn.Module:
        from torch.distributed.tensor import DTensor, distribute_module, distribute_tensor

        def part(name: str, inside: nn.Module, mesh: DeviceMesh) -> None:
            for label, whole in list(inside.named_parameters(recurse=False)):
                weight = whole.dim() == 2
                along = Shard(int(weight)) if self.columns else Shard(0) if weight else Replicate()
                made = distribute_tensor(whole, mesh, [along])
                inside.register_parameter(label, nn.Parameter(made, whole.requires_grad))

        def enter(inside: nn.Module, given: Any, mesh: DeviceMesh) -> Any:
            along = Replicate() if self.columns else Shard(-1)
            return (DTensor.from_local(given[0], mesh, [along], run_check=False), *given[1:])

        def leave(inside: nn.Module, made: Any, mesh: DeviceMesh) -> Any:
            along = Shard(-1) if self.columns else Replicate()
            return made.redistribute(placements=[along]).to_local()

        return distribute_module(module, device_mesh, part, enter, leave)


# -- numbers --------------------------------------------------------------------------------------


def _choices(module: nn.Module, group: Group, size: int) -> Iterator[Mapping[_Number, int]]:
    """Numbers to divide: none, those of heads, those of features, some of them."""
    own: dict[_Number, int] = {}
    held: dict[_Number, int] = {}
    start = len(group.owner) + 1 if group.owner else 0
    layers = {path[start:] for path in group.layers}
    for path, inside in walk(module):
        if path in layers or type(inside).__module__.startswith("torch."):
            continue
        for name, value in vars(inside).items():
            if type(value) is int:
                own[path, (name,)] = value
            elif _is_plain(value):
                inner = {n: v for n, v in vars(value).items() if type(v) is int}
                held |= {(path, (name, n)): v for n, v in inner.items()}
    counted = [_divided(some, group.counts, size) for some in (own, held)]
    wide = [_divided(some, group.widths, size) for some in (own, held)]
    seen: list[Mapping[_Number, int]] = []
    for choice in _combined(counted, wide):
        if choice not in seen:
            seen.append(choice)
            yield choice


def _combined(
    counted: list[dict[_Number, int]], wide: list[dict[_Number, int]]
) -> Iterator[Mapping[_Number, int]]:
    (heads, more_heads), (widths, more_widths) = counted, wide
    yield {}
    yield heads
    yield widths
    yield {**widths, **heads}
    yield more_heads
    yield {**more_heads, **heads}
    yield {**widths, **more_heads, **heads}
    yield {**more_widths, **widths, **more_heads, **heads}
    # The size of a head may be as large as their number, which alone changes.
    every = {**heads, **more_heads}
    names = list(every)
    counts = range(1, len(names)) if len(names) <= _SUBSETS else (1, len(names) - 1)
    for count in counts:
        for some in combinations(names, count):
            chosen = {name: every[name] for name in some}
            yield chosen
            yield {**widths, **chosen}


def _divided(numbers: dict[_Number, int], known: frozenset[int], size: int) -> dict[_Number, int]:
    return {name: n // size for name, n in numbers.items() if n in known and n % size == 0}


def _is_plain(value: Any) -> bool:
    """Whether a value is an object of some class that holds numbers, such as a configuration."""
    kind = type(value)
    if isinstance(value, (nn.Module, torch.Tensor, type)) or callable(value):
        return False
    return hasattr(value, "__dict__") and not kind.__module__.startswith(("torch", "builtins"))


# -- tables and arguments -------------------------------------------------------------------------


def _tables(module: nn.Module, group: Group, heads: int) -> dict[tuple[str, str], int]:
    """The parameters beside the layers of a group with one dimension of so many heads."""
    start = len(group.owner) + 1 if group.owner else 0
    layers = {path[start:] for path in group.layers}
    found = {}
    for path, inside in walk(module):
        for name, parameter in parameters_of(inside).items():
            if parameter is None or path in layers or path.removesuffix(".base") in layers:
                continue
            dims = [dim for dim, size in enumerate(parameter.shape) if size == heads]
            if isinstance(inside, nn.Embedding) and parameter.shape[-1] == heads:
                dims = [1]
            if len(dims) == 1:
                found[path, name] = dims[0]
    return found


def _batch(args: Any, kwargs: Any) -> int:
    """The size of the batch of a call: that of its first tensor of three dimensions."""
    sizes: list[int] = []

    def note(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.dim() == 3 and tensor.is_floating_point():
            sizes.append(int(tensor.shape[0]))
        return tensor

    replaced((args, kwargs), note)
    return sizes[0] if sizes else 0


def _width(module: nn.Module, group: Group) -> int:
    """How many features the first layer of a group takes."""
    start = len(group.owner) + 1 if group.owner else 0
    first = layer_of(module.get_submodule(group.columns[0][start:]))
    weight = parameters_of(first)["weight"]
    return 0 if weight is None else weight.numel() // group.features[0]


def _by_head(tensor: torch.Tensor, heads: int, batch: int, width: int) -> int | None:
    """How many groups of all heads, each of one sample, the first dimension of a tensor has.

    0 for a tensor whose third dimension from the last is the heads; None for any other, and for
    what has the ``width`` features that the layers take.
    """
    if tensor.shape[-1:] == (width,):
        return None
    if tensor.dim() == 4 and tensor.shape[1] == heads:
        return 0
    if tensor.dim() == 3 and tensor.shape[0] in (heads, batch * heads):
        return int(tensor.shape[0]) // heads
    return None


def _cut_arguments(module: nn.Module, devices: DeviceMesh, heads: int, width: int) -> None:
    def before(module: nn.Module, args: Any, kwargs: Any) -> Any:
        batch = _batch(args, kwargs)

        def cut(tensor: torch.Tensor) -> torch.Tensor:
            samples = _by_head(tensor, heads, batch, width)
            if samples is None:
                return tensor
            if samples == 0:
                return own_part(tensor, devices, 1)
            return own_part(tensor.unflatten(0, (samples, heads)), devices, 1).flatten(0, 1)

        return replaced(args, cut), replaced(kwargs, cut)

    module.register_forward_pre_hook(before, with_kwargs=True)
