"""Which real kernels may be asked what they refuse: those that check what they are given.

A kernel that trusts its caller reads or writes where it must not when sizes contradict each other,
or when a tensor has another dtype than its neighbour. So none is asked but those of families whose
public form checks shapes, dtypes and indices itself. The internal ones behind them (oneDNN, cuDNN,
fused recurrent cells, flash attention, FFT plans, packed sequences, all backward ones) never are.
"""

from __future__ import annotations

from typing import Any

import torch

from .torch_internals import schema_of

_POINTWISE = torch.Tag.pointwise
_FAMILIES = """
    mm addmm bmm baddbmm addbmm mv addmv dot vdot addr ger outer _grouped_mm _int_mm
    convolution
    native_layer_norm native_group_norm native_batch_norm _native_batch_norm_legit
    _native_batch_norm_legit_no_training
    _softmax _log_softmax _safe_softmax softmax log_softmax logsumexp
    all any amax amin aminmax argmax argmin max min mean sum prod norm std var std_mean var_mean
    nansum median mode kthvalue count_nonzero cumsum cumprod cummax cummin logcumsumexp
    linalg_vector_norm histc
    cholesky linalg_cholesky_ex linalg_inv_ex linalg_qr linalg_eig linalg_eigvals linalg_matrix_exp
    linalg_solve_triangular _linalg_svd _linalg_eigh _linalg_det _linalg_solve_ex _linalg_slogdet
    embedding index index_put index_select index_add index_copy index_fill index_reduce gather
    scatter scatter_add scatter_reduce take put masked_fill masked_scatter masked_select where
    nonzero bucketize searchsorted
    cat stack repeat flip roll constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d
    replication_pad1d replication_pad2d replication_pad3d tril triu sort topk _unique2
    pixel_shuffle pixel_unshuffle channel_shuffle im2col col2im glu
    avg_pool1d avg_pool2d avg_pool3d max_pool2d_with_indices max_pool3d_with_indices
    adaptive_max_pool2d adaptive_max_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d
    upsample_nearest1d upsample_nearest2d upsample_nearest3d upsample_linear1d upsample_bilinear2d
    upsample_bicubic2d upsample_trilinear3d _upsample_bicubic2d_aa _upsample_bilinear2d_aa
    grid_sampler_2d grid_sampler_3d
    nll_loss_forward nll_loss2d_forward mse_loss smooth_l1_loss huber_loss binary_cross_entropy
    copy _to_copy fill zero arange linspace logspace eye full ones zeros rand randn randint randperm
    normal uniform bernoulli multinomial random exponential dropout native_dropout
    full_like ones_like zeros_like rand_like randn_like randint_like clone lerp addcmul addcdiv
    bitwise_and bitwise_or bitwise_xor bitwise_not floor_divide remainder polar complex
    _cdist_forward _euclidean_dist _linear_cross_entropy_batch_chunked_no_reduction
    hardswish hardsigmoid hardtanh silu mish softplus elu celu selu logit threshold _prelu_kernel
"""
_CHECKED = frozenset(_FAMILIES.split())
# What oneDNN says of a dtype that it has no kernels for.
_ONEDNN = frozenset(
    {torch.float32, torch.bfloat16, torch.float16, torch.int32, torch.int8, torch.uint8}
)


def may_be_asked(function: Any) -> bool:
    """Whether ``function`` checks what it is given, and has dtypes that matter: makes no view."""
    schema = schema_of(function)
    if schema is None or function.namespace not in ("aten", "torch_nn"):
        return False
    if torch.Tag.inplace_view in function.tags:
        return False
    if any(r.alias_info is not None and not r.alias_info.is_write for r in schema.returns):
        return False
    name = schema.name.partition("::")[2]
    if name.startswith("_") or "backward" in name:
        return name in _CHECKED
    return name.rstrip("_") in _CHECKED or _POINTWISE in function.tags


def known_words(function: Any, tensors: list[torch.Tensor]) -> str | None:
    """What a kernel that is not asked says of dtypes that it surely refuses."""
    recurrent = function is torch.ops.aten.mkldnn_rnn_layer.default
    if recurrent and not _ONEDNN.issuperset([tensor.dtype for tensor in tensors]):
        return "get_mkldnn_dtype: unsupported data type"
    return None
