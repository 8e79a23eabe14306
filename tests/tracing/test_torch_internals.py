"""The private names of torch that modelviz leans on: each is there, and each has one user."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
INTERNALS = [
    ROOT / "modelviz" / "tracing" / name
    for name in (
        "torch_internals.py",
        "mode_internals.py",
        "fake_internals.py",
        "distributed_internals.py",
    )
]

USES = {
    "torch._assert": "tell apart an assertion about a value of Python, which is no op",
    "torch._C.DisableTorchFunction": "look at tensors without asking a function mode",
    "torch._C.TensorBase": "the attributes of tensors, which ask something and are no ops",
    "torch._C._DisableTorchDispatch": "make meta tensors below every dispatch mode",
    "torch._C._is_any_autocast_enabled": "under autocast, calls that look the same differ",
    "torch._C._jit_get_schemas_for_operator": "the names of an op's arguments",
    "torch._C._set_throw_on_mutable_data_ptr": "the address of a fake tensor is refused",
    "torch._C._autograd._pop_saved_tensors_default_hooks": "hooks that a forward left open",
    "torch._C._TorchDispatchModeKey": "find the mode that makes fake tensors",
    "torch._C._get_dispatch_mode": "the same",
    "torch._C._len_torch_dispatch_stack": "whether the model entered a dispatch mode itself",
    "torch._C._pop_torch_dispatch_stack": "leave a kernel unseen whose effect is known",
    "torch._C._push_on_torch_dispatch_stack": "the way back from that",
    "torch._C._profiler.ProfilerConfig": "count the allocator's events while a kernel runs",
    "torch._C._profiler.ProfilerState": "the same",
    "torch._C._autograd._disable_profiler_legacy": "the same",
    "torch._C._autograd._enable_profiler_legacy": "the same",
    "torch._C._profiler._ExperimentalConfig": "the same",
    "torch._C._functorch.get_unwrapped": "the tensor below the wrappers of vmap and grad",
    "torch._C._functorch.is_functorch_wrapped_tensor": "whether there are such wrappers",
    "torch._C._functorch.maybe_current_level": "whether the forward is inside vmap or grad",
    "torch._compile._disable_dynamo": "run shape functions without importing the compiler",
    "torch._compile._disable_dynamo().__dynamo_disable": "the same",
    "torch._decomp": "import them before a forward does",
    "torch._library.simple_registry": "run kernels without importing distributed tensors",
    "torch._library.simple_registry.GenericTorchDispatchRuleHolder": "the same",
    "torch._prims_common": "shape functions that import sympy in case a size is a symbol",
    "torch._prims_common.elementwise_dtypes": "one of them",
    "torch._prims_common._is_non_overlapping_and_dense_or_false": "one of them",
    "torch.utils._sympy.functions": "what they import",
    "torch._subclasses.fake_tensor.FakeTensorMode._dispatch_impl": "run it without the compiler",
    "torch._dynamo": "the compiler, which a trace does not need",
    "torch._dynamo.config.fake_tensor_cache_enabled": "what FakeTensorMode asks of it",
    "torch._dynamo.config.fake_tensor_cache_crosscheck_enabled": "what FakeTensorMode asks of it",
    "torch._dynamo.config._custom_ops_profile": "what FakeTensorMode asks of it",
    "torch.Tensor._has_symbolic_sizes_strides": "whether a size is a symbol",
    "torch.Tensor._make_subclass": "make fake tensors without their constructor",
    "torch.Tensor._values": "the elements that a sparse tensor stores",
    "torch.autograd.graph._engine_run_backward": "gradients that a forward takes itself",
    "torch.overrides._get_current_function_mode_stack": "modes around a forward",
    "torch.overrides._pop_mode": "leave functions unwatched for a while",
    "torch.overrides._push_mode": "the way back from that",
    "torch._ops.HigherOrderOperator": "tell cond and its kind from kernels",
    "torch._ops.OpOverload": "tell an operator from a function",
    "torch._ops.OpOverloadPacket": "tell an operator from a function",
    "torch._ops.OpOverload._schema": "what a kernel reads, writes and returns",
    "torch._ops.OpOverload._can_decompose": "take apart what autograd does outside inference mode",
    "torch._subclasses.FakeTensor": "what libraries ask before they look at a value",
    "torch._subclasses.fake_tensor.DataDependentOutputException": "the forward needs a value",
    "torch._subclasses.fake_tensor.DynamicOutputShapeException": "a shape depends on values",
    "torch._subclasses.fake_tensor.FakeTensor": "tensors with a shape and no data",
    "torch._subclasses.fake_tensor.FakeTensorConverter": "fake tensors whose value is known",
    "torch._subclasses.fake_tensor.FakeTensorMode": "run kernels by shapes alone",
    "torch._subclasses.fake_tensor.UnsupportedOperatorException": "there is no fake kernel",
    "torch.nn.modules.module._global_forward_hooks": "take away hooks that a forward left",
    "torch.nn.modules.module._global_forward_pre_hooks": "the same",
    "torch.nn.modules.module._global_backward_hooks": "the same",
    "torch.nn.modules.module._global_backward_pre_hooks": "the same",
    "torch.nn.modules.module._global_buffer_registration_hooks": "the same",
    "torch.nn.modules.module._global_module_registration_hooks": "the same",
    "torch.nn.modules.module._global_parameter_registration_hooks": "the same",
    "torch.nn.modules.batchnorm._NormBase": "propose inputs for normalisations",
    "torch.nn.modules.conv._ConvNd": "propose inputs for convolutions",
    "torch.utils._python_dispatch.TorchDispatchMode": "see each kernel",
    "torch.utils._python_dispatch._get_current_dispatch_mode": "leave one that a forward left open",
    "torch.utils._python_dispatch._disable_current_modes": "compute on data in a fake forward",
    "torch.nn.Module()._compiled_call_impl": "see each call of a module",
    "torch.nn.Module()._call_impl": "call a module as it was written",
    "torch.nn.Module()._parameters": "a module's own parameters",
    "torch.nn.Module()._buffers": "a module's own buffers",
    "torch.nn.Module()._modules": "a module's children, shared ones too",
    "torch.utils._pytree": "what the functions of control flow return",
    "torch.nn.Module()._non_persistent_buffers_set": "which buffers state_dict leaves out",
    "torch.UntypedStorage._cdata": "tell blocks of memory apart",
    "torch._C._current_autograd_node": "what a kernel of a backward pass belongs to",
    "torch._C._storage_Use_Count": "whether autograd may add to a gradient in place",
    "torch.Tensor._use_count": "the same",
    "torch.Tensor._is_view": "tensors that take the long way to a fake tensor",
    "torch._C._get_flash_sdp_enabled": "which attention kernels run",
    "torch._C._get_mem_efficient_sdp_enabled": "which attention kernels run",
    "torch._C._get_math_sdp_enabled": "which attention kernels run",
    "torch._C._get_cudnn_sdp_enabled": "which attention kernels run",
    "torch._C._get_overrideable_sdp_enabled": "which attention kernels run",
    "torch._C._get_math_sdp_allow_fp16_bf16_reduction": "which attention kernels run",
    "torch._C._get_sdp_priority_order": "which attention kernels run",
    "torch._C._get_deterministic_algorithms": "which attention kernels run",
    "torch.utils._python_dispatch.is_traceable_wrapper_subclass": "tensors made of tensors",
    "torch._C._set_grad_enabled": "put the grad mode back",
    "torch._C._is_multithreading_enabled": "put back whether a backward pass uses threads",
    "torch.hub._hub_dir": "put back where torch.hub keeps its files",
    "torch.Tensor._indices": "where the elements of a sparse tensor are",
    "torch._GLOBAL_DEVICE_CONTEXT": "put the default device back",
    "torch._tensor_str": "put back how tensors are printed",
    "torch._tensor_str.PRINT_OPTS": "put back how tensors are printed",
    "torch._C._autograd": "put back how often a tensor was written to",
    "torch._C._autograd._unsafe_set_version_counter": "put that back",
    "torch.Tensor._version": "whether a tensor was written to out of sight",
    "torch.Tensor._backward_hooks": "put the hooks of a tensor back",
    "torch.Tensor._post_accumulate_grad_hooks": "put the hooks of a tensor back",
    "torch.jit.RecursiveScriptModule._c": "the attributes of scripted modules",
    "torch.ScriptMethod._debug_flush_compilation_cache": "run scripts as they are written",
    "torch._C.ScriptModule._get_method": "the same",
    "torch._C.ScriptModule._method_names": "the same",
    "torch.jit.RecursiveScriptModule._concrete_type": "the names of those attributes",
    "torch.nn.Module()._forward_pre_hooks": "initialise lazy modules out of sight",
    "torch.nn.Module()._forward_pre_hooks_with_kwargs": "initialise lazy modules out of sight",
    "torch.nn.LazyLinear._infer_parameters": "initialise lazy modules out of sight",
    "torch.nn.LazyLinear._initialize_hook": "initialise lazy modules out of sight",
    "torch._inductor": "its objects hold no state of a model",
    "torch._subclasses": "its objects hold no state of a model",
    "torch._ops": "its objects hold no state of a model",
    "torch._dynamo.eval_frame.OptimizedModule()._orig_mod": "see through torch.compile",
    "torch.library.CustomOpDef._opoverload": "FLOPs for an op defined in Python",
    "torch._dynamo._trace_wrapped_higher_order_op.TransformGetItemToIndex": "look into score_mod",
    "torch._subclasses.FakeTensorMode()._allow_unsafe_data_ptr_access": "no address of a fake one",
}
_DISTRIBUTED = {
    "": {
        "ProcessGroup": "which group a collective is of",
        "init_process_group": "ranks that are not there",
        "distributed_c10d": "put the process groups of the caller back",
    },
    "distributed_c10d.": {
        "_resolve_process_group": "how many ranks a collective has",
        **dict.fromkeys(
            (
                "_pg_map", "_pg_names", "_pg_group_ranks", "_pg_backend_config", "_tags_to_pg",
                "_pg_to_tag", "_world", "_World", "_group_count", "_backend",
                "_default_pg_init_method", "_update_default_pg", "_unregister_process_group",
            ),
            "put the process groups of the caller back",
        ),
    },
    "tensor.": {
        "_random": "put the random numbers of distributed tensors back",
        "_random._rng_tracker": "put them back",
        "debug._clear_sharding_prop_cache": "let no mesh of a plan be taken for the caller's",
        "_sharding_prop.ShardingPropagator": "leave out what is asked of shapes alone",
        "_sharding_prop.ShardingPropagator._fake_mode_lock": "leave that out",
    },
    "fsdp._fully_shard.": {
        "_fsdp_param": "shard a parameter without making every shard",
        "_fsdp_param._chunk_with_empty": "the same",
        "_fsdp_param_group.FSDPParamGroup": "which module is gathered",
        "_fsdp_param_group.FSDPParamGroup.unshard": "which module is gathered",
        "_fsdp_param_group.FSDPParamGroup.wait_for_unshard": "which module is gathered",
        "_fsdp_param_group.FSDPParamGroup.post_backward": "which module is reduced",
        "_fsdp_param_group.FSDPParamGroup()._module_fqn": "which module is gathered",
        "_fsdp_common.ShardPlacementResult": "shard a copy over the meshes that a model is over",
    },
    "_composable.": {
        "contract.STATE_KEY": "leave out of a copy what fully_shard put on a module",
        "contract.REGISTRY_KEY": "the same",
        "replicate_with_fsdp": "name it where it cannot be followed",
    },
}  # fmt: skip
USES |= {
    f"torch.distributed.{package}{name}": use
    for package, names in _DISTRIBUTED.items()
    for name, use in names.items()
} | {"torch.ScriptObject._type": "tell a process group among the arguments of a kernel"}
_UNITS = "torch.distributed.fsdp._fully_shard._fsdp_"
_OF_UNITS = {
    f"{_UNITS}{name}": "what fully_shard was given, to shard a copy as a model is"
    for name in (
        "param.FSDPParam()._module_info", "param.FSDPParam()._orig_size",
        "state.FSDPState()._auto_reshard_after_forward", "state.FSDPState()._fsdp_param_groups",
        "state.FSDPState()._fsdp_param_group", "state.FSDPState()._modules",
        "state.FSDPState()._mp_policy", "state.FSDPState()._states_to_backward_prefetch",
        "state.FSDPState()._states_to_forward_prefetch",
    )
} | {
    "torch.distributed.fsdp.FSDPModule()._get_fsdp_state": "find them",
    "torch.distributed.fsdp.FSDPModule()._orig_cls_mro_index": "the class that it was before",
}  # fmt: skip
USES |= _OF_UNITS
# Set in the making, or imported with the compiler, which takes seconds: tests of what needs them
# are in ``test_models.py``, ``test_formulas.py`` and ``test_no_compiler.py``.
SEEN_ELSEWHERE = {
    *_OF_UNITS,
    # The function of that name hides the module: seen in ``planning/test_sharded.py``.
    "torch.distributed._composable.contract.STATE_KEY",
    "torch.distributed._composable.contract.REGISTRY_KEY",
    "torch.distributed.fsdp._fully_shard._fsdp_param_group.FSDPParamGroup()._module_fqn",
    "torch._compile._disable_dynamo().__dynamo_disable",
    "torch._dynamo.eval_frame.OptimizedModule()._orig_mod",
    "torch.library.CustomOpDef._opoverload",
    "torch._ops.OpOverload._schema",
    "torch.jit.RecursiveScriptModule._c",
    "torch.jit.RecursiveScriptModule._concrete_type",
    "torch.nn.LazyLinear._initialize_hook",
    "torch._dynamo",
    "torch._inductor",
    "torch._dynamo._trace_wrapped_higher_order_op.TransformGetItemToIndex",
}
# Without these, their part is played by what was there before them.
MAY_BE_MISSING = {
    "torch._library.simple_registry.GenericTorchDispatchRuleHolder",
    "torch._prims_common._is_non_overlapping_and_dense_or_false",
    "torch._dynamo.config._custom_ops_profile",
    "torch._C._get_cudnn_sdp_enabled",
    "torch._C._get_overrideable_sdp_enabled",
    "torch._C._get_math_sdp_allow_fp16_bf16_reduction",
    "torch._C._get_sdp_priority_order",
    "torch._C._storage_Use_Count",
    # Without these, nothing is planned for many devices, which is said.
    "torch.distributed.tensor._sharding_prop.ShardingPropagator._fake_mode_lock",
    "torch.distributed.tensor.debug._clear_sharding_prop_cache",
    "torch.distributed._composable.replicate_with_fsdp",
    "torch.distributed.fsdp._fully_shard._fsdp_common.ShardPlacementResult",
}
# Attributes of objects of torch, by which a file can lean on torch without naming it.
ATTRIBUTES = {name.rpartition(".")[2] for name in USES if "()." in name} | {
    "_can_decompose",
    "_cdata",
    "_has_symbolic_sizes_strides",
    "_is_view",
    "_opoverload",
    "_schema",
}


def found(name: str) -> Any:
    """What a name of ``USES`` stands for. Raises AttributeError or ImportError without it."""
    value: Any = import_module("torch")
    path = "torch"
    for part in name.removeprefix("torch.").split("."):
        path = f"{path}.{part.removesuffix('()')}"
        try:
            value = getattr(value, part.removesuffix("()"))
        except AttributeError:
            value = import_module(path)
        if part.endswith("()"):
            value = value()
    return value


@pytest.mark.parametrize("name", sorted(USES.keys() - SEEN_ELSEWHERE - MAY_BE_MISSING))
def test_torch_still_has(name: str) -> None:
    try:
        found(name)
    except (AttributeError, ImportError):
        pytest.fail(f"{name} is gone from torch; modelviz uses it to: {USES[name]}")


def named(tree: ast.AST) -> Iterator[str]:
    """The names of torch in a file: imported, as a chain of attributes, or in a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield from [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            yield from [alias.name for alias in node.names]
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_private_to_torch(name: str) -> bool:
    if not all(part.isidentifier() for part in name.split(".")):
        return False
    head, *parts = name.split(".")
    if head == "self" or name.startswith("torch.ops."):  # ours; kernels, by the names they show
        return False
    private = any(part.startswith("_") and not part.endswith("__") for part in parts)
    return (head == "torch" and private) or (parts or [head])[-1] in ATTRIBUTES


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("from torch._C import DisableTorchFunction", ["torch._C.DisableTorchFunction"]),
        ("from torch.nn.modules.conv import _ConvNd", ["torch.nn.modules.conv._ConvNd"]),
        ("import torch._dynamo", ["torch._dynamo"]),
        ("torch._C._get_default_device()", ["torch._C", "torch._C._get_default_device"]),
        ("module._parameters", ["module._parameters"]),
        ("vars(module)['_buffers']", ["_buffers"]),
        ("'torch._dynamo' in sys.modules", ["torch._dynamo"]),
        ("torch.nn.Linear.__name__; self._modules", []),
        ("torch.ops.aten._softmax; 'torch is _not_ here'", []),
    ],
)
def test_scan_sees_private_names(code: str, names: list[str]) -> None:
    assert sorted(filter(is_private_to_torch, named(ast.parse(code)))) == names


def test_no_other_file_leans_on_private_names_of_torch() -> None:
    leaning = {
        f"{path.relative_to(ROOT)}: {name}"
        for folder in ("modelviz", "app")
        for path in (ROOT / folder).rglob("*.py")
        if path not in INTERNALS
        for name in filter(is_private_to_torch, named(ast.parse(path.read_text("utf-8"))))
    }
    assert leaning == set()


def test_list_is_complete_and_holds_nothing_else() -> None:
    trees = [ast.parse(path.read_text("utf-8")) for path in INTERNALS]
    tree = ast.Module([node for one in trees for node in one.body], [])
    # ``getattr`` is given the last part alone.
    parts = {name.rpartition(".")[2] for name in named(tree)}
    assert {name for name in USES if name.rpartition(".")[2] not in parts} == set()
    imported = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
        if node.module.startswith("torch")
    }
    public = {"torch.nn"}
    assert imported - USES.keys() == public
    attributes = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_")
    }
    assert attributes - {name.rpartition(".")[2] for name in USES} == {
        "_C",
        "__dict__",
        "__exit__",
        "__module__",
        "__mro__",
        "__name__",
    }
