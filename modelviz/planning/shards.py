"""Spreads a model over a mesh with PyTorch's own engine: ``parallelize_module``, ``fully_shard``.

Imported by plans with a mesh alone, since it brings ``torch.distributed``.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor, Replicate
from torch.distributed.tensor.parallel import (
    ColwiseParallel,
    RowwiseParallel,
    parallelize_module,
)
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from ..findings import note
from ..graph import Finding, ModelGraph
from ..tracing.distributed_internals import own_chunk_alone, own_process_group
from ..tracing.intercept import intercepted_calls
from ..tracing.modules import walk
from ..tracing.structure import tensors
from ..tracing.torch_internals import parameters_of
from ..units import share_text
from .copies import buffers, parameters
from .experts import Experts, split_experts
from .mesh import Mesh, Shard
from .pairs import Group, Split, find_split
from .settings import Precision

Run = Callable[[nn.Module], Any]
"""Runs a forward of the model on its fake inputs."""


@contextmanager
def device_mesh(mesh: Mesh) -> Iterator[DeviceMesh]:
    """PyTorch's mesh of those axes, on ranks that are not there; this process is rank 0."""
    with own_process_group(mesh.devices):
        sizes, names = tuple(mesh.axes.values()), tuple(mesh.axes)
        yield init_device_mesh("cpu", sizes, mesh_dim_names=names)


def group_names(meshes: Iterable[DeviceMesh]) -> dict[str, str]:
    """The axes of meshes by the name of their process group."""
    return {
        mesh.get_group(dim).group_name: name
        for mesh in meshes
        for dim, name in enumerate(mesh.mesh_dim_names or ())
    }


def spread(
    model: nn.Module,
    mesh: Mesh,
    devices: DeviceMesh,
    graph: ModelGraph,
    precision: Precision,
    run: Run,
) -> tuple[Finding, ...]:
    """Split ``model``, whose tensors are fake, over the mesh. Raises InputError.

    ``graph`` is that of its forward, which says what can be split; ``run`` runs the forward.
    """
    if mesh.apply is not None:
        before = dict(parameters(model))
        made = mesh.apply(model, devices)
        if made is not None and made is not model:
            raise InputError(
                "parallelize= returned another model: a plan needs the model it was given, "
                "changed in place"
            )
        if not any(isinstance(p, DTensor) for p in parameters(model).values()):
            raise InputError(
                f"parallelize= left all {len(before)} parameters whole: apply fully_shard or "
                "parallelize_module to the model"
            )
        return ()
    findings: list[Finding] = []
    tensor = mesh.axis("tensor")
    if tensor is not None and mesh.axes[tensor] > 1:
        findings += split_layers(model, devices[tensor], mesh.axes[tensor], graph, run)
    shard = mesh.axis("shard")
    if shard is not None:
        replicate = mesh.axis("replicate")
        names = (shard,) if replicate is None else (replicate, shard)
        policy = MixedPrecisionPolicy()
        if precision.autocast is not None:
            policy = MixedPrecisionPolicy(precision.autocast, torch.float32)
        over = devices[names] if len(names) > 1 else devices[shard]
        with own_chunk_alone():
            for unit in (*units(model), model):
                fully_shard(unit, mesh=over, mp_policy=policy)
    return tuple(findings)


def units(model: nn.Module) -> list[nn.Module]:
    """What FSDP gathers at once, besides the rest: the blocks in the outermost lists of modules."""
    found: dict[int, nn.Module] = {}
    inside: list[str] = []
    for path, module in walk(model):
        if any(path.startswith(above) for above in inside):
            continue
        blocks = [child for child in module.children() if any(True for _ in child.parameters())]
        listed = isinstance(module, (nn.ModuleList, nn.Sequential, nn.ModuleDict)) and path
        if listed and len(blocks) > 1 and all(any(True for _ in b.children()) for b in blocks):
            found.update({id(block): block for block in blocks})
            inside.append(f"{path}.")
    return list(found.values())


# -- tensor parallelism ---------------------------------------------------------------------------


def split_layers(
    model: nn.Module, devices: DeviceMesh, size: int, graph: ModelGraph, run: Run
) -> Iterator[Finding]:
    """Split the layers of ``model`` over one axis; what stays whole is told. Raises InputError."""
    split = find_split(graph)
    for group in split.groups:
        _require_divides(group, size)
    groups, changes = _tried(model, split.groups, devices, size, run)
    styles: dict[str, Any] = {}
    for group in groups:
        styles |= _styles(group)
    styles |= _table_styles(model, split, styles, size)
    experts = _tried_experts(model, split.experts, devices, size, run)
    if not styles and not experts:
        raise InputError(
            f"mesh: tp={size} splits no layer of {type(model).__name__}: no linear layers follow "
            "one another with nothing but single elements or attention between them; give "
            "parallelize=, a function that applies parallelize_module"
        )
    ties = _ties(model, styles)
    if styles:
        parallelize_module(model, devices, styles)
    for one, attributes in experts:
        module = model.get_submodule(one.path)
        split_experts(module, devices, one.dims)
        vars(module).update(attributes)
    for (first, name), others in ties:
        for module, other in others:
            module.register_parameter(other, parameters_of(first)[name])
    for owner, attributes in changes:
        vars(model.get_submodule(owner)).update(attributes)
    yield from _whole(model, groups, split, size)


