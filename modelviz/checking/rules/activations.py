"""Activations in the wrong place: twice, before a loss that has its own, in attention unscaled."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Op
from ..flow import Flow
from ..kinds import (
    ACTIVATIONS,
    DROPOUTS,
    NORMS,
    OTHER_NORMS,
    POOLS,
    PRODUCTS,
    SCALINGS,
    SOFTMAXES,
    TRANSPARENT,
)
from ..losses import ON_LOG_PROBABILITIES, ON_LOGITS, ON_PROBABILITIES
from ..rule import Spot, rule
from ..subject import Subject
from .batches import softmax_dim

_LOSSES = {
    "cross_entropy",
    "cross_entropy_loss",
    *ON_LOGITS,
    *ON_LOG_PROBABILITIES,
    *ON_PROBABILITIES,
}


@rule("MV401", "log-of-softmax", "warning", "forward")
def log_of_softmax(subject: Subject) -> Iterator[Spot]:
    """``log(softmax(x))``, which is minus infinity where a probability rounds to 0."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in ("log", "log_", "log2", "log10", "log1p") or not op.inputs:
            continue
        before = flow.source(op.inputs[0], TRANSPARENT | {"add", "clamp", "clamp_min"})
        if before is not None and before.name in SOFTMAXES and "log" not in before.name:
            yield Spot(
                "the logarithm of a softmax loses precision, and is minus infinity where a "
                "probability rounds to 0",
                "use log_softmax on what goes into the softmax",
                op=op.id,
            )


