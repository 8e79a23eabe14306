"""Every private name of torch that modelviz leans on; nothing else imports or names one.

PyTorch may drop or change such a name in any release. ``tests/tracing/test_torch_internals.py``
lists each with what it is used for, and says by name which is gone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch._C import (
    DisableTorchFunction,
    TensorBase,
    _DisableTorchDispatch,
    _is_any_autocast_enabled,
    _jit_get_schemas_for_operator,
    _len_torch_dispatch_stack,
)
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor, maybe_current_level
from torch._ops import OpOverload, OpOverloadPacket
from torch._subclasses import fake_tensor
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorConverter,
    FakeTensorMode,
)
from torch.nn.modules.batchnorm import _NormBase as NormBase
from torch.nn.modules.conv import _ConvNd as ConvNd
from torch.utils._python_dispatch import (
    TorchDispatchMode,
    _disable_current_modes,
    _pop_mode,
    _push_mode,
)

__all__ = [
    "ATTENTION_SWITCHES",
    "FAKE_LOGGER",
    "OWN_CALL",
    "ConvNd",
    "DataDependentOutputException",
    "DisableTorchFunction",
    "DynamicOutputShapeException",
    "FakeTensor",
    "FakeTensorConverter",
    "FakeTensorMode",
    "NormBase",
    "OpOverload",
    "OpOverloadPacket",
    "TensorBase",
    "TorchDispatchMode",
    "as_written",
    "buffers_of",
    "children_of",
    "compiler_imported",
    "disable_current_modes",
    "disable_torch_dispatch",
    "dispatch_modes",
    "get_unwrapped",
    "is_any_autocast_enabled",
    "is_functorch_wrapped_tensor",
    "is_view",
    "maybe_current_level",
    "overload_of",
    "parameters_of",
    "passing_buffers_of",
    "pop_mode",
    "push_mode",
    "schema_of",
    "schemas_of_operator",
    "storage_key",
    "values_followed",
    "wrapped_by_compiler",
]

disable_torch_dispatch = _DisableTorchDispatch
"""A context in which kernels run below every dispatch mode."""
disable_current_modes = _disable_current_modes
"""A context without dispatch modes: kernels run for real."""
pop_mode = _pop_mode
push_mode = _push_mode
dispatch_modes = _len_torch_dispatch_stack
"""How many dispatch modes are active."""
is_any_autocast_enabled = _is_any_autocast_enabled
schemas_of_operator = _jit_get_schemas_for_operator

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


def as_written(module: nn.Module) -> Callable[..., Any]:
    """The call of ``module`` with its hooks, whatever stands in for its ``__call__``."""
    return module._call_impl


def parameters_of(module: nn.Module) -> dict[str, nn.Parameter | None]:
    """The dictionary in which a module holds its own parameters."""
    return module._parameters


def buffers_of(module: nn.Module) -> dict[str, torch.Tensor | None]:
    """The dictionary in which a module holds its own buffers."""
    return module._buffers


def passing_buffers_of(module: nn.Module) -> set[str]:
    """The names of the buffers that ``state_dict`` leaves out."""
    return module._non_persistent_buffers_set


def children_of(module: nn.Module) -> dict[str, nn.Module | None]:
    """The dictionary in which a module holds its children; several names may share one."""
    return module._modules


def wrapped_by_compiler(module: nn.Module) -> nn.Module | None:
    """The module that ``torch.compile`` wrapped into ``module``; None if it did not."""
    # By name: importing the class would import the compiler.
    return module._modules.get("_orig_mod") if type(module).__name__ == "OptimizedModule" else None


def compiler_imported() -> bool:
    """Whether this process has imported PyTorch's compiler, which takes seconds."""
    return "torch._dynamo" in sys.modules


def schema_of(operator: Any) -> Any:
    """The declared arguments and results of an operator; None where there are none."""
    return getattr(operator, "_schema", None)


def overload_of(operator: Any) -> Any:
    """The overload behind a custom operator defined in Python, or ``operator`` itself."""
    return getattr(operator, "_opoverload", operator)


def storage_key(storage: torch.UntypedStorage) -> int:
    """What tells a block of memory from every other one that lives."""
    return int(storage._cdata)


def is_view(tensor: torch.Tensor) -> bool:
    """Whether autograd knows ``tensor`` as a view of another."""
    return tensor._is_view()


@contextmanager
def values_followed(elements: int) -> Iterator[None]:
    """Fake modes follow the values of tensors of up to so many elements, not of numbers only."""
    before = fake_tensor.CONSTANT_NUMEL_LIMIT
    fake_tensor.CONSTANT_NUMEL_LIMIT = elements
    try:
        yield
    finally:
        fake_tensor.CONSTANT_NUMEL_LIMIT = before