def _styles(group: Group) -> dict[str, Any]:
    return {
        **{path: ColwiseParallel() for path in group.columns},
        **{path: RowwiseParallel() for path in group.rows},
    }


def _require_divides(group: Group, size: int) -> None:
    where = group.owner or "the model"
    one = group.columns * len(group.parts)
    for path, heads in zip(one or group.columns, group.heads, strict=False):
        if heads % size:
            fits = [n for n in range(1, heads + 1) if all(h % n == 0 for h in group.heads)]
            raise InputError(
                f"mesh: tp={size} does not divide the {heads} heads of {path} in {where}: expected "
                f"one of {', '.join(map(str, fits))}"
            )
    for path, features in zip(group.columns, group.features, strict=True):
        if features % size:
            raise InputError(
                f"mesh: tp={size} does not divide the {features} features that {path} gives in "
                f"{where}: expected a divisor of {features}"
            )


_Attributes = dict[str, int]


class _Answered(Exception):
    """Ends a forward that has nothing more to tell."""


def _tried(
    model: nn.Module, groups: Sequence[Group], devices: DeviceMesh, size: int, run: Run
) -> tuple[list[Group], list[tuple[str, _Attributes]]]:
    """The groups whose owner still runs with them split, and the attributes it then needs.

    A forward that shapes its heads by a number that it holds needs that number divided, as one
    does by hand. Each kind of owner is tried once, on a copy, with what the forward gives it.
    """
    by_owner: dict[str, list[Group]] = defaultdict(list)
    for group in groups:
        by_owner[group.owner].append(group)
    answers: dict[Any, _Attributes | None] = {}

    modules = {path: model.get_submodule(path) for path in by_owner}
    paths = {id(module): path for path, module in modules.items()}
    kinds = {group: _kind(modules[group.owner], group) for group in groups}
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
    kept, changes = [], []
    for group in groups:
        found = answers.get(kinds[group])
        if found is not None:
            kept.append(group)
            changes.append((group.owner, found))
    return kept, changes


