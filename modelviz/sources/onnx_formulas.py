"""FLOPs of ONNX's ops, 2 per multiply-add, by the formulas of ``torch.utils.flop_counter``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from ..graph import Shape

UNCOUNTED = frozenset(
    {"Col2Im", "DFT", "DeformConv", "Det", "Einsum", "If", "Loop", "STFT", "Scan", "SequenceMap"}
)
"""Ops that may do multiply-adds, for which there is no formula here."""

OpFormula = Callable[[Sequence[Shape], Shape, Mapping[str, Any]], int]


def _conv(inputs: Sequence[Shape], out: Shape, attributes: Mapping[str, Any]) -> int:
    from torch.utils.flop_counter import conv_flop_count

    return int(conv_flop_count(list(inputs[0]), list(inputs[1]), list(out)))


def _conv_transposed(inputs: Sequence[Shape], out: Shape, attributes: Mapping[str, Any]) -> int:
    from torch.utils.flop_counter import conv_flop_count

    return int(conv_flop_count(list(inputs[0]), list(inputs[1]), list(out), transposed=True))


def _matmul(inputs: Sequence[Shape], out: Shape, attributes: Mapping[str, Any]) -> int:
    """Of each element of the output a dot product over the last dimension of the first factor."""
    return 2 * prod(out) * inputs[0][-1]


def _gemm(inputs: Sequence[Shape], out: Shape, attributes: Mapping[str, Any]) -> int:
    from torch.utils.flop_counter import mm_flop

    a, b = inputs[0], inputs[1]
    a = a[::-1] if attributes.get("transA") else a
    b = b[::-1] if attributes.get("transB") else b
    return int(mm_flop(a, b, out_val=None))


def _recurrent(inputs: Sequence[Shape], out: Shape, attributes: Mapping[str, Any]) -> int:
    """Each step multiplies the input by W and the state by R: (directions, gates·hidden, width)."""
    steps, batch = inputs[0][:2]
    return 2 * steps * batch * (prod(inputs[1]) + prod(inputs[2]))


def _quantized(formula: OpFormula) -> OpFormula:
    """Between the two factors stand the scale and the zero point of the first."""
    return lambda inputs, out, attributes: formula((inputs[0], inputs[3]), out, attributes)


def _attention(inputs: Sequence[Shape], out: Shape, attributes: Mapping[str, Any]) -> int:
    from torch.utils.flop_counter import sdpa_flop_count

    query, key, value = inputs[:3]
    if len(query) != 4:  # the heads are inside the last dimension
        heads, groups = attributes["q_num_heads"], attributes["kv_num_heads"]
        query, key, value = (
            (one[0], count, one[1], one[2] // count)
            for one, count in ((query, heads), (key, groups), (value, groups))
        )
    # Several heads of queries may share one of keys.
    key, value = ((one[0], query[1], *one[2:]) for one in (key, value))
    return int(sdpa_flop_count(query, key, value))


FORMULAS: dict[str, OpFormula] = {
    "Conv": _conv,
    "ConvInteger": _conv,
    "ConvTranspose": _conv_transposed,
    "MatMul": _matmul,
    "MatMulInteger": _matmul,
    "Gemm": _gemm,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Attention": _attention,
    "QLinearConv": _quantized(_conv),
    "QLinearMatMul": _quantized(_matmul),
}