@rule("MV402", "activated-logits", "error", "forward")
def activated_logits(subject: Subject) -> Iterator[Spot]:
    """Softmax into cross entropy, sigmoid into a loss on logits, in the model or with its loss."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name in _LOSSES and flow.data(op):
            before = _activation(flow, flow.data(op)[0])
            yield from _misfit(op.name, before, op)
    if subject.loss is None:
        return
    for tensor in subject.graph.outputs[:1]:
        before = _activation(flow, tensor)
        yield from _misfit(subject.loss, before, before)


def _activation(flow: Flow, tensor: int) -> Op | None:
    op = flow.source(tensor)
    return op if op is not None and op.name in ACTIVATIONS else None


def _misfit(loss: str, before: Op | None, place: Op | None) -> Iterator[Spot]:
    """What is wrong with an activation (None: there is none) before a loss."""
    if before is None or place is None:
        return
    applied = ON_LOGITS.get("cross_entropy" if loss == "cross_entropy_loss" else loss)
    name = before.name.strip("_")
    if applied is not None and name in ("softmax", "sigmoid", "log_softmax"):
        level = "warning" if name == "log_softmax" and applied == "softmax" else None
        yield Spot(
            f"{name} goes into {loss}, which applies {applied} itself: the gradients become small",
            f"give {loss} the logits, without {name}",
            op=place.id,
            level=level,  # type: ignore[arg-type]
        )
    elif loss in ON_LOG_PROBABILITIES and name in ("softmax", "sigmoid"):
        yield Spot(
            f"{name} goes into {loss}, which takes logarithms of probabilities",
            "use log_softmax, or cross_entropy on the logits",
            op=place.id,
        )


@rule("MV403", "unscaled-attention", "warning", "forward")
def unscaled_attention(subject: Subject) -> Iterator[Spot]:
    """Softmax of a product of queries and keys without a scale."""
    flow = subject.flow
    for op in subject.graph.ops:
        scores = attention_scores(flow, op)
        if scores is None:
            continue
        product, scaled = scores
        width = _inner(flow, product)
        if scaled or width is None or width <= 1:
            continue
        if any(_is_scaled(flow, tensor) for tensor in flow.data(product)):
            continue
        yield Spot(
            f"the products of queries and keys of width {width} go into softmax without a scale: "
            "it saturates, and its gradients vanish",
            f"divide them by {width} ** 0.5, or use scaled_dot_product_attention",
            op=product.id,
        )


def attention_scores(flow: Flow, op: Op) -> tuple[Op, bool] | None:
    """For a softmax of a product of two activations: that product, and whether it was scaled."""
    if op.name not in ("softmax", "_softmax") or not op.inputs:
        return None
    rank = len(flow.tensor(op.inputs[0]).shape)
    if rank < 2 or softmax_dim(flow, op) != rank - 1:
        return None
    scaled = False
    for before in flow.way_back(op.inputs[0]):
        if before.name in PRODUCTS:
            data = [tensor for tensor in flow.data(before) if flow.from_input[tensor]]
            return (before, scaled or before.name == "baddbmm") if len(data) > 1 else None
        if before.flops or before.name in ACTIVATIONS | OTHER_NORMS:
            return None
        scaled |= before.name in SCALINGS
    return None


def _inner(flow: Flow, product: Op) -> int | None:
    """The size of the dimension that a product sums over."""
    shapes = [flow.tensor(tensor).shape for tensor in product.inputs[:2]]
    if product.name == "einsum":
        made = flow.tensor(product.outputs[0]).bytes and flow.tensor(product.outputs[0])
        count = 1
        for size in made.shape if made else ():
            count *= size
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


_SETTLED = {
    # what an activation gives: what applying these to it again does not change
    "relu": {"relu", "relu_", "leaky_relu", "leaky_relu_", "prelu", "threshold"},
    "relu6": {"relu", "relu_", "relu6", "leaky_relu"},
    "sigmoid": {"relu", "relu_", "relu6", "leaky_relu", "hardtanh"},
    "softmax": {"relu", "relu_", "relu6", "leaky_relu", "hardtanh"},
    "softplus": {"relu", "relu_"},
    "tanh": {"hardtanh"},
}
_SQUASHED = {
    "sigmoid": {"sigmoid", "softmax", "tanh", "log_softmax", "hardsigmoid"},
    "softmax": {"softmax", "sigmoid", "log_softmax", "tanh"},
    "log_softmax": {"softmax", "sigmoid"},
    "tanh": {"tanh", "sigmoid"},
    "relu": {"sigmoid", "log_softmax"},
}
_REPEATED = {"relu", "gelu", "silu", "elu", "selu", "leaky_relu", "mish", "hardswish", "softplus"}


@rule("MV502", "repeated-activation", "warning", "forward")
def repeated_activation(subject: Subject) -> Iterator[Spot]:
    """An activation of what has been activated already: to no effect, or squashed."""
    flow = subject.flow
    outputs = set(subject.graph.outputs)
    for op in subject.graph.ops:
        if op.name not in ACTIVATIONS or not flow.data(op):
            continue
        before = flow.source(flow.data(op)[0], TRANSPARENT | _inactive(subject))
        if before is not None and before.name in POOLS and "max" in before.name:
            before = flow.source(flow.data(before)[0]) if flow.data(before) else None
            if before is not None and before.name.strip("_") != "relu":
                continue
        if before is None or before.name not in ACTIVATIONS:
            continue
        first, second = before.name.strip("_"), op.name.strip("_")
        if op.name in _SETTLED.get(first, ()):
            yield Spot(
                f"{second} of what {first} gives changes nothing",
                f"leave {second} out; perhaps another layer was meant to be between",
                op=op.id,
            )
        elif second in _SQUASHED.get(first, ()) or (first == second and first in _REPEATED):
            # Gates and attention scores may well do this; the end of a model does not.
            if first == "relu" and not outputs.intersection(op.outputs):
                continue
            yield Spot(
                f"{second} of what {first} gives: the values have been squeezed into a part of "
                "their range already",
                f"leave one of the two out: {first} or {second}",
                op=op.id,
            )


def _inactive(subject: Subject) -> frozenset[str]:
    """Dropout in evaluation mode hands on what it gets."""
    return frozenset() if subject.graph.modules[0].training else DROPOUTS