def _tried_experts(
    model: nn.Module, experts: Sequence[Experts], devices: DeviceMesh, size: int, run: Run
) -> list[tuple[Experts, _Attributes]]:
    """The stacks of experts that still run when they are split, and the attributes they need."""
    known = {one.path: one for one in experts if all(f % size == 0 for f in one.features)}
    modules = {id(model.get_submodule(path)): path for path in known}
    found: dict[str, _Attributes] = {}

    def call(module: nn.Module, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        path = modules[id(module)]
        if path not in found:
            wanted = [tensor.shape for tensor in tensors(result)]
            whole = {n: v for n, v in vars(module).items() if type(v) is int}
            widths = {n: v // size for n, v in whole.items() if v in known[path].features}
            for attributes in ({}, widths) if widths else ({},):
                twin = _twin(module)
                split_experts(twin, devices, known[path].dims)
                vars(twin).update(attributes)
                try:
                    given = twin(*args, **kwargs)
                except Exception:  # whatever the user's module raises, it cannot be split so
                    continue
                if [tensor.shape for tensor in tensors(given)] == wanted:
                    found[path] = attributes
                    break
        return result

    if known:
        places = [model.get_submodule(path) for path in known]
        with torch.no_grad(), intercepted_calls(places, call):
            run(model)
    return [(known[path], attributes) for path, attributes in found.items()]


def _kind(module: nn.Module, group: Group) -> Any:
    start = len(group.owner) + 1 if group.owner else 0
    shapes = tuple(p.shape for p in module.parameters())
    return type(module), tuple(path[start:] for path in group.layers), shapes, group.heads


def _attempt(
    module: nn.Module, group: Group, devices: DeviceMesh, size: int, args: Any, kwargs: Any
) -> _Attributes | None:
    """What a split copy of ``module`` needs to give what the whole one does; None if nothing."""
    start = len(group.owner) + 1 if group.owner else 0
    styles = {path[start:]: style for path, style in _styles(group).items()}
    with _Heads() as whole:
        wanted = [t.shape for t in tensors(_run_copy(module, {}, None, {}, args, kwargs))]
    for attributes in _attributes(module, group, size):
        try:
            with _Heads() as split:
                given = _run_copy(module, styles, devices, attributes, args, kwargs)
        except Exception:  # whatever the user's module raises, it cannot be split in this way
            continue
        found = [tensor.shape for tensor in tensors(given)]
        # Shapes alone are also right where each device has all heads, each with a part of its size.
        heads = group.kind != "attention" or (
            bool(whole.found) and whole.found == [size * n for n in split.found]
        )
        if heads and found[:1] == wanted[:1]:
            return attributes
    return None


class _Heads(TorchFunctionMode):
    """Counts the heads of each attention that runs inside."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[int] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in ("softmax", "scaled_dot_product_attention") and result.dim() > 2:
            self.found.append(int(result.shape[-3]))
        return result


def _run_copy(
    module: nn.Module,
    styles: Mapping[str, Any],
    devices: DeviceMesh | None,
    attributes: _Attributes,
    args: Any,
    kwargs: Any,
) -> Any:
    twin = _twin(module)
    if devices is not None:
        parallelize_module(twin, devices, dict(styles))
    vars(twin).update(attributes)
    args, kwargs = copy.deepcopy((args, kwargs), _same_tensors((args, kwargs)))
    return twin(*args, **kwargs)


def _twin(module: nn.Module) -> nn.Module:
    """A copy of a module with the same tensors."""
    memo: dict[int, Any] = {id(p): p for p in parameters(module).values()}
    memo |= {id(b): b for b in buffers(module).values()}
    return copy.deepcopy(module, memo)


def _same_tensors(value: Any) -> dict[int, Any]:
    """For ``deepcopy``: tensors are handed on as they are, caches around them copied."""
    return {id(tensor): tensor for tensor in tensors(value)}


def _attributes(module: nn.Module, group: Group, size: int) -> Iterator[_Attributes]:
    """Ways to let a module count the heads and features of one device: none, then some."""
    yield {}
    whole = {name: value for name, value in vars(module).items() if type(value) is int}
    heads = {name: v // size for name, v in whole.items() if v in group.heads}
    wide = {*group.features, *group.parts}
    features = {name: v // size for name, v in whole.items() if v in wide}
    if heads:
        yield heads
    if features:
        yield features
        yield {**heads, **features}


def _table_styles(
    model: nn.Module, split: Split, styles: Mapping[str, Any], size: int
) -> dict[str, Any]:
    """Embeddings by rows and heads by columns, where all that share the weight are among them."""
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
        for parameter in parameters_of(module).values():
            if parameter is not None:
                holders[id(parameter)].append(path)
    found = {}
    for path, style in wanted.items():
        weight = parameters_of(model.get_submodule(path))["weight"]
        if weight is None or weight.shape[0] % size or path in styles:
            continue
        if all(other in wanted for other in holders[id(weight)]):
            found[path] = style
    return found


_Place = tuple[nn.Module, str]


def _ties(model: nn.Module, styles: Mapping[str, Any]) -> list[tuple[_Place, list[_Place]]]:
    """The parameters of split layers that several hold: the first that does, and the others."""
    holders: dict[int, list[_Place]] = defaultdict(list)
    for path in styles:
        module = model.get_submodule(path)
        for name, parameter in parameters_of(module).items():
            if parameter is not None:
                holders[id(parameter)].append((module, name))
    return [(places[0], places[1:]) for places in holders.values() if len(places) > 1]


def _whole(model: nn.Module, groups: Sequence[Group], split: Split, size: int) -> Iterator[Finding]:
    """What tensor parallelism leaves whole, where that is much of the model."""
    sizes = {path: p.numel() for path, p in parameters(model).items()}
    whole = {
        path: sizes[path] for path, p in parameters(model).items() if not isinstance(p, DTensor)
    }
    total, left = sum(sizes.values()), sum(whole.values())
    if left <= total / 20:
        return
    largest = max(whole, key=whole.__getitem__)
    failed = [group.owner for group in split.groups if group not in groups]
    why = f"; {failed[0]} does not run with its heads split" if failed else ""
    yield note(
        "MV023",
        f"tp={size} leaves {share_text(left, total)} of the parameters unsplit over its "
        f"devices, the largest of them {largest}{why}: parallelize= can split them another way",
    )


# -- what each device has ------------------------------------------------------------------------


def shards(model: nn.Module) -> tuple[Shard, ...]:
    """Every parameter of a model with what this device stores of it."""
    return tuple([_shard(path, parameter) for path, parameter in parameters(model).items()])


def _shard(path: str, parameter: torch.Tensor) -> Shard:
    local, placements = parameter, {}
    if isinstance(parameter, DTensor):
        with torch.no_grad():
            local = parameter.to_local()
        mesh = parameter.device_mesh
        names = mesh.mesh_dim_names or tuple(map(str, range(mesh.ndim)))
        placements = {n: _said(p) for n, p in zip(names, parameter.placements, strict=True)}
    return Shard(
        path=path,
        shape=tuple(parameter.shape),
        local_shape=tuple(local.shape),
        dtype=str(parameter.dtype).removeprefix("torch."),
        placements=placements,
        global_bytes=parameter.numel() * parameter.element_size(),
        bytes=local.untyped_storage().nbytes(),
    )


def _said(placement: Any) -> str:
    """``Shard(0)``, ``Replicate``."""
    dim = getattr(placement, "dim", None)
    return type(placement).__name__ if dim is None else f"Shard({dim})"
