"""FLOPs of the kernels that do multiply-adds: PyTorch's own registry, and what it lacks.

A formula takes the kernel's arguments and ``out``, what it returned, and gives FLOPs: 2 per
multiply-add. Only shapes may be used: in a fake forward there is no data.
"""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch.utils.flop_counter import flop_registry

from ..errors import InputError
from . import linear_algebra as linear_algebra  # adds its formulas to the others
from .counting import BUILTIN, ESTIMATES, Formula, counts, estimates
from .packed import is_packed, packed_tensors
from .recipes import RECIPES
from .sparse import product
from .torch_internals import OpOverload, OpOverloadPacket, overload_of
from .uncounted import reason_uncounted

_by_packet: dict[Any, Formula] = {}
_by_function: dict[Any, Formula] = {}


def register_flops(op: Any, formula: Formula | None = None) -> Any:
    """Count ``op`` by ``formula(*args, out=..., **kwargs) -> FLOPs``, 2 per multiply-add.

    ``op`` is ``"namespace::name"``, a ``torch.ops`` op, a ``torch.library.custom_op``, or a
    function that ``torch.overrides`` can see. ``args`` are those of the call (their shapes are
    valid, their data is not), ``out`` is what it returned. Without ``formula`` it is a decorator.
    Raises InputError when ``op`` is none of these.

    >>> modelviz.register_flops("mylib::mix", lambda x, w, out: 2 * out.numel() * x.shape[-1])
    """
    if formula is None:
        return lambda function: register_flops(op, function)
    if not callable(formula):
        raise InputError(
            f"register_flops expects a function of the op's arguments and out=, got {formula!r}"
        )
    RECIPES.clear()
    packet = _packet(op)
    if packet is not None:
        _by_packet[packet] = formula
    elif callable(op) and not isinstance(op, type):
        _by_function[op] = formula
    else:
        raise InputError(
            f"register_flops expects 'namespace::name', a torch.ops op, a custom op or a torch "
            f"function, got {op!r}"
        )
    return formula


def function_formula(function: Any) -> Formula | None:
    """The formula a user gave for a function above the kernels, if any."""
    return _by_function.get(function)


def kernel_formula(overload: Any) -> Formula | None:
    """The formula for a kernel; None when it does no multiply-adds that are counted."""
    packet = getattr(overload, "overloadpacket", overload)
    formula = _by_packet.get(packet) or BUILTIN.get(str(packet))
    if formula is not None:
        return formula
    official = flop_registry.get(packet)
    if official is None:
        return None
    return lambda *args, out, **kwargs: official(*args, out_val=out, **kwargs)


def uncounted(overload: Any) -> str | None:
    """Why the work of a kernel is not counted though it may be heavy; None where it is, or light.

    What PyTorch's own kernels do is known; an op from elsewhere may do anything.
    """
    if kernel_formula(overload) is not None:
        return None
    if estimate_of(overload) is not None:
        return "PyTorch's counter leaves it out"
    return reason_uncounted(str(getattr(overload, "overloadpacket", overload)))


def estimate_of(overload: Any) -> Formula | None:
    """What tells about how many FLOPs a kernel takes that is not counted."""
    return ESTIMATES.get(str(getattr(overload, "overloadpacket", overload)))


def _packet(op: Any) -> Any:
    if isinstance(op, str):
        namespace, separator, name = op.partition("::")
        try:
            return getattr(getattr(torch.ops, namespace), name) if separator else None
        except AttributeError as error:
            raise InputError(
                f"register_flops: there is no op {op!r}; define it before its formula"
            ) from error
    op = overload_of(op)
    if isinstance(op, OpOverload):
        return op.overloadpacket
    return op if isinstance(op, OpOverloadPacket) else None


# -- what PyTorch's registry lacks ------------------------------------------------------------


