"""In what a step computes, by the names of PyTorch, Lightning and accelerate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import InputError
from ..unknown import nearest


@dataclass(frozen=True, slots=True)
class Precision:
    """In what a step computes: the dtype of all weights, or that of autocast; None to leave it."""

    name: str
    weights: torch.dtype | None = None
    autocast: torch.dtype | None = None


PRECISIONS = {
    one.name: one
    for one in (
        Precision("float32"),
        Precision("bfloat16", weights=torch.bfloat16),
        Precision("float16", weights=torch.float16),
        Precision("bf16-mixed", autocast=torch.bfloat16),
        Precision("fp16-mixed", autocast=torch.float16),
    )
}

_MEANT = (
    "one of float32 (weights stay as they are), bfloat16, float16 (all weights in it), bf16-mixed, "
    "fp16-mixed (autocast)"
)
_DTYPES = {
    **dict.fromkeys(("32", "fp32", "f32", "float32", "float", "single"), "float32"),
    **dict.fromkeys(("16", "fp16", "f16", "float16", "half"), "float16"),
    **dict.fromkeys(("bf16", "bfloat16"), "bfloat16"),
}
_MIXED = {"bfloat16": "bf16-mixed", "float16": "fp16-mixed"}
_SHORT = ("16", "fp16", "f16", "bf16")
"""What Lightning and accelerate take for autocast, where PyTorch has no such dtype."""
_AUTOCAST = ("mixed", "amp", "autocast")
_ALL_WEIGHTS = ("true", "pure")
_UNCHANGED = ("no", "none", "full")
_FEWER_BITS = re.compile(r"(u?int|nf|mxfp|nvfp|fp|float|w|q)?[1-8](bit|a8|a16)?", re.ASCII)


def precision_named(given: Any, trains: bool) -> Precision:
    """The precision that ``given`` names. Raises InputError.

    ``16``, ``fp16`` and ``bf16`` are autocast in a training step, as Lightning and accelerate take
    them, and the dtype of the weights in an inference.
    """
    if isinstance(given, Precision):
        return given
    text = "" if isinstance(given, bool) else str(given)
    words = [word for word in re.split(r"[^0-9a-z]+", text.lower()) if word not in ("", "torch")]
    name = _name(words, trains)
    if name is None:
        raise InputError(f"precision={given!r}: expected {_MEANT}{_advice(words, given)}")
    return PRECISIONS[name]


def _name(words: list[str], trains: bool) -> str | None:
    if len(words) == 1 and words[0] in _UNCHANGED:
        return "float32"
    dtypes = [word for word in words if word in _DTYPES]
    ways = [word for word in words if word not in _DTYPES]
    if len(dtypes) != 1 or len(ways) > 1:
        return None
    dtype = _DTYPES[dtypes[0]]
    if not ways:
        return _MIXED[dtype] if trains and dtypes[0] in _SHORT else dtype
    if ways[0] in _AUTOCAST:
        return _MIXED.get(dtype)
    return dtype if ways[0] in _ALL_WEIGHTS else None


def _advice(words: list[str], given: Any) -> str:
    """What to give in the place of words that name none."""
    if words and all(word in _AUTOCAST for word in words):
        return ": name its dtype too, 'bf16-mixed' or 'fp16-mixed'"
    if words == ["tf32"]:
        return ": TF32 is how a GPU multiplies float32, which takes the memory of 'float32'"
    if words and words[0] in ("64", "fp64", "float64", "double"):
        return ": for weights in float64 give model.double() and leave out precision="
    if words and _FEWER_BITS.fullmatch(words[0]):
        return ": for weights of fewer bits give the quantized model and leave out precision="
    return nearest(given, (*PRECISIONS, *_DTYPES))
