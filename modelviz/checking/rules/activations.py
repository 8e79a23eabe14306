"""Activations in the wrong place: twice, and in attention without a scale."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from ...graph import Op
from ..flow import Flow
from ..forms import Form, form_before, form_of, forms
from ..kinds import (
    ACTIVATIONS,
    DROPOUTS,
    LINEAR,
    NORMS,
    OTHER_NORMS,
    PICKS,
    POOLS,
    PRODUCTS,
    SCALINGS,
    TRANSPARENT,
)
from ..rule import Spot, rule
from ..subject import Subject


@rule("MV403", "unscaled-attention", "warning", "forward")
def unscaled_attention(subject: Subject) -> Iterator[Spot]:
    """Softmax of a product of queries and keys without a scale."""
    flow = subject.flow
    for op, _ in forms(flow):
        scores = attention_scores(flow, op)
        if scores is None:
            continue
        product, scaled = scores
        width = _inner(flow, product)
        if scaled or width is None or width <= 1:
            continue
        data = flow.data(product)
        if any(_is_scaled(flow, tensor) for tensor in data):
            continue
        # Not every attention is that of transformers: scores of states, or of pixels, may be
        # meant to be plain products.
        projected = all(_projected(flow, tensor) for tensor in data)
        yield Spot(
            f"the products of queries and keys of width {width} go into softmax without a scale: "
            "it saturates, and its gradients vanish",
            f"divide them by {width} ** 0.5, or use scaled_dot_product_attention",
            op=product.id,
            level=None if projected else "info",
        )
    for op in subject.graph.ops:
        plain = op.name == "scaled_dot_product_attention" and flow.argument(op, "scale") == 1
        width = flow.tensor(op.inputs[0]).shape[-1] if plain else 1
        if width > 1 and not any(_is_scaled(flow, tensor) for tensor in op.inputs[:2]):
            yield Spot(
                f"attention with queries of width {width} and scale=1: softmax saturates, and its "
                "gradients vanish",
                f"leave scale out: it is {width} ** -0.5 then",
                op=op.id,
                level="info",
            )


def attention_scores(flow: Flow, op: Op) -> tuple[Op, bool] | None:
    """For a softmax of a product of two activations: that product, and whether it was scaled."""
    form = form_of(flow, op)
    if form is None or form.name != "softmax" or form.dim is None:
        return None
    rank = len(flow.tensor(form.given).shape)
    if rank < 2 or form.dim != rank - 1:
        return None
    scaled = False
    for before in flow.way_back(form.given):
        if before.name in PRODUCTS:
            data = [
                tensor
                for tensor in flow.data(before)
                if flow.from_input[tensor] or _projected(flow, tensor)  # such as learned queries
            ]
            return (before, scaled or before.name == "baddbmm") if len(data) > 1 else None
        if before.flops or before.name in ACTIVATIONS | OTHER_NORMS:
            return None
        scaled |= before.name in SCALINGS
    return None


def _projected(flow: Flow, tensor: int) -> bool:
    """Whether queries or keys come straight from a linear layer."""
    for op in flow.way_back(tensor):
        if op.flops or op.name not in TRANSPARENT | PICKS:
            return op.name in LINEAR | PRODUCTS and bool(flow.weights(op))
    return False


def _inner(flow: Flow, product: Op) -> int | None:
    """The size of the dimension that a product sums over."""
    shapes = [flow.tensor(tensor).shape for tensor in product.inputs[:2]]
    if product.name == "einsum":
        count = math.prod(flow.tensor(product.outputs[0]).shape)
        return product.flops // (2 * count) if count else None
    return shapes[0][-1] if shapes and shapes[0] else None


def _is_scaled(flow: Flow, tensor: int) -> bool:
    """Whether queries or keys were scaled or normalised on their way from the layer."""
    for op in flow.way_back(tensor):
        if op.name in SCALINGS | OTHER_NORMS | NORMS | {"normalize", "rsqrt"}:
            return True
        if op.flops:
            return False
    return False


@rule("MV408", "scaled-twice", "warning", "forward")
def scaled_twice(subject: Subject) -> Iterator[Spot]:
    """Queries were divided by the root of their width, and attention does so again."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name != "scaled_dot_product_attention" or flow.argument(op, "scale") is not None:
            continue
        width = flow.tensor(op.inputs[0]).shape[-1]
        factors = [_factor(flow, tensor) for tensor in op.inputs[:2]]
        if width > 1 and math.isclose(math.prod(factors), width**-0.5, rel_tol=1e-3):
            yield Spot(
                f"scores of width {width} are multiplied by {width} ** -0.5 before "
                "scaled_dot_product_attention, which does so itself: attention is nearly even",
                "leave one of the two out: the factor before it, or the other by scale=1.0",
                op=op.id,
            )