@counts("aten.mm", "aten.mv", "aten.bmm")
def _mm(a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int | None:
    """(…, m, k) @ (…, k, n) or @ (k,)."""
    return product(a, b)


@counts("aten.addmm", "aten.addmm_", "aten._addmm_activation", "aten.addmv", "aten.addmv_")
@counts("aten.addbmm", "aten.addbmm_", "aten.baddbmm", "aten.baddbmm_")
def _added_mm(bias: Any, a: torch.Tensor, b: torch.Tensor, *args: Any, **kwargs: Any) -> int | None:
    """(…, m, k) @ (…, k, n) or @ (k,), added to a bias."""
    return product(a, b)


@counts("aten.dot", "aten.vdot")
def _dot(a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """(k,) @ (k,)."""
    return 2 * a.numel()


@counts("aten._int_mm", "aten._weight_int8pack_mm", "aten._dyn_quant_matmul_4bit")
@counts("aten._weight_int4pack_mm", "aten._weight_int4pack_mm_for_cpu")
@counts("aten._weight_int4pack_mm_with_scales_and_zeros", "aten._mixed_dtypes_linear")
@counts("quantized.matmul", "quantized.batch_matmul")
@counts("bitsandbytes.gemm_4bit", "bitsandbytes.gemv_4bit")
@counts("bitsandbytes.int8_linear_matmul", "bitsandbytes.int8_scaled_mm")
def _integer_mm(a: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any) -> int:
    """(…, m, k) @ (…, k, n) in integers: k multiply-adds for each element of the output."""
    return 2 * out.numel() * a.shape[-1]


@counts(
    "aten._grouped_mm",
    "aten._scaled_grouped_mm",
    "aten._scaled_grouped_mm_v2",
    "transformers.grouped_mm_fallback",
)
def _grouped_mm(a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Rows of (m, k) split into groups, each times its own (k, n): m * k * n in all.

    Where the groups split the inner dimension, (m, k) @ (k, n) gives one (m, n) for each group
    and each multiply-add is still done once.
    """
    return 2 * a.numel() * b.shape[-1]


@counts("aten._trilinear")
def _trilinear(
    a: torch.Tensor,
    b: torch.Tensor,
    c: torch.Tensor,
    expand1: list[int],
    expand2: list[int],
    expand3: list[int],
    sumdim: list[int],
    *args: Any,
    out: Any,
    **kwargs: Any,
) -> int:
    """``bilinear`` and its backward: two products in a row, each summed where nothing follows.

    Of x1 (n, i), the weight (o, i, j) and x2 (n, j) the first two meet first, n * o * i * j
    multiply-adds, and what is left of them x2, n * o * j more. Each is given dimensions of size 1
    at the places of its ``expand``, as in ATen/native/Linear.cpp.
    """
    first: torch.Size = torch.broadcast_shapes(_with_ones(a, expand1), _with_ones(b, expand2))
    summed = set(sumdim).intersection(expand3)
    left = [1 if place in summed else size for place, size in enumerate(first)]
    second: torch.Size = torch.broadcast_shapes(left, _with_ones(c, expand3))
    return 2 * (prod(first) + prod(second))


def _with_ones(tensor: torch.Tensor, places: list[int]) -> list[int]:
    """The shape of a tensor with dimensions of size 1 at these places."""
    shape = list(tensor.shape)
    for place in sorted(places):
        shape.insert(place, 1)
    return shape


@counts("aten._scaled_dot_product_flash_attention_for_cpu")
@counts("aten._scaled_dot_product_fused_attention_overrideable")
@counts("aten._scaled_dot_product_attention_math_for_mps")
@counts("aten._scaled_dot_product_flash_attention", "aten._scaled_dot_product_cudnn_attention")
@counts("aten._scaled_dot_product_efficient_attention", "aten._triton_scaled_dot_attention")
def _attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """softmax(Q K^T) V for (batch, heads, length, width), masked positions counted too."""
    queries = prod(query.shape[:-1])
    return 2 * queries * key.shape[-2] * (query.shape[-1] + value.shape[-1])


@counts("aten._native_multi_head_attention", "aten._triton_multi_head_attention")
def _native_attention(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, width: int, *a: Any, **kw: Any
) -> int:
    """Four projections of width x width, then attention, for (batch, length, width)."""
    batch, length, _ = query.shape
    other = key.shape[1]
    projections = (2 * length + 2 * other) * width * width
    return 2 * batch * (projections + 2 * length * other * width)


@counts("aten._transformer_encoder_layer_fwd")
def _encoder_layer(
    source: torch.Tensor, width: int, heads: int, *args: Any, out: Any, **kwargs: Any
) -> int:
    """The fused encoder layer: its attention, and two linear layers.

    The hidden width is that of the first tensor of shape (hidden, width) after the norms.
    """
    batch, length, _ = source.shape
    matrices = [a for a in args if isinstance(a, torch.Tensor) and a.dim() == 2]
    hidden = matrices[-1].shape[1] if matrices else 4 * width
    return 2 * batch * length * (4 * width * width + 2 * length * width + 2 * width * hidden)


def _filter_size(packed: Any) -> int:
    weight: torch.Tensor = packed.unpack()[0]
    return prod(weight.shape[1:])


def _recurrent(source: torch.Tensor, weights: list[torch.Tensor], steps: int | None = None) -> int:
    """Each weight matrix is applied once to each element of each time step."""
    matrices = sum(weight.numel() for weight in weights if weight.dim() == 2)
    return 2 * (prod(source.shape[:-1]) if steps is None else steps) * matrices


@counts("aten.mkldnn_rnn_layer")
def _mkldnn_rnn(
    source: torch.Tensor, w0: torch.Tensor, w1: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """One layer and direction: (length, batch, inputs) with (gates, inputs), (gates, hidden)."""
    return _recurrent(source, [w0, w1])


@counts("aten._cudnn_rnn", "aten.miopen_rnn")
def _cudnn_rnn(
    source: torch.Tensor, weight: list[torch.Tensor], *args: Any, out: Any, **kwargs: Any
) -> int:
    """All layers and directions: (length, batch, inputs), or packed (elements, inputs)."""
    return _recurrent(source, list(weight))


@counts("aten._lstm_mps")
@counts("aten.lstm", "aten.gru", "aten.rnn_tanh", "aten.rnn_relu")
def _rnn(source: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """All layers and directions, from ``(input, hx, params, ...)``."""
    weights = next((list(a) for a in args[1:] if isinstance(a, (list, tuple)) and len(a) > 1), [])
    return _recurrent(source, weights)


@counts("aten.quantized_lstm", "aten.quantized_gru", "aten.quantized_rnn_tanh")
@counts("aten.quantized_rnn_relu")
def _quantized_rnn(source: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """All layers and directions, from ``(input, hx, params, ...)`` with packed parameters."""
    cells = next(a for a in args if isinstance(a, (list, tuple)) and a and is_packed(a[0]))
    return _recurrent(source, [tensor for cell in cells for _, tensor in packed_tensors(cell)])


@counts(
    "quantized.linear",
    "quantized.linear_relu",
    "quantized.linear_leaky_relu",
    "quantized.linear_tanh",
    "quantized.linear_dynamic",
    "quantized.linear_relu_dynamic",
    "quantized.linear_dynamic_fp16",
    "quantized.linear_relu_dynamic_fp16",
)
def _quantized_linear(source: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any) -> int:
    """(…, inputs) with packed weights: ``inputs`` multiply-adds an output element."""
    return 2 * out.numel() * source.shape[-1]


@counts(
    "quantized.conv1d",
    "quantized.conv1d_relu",
    "quantized.conv2d",
    "quantized.conv2d_relu",
    "quantized.conv2d_add",
    "quantized.conv2d_add_relu",
    "quantized.conv3d",
    "quantized.conv3d_relu",
    "quantized.conv1d_dynamic",
    "quantized.conv2d_dynamic",
    "quantized.conv3d_dynamic",
)
def _quantized_conv(source: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any) -> int:
    """Each output element takes one multiply-add for each weight of its filter."""
    packed = next(arg for arg in args if is_packed(arg))
    return 2 * out.numel() * _filter_size(packed)


@counts("quantized.conv_transpose1d", "quantized.conv_transpose2d", "quantized.conv_transpose3d")
def _quantized_conv_transpose(
    source: torch.Tensor, packed: Any, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Each input element takes one multiply-add for each weight of its filter."""
    return 2 * source.numel() * _filter_size(packed)


@counts("aten.cudnn_convolution_relu", "aten.cudnn_convolution_add_relu")
@counts("aten.miopen_convolution_relu", "aten.miopen_convolution_add_relu")
@counts("aten.mkldnn_convolution", "aten.thnn_conv2d", "aten._nnpack_spatial_convolution")
@counts("aten.miopen_convolution", "aten.miopen_depthwise_convolution", "aten._mps_convolution")
@counts("torchvision.deform_conv2d")
@counts("aten._conv_depthwise2d", "aten.conv_depthwise3d", "aten.slow_conv_dilated2d")
@counts("aten.slow_conv_dilated3d", "aten.slow_conv3d_forward", "mkldnn._convolution_pointwise")
def _conv(
    source: torch.Tensor, weight: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any
) -> int:
    """Each output element takes one multiply-add for each weight of its filter."""
    return 2 * out.numel() * prod(weight.shape[1:])


@counts("aten.convolution", "aten._convolution", "aten.convolution_overrideable")
def _convolution(
    source: torch.Tensor,
    weight: torch.Tensor,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    *args: Any,
    out: torch.Tensor,
    **kwargs: Any,
) -> int:
    """Any convolution: transposed ones count by their input, the others by their output."""
    return 2 * (source if transposed else out).numel() * prod(weight.shape[1:])


@counts("aten.cudnn_convolution_transpose", "aten.miopen_convolution_transpose")
@counts("aten.slow_conv_transpose2d", "aten.slow_conv_transpose3d")
@counts("aten._mps_convolution_transpose", "mkldnn._convolution_transpose_pointwise")
def _conv_transpose(
    source: torch.Tensor, weight: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """Each input element takes one multiply-add for each weight of its filter."""
    return 2 * source.numel() * prod(weight.shape[1:])


@counts("mkldnn._linear_pointwise", "aten.mkldnn_linear", "aten.linear")
def _linear(
    source: torch.Tensor, weight: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any
) -> int:
    """(…, inputs) with (outputs, inputs)."""
    return 2 * prod(source.shape[:-1]) * weight.numel()


@counts("aten.conv_tbc")
def _conv_tbc(
    source: torch.Tensor, weight: torch.Tensor, *args: Any, out: torch.Tensor, **kwargs: Any
) -> int:
    """(length, batch, inputs) with (width, inputs, outputs)."""
    return 2 * out.numel() * weight.shape[0] * weight.shape[1]


@estimates("aten._cdist_forward", "aten._euclidean_dist")
def _distances(a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Each of (…, m, k) with each of (…, n, k): one term of the sum a coordinate."""
    return 2 * int(out.numel()) * a.shape[-1]


@estimates("aten._pdist_forward")
def _own_distances(a: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """Each pair among n rows of k: one term of the sum a coordinate."""
    return 2 * int(out.numel()) * a.shape[-1]


@counts("aten._embedding_bag", "aten._embedding_bag_forward_only")
def _embedding_bag(
    table: torch.Tensor,
    indices: torch.Tensor,
    offsets: Any,
    scale: Any = False,
    mode: int = 0,
    sparse: Any = False,
    weights: torch.Tensor | None = None,
    *args: Any,
    out: Any,
    **kwargs: Any,
) -> int:
    """A multiply-add for each number of each row that has a weight; sums alone are not counted."""
    return 0 if weights is None else 2 * indices.numel() * table.shape[-1]


@counts("aten._compute_linear_combination")
def _linear_combination(
    source: torch.Tensor, coefficients: torch.Tensor, *args: Any, out: Any, **kwargs: Any
) -> int:
    """(m, …) combined by (p, m)."""
    return 2 * coefficients.shape[0] * source.numel()


@counts("aten._scaled_mm_v2")
def _scaled_mm(a: torch.Tensor, b: torch.Tensor, *args: Any, out: Any, **kwargs: Any) -> int:
    """(m, k) @ (k, n); two 4-bit numbers share a byte, and an element of their dtype."""
    return 2 * a.numel() * b.shape[-1] * (2 if "x2" in str(a.dtype) else 1)
