"""Spreads a model over a mesh with PyTorch's own engine: ``parallelize_module``, ``fully_shard``.

Imported by plans with a mesh alone, since it brings ``torch.distributed``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.distributed.tensor import DTensor

from ..errors import InputError
from ..graph import Finding, ModelGraph
from ..places import place_text
from ..sources.base import own_frames
from ..tracing.distributed_internals import own_chunk_alone, own_process_group
from ..tracing.modules import walk
from ..tracing.names import dtype_name
from ..tracing.torch_internals import children_of
from .copies import parameters
from .mesh import Mesh, Shard
from .precision import Precision
from .splitting import split_layers
from .trials import Run


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
        made = _applied(mesh, model, devices)
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


def _applied(mesh: Mesh, model: nn.Module, devices: DeviceMesh) -> Any:
    """What the caller's function returns. Raises InputError where it fails."""
    assert mesh.apply is not None
    try:
        return mesh.apply(model, devices)
    except InputError:
        raise
    except Exception as error:
        frames = own_frames(error)
        where = place_text(frames[-1].filename, frames[-1].lineno) if frames else ""
        raise InputError(
            f"parallelize={mesh.applied} fails: {type(error).__name__}: {error}"
            f"{f' ({where})' if where else ''}; it is called with the model and PyTorch's "
            f"DeviceMesh of {mesh}, and changes the model in place"
        ) from error


def units(model: nn.Module) -> list[nn.Module]:
    """What FSDP gathers at once, besides the rest: the blocks in the outermost lists of modules."""
    found: dict[int, nn.Module] = {}
    inside: list[str] = []
    for path, module in walk(model):
        if any(path.startswith(above) for above in inside):
            continue
        children = children_of(module).values()
        blocks = [child for child in children if child is not None and parameters(child)]
        listed = isinstance(module, (nn.ModuleList, nn.Sequential, nn.ModuleDict)) and path
        if listed and len(blocks) > 1 and all(map(children_of, blocks)):
            found.update({id(block): block for block in blocks})
            inside.append(f"{path}.")
    return list(found.values())


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
        dtype=dtype_name(parameter.dtype),
        placements=placements,
        global_bytes=parameter.numel() * parameter.element_size(),
        bytes=local.untyped_storage().nbytes(),
    )


def _said(placement: Any) -> str:
    """``Shard(0)``, ``Replicate``."""
    dim = getattr(placement, "dim", None)
    return type(placement).__name__ if dim is None else f"Shard({dim})"