def _factor(flow: Flow, tensor: int) -> float:
    """The constant by which a tensor was multiplied since the last op that computes on it."""
    factor = 1.0
    for op in flow.way_back(tensor):
        if op.flops:
            break
        other = flow.argument(op, "other")
        if op.name in ("mul", "mul_", "div", "div_") and isinstance(other, (int, float)) and other:
            factor *= float(other) if op.name.startswith("mul") else 1 / other
    return factor


_SETTLED = {
    # what an activation gives: what applying these to it again does not change
    "relu": {"relu", "leaky_relu", "prelu", "threshold"},
    "relu6": {"relu", "relu6", "leaky_relu"},
    "sigmoid": {"relu", "relu6", "leaky_relu", "hardtanh"},
    "softmax": {"relu", "relu6", "leaky_relu", "hardtanh"},
    "softplus": {"relu"},
    "tanh": {"hardtanh"},
}
_SQUASHED = {
    "sigmoid": {"sigmoid", "softmax", "tanh", "log_softmax", "hardsigmoid"},
    "softmax": {"softmax", "sigmoid", "log_softmax", "tanh"},
    "log_softmax": {"sigmoid"},  # its softmax is that of what it was given
    "tanh": {"tanh", "sigmoid"},
    "relu": {"sigmoid", "softmax", "log_softmax"},
}
_REPEATED = {"relu", "gelu", "silu", "elu", "selu", "leaky_relu", "mish", "hardswish", "softplus"}
"""Activations of which one after another, the same or not, is one too many."""


@rule("MV502", "repeated-activation", "warning", "forward")
def repeated_activation(subject: Subject) -> Iterator[Spot]:
    """An activation of what has been activated already: to no effect, or squashed."""
    flow = subject.flow
    outputs = set(subject.graph.outputs)
    through = TRANSPARENT | _inactive(subject)
    for op, form in forms(flow):
        before = _activated(flow, form, through)
        if before is None:
            continue
        first, second = before.name, form.name
        if second in _SETTLED.get(first, ()):
            yield Spot(
                f"{second} of what {first} gives changes nothing",
                f"leave {second} out; perhaps another layer was meant to be between",
                op=op.id,
            )
        elif second in _SQUASHED.get(first, ()) or {first, second} <= _REPEATED:
            # Gates and attention scores may well do this; the end of a model does not.
            if (first == "relu" and second not in _REPEATED) and not outputs.intersection(
                op.outputs
            ):
                continue
            yield Spot(
                f"{second} of what {first} gives: the values have been squeezed into a part of "
                "their range already",
                f"leave one of the two out: {first} or {second}",
                op=op.id,
            )


def _activated(flow: Flow, form: Form, through: Collection[str]) -> Form | None:
    """The activation whose result goes into another, be it through a max pooling of a ReLU."""
    before = flow.source(form.given, through)
    if before is not None and before.name in POOLS and "max" in before.name:
        inner = form_before(flow, flow.data(before)[0]) if flow.data(before) else None
        return inner if inner is not None and inner.name == "relu" else None
    return None if before is None else form_of(flow, before)


def _inactive(subject: Subject) -> frozenset[str]:
    """Dropout in evaluation mode hands on what it gets."""
    return frozenset() if subject.graph.modules[0].training else DROPOUTS
