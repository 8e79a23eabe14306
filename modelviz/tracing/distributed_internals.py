"""The private names of ``torch.distributed`` that plans over several devices lean on.

As ``torch_internals`` has them for the rest of torch; each function imports what it needs, so that
nothing of many devices comes where there is one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import nn

from ..errors import InputError
from .attribute_set import attribute_set

_GROUP_TABLES = (
    "_pg_map",
    "_pg_names",
    "_pg_group_ranks",
    "_pg_backend_config",
    "_tags_to_pg",
    "_pg_to_tag",
)
_GROUP_STATE = (*_GROUP_TABLES, "_world", "_group_count", "_backend", "_default_pg_init_method")


@contextmanager
def own_process_group(ranks: int) -> Iterator[None]:
    """Inside, this process is rank 0 of so many that are not there: PyTorch's ``fake`` backend.

    Process groups of the caller are out of sight meanwhile, and as they were afterwards. Meshes of
    the same shape are equal for the caches of distributed tensors, so these are emptied before, not
    to send anything over the caller's groups, and after. Raises InputError where this torch has no
    way to do so.
    """
    from torch.distributed import distributed_c10d, init_process_group
    from torch.distributed.tensor import _random

    try:
        from torch.distributed.tensor.debug import _clear_sharding_prop_cache
    except ImportError as error:
        raise InputError(
            "this torch is too old to plan for many devices: its caches of "
            "distributed tensors cannot be emptied; install a newer one, or leave mesh= out"
        ) from error

    c10d: Any = distributed_c10d
    before = {name: getattr(c10d, name) for name in _GROUP_STATE}
    hook, tracker = sys.excepthook, _random._rng_tracker
    for name in _GROUP_TABLES:
        setattr(c10d, name, {})
    c10d._world = c10d._World()
    _clear_sharding_prop_cache()
    try:
        init_process_group("fake", rank=0, world_size=ranks)
        sys.excepthook = hook
        yield
    finally:
        for group in list(c10d._pg_map):
            c10d._unregister_process_group(group.group_name)
        for name, value in before.items():
            setattr(c10d, name, value)
        c10d._update_default_pg(c10d._world.default_pg)
        sys.excepthook, _random._rng_tracker = hook, tracker
        _clear_sharding_prop_cache()


def aside_from_sharding(
    aside: Callable[[], AbstractContextManager[Any]],
) -> AbstractContextManager[None]:
    """What distributed tensors run to know the shape of a result runs inside an ``aside()``."""
    from torch.distributed.tensor._sharding_prop import ShardingPropagator

    class Aside:
        def __enter__(self) -> None:
            self.inside = ExitStack()
            self.inside.enter_context(aside())

        def __exit__(self, *error: Any) -> None:
            self.inside.close()

    if not hasattr(ShardingPropagator, "_fake_mode_lock"):
        return nullcontext()  # an older torch, where nothing is planned for many devices
    return attribute_set(ShardingPropagator, "_fake_mode_lock", Aside())


class _Chunks:
    """What ``torch.chunk`` gives, and empty tensors up to ``count``, each made when asked for."""

    def __init__(self, tensor: torch.Tensor, count: int, dim: int) -> None:
        self.tensor, self.count, self.dim = tensor, count, dim

    def __getitem__(self, index: int) -> torch.Tensor:
        size = self.tensor.shape[self.dim]
        each = -(-size // self.count)
        start = index * each
        if start >= size > 0:
            return self.tensor.new_empty(0)
        return self.tensor.narrow(self.dim, start, min(each, size - start))


def own_chunk_alone() -> AbstractContextManager[None]:
    """FSDP cuts out of a parameter the part that it keeps, not all parts to keep one."""
    from torch.distributed.fsdp._fully_shard import _fsdp_param

    return attribute_set(_fsdp_param, "_chunk_with_empty", _Chunks)


_FSDP_STEPS = ("unshard", "wait_for_unshard", "post_backward")


@contextmanager
def fsdp_steps(during: Callable[[str], AbstractContextManager[Any]]) -> Iterator[None]:
    """What FSDP does to gather and to reduce for the module at a path runs in ``during(path)``."""
    from torch.distributed.fsdp._fully_shard._fsdp_param_group import FSDPParamGroup

    kind: Any = FSDPParamGroup
    before = {name: getattr(kind, name) for name in _FSDP_STEPS}

    def within(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(group: Any, *args: Any, **kwargs: Any) -> Any:
            with during(group._module_fqn or ""):
                return step(group, *args, **kwargs)

        return run

    for name, step in before.items():
        setattr(kind, name, within(step))
    try:
        yield
    finally:
        for name, step in before.items():
            setattr(kind, name, step)


def group_name_of(value: Any) -> str | None:
    """The name of a process group as kernels take it; None for anything else."""
    if not isinstance(value, torch.ScriptObject) or "ProcessGroup" not in str(value._type()):
        return None
    from torch.distributed import ProcessGroup

    return str(ProcessGroup.unbox(value).group_name)


def group_size(name: str) -> int:
    """The number of ranks of a process group."""
    from torch.distributed import distributed_c10d

    module: Any = distributed_c10d
    return int(module._resolve_process_group(name).size())


_DDP = "torch.nn.parallel.distributed"
_WRAPPERS = {
    _DDP: "DistributedDataParallel",
    "torch.nn.parallel.data_parallel": "DataParallel",
    "torch.distributed.fsdp.fully_sharded_data_parallel": "FullyShardedDataParallel (FSDP1)",
    "torch.distributed._composable.replicate": "replicate",
    "torch.distributed._composable.replicate_with_fsdp": "replicate",
}
"""What runs a model on several devices and cannot be copied, by the module of its class."""
_SENDING = ("FullyShardedDataParallel (FSDP1)", "replicate")
"""Those whose forward sends weights, in flat parts or as a whole, and is nothing without."""


def _wrapper(module: Any) -> str | None:
    """What a module is wrapped by; None for a plain one."""
    kind: Any = type(module)
    return _wrapper_class(kind)


@cache
def _wrapper_class(kind: type) -> str | None:
    """What modules of this class are wrapped by."""
    return next(filter(None, (_WRAPPERS.get(one.__module__) for one in kind.__mro__)), None)


def refuse_wrapped(places: Iterable[tuple[str, nn.Module]], forward: bool = False) -> None:
    """Raise InputError for what runs a model on several devices, and cannot be run on fakes.

    With ``forward`` for that alone whose forward cannot.
    """
    for path, module in places:
        wrapper = _wrapper(module)
        if wrapper is not None and (wrapper in _SENDING or not forward):
            raise InputError(
                f"{path or 'the model'} is wrapped by {wrapper}, whose "
                f"{'forward' if forward else 'step'} cannot be followed: give the module inside as "
                "it was before (as one device runs it), a model that fully_shard or "
                "parallelize_module was applied to, or plan(model, mesh={'dp': …}), which shards "
                "it with fully_shard"
            )


@contextmanager
def alone_in_forward(modules: Iterable[nn.Module]) -> Iterator[None]:
    """DistributedDataParallel calls the module inside and nothing else: no buffers are sent.

    One rank may look at a model while the others do something else, or wait.
    """
    found = [module for module in modules if _wrapper(module) == _WRAPPERS[_DDP]]
    for module in found:
        vars(module)["_pre_forward"] = lambda *args, **kwargs: (args, kwargs)
        vars(module)["_post_forward"] = lambda output: output
    try:
        yield
    finally:
        for module in found:
            for name in ("_pre_forward", "_post_forward"):
                vars(module).pop(name, None)


# -- what fully_shard was applied to ---------------------------------------------------------------

_FSDP = "torch.distributed.fsdp._fully_shard"
_KEPT_FLAGS = (
    "reduce_grads",
    "all_reduce_grads",
    "reshard_after_backward",
    "reduce_scatter_max_input_buffers",
    "gradient_divide_factor",
    "reduce_scatter_unused_params",
    "force_sum_reduction_for_comms",
    "unshard_async_op",
    "unshard_in_backward",
)
"""What a caller may set on a unit of FSDP after ``fully_shard``, by methods of FSDPModule."""


def is_fsdp(module: nn.Module) -> bool:
    """Whether ``fully_shard`` was applied to ``module`` itself."""
    return any(c.__module__.startswith(_FSDP) for c in type(module).__mro__)


@dataclass(frozen=True, slots=True)
class FsdpParameter:
    """A parameter that FSDP shards: where it is, and what it is when it is whole.

    ``shape`` is that which this rank gathers; ``mesh`` and ``placements`` are those over which it
    is distributed besides (tensor parallelism), None where it is not. ``held`` are the parameters
    that stand for it now and then, ``placement`` is what FSDP shards it by.
    """

    held: tuple[nn.Parameter, ...]
    shape: tuple[int, ...]
    mesh: Any
    placements: Any
    whole_shape: tuple[int, ...]
    placement: Any


@dataclass(frozen=True, slots=True)
class FsdpUnit:
    """What one call of ``fully_shard`` was given, and what was set on its unit afterwards."""

    modules: tuple[nn.Module, ...]
    parameters: tuple[FsdpParameter, ...]
    arguments: Mapping[str, Any]
    flags: tuple[Mapping[str, Any], ...]
    prefetched: tuple[tuple[nn.Module, ...], tuple[nn.Module, ...]]


def fsdp_units(modules: Iterable[nn.Module]) -> list[FsdpUnit]:
    """The units of FSDP among ``modules``, in their order."""
    states = dict.fromkeys(_state(module) for module in modules if is_fsdp(module))
    return [_unit(state) for state in states]


def _state(module: Any) -> Any:
    return module._get_fsdp_state()


def _groups(state: Any) -> list[Any]:
    groups = getattr(state, "_fsdp_param_groups", None)
    if groups is None:
        groups = [state._fsdp_param_group] if state._fsdp_param_group is not None else []
    return list(groups)


def _unit(state: Any) -> FsdpUnit:
    groups = _groups(state)
    several = len(groups) > 1
    found = [_parameter(one, several) for group in groups for one in group.fsdp_params]
    arguments: dict[str, Any] = {"mp_policy": state._mp_policy}
    if groups:
        first = groups[0]
        arguments |= _mesh_arguments(first.mesh_info)
        arguments["offload_policy"] = first.offload_policy
        arguments["reshard_after_forward"] = _resharding(state, first)
    return FsdpUnit(
        tuple(state._modules),
        tuple(found),
        arguments,
        tuple({n: getattr(g, n) for n in _KEPT_FLAGS if hasattr(g, n)} for g in groups),
        (
            tuple(s._modules[0] for s in state._states_to_forward_prefetch),
            tuple(s._modules[0] for s in state._states_to_backward_prefetch),
        ),
    )


def _mesh_arguments(info: Any) -> dict[str, Any]:
    dims = getattr(info, "dp_mesh_dims", None)
    return {"mesh": info.mesh} if dims is None else {"mesh": info.spmd_mesh, "dp_mesh_dims": dims}


def _resharding(state: Any, group: Any) -> bool | int | None:
    """What ``fully_shard`` was told of gathered weights after the forward."""
    if getattr(state, "_auto_reshard_after_forward", False):
        return None
    after = group.post_forward_mesh_info
    if after is None:
        return False
    size = int(after.shard_mesh_size)
    return True if size == group.mesh_info.shard_mesh_size else size


def _parameter(one: Any, several: bool) -> FsdpParameter:
    info = one._module_info
    owners = [(info.module, info.param_name)]
    owners += zip(info.shared_modules, info.shared_param_names, strict=True)
    held = [module.get_parameter(name) for module, name in owners]
    held += [one.sharded_param, getattr(one, "_unsharded_param", None)]
    spec = getattr(one, "_unsharded_dtensor_spec", None) or getattr(one, "_tp_spec", None)
    placement = one.fsdp_placement
    if several:
        from torch.distributed.fsdp._fully_shard._fsdp_common import ShardPlacementResult

        placement = ShardPlacementResult(placement, one.mesh_info)
    return FsdpParameter(
        tuple(p for p in held if p is not None),
        tuple(one._orig_size),
        None if spec is None else spec.mesh,
        None if spec is None else spec.placements,
        tuple(one._orig_size if spec is None else spec.shape),
        placement,
    )


def before_fsdp(module: nn.Module) -> tuple[type[nn.Module], dict[str, Any]]:
    """The class and the attributes that ``module`` has but for what ``fully_shard`` put there."""
    from torch.distributed._composable.contract import REGISTRY_KEY, STATE_KEY

    ours = (STATE_KEY, REGISTRY_KEY)
    kind: Any = type(module)
    kept = {}
    for name, value in vars(module).items():
        if name in ours:
            kept[name] = {key: v for key, v in value.items() if not _of_fsdp(key, v)}
        elif name.endswith("_hooks") and isinstance(value, dict):
            kept[name] = type(value)((key, v) for key, v in value.items() if not _of_fsdp(None, v))
        else:
            kept[name] = value
    return kind.__mro__[kind._orig_cls_mro_index], kept


def _of_fsdp(key: Any, value: Any) -> bool:
    """Whether a hook, or what an API kept on a module under ``key``, is of ``fully_shard``."""
    names = (getattr(one, "__module__", "") or "" for one in (getattr(value, "hook", value), key))
    return key == "fully_shard" or any(name.startswith(_FSDP) for name in names)


def set_fsdp(module: Any, unit: FsdpUnit, twins: Callable[[nn.Module], nn.Module]) -> None:
    """Set on a new unit of FSDP what was set on ``unit``, whose modules have ``twins``."""
    state = _state(module)
    for group, flags in zip(_groups(state), unit.flags, strict=False):
        for name, value in flags.items():
            setattr(group, name, value)
    forward, backward = unit.prefetched
    state._states_to_forward_prefetch = [_state(twins(m)) for m in forward]
    state._states_to_backward_prefetch = [_state(twins(m)) for m in backward]
