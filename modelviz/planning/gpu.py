"""What PyTorch runs otherwise on a GPU, on tensors that are on the CPU as far as it knows.

Autograd cannot work on tensors of a device that torch was built without, so a step for a GPU runs
on the CPU's shape functions, but for three differences that show in its memory: attention by the
kernels of a GPU, dropout that keeps a mask of bytes, and autocast's list of functions that stay in
float32.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from ..tracing.absent import gpu_attention

# Of torch/csrc and aten/src/ATen/autocast_mode.h: AT_FORALL_FP32 and those that set a dtype,
# which autocast runs in float32 on CUDA and leaves as they are on the CPU.
_SINGLE = frozenset(
    {
        functional.layer_norm,
        functional.group_norm,
        functional.softmax,
        functional.log_softmax,
        functional.softplus,
        functional.cross_entropy,
        functional.nll_loss,
        functional.mse_loss,
        functional.l1_loss,
        functional.smooth_l1_loss,
        functional.kl_div,
        functional.cosine_similarity,
        functional.normalize,
        torch.softmax,
        torch.log_softmax,
        torch.exp,
        torch.pow,
        torch.rsqrt,
        torch.reciprocal,
        torch.log,
        torch.sum,
        torch.cumsum,
        torch.cumprod,
        torch.prod,
        torch.norm,
        torch.cdist,
        torch.layer_norm,
        torch.group_norm,
        torch.Tensor.softmax,
        torch.Tensor.log_softmax,
        torch.Tensor.exp,
        torch.Tensor.pow,
        torch.Tensor.rsqrt,
        torch.Tensor.log,
        torch.Tensor.sum,
        torch.Tensor.cumsum,
        torch.Tensor.prod,
        torch.Tensor.norm,
        torch.Tensor.__pow__,
    }
)
_HALF = (torch.float16, torch.bfloat16)


class GpuKernels(TorchFunctionMode):
    """Inside, functions take the memory that they take on a GPU."""

    def __init__(self, autocast: torch.dtype | None) -> None:
        super().__init__()
        self._autocast = autocast

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func is functional.dropout:
            return _dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention:
            if self._autocast is not None and torch.is_autocast_enabled("cpu"):
                args = tuple(_to(value, self._autocast) for value in args)
            result = gpu_attention(*args, **kwargs)
            if result is not NotImplemented:
                return result
            # Math, which needs no kernel of its own; dropout would keep what softmax gave, too.
            return func(*args, **kwargs)
        if self._autocast and func in _SINGLE and torch.is_autocast_enabled("cpu"):
            args = tuple(_to_single(value) for value in args)
        return func(*args, **kwargs)


def _dropout(
    input: torch.Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> torch.Tensor:
    if not training or p == 0.0 or inplace:
        return functional.dropout(input, p, training, inplace)
    result: torch.Tensor = torch.native_dropout(input, p, True)[0]
    return result


def _to(value: Any, dtype: torch.dtype) -> Any:
    floats = isinstance(value, torch.Tensor) and value.dtype in (torch.float32, *_HALF)
    return value.to(dtype) if floats and value.dtype is not dtype else value


def _to_single(value: Any) -> Any:
    half = isinstance(value, torch.Tensor) and value.dtype in _HALF
    return value.float() if half else value
