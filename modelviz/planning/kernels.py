"""Memory that real kernels take unseen: what they use while they run, and what they keep.

A kernel's shape function knows what it returns, not what it needs besides. Each formula here was
compared with the allocator's own events.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from ..tracing.ragged import numel_of

Formula = Callable[..., int]
_aten = torch.ops.aten

_WORKSPACE: dict[Any, Formula] = {}


def workspace_bytes(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> int:
    """Bytes that a kernel takes while it runs, beyond what it returns."""
    formula = _WORKSPACE.get(func.overloadpacket)
    return 0 if formula is None else formula(*args, **kwargs)


def kept(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any
) -> tuple[int, torch.Tensor] | None:
    """Bytes that a kernel keeps for its backward pass unseen, and as long as which tensor lives."""
    if func is _aten.mkldnn_rnn_layer.default and kwargs.get("train", args[-1]):
        return _reserve(args[0], args[1], int(args[10])), result[3]
    return None


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
        return _depthwise(weight, groups) if output_mask[1] else 0
    of_output, of_weight = _blocked(grad.shape, grad), _size(weight.shape, weight)
    most = 0
    if output_mask[0]:
        of_input, plain = _blocked(x.shape, x), _size(x.shape, x)
        most = max(of_output + of_weight + of_input - plain, of_input) - of_weight
    if output_mask[1]:
        most = max(most, _blocked(x.shape, x, first=True) + of_output)
    return max(most, 0)


def _depthwise(weight: torch.Tensor, groups: int) -> int:
    """The gradient of depthwise weights with channels last, other than of 3 x 3.

    It is summed up as if each channel were a block of 16 x 16.
    """
    alone = groups > 1 and weight.shape[:2] == (groups, 1)
    return 256 * _size(weight.shape, weight) if alone and weight.shape[2:] != (3, 3) else 0


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
    return int(math.prod(shape) * like.element_size())


# -- products in half precision on the CPU ---------------------------------------------------------

_ROWS = 384
_COLUMNS = 256


@_to("mm", "bmm")
def _product(a: torch.Tensor, b: torch.Tensor, *args: Any, **kwargs: Any) -> int:
    """What oneDNN lays out anew for its half-precision tiles: parts of either factor.

    How many rows and columns it takes at once is a choice of its own; these are what was seen.
    """
    if a.dtype not in (torch.bfloat16, torch.float16):
        return 0
    size = a.element_size()
    rows, inner, columns = a.shape[-2], a.shape[-1], b.shape[-1]
    padded = -(-inner // 32) * 32
    second = padded * min(-(-columns // 64) * 64, _COLUMNS) * size
    turned = a.stride(-1) != 1 and a.stride(-2) == 1
    return second + (min(rows, _ROWS) * inner * size if turned else 16_384)


@_to("addmm", "baddbmm")
def _added_product(bias: Any, a: torch.Tensor, b: torch.Tensor, *args: Any, **kwargs: Any) -> int:
    return _product(a, b)


# -- fused layers of inference ---------------------------------------------------------------------


@_to("_transformer_encoder_layer_fwd")
def _encoder_layer(source: torch.Tensor, width: int, *args: Any, **kwargs: Any) -> int:
    """The layer in one kernel: queries, keys and values twice, or what its wide layer gives."""
    x, wide = numel_of(source), int(args[12].shape[0])
    rows = x // width
    return max(5 * x, x + rows * wide) * source.element_size()


@_to("_native_multi_head_attention")
def _fused_attention(query: torch.Tensor, *args: Any, **kwargs: Any) -> int:
    return 5 * query.numel() * query.element_size()


# -- kernels whose way depends on values -----------------------------------------------------------


@_to("linalg_matrix_exp")
def _exponential(matrix: torch.Tensor) -> int:
    """The most that it takes, from a norm of 1.1 on: powers of one matrix, or of a batch.

    ``compute_T18_scale_square`` in ATen/native/LinearAlgebra.cpp; smaller norms take 4 to 9.
    """
    single = math.prod(matrix.shape[:-2]) == 1
    return (12 if single else 10) * _size(matrix.shape, matrix)


# -- recurrent layers on the CPU -------------------------------------------------------------------

_PAGE = 4096


def _reserve(x: torch.Tensor, weight: torch.Tensor, hidden: int) -> int:
    """What oneDNN keeps of one layer in one direction, for x (steps, batch, inputs).

    ``set_offsets`` in oneDNN's src/cpu/rnn/rnn_utils.hpp: the gates, the states of layer and
    iteration with their gradients, each of two layers and one step more, and the hidden states;
    every part on pages of its own.
    """
    steps, batch, inputs = x.shape
    size = x.element_size()
    states = 2 * (steps + 1) * batch * size
    gates = _pages(steps * batch * _leading(weight.shape[0], size) * size)
    wide = _pages(states * _leading(max(inputs, hidden), size))
    return gates + 3 * wide + 2 * _pages(states * hidden) + _pages(steps * batch * hidden * size)


@_to("mkldnn_rnn_layer", "mkldnn_rnn_layer_backward")
def _recurrent(x: torch.Tensor, *args: Any, **kwargs: Any) -> int:
    """Weights in another layout, and the gates of every step, while one layer runs."""
    weight, recurrent = args[0], args[1]
    steps, batch, inputs = x.shape
    hidden, size = int(recurrent.shape[1]), x.element_size()
    gates = int(weight.shape[0])
    trains = isinstance(args[-1], torch.Tensor) or bool(args[-1])
    if trains:
        weights = (inputs + hidden) * _leading(gates, size) * size
        every = _pages(steps * batch * _leading(gates, size) * size)
        return weights + every + 2 * _pages(batch * hidden * size) + _copied(args)
    states = 2 * steps * inputs if inputs > hidden else 9 * hidden
    weights = (inputs + hidden) * gates * size
    return weights + _pages(steps * batch * gates * size) + states * batch * size


def _copied(args: tuple[Any, ...]) -> int:
    """The gradient of a layer's output, which its backward pass wants in one piece."""
    grad = args[9] if isinstance(args[-1], torch.Tensor) else None
    return 0 if grad is None or grad.is_contiguous() else _size(grad.shape, grad)


def _leading(size: int, element: int) -> int:
    """The length of a row in oneDNN: of whole cache lines, and no multiple of 256 (get_good_ld)."""
    line = 64 // element
    length = -(-size // line) * line
    return length + line if length % 256 == 0 else length


def _pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE
