"""Kernels that may do much work and have no formula: they are named where they run.

What is counted are the multiply-adds of products of matrices and of what is made of them. What
does a constant number of operations for each element that it reads or writes (pointwise ops,
normalisations, reductions, interpolation) is light, and so are pooling, sorting and sampling, which
add, compare and copy; their time is that of the memory. ``tests/tracing/test_uncounted.py`` holds
every kernel of PyTorch against a formula, this table and the list of what is light.
"""

from __future__ import annotations

_VALUES = "depends on the values"
_UNWRITTEN = "no formula is written for it"
_DYNAMIC = "is dynamic programming over time and target"

_FOURIER = "PyTorch does not count it (about 5 N log2 N operations by the radix-2 algorithm)"

UNCOUNTED: dict[str, str] = {
    "aten._fft_c2c": _FOURIER,
    "aten._fft_r2c": _FOURIER,
    "aten._fft_c2r": _FOURIER,
    "aten.linalg_matrix_exp": f"its degree {_VALUES}",
    "aten.linalg_matrix_sqrth": _UNWRITTEN,
    "aten.linalg_polar": _UNWRITTEN,
    "aten._ctc_loss": f"it {_DYNAMIC}",
    "aten._cudnn_ctc_loss": f"it {_DYNAMIC}",
    "aten.miopen_ctc_loss": f"it {_DYNAMIC}",
    "aten._ctc_loss_backward": f"it {_DYNAMIC}",
    "aten._cdist_backward": _UNWRITTEN,
    "aten._pdist_backward": _UNWRITTEN,
    "aten.conv_tbc_backward": _UNWRITTEN,
    "aten._trilinear_backward": _UNWRITTEN,
    "aten._cudnn_rnn_backward": _UNWRITTEN,
    "aten.miopen_rnn_backward": _UNWRITTEN,
    "aten.lstm_mps_backward": _UNWRITTEN,
    "aten.mkldnn_rnn_layer_backward": _UNWRITTEN,
    "aten.mkldnn_linear_backward": _UNWRITTEN,
    "aten.mkldnn_linear_backward_input": _UNWRITTEN,
    "aten.mkldnn_linear_backward_weights": _UNWRITTEN,
    "aten.linear_backward": _UNWRITTEN,
    "aten._flash_attention_forward_no_dropout_inplace": _UNWRITTEN,
    "aten.convolution_backward_overrideable": _UNWRITTEN,
    "aten.mps_convolution_backward": _UNWRITTEN,
    "aten.mps_convolution_transpose_backward": _UNWRITTEN,
    "aten.matmul_backward": _UNWRITTEN,
    "aten._slow_conv2d_backward": _UNWRITTEN,
    "aten.slow_conv3d_backward": _UNWRITTEN,
    "aten._sparse_mm_reduce_impl_backward": _UNWRITTEN,
    "aten._scaled_dot_product_fused_attention_overrideable_backward": _UNWRITTEN,
    "aten._scaled_dot_product_flash_attention_for_cpu_backward": _UNWRITTEN,
}
"""PyTorch's own kernels whose work grows faster than their data, and why it is not counted."""

LIGHT_NAMESPACES = frozenset(
    {"aten", "prim", "prims", "rngprims", "profiler", "debugprims", "c10d", "_c10d_functional",
     "_c10d_functional_autograd", "_dtensor", "fsdp", "streams", "inductor", "quantized",
     "quantized_decomposed"}
)  # fmt: skip
"""Where ops without a formula move data, communicate, or do a little for each element."""
LIGHT = frozenset(
    {"torchvision.roi_align", "torchvision.roi_pool", "torchvision.ps_roi_align",
     "torchvision.ps_roi_pool", "torchvision._interpolate_bilinear2d_aa",
     "torchvision._interpolate_bicubic2d_aa"}
)  # fmt: skip
"""Ops from elsewhere of which it is known that they are light: they interpolate."""


def reason_uncounted(name: str) -> str | None:
    """Why the work of a kernel without a formula is not known; None where it is light."""
    if name in UNCOUNTED:
        return UNCOUNTED[name]
    namespace, dot, _ = name.partition(".")
    if not dot:
        # The operators that are given functions: what those run is seen by itself.
        return "it is written outside PyTorch" if name.startswith("triton_kernel") else None
    if namespace in LIGHT_NAMESPACES or name in LIGHT:
        return None
    return "it is defined outside PyTorch"
