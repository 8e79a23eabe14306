"""Values of weights that cannot work."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ..kinds import (
    ACTIVATIONS,
    ADDS,
    CONVOLUTIONS,
    DROPOUTS,
    LINEAR,
    PICKS,
    POOLS,
    PRODUCTS,
    TRANSPARENT,
    TRANSPOSED,
)
from ..rule import Spot, rule
from ..subject import Subject

_LAYERS = (
    LINEAR
    | CONVOLUTIONS
    | TRANSPOSED
    | PRODUCTS
    | {"lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell"}
    | {"rnn_relu_cell", "multi_head_attention_forward"}
)
_LARGE, _SMALL = 50.0, 0.01
"""How far from what the fan-in suggests a scale is still sound; a last layer may start small."""
_SMALLEST = 64
"""Fewer values than this have no scale worth naming."""


@rule("MV601", "non-finite-weight", "error", "weights")
def non_finite_weight(subject: Subject) -> Iterator[Spot]:
    """NaN or infinity in a parameter or buffer."""
    assert subject.weights is not None
    for name, figures in subject.weights.items():
        if figures.bad is None or (figures.buffer and figures.bad == "-inf"):
            continue  # minus infinity in a buffer is how masks are written
        if figures.buffer and figures.bad == "inf" and math.prod(figures.shape) == 1:
            continue  # one infinity is where a minimum over all that comes begins
        kind = "buffer" if figures.buffer else "parameter"
        yield Spot(
            f"the {kind} {name} holds {figures.bad}",
            "initialise it, or find the step of training that made it so",
            path=name.rpartition(".")[0],
        )


@rule("MV602", "same-weights", "warning", "forward", "weights")
def same_weights(subject: Subject) -> Iterator[Spot]:
    """All units of a layer start equal, so they stay equal."""
    assert subject.weights is not None
    for name, figures in subject.weights.items():
        if figures.buffer or figures.bad or not figures.equal_units or not _is_layer(subject, name):
            continue
        if figures.zero and not _is_hidden(subject, name):
            continue  # the last layer of a branch starts at zero on purpose
        yield Spot(
            f"all {figures.shape[0]} units of {name} start with the same weights, get the same "
            "gradients, and stay equal",
            "initialise it at random, as nn.init.kaiming_uniform_ does",
            path=name.rpartition(".")[0],
        )


@rule("MV603", "extreme-weights", "warning", "forward", "weights")
def extreme_weights(subject: Subject) -> Iterator[Spot]:
    """A scale two orders of magnitude away from what the fan-in suggests."""
    assert subject.weights is not None
    for name, figures in subject.weights.items():
        if figures.buffer or figures.zero or figures.bad or not _is_layer(subject, name):
            continue
        fan_in = math.prod(figures.shape[1:])
        if math.prod(figures.shape) < _SMALLEST or not fan_in:
            continue
        expected = 1 / math.sqrt(fan_in)
        ratio = figures.std / expected
        if ratio > _LARGE or (ratio < _SMALL and _is_hidden(subject, name)):
            yield Spot(
                f"the weights of {name} have a scale of {figures.std:.2g}, where a fan-in of "
                f"{fan_in} suggests about {expected:.2g}",
                "initialise it with nn.init.kaiming_uniform_ or xavier_uniform_",
                path=name.rpartition(".")[0],
            )


def _is_layer(subject: Subject, name: str) -> bool:
    """Whether a parameter is the matrix or the kernel of a layer."""
    return any(
        op.name in _LAYERS
        and any(w.name == name and len(w.shape) > 1 for w in subject.flow.weights(op))
        for op in subject.weighted_ops
    )


def _is_hidden(subject: Subject, name: str) -> bool:
    """Whether what a layer gives goes, through activations alone, into another layer."""
    flow = subject.flow
    for op in subject.weighted_ops:
        if not any(weight.name == name for weight in flow.weights(op)):
            continue
        after = flow.only_reader(op, _BETWEEN)
        while after is not None and after.name in ADDS and len(flow.data(after)) == 1:
            after = flow.only_reader(after, _BETWEEN)  # its bias
        return after is not None and after.name in _LAYERS
    return False


_BETWEEN = (
    ACTIVATIONS
    | DROPOUTS
    | TRANSPARENT
    | POOLS
    | PICKS
    | {"batch_norm", "layer_norm", "group_norm", "mean", "amax", "adaptive_avg_pool1d"}
    | {"adaptive_avg_pool2d", "adaptive_max_pool2d", "adaptive_avg_pool3d"}
)
