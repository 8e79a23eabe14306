"""Every private name of torch that modelviz leans on; nothing else imports or names one.

PyTorch may drop or change such a name in any release. ``tests/tracing/test_torch_internals.py``
lists each with what it is used for, and says by name which is gone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from operator import attrgetter
from typing import Any

import torch
import torch._decomp  # of shape functions: a forward that imports it would show that
from torch import _prims_common as prims_common
from torch import nn
from torch._C import (
    DisableTorchFunction,
    TensorBase,
    _jit_get_schemas_for_operator,
)
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor, maybe_current_level
from torch._C._profiler import ProfilerConfig, ProfilerState, _ExperimentalConfig
from torch._compile import _disable_dynamo
from torch._library import simple_registry
from torch._ops import HigherOrderOperator, OpOverload, OpOverloadPacket
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorConverter,
    FakeTensorMode,
    UnsupportedOperatorException,
)
from torch.nn.modules.batchnorm import _NormBase as NormBase
from torch.nn.modules.conv import _ConvNd as ConvNd
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    is_traceable_wrapper_subclass,
)

from .mode_internals import disable_current_modes
from .weak import PROXIES, behind

# What is imported here to be had from here.
__all__ = [
    "ConvNd",
    "DataDependentOutputException",
    "DisableTorchFunction",
    "DynamicOutputShapeException",
    "FakeTensor",
    "FakeTensorConverter",
    "FakeTensorMode",
    "HigherOrderOperator",
    "NormBase",
    "OpOverload",
    "OpOverloadPacket",
    "TensorBase",
    "TorchDispatchMode",
    "UnsupportedOperatorException",
    "get_unwrapped",
    "is_functorch_wrapped_tensor",
    "is_traceable_wrapper_subclass",
    "maybe_current_level",
    "prims_common",
    "pytree",
]

schemas_of_operator = _jit_get_schemas_for_operator


MACHINERY = ("torch._dynamo", "torch._inductor", "torch._subclasses", "torch._C", "torch._ops")
"""Packages whose objects hold nothing of a model."""
DISABLING: dict[str, Any] = vars(sys.modules[_disable_dynamo.__module__])
"""What names mean in wrappers that tell the compiler to leave a function alone, and import it."""

COMPILER = "torch._dynamo"
"""The module whose import takes seconds."""
NOT_COMPILED = "__dynamo_disable"
"""Attribute of a function so wrapped: what to call instead, so that nothing is imported."""
_CACHE = "TORCH_FAKE_TENSOR_DISPATCH_CACHE"
_CROSSCHECK = "TORCH_FAKE_TENSOR_DISPATCH_CACHE_CROSSCHECK"
SETTINGS: dict[str, Callable[[], Any]] = {
    "fake_tensor_cache_enabled": lambda: os.environ.get(_CACHE, "1") == "1",
    "fake_tensor_cache_crosscheck_enabled": lambda: os.environ.get(_CROSSCHECK, "0") == "1",
    "_custom_ops_profile": lambda: None,
}
"""Settings of the compiler that FakeTensorMode looks up, and what they are unless changed."""
DISPATCH = "_dispatch_impl"
"""The method of FakeTensorMode that finds the shape function of a kernel."""
DISTRIBUTED_TENSORS = "torch.distributed.tensor"
DISPATCH_RULES: Any = getattr(simple_registry, "GenericTorchDispatchRuleHolder", None)
"""Finds what was registered to run an operator on a class of tensors."""
DISPATCH_RULES_FIND: Any = getattr(DISPATCH_RULES, "find", None)
SYMPY_USERS = ("elementwise_dtypes", "_is_non_overlapping_and_dense_or_false")
"""Functions of ``prims_common`` that import sympy in case a size is a symbol."""
SOURCES = f"{COMPILER}.source"
"""Names of where tensors come from, which only its messages about symbols tell."""
SYMPY_FUNCTIONS = "torch.utils._sympy.functions"

OWN_CALL = "_compiled_call_impl"
"""Attribute of a module: what its ``__call__`` hands over to, where it is not None."""
FAKE_LOGGER = "torch._subclasses.fake_tensor"
"""Where a failing fake kernel is logged."""

ATTENTION_SWITCHES: tuple[Callable[[], Any], ...] = tuple(
    getattr(torch._C, name)
    for name in (
        "_get_flash_sdp_enabled",
        "_get_mem_efficient_sdp_enabled",
        "_get_cudnn_sdp_enabled",
        "_get_overrideable_sdp_enabled",
        "_get_math_sdp_enabled",
        "_get_math_sdp_allow_fp16_bf16_reduction",
        "_get_sdp_priority_order",
        "_get_deterministic_algorithms",
    )
    # Releases of torch differ in a few of them.
    if hasattr(torch._C, name)
)
"""What decides which kernels attention runs."""


ASSERTION: Callable[..., None] = torch._assert
"""``assert`` as an op, which takes a tensor or a value of Python."""


as_written: Callable[[nn.Module], Callable[..., Any]] = attrgetter("_call_impl")
"""The call of a module with its hooks, whatever stands in for its ``__call__``."""


def parameters_of(module: nn.Module) -> Mapping[str, nn.Parameter | None]:
    """A module's own parameters by name, whatever its attributes are called."""
    # Every walk over a model asks for these.
    own = module.__dict__.get("_parameters")
    return own if type(own) is dict else _held(module, "_parameters", own)


