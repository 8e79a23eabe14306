"""FLOPs by PyTorch's own counter, with nothing fused, as the yardstick for every other count."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from .zoo import Sample

aten = torch.ops.aten


def reference_flops(sample: Sample, seed: int = 0) -> int:
    """FLOPs of one forward: FlopCounterMode, attention as plain matrix products.

    Kernels that FlopCounterMode leaves at zero are counted by formulas written here from what
    the kernel computes: recurrent layers, matrix times vector, dot products, bilinear layers,
    grouped matrix products.
    """
    counter = FlopCounterMode(display=False, custom_mapping=_missing_formulas())
    # FlopCounterMode follows modules by gradient hooks, which parameters as inputs break.
    with _frozen(sample.module), unfused(), torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        with counter:
            sample.forward()
    return int(counter.get_total_flops())


@contextmanager
def unfused() -> Iterator[None]:
    """Attention as matrix products, no fused encoder layer, for the time of the block."""
    fast_path = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)


@contextmanager
def _frozen(module: nn.Module) -> Iterator[None]:
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    for parameter in trainable:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in trainable:
            parameter.requires_grad_(True)


def _missing_formulas() -> dict[Any, Any]:
    formulas: dict[Any, Any] = {
        aten.mv: lambda matrix, *a, **k: 2 * matrix[0] * matrix[1],
        aten.addmv: lambda bias, matrix, *a, **k: 2 * matrix[0] * matrix[1],
        aten.dot: lambda left, *a, **k: 2 * left[0],
        aten.vdot: lambda left, *a, **k: 2 * left[0],
        aten.addbmm: lambda bias, a, b, *r, **k: 2 * a[0] * a[1] * a[2] * b[2],
        aten.mkldnn_rnn_layer: _recurrent_layer,
        aten._trilinear: _bilinear,
        aten._grouped_mm: _grouped,
    }
    fallback = getattr(torch.ops.transformers, "grouped_mm_fallback", None)
    if fallback is not None:
        formulas[fallback] = _grouped
    return formulas


def _recurrent_layer(x: Any, w_ih: Any, w_hh: Any, *args: Any, **kwargs: Any) -> int:
    """Input (steps, batch, inputs); each step multiplies by (gates, inputs) and (gates, hidden)."""
    steps, batch, _ = x
    return int(2 * steps * batch * (w_ih[0] * w_ih[1] + w_hh[0] * w_hh[1]))


def _bilinear(x1: Any, weight: Any, x2: Any, *args: Any, **kwargs: Any) -> int:
    """Inputs x1 (n, i), weight (o, i, j), x2 (n, j): W x1 first, its product with x2 then."""
    n, i = x1[0], x1[-1]
    o, j = weight[0], weight[-1]
    return int(2 * n * o * i * j + 2 * n * o * j)


def _grouped(rows: Any, weights: Any, *args: Any, **kwargs: Any) -> int:
    """Groups of rows, (m, k) in all, weights (groups, k, n): every row meets one (k, n)."""
    m, k = rows
    return int(2 * m * k * weights[-1])
