"""The kind of a layer, which decides its colour: from what it computes, then from its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from ..graph import Op
from .document import Kind

# Ops that say by themselves what a layer is.
_WEIGHTY: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"scaled_dot_product|multi_head_attention|flex_attention|_attention"), "attention"),
    (re.compile(r"^_?(lstm|gru|rnn)"), "recurrent"),
    (re.compile(r"conv"), "convolution"),
    (re.compile(r"^(embedding|embedding_bag)$"), "embedding"),
    (
        re.compile(r"^(linear|bilinear|addmm|mm|matmul|bmm|baddbmm|einsum|mv|dot|_?grouped_mm)$"),
        "linear",
    ),
    (re.compile(r"(batch|layer|group|instance|rms|local_response)_?norm"), "normalisation"),
    (re.compile(r"pool|interpolate|upsample|grid_sample"), "pooling"),
)
_OPS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    *_WEIGHTY,
    (re.compile(r"dropout|^identity$|bernoulli"), "dropout"),
    (
        re.compile(
            r"(relu|elu|gelu|silu|mish|sigmoid|tanh|softmax|softplus|softsign|hardswish|swish"
            r"|threshold|glu|softmin|shrink)"
        ),
        "activation",
    ),
    (re.compile(r"norm(alize)?$|^rsqrt"), "normalisation"),
    (
        re.compile(
            r"view|reshape|permute|transpose|flatten|squeeze|cat|stack|split|chunk|getitem|select"
            r"|expand|repeat|narrow|unbind|contiguous|shuffle|fold|pad|roll|gather|index|slice"
            r"|movedim|swapaxes|swapdims|clone|copy|^to$|^type|tile|flip|scatter|^[tT]$|mT|where"
            r"|masked|detach|concat|stride|setitem|^(float|half|double|int|long|bool|bfloat16)$"
        ),
        "reshape",
    ),
)
_CLASSES: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"attention|attn", re.I), "attention"),
    (re.compile(r"embed", re.I), "embedding"),
    (re.compile(r"norm", re.I), "normalisation"),
    (re.compile(r"drop", re.I), "dropout"),
    (re.compile(r"lstm|gru|rnn", re.I), "recurrent"),
    (re.compile(r"pool|upsample|downsample", re.I), "pooling"),
    (re.compile(r"conv", re.I), "convolution"),
    (re.compile(r"linear|dense$", re.I), "linear"),
    (
        re.compile(r"relu|elu|gelu|silu|mish|sigmoid|tanh|softmax|swish|activation|glu$", re.I),
        "activation",
    ),
    (re.compile(r"flatten|reshape|shuffle|fold|pad|permute", re.I), "reshape"),
    (re.compile(r"identity", re.I), "dropout"),
)
_HEAVY: frozenset[Kind] = frozenset({"convolution", "linear", "recurrent", "attention"})


def op_kind(name: str) -> Kind:
    """The kind of an op, by its name."""
    return _first(_OPS, name) or "arithmetic"


def class_kind(class_name: str) -> Kind | None:
    """The kind of a layer, by the name of its class; None when the name does not say."""
    return _first(_CLASSES, class_name)


def leaf_kind(class_name: str, ops: Iterable[Op]) -> Kind:
    """The kind of a module that calls no other: what its ops are, else what its name says."""
    names = [op.name for op in ops]
    weighty = [kind for kind in (_first(_WEIGHTY, name) for name in names) if kind is not None]
    named = class_kind(class_name)
    for kind in ("attention", "recurrent", "convolution", "embedding", "linear"):
        if kind in weighty and not (kind == "linear" and named in {"attention", "recurrent"}):
            return kind
    if named is not None:
        return named
    if weighty:
        return weighty[0]
    kinds = [op_kind(name) for name in names]
    for kind in ("activation", "arithmetic", "reshape", "dropout"):
        if kind in kinds:
            return kind
    return "other"


def block_kind(class_name: str, inside: Iterable[str], ops: Iterable[Op]) -> Kind:
    """The kind of a module that calls others: attention by name, else the one heavy kind in it.

    ``inside`` are the classes that it calls. A block of several heavy kinds has no colour.
    """
    if _is_attention(class_name):
        return "attention"
    heavy = {kind for op in ops if op.flops and (kind := op_kind(op.name)) in _HEAVY}
    if any(_is_attention(name) for name in inside):
        heavy.add("attention")
    return heavy.pop() if len(heavy) == 1 else "block"


def _is_attention(class_name: str) -> bool:
    """Whether a class is an attention by its name; a block that has one is more than that."""
    name = class_name.lower()
    return ("attention" in name or "attn" in name) and not name.rstrip("0123456789d").endswith(
        ("block", "stage", "stack", "encoder", "decoder", "model")
    )


@lru_cache(4096)
def _first(table: tuple[tuple[re.Pattern[str], Kind], ...], name: str) -> Kind | None:
    return next((kind for pattern, kind in table if pattern.search(name)), None)