def buffers_of(module: nn.Module) -> Mapping[str, torch.Tensor | None]:
    """A module's own buffers by name, whatever its attributes are called."""
    own = module.__dict__.get("_buffers")
    return own if type(own) is dict else _held(module, "_buffers", own)


def pre_hooks_of(module: nn.Module) -> Mapping[int, Any]:
    """What runs before the forward of a module."""
    return module._forward_pre_hooks


def passing_buffers_of(module: nn.Module) -> set[str]:
    """The names of the buffers that ``state_dict`` leaves out."""
    return module._non_persistent_buffers_set


REGISTERED = frozenset({"_parameters", "_buffers", "_modules"})
"""The attributes in which a module keeps what is registered with it."""


def children_of(module: nn.Module) -> Mapping[str, nn.Module | None]:
    """The modules directly inside one, by name; several names may share one."""
    own = module.__dict__.get("_modules")
    if type(own) is not dict:
        return _held(module, "_modules", own)
    if PROXIES.isdisjoint(map(type, own.values())):
        return own
    return {name: behind(child) for name, child in own.items()}


def _held(module: nn.Module, name: str, own: Any) -> Mapping[str, Any]:
    if isinstance(module, torch.jit.ScriptModule):
        # It keeps them on the side of C++; a frozen one has none.
        return dict(getattr(module, name).items())
    return {} if own is None else own


def wrapped_by_compiler(module: nn.Module) -> nn.Module | None:
    """The module that ``torch.compile`` wrapped into ``module``; None if it did not."""
    # By name: importing the class would import the compiler.
    return module._modules.get("_orig_mod") if type(module).__name__ == "OptimizedModule" else None


def stored_values(tensor: torch.Tensor) -> int:
    """How many values a sparse tensor stores."""
    with disable_current_modes():
        is_coo = tensor.layout is torch.sparse_coo
        return int((tensor._values() if is_coo else tensor.values()).numel())


def item_as_index() -> AbstractContextManager[Any]:
    """Inside, indexing by a tensor of one element asks for no value, as ``flex_attention`` does."""
    # Not at the top: it brings the compiler, which is there when this is needed.
    from torch._dynamo._trace_wrapped_higher_order_op import TransformGetItemToIndex

    return TransformGetItemToIndex()


def compiler_imported() -> bool:
    """Whether this process has imported PyTorch's compiler, which takes seconds."""
    return COMPILER in sys.modules


def has_symbolic_sizes(tensor: torch.Tensor) -> bool:
    """Whether a size or stride of ``tensor`` is a symbol; never for a tensor of a plain trace."""
    return tensor._has_symbolic_sizes_strides


def schema_of(operator: Any) -> Any:
    """The declared arguments and results of an operator; None where there are none."""
    return getattr(operator, "_schema", None)


