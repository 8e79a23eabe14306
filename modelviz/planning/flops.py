"""FLOPs of the kernels of a step."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..tracing.formulas import kernel_formula
from ..tracing.ragged import flops_of_parts, is_ragged

_aten = torch.ops.aten


def kernel_flops(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> int:
    """FLOPs of one kernel, 2 per multiply-add; 0 for one that does none that are counted."""
    if func is _aten.convolution_backward.default:
        return _convolution_backward(*args, **kwargs)
    formula = kernel_formula(func)
    if formula is None:
        return 0
    if is_ragged([value for value in args if isinstance(value, torch.Tensor)]):
        return flops_of_parts(formula, args, kwargs, result) or 0
    return int(formula(*args, out=result, **kwargs) or 0)


def _convolution_backward(
    grad: torch.Tensor,
    x: torch.Tensor,
    weight: torch.Tensor,
    bias_sizes: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
    output_mask: Any,
) -> int:
    """For each gradient, of input and of weight, as many as the convolution itself has.

    PyTorch's counter (``conv_backward_flop``) leaves the groups out for the gradient of the weight,
    and counts a depthwise convolution as often again as it has channels.
    """
    many = x if transposed else grad
    each = 2 * math.prod(many.shape) * math.prod(weight.shape[1:])
    return each * (bool(output_mask[0]) + bool(output_mask[1]))
