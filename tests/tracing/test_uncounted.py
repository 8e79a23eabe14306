"""Every kernel of PyTorch that may do much work is counted, or named where it runs."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz import trace
from modelviz.tracing.formulas import estimate_of, kernel_formula
from modelviz.tracing.uncounted import UNCOUNTED, reason_uncounted

KEYS = (
    "CPU", "CUDA", "MPS", "Meta", "CompositeExplicitAutograd",
    "CompositeExplicitAutogradNonFunctional", "SparseCPU", "SparseCsrCPU", "QuantizedCPU",
    "MkldnnCPU", "NestedTensorCPU",
)  # fmt: skip

LIGHT: dict[str, str] = {
    "makes a tensor, or changes its layout": r"""
        _?empty\w* zeros\w* ones\w* full\w* new_\w* arange range linspace logspace eye scalar_tensor
        tri[lu]_indices \w+_window fft_r?fftfreq from_file _new_zeros_\w+ _efficientzerotensor
        set_? resize\w* _resize\w* as_strided\w* lift _lazy_clone detach t transpose squeeze
        unsqueeze select slice diagonal unfold
        _unsafe_view _mkldnn_\w+ to_mkldnn mkldnn_reorder\w+ \w*sparse_resize\w*
        _?sparse_\w+_tensor\w* sparse_\w+_tensor _coalesced?_? _to_sparse\w* _to_dense _make_\w+
        _convert_\w+ _cudnn_rnn_flatten_weight _dyn_quant_pack_4bit_weight _spdiags
        _nested_\w+ to_padded_tensor _padded_dense_to_jagged_forward
        _jagged_to_padded_dense_forward _pack_padded_sequence _reshape\w* narrow_copy
        _neg_view_copy values_copy \w+_copy _conj\w* view_as_\w+ complex polar
    """,
    "copies, picks, joins or fills": r"""
        copy\w* _copy_from\w* shallow_copy\w* cat _chunk_cat _?stack block_diag repeat
        repeat_interleave roll rot90
        flip channel_shuffle pixel_\w+ \w+_pad[123]d constant_pad_nd tril_? triu_? diag_embed
        \w+_scatter scatter\w* gather index\w* _index_put\w* _unsafe_index\w* _unsafe_masked\w*
        take put_? masked_\w+ embedding embedding_(renorm|dense) _embedding_bag\w*_backward
        im2col col2im fill zero
        unsafe_split\w* lu_unpack dequantize int_repr _pin_memory sparse_mask
        _sparse_mask_projection _unsafe_split\w* _fill_mem_eff_dropout_mask split\w* unbind\w*
    """,
    "asks a question of shapes or of values": r"""
        _assert\w* _functional_\w+ _linalg_check_errors _print _nnz _dim[IV] dense_dim sparse_dim
        is_\w+ _has_same_storage_numel qscheme q_\w+ _local_scalar_dense equal allclose
        _is_a\w+_true _validate\w+ _make_dep_token _foobar sym_\w+ _test_\w+ hash_tensor
        _cudnn_init_dropout_state
    """,
    "does a constant number of operations for each element": r"""
        _foreach\w+ _fused\w+ _amp_\w+ _add_relu_? addr_? (?!.*ctc)\w+_loss\w*
        binary_cross_entropy\w*
        _?log_softmax _?softmax _\w*softmax\w* log_sigmoid\w* glu\w* hardswish gelu mish
        rrelu\w*
        threshold_? _prelu_kernel native_dropout _masked_scale _fake_quantize\w* fake_quantize\w*
        quantize_\w+ \w*batch_norm\w* native_(layer|group)_norm native_norm _weight_norm_interface
        _thnn_fused_\w+ _transform_bias_rescale_qkv linalg_cross affine_grid_generator
        cudnn_affine_grid_generator floor_divide __\w+__ _cast\w+ _sparse_csr_\w+
    """,
    "adds, multiplies or compares along a dimension": r"""
        sum nansum mean prod std\w* var\w* norm renorm linalg_vector_norm linalg__powsum logsumexp
        amax amin _?aminmax all any argm\w+ max\w* min\w* cum\w+ _cum\w+ _?logcumsumexp
        count_nonzero trace dist _sparse_sum\w* _?segment_reduce _sparse_\w*softmax
        _?adaptive_\w+ mkldnn_\w*pool\w* avg_pool\w+ \w*max_pool\w+ max_unpool\w+
        fractional_max_pool\w+ quantized_max_pool\w+
    """,
    "interpolates between a few neighbours": r"""
        _?upsample_\w+ _?grid_sampler\w* cudnn_grid_sampler\w*
    """,
    "sorts, searches or counts": r"""
        sort topk kthvalue (nan)?median mode _?unique\w* searchsorted bucketize isin bincount
        hist\w*
        _histogram\w+ nonzero\w*
    """,
    "draws random numbers": r"""
        rand\w* normal\w* uniform\w* random\w* bernoulli\w* binomial cauchy\w* exponential\w*
        geometric\w* log_normal\w* multinomial poisson _?standard_gamma\w* _dirichlet_grad
        _sample_dirichlet _philox\w+
    """,
}
"""Patterns of names by what such kernels do."""


def kernels() -> list[tuple[str, Any]]:
    """The kernels of aten that a dispatch mode sees, one overload for each name."""
    schemas = torch._C._jit_get_all_schemas()
    names = {s.name.removeprefix("aten::") for s in schemas if s.name.startswith("aten::")}
    found = []
    for name in sorted(names):
        packet = getattr(torch.ops.aten, name, None)
        overloads = [] if packet is None else [getattr(packet, o) for o in packet.overloads()]
        seen = [o for o in overloads if is_seen(o)]
        if seen:
            found.append((name, seen[0]))
    return found


def is_seen(overload: Any) -> bool:
    has = torch._C._dispatch_has_kernel_for_dispatch_key
    name = overload.name()
    if not torch._C._dispatch_has_kernel(name) or has(name, "CompositeImplicitAutograd"):
        return False
    return any(has(name, key) for key in KEYS)


def is_pointwise(name: str) -> bool:
    packet = getattr(torch.ops.aten, name, None)
    overloads = [] if packet is None else [getattr(packet, o) for o in packet.overloads()]
    return any(torch.Tag.pointwise in overload.tags for overload in overloads)


def is_view(overload: Any) -> bool:
    returns = overload._schema.returns
    return any(r.alias_info is not None and not r.alias_info.is_write for r in returns)


def test_every_kernel_is_counted_named_or_known_to_be_light() -> None:
    every = kernels()
    assert len(every) > 1000
    pattern = re.compile("|".join(one for text in LIGHT.values() for one in text.split()))

    def is_light(name: str) -> bool:
        names = (name, name.removesuffix("_"))
        return any(pattern.fullmatch(n) is not None or is_pointwise(n) for n in names)

    unknown, twice = [], []
    for name, overload in every:
        heavy = (
            kernel_formula(overload) is not None
            or estimate_of(overload) is not None
            or f"aten.{name}" in UNCOUNTED
        )
        light = is_view(overload) or is_light(name) or is_light(forward_of(name))
        if not (heavy or light):
            unknown.append(name)
        if heavy and is_light(name):
            twice.append(name)
    assert unknown == [], "give it a formula, a line in UNCOUNTED, or a pattern in LIGHT"
    assert twice == [], "LIGHT claims what has a formula"


def forward_of(name: str) -> str:
    """What a kernel is the gradient of, which does about as much; else the kernel itself."""
    return re.sub(r"_?(double_)?backward\w*", "", name)


@torch.library.custom_op("modelviz_uncounted::product", mutates_args=())
def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a @ b


@product.register_fake
def _(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a.new_empty(a.shape[0], b.shape[1])


class Call(nn.Module):
    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def forward(self, *args: Any) -> Any:
        return self.function(*args)


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_a_custom_op_is_named_with_its_line_and_the_total_says_at_least(execution: Any) -> None:
    def function(a: Any, b: Any) -> Any:
        return product(product(a @ b, b), b)

    data = [torch.rand(3, 4), torch.rand(4, 4)]
    graph = trace(Call(function), input_data=data, execution=execution)
    (finding,) = graph.findings
    assert finding.code == "MV002" and finding.level == "warning"
    assert "no FLOPs formula for modelviz_uncounted::product: counted as 0" in finding.message
    assert (
        finding.hint is not None and "register_flops('modelviz_uncounted::product'" in finding.hint
    )
    assert finding.file == __file__ and finding.line == function.__code__.co_firstlineno + 1
    assert graph.total_macs == 3 * 4 * 4
    text = str(modelviz.summary(graph, verbose=0))
    assert "Total mult-adds (M): at least 0.00\n" in text
    assert "modelviz_uncounted::product" in text
    assert "at least 96 FLOPs" in modelviz.draw(graph).svg


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_what_depends_on_values_is_named(execution: Any) -> None:
    graph = trace(Call(torch.linalg.matrix_exp), (4, 4), execution=execution)
    (finding,) = graph.findings
    assert "aten::linalg_matrix_exp" in finding.message and "values" in finding.message


def test_what_is_light_is_not_named() -> None:
    def light(x: Any) -> Any:
        x = torch.nn.functional.interpolate(x, scale_factor=2, mode="bicubic")
        x = torch.nn.functional.avg_pool2d(x, 3).softmax(-1).sort().values.cumsum(-1)
        return torch.nn.functional.layer_norm(x, x.shape[-1:]) + torch.rand_like(x)

    for execution in ("fake", "real"):
        graph = trace(Call(light), (1, 2, 6, 6), execution=execution)
        assert graph.findings == () and graph.total_flops == 0
        assert "at least" not in str(modelviz.summary(graph, verbose=0))


def test_reasons() -> None:
    assert reason_uncounted("aten.add") is None
    assert reason_uncounted("torchvision.roi_align") is None
    assert reason_uncounted("torchvision.nms") is not None
    assert reason_uncounted("mylib.mix") is not None
    assert reason_uncounted("triton_kernel_wrapper_mutation") is not None
    assert reason_uncounted("cond") is None