def is_composite(operator: Any) -> bool:
    """Whether an operator is made of others, as ``aten.matmul`` is."""
    ask = getattr(operator, "_can_decompose", None)
    return ask is not None and bool(ask())


def overload_of(operator: Any) -> Any:
    """The overload behind a custom operator defined in Python, or ``operator`` itself."""
    return getattr(operator, "_opoverload", operator)


storage_key: Callable[[torch.UntypedStorage], int] = attrgetter("_cdata")
"""What tells a block of memory from every other one that lives."""


def is_initialised(module: nn.Module) -> bool:
    """Whether the class of a module has called ``nn.Module.__init__``."""
    own = module.__dict__
    if "_parameters" in own and "_modules" in own:
        return True
    return hasattr(module, "_parameters") and hasattr(module, "_modules")


def is_view(tensor: torch.Tensor) -> bool:
    """Whether autograd knows ``tensor`` as a view of another."""
    return tensor._is_view()


def tensor_facts(tensor: Any) -> tuple[Any, ...]:
    """What shows in no time that nothing of a tensor but its data has changed.

    Its class, how often autograd saw it written to (None where that is not counted), where its data
    is, ``requires_grad``, ``is_leaf``, and which objects are its gradient and its hooks, by ``id``.
    """
    address, version, kind = None, None, type(tensor)
    if kind is nn.Parameter or not isinstance(tensor, FakeTensor):
        try:
            address = tensor.data_ptr()
        except RuntimeError:
            address = None
    try:
        version = tensor._version
    except RuntimeError:
        version = None  # one of inference mode
    leaf = tensor.is_leaf
    return (
        kind,
        version,
        address,
        tensor.requires_grad,
        leaf,
        id(tensor.grad) if leaf or tensor.retains_grad else None,
        id(tensor._backward_hooks),
        id(getattr(tensor, "_post_accumulate_grad_hooks", None)),
    )


def current_node() -> Any:
    """The step of the backward pass that runs, or ran last before its results are added up."""
    return torch._C._current_autograd_node()


def references_to(tensor: torch.Tensor) -> tuple[int, int]:
    """How many references C++ counts to a tensor and to its memory (1 where it does not tell)."""
    count_memory: Any = getattr(torch._C, "_storage_Use_Count", None)  # torch 2.6 lacks it
    memory = 1 if count_memory is None else count_memory(tensor.untyped_storage()._cdata)
    return tensor._use_count(), memory  # type: ignore[attr-defined]


def allocations(run: Callable[[], Any]) -> list[int] | None:
    """Bytes that the CPU's allocator gave (and got back, below 0) during ``run``, in order.

    None where a profiler is at work on this thread already, or there is none of this kind. What
    ``run`` raises passes.
    """
    start = getattr(torch._C._autograd, "_enable_profiler_legacy", None)
    stop: Any = getattr(torch._C._autograd, "_disable_profiler_legacy", None)
    if start is None or stop is None:  # a release may do without
        return None
    settings = _ExperimentalConfig()
    try:
        start(ProfilerConfig(ProfilerState.CPU, False, True, False, False, False, settings))
    except (RuntimeError, TypeError):
        return None
    result = None
    try:
        result = run()
    finally:
        threads = stop()
        del result
    events: list[Any] = [event for thread in threads for event in thread]
    return [int(e.cpu_memory_usage()) for e in events if e.kind() == "memory_alloc"]


def set_version(tensor: torch.Tensor, version: int) -> None:
    """Let autograd think that ``tensor`` was written to ``version`` times."""
    set_counters: Any = torch._C._autograd._unsafe_set_version_counter
    try:
        set_counters((tensor,), (version,))
    except TypeError:  # torch 2.6 takes one
        set_counters(tensor, version)


_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")


def backward_hooks(tensor: torch.Tensor) -> tuple[Any, ...]:
    """The dictionaries of hooks of a tensor, None for each that it has not got."""
    return tuple([getattr(tensor, name, None) for name in _HOOKS])


