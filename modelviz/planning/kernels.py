"""Memory that real kernels take unseen: what they use while they run, and what they keep.

A kernel's shape function knows what it returns, not what it needs besides. Each formula here was
compared with the allocator's own events.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

Formula = Callable[..., int]
_aten = torch.ops.aten

_WORKSPACE: dict[Any, Formula] = {}
_KEPT: dict[Any, Formula] = {}


def workspace_bytes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """Bytes that a kernel takes while it runs, beyond what it returns."""
    formula = _WORKSPACE.get(func.overloadpacket)
    return 0 if formula is None else formula(*args, **kwargs)


def kept_bytes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> int:
    """Bytes that a kernel keeps for its backward pass and that its shape function leaves out."""
    formula = _KEPT.get(func.overloadpacket)
    return 0 if formula is None else formula(*args, result=result, **kwargs)


# -- convolutions on the CPU -----------------------------------------------------------------------


def _to(*names: str) -> Callable[[Formula], Formula]:
    def add(formula: Formula) -> Formula:
        for name in names:
            _WORKSPACE[getattr(_aten, name)] = formula
        return formula

    return add


@_to("convolution")
def _convolution(
    x: torch.Tensor,
    weight: torch.Tensor,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> int:
    """A convolution of plain tensors: oneDNN's copies in blocks of channels, or the columns."""
    shape = _output_shape(x, weight, stride, padding, dilation, transposed, output_padding, groups)
    if not _by_onednn(x, weight, stride, dilation, transposed, groups):
        return _columns(x, weight, stride, padding, shape)
    if not _is_plain(x, weight):
        return 0
    output = _size(shape, x)
    before = _blocked(x.shape, x, first=True) + _size(weight.shape, weight)
    after = _blocked(shape, x)
    return max(before + after - output, after)


@_to("convolution_backward")
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
    """The same for its gradients: of the input first, then of the weight."""
    if not _by_onednn(x, weight, stride, dilation, transposed, groups):
        return _columns(x, weight, stride, padding, grad.shape)
    if not _is_plain(x, weight):
        return 0
    of_output, of_weight = _blocked(grad.shape, grad), _size(weight.shape, weight)
    most = 0
    if output_mask[0]:
        of_input, plain = _blocked(x.shape, x), _size(x.shape, x)
        most = max(of_output + of_weight + of_input - plain, of_input) - of_weight
    if output_mask[1]:
        most = max(most, _blocked(x.shape, x, first=True) + of_output)
    return max(most, 0)


def _by_onednn(
    x: torch.Tensor, weight: torch.Tensor, stride: Any, dilation: Any, transposed: bool, groups: int
) -> bool:
    """Whether oneDNN computes it: ``ConvParams::use_mkldnn`` in ATen/native/Convolution.cpp."""
    if not torch.backends.mkldnn.is_available() or not torch.backends.mkldnn.enabled:
        return False
    if x.dtype in (torch.bfloat16, torch.float16):
        return True
    if x.dtype is not torch.float32:
        return False
    kernel = weight.shape[2:]
    usual = any(s != 1 for s in stride) or any(d != 1 for d in dilation) or x.shape[0] >= 16
    usual = usual or any(k != 1 for k in kernel[-2:]) or torch.get_num_threads() > 1
    large = x.shape[0] > 1 or x.shape[:4].numel() > 20480 or all(k > 3 for k in kernel[-2:])
    return usual and (groups > 1 or large)


def _is_plain(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """Whether channels are not last, where oneDNN works on the tensors as they are."""
    last = torch.channels_last if x.dim() == 4 else torch.channels_last_3d
    if x.dim() not in (4, 5):
        return True
    return not any(
        t.is_contiguous(memory_format=last) and not t.is_contiguous() for t in (x, weight)
    )


def _blocked(shape: Any, like: torch.Tensor, first: bool = False) -> int:
    """Bytes of a tensor whose channels come in blocks, as many as fill a vector register.

    The input of a ``first`` layer, of up to three channels, is taken as it is.
    """
    if first and shape[1] <= 3:
        return 0
    block = 16 if "AVX512" in torch.backends.cpu.get_cpu_capability() else 8
    channels = -(-shape[1] // block) * block
    return _size((shape[0], channels, *shape[2:]), like)


def _columns(x: torch.Tensor, weight: torch.Tensor, stride: Any, padding: Any, shape: Any) -> int:
    """The patches of an input as columns: ``slow_conv2d`` in ATen/native/ConvolutionMM2d.cpp."""
    kernel = weight.shape[2:]
    plain = all(k == 1 for k in kernel) and all(s == 1 for s in stride)
    if plain and all(p == 0 for p in padding):
        return 0
    return _size((shape[0], x.shape[1], *kernel, *shape[2:]), x)


def _output_shape(
    x: torch.Tensor,
    weight: torch.Tensor,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    output_padding: Any,
    groups: int,
) -> tuple[int, ...]:
    kernel = weight.shape[2:]
    sizes = []
    for i, size in enumerate(x.shape[2:]):
        at = min(i, len(stride) - 1)
        reach = dilation[at] * (kernel[i] - 1) + 1
        if transposed:
            sizes.append((size - 1) * stride[at] - 2 * padding[at] + reach + output_padding[at])
        else:
            sizes.append((size + 2 * padding[at] - reach) // stride[at] + 1)
    channels = weight.shape[1] * groups if transposed else weight.shape[0]
    return (x.shape[0], channels, *sizes)


def _size(shape: Any, like: torch.Tensor) -> int:
    return math.prod(shape) * like.element_size()