def set_backward_hooks(tensor: torch.Tensor, hooks: tuple[Any, ...]) -> None:
    """Give a tensor those dictionaries."""
    for name, before in zip(_HOOKS, hooks, strict=True):
        now = getattr(tensor, name, None)
        if now is not before:
            if now is not None:
                now.clear()  # the step that made the tensor has this dictionary, too
            setattr(tensor, name, before)


def hooks_of_all_modules() -> list[dict[Any, Any]]:
    """The dictionaries of hooks that run for every module, to read and to change."""
    named = torch.nn.modules.module
    found: list[Any] = [
        named._global_forward_hooks,
        named._global_forward_pre_hooks,
        named._global_backward_hooks,
        named._global_backward_pre_hooks,
        named._global_buffer_registration_hooks,
        named._global_module_registration_hooks,
        named._global_parameter_registration_hooks,
    ]
    return found


def multithreaded_backward() -> bool:
    """Whether a backward pass may use threads."""
    return torch._C._is_multithreading_enabled()


def hub_directory() -> str | None:
    """What ``torch.hub.set_dir`` was given; None if it was not called."""
    return torch.hub._hub_dir


def set_hub_directory(before: str | None) -> None:
    """Make it be that again."""
    torch.hub._hub_dir = before


_PARTS: dict[Any, tuple[str, ...]] = {
    torch.sparse_coo: ("_values", "_indices"),
    torch.sparse_csr: ("values", "crow_indices", "col_indices"),
    torch.sparse_csc: ("values", "ccol_indices", "row_indices"),
    torch.sparse_bsr: ("values", "crow_indices", "col_indices"),
    torch.sparse_bsc: ("values", "ccol_indices", "row_indices"),
}


def sparse_parts(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """What a sparse tensor consists of; nothing for one of another layout or without data."""
    names = _PARTS.get(tensor.layout, ())
    if not names or isinstance(tensor, FakeTensor) or tensor.is_meta:
        return ()
    return tuple([getattr(tensor, name)() for name in names])


def print_options() -> dict[str, Any]:
    """How tensors are printed, to read and to change."""
    return vars(torch._tensor_str.PRINT_OPTS)


def script_attributes(module: nn.Module) -> dict[str, Any]:
    """Parameters, buffers and plain attributes of a scripted module, as its code sees them."""
    inside: Any = module._c
    concrete = getattr(module, "_concrete_type", None)
    names = {} if concrete is None else dict(concrete.get_attributes())
    dicts: Any = (torch._C.ParameterDict, torch._C.BufferDict)
    for held in dicts:
        names.update(held(inside).items())
    return {name: inside.getattr(name) for name in names if inside.hasattr(name)}


@contextmanager
def as_scripted(module: nn.Module) -> Iterator[None]:
    """Inside, a scripted module runs PyTorch's own kernels, one for each step of its code.

    After a few runs, PyTorch puts fused kernels in their place, which no mode sees. Those of the
    module are let go of: the next runs outside make them anew.
    """
    script: Any = module
    for name in script._c._method_names():
        script._c._get_method(name)._debug_flush_compilation_cache()
    with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]
        yield


def set_script_attribute(module: nn.Module, name: str, value: Any) -> None:
    """Give a scripted module the value of one."""
    inside: Any = module._c
    inside.setattr(name, value)


def on_hold(module: nn.Module) -> None:
    """Keep a lazy module from initialising its parameters when it is called."""
    hook = getattr(module, "_initialize_hook", None)
    if hook is not None:
        module._forward_pre_hooks.pop(hook.id, None)
        module._forward_pre_hooks_with_kwargs.pop(hook.id, None)


def initialise_lazily(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Have a lazy module initialise its parameters for these arguments, as its call would."""
    module._infer_parameters(module, args, kwargs)


@contextmanager
def backward_passes(wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Every pass of autograd's engine is started by what ``wrap`` makes of its starter."""
    starter = torch.autograd.graph._engine_run_backward
    holders: tuple[Any, ...] = (torch.autograd, torch.autograd.graph)
    for holder in holders:
        holder._engine_run_backward = wrap(starter)
    try:
        yield
    finally:
        for holder in holders:
            holder._engine_run_backward = starter
