"""What goes into a loss: activated twice, not at all, or in a form that rounds to nothing."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Level, Op
from ..flow import Flow
from ..forms import Form, form_before, form_of
from ..kinds import (
    ADDS,
    COMBINING,
    CONVOLUTIONS,
    LINEAR,
    PICKS,
    PRODUCTS,
    SCALINGS,
    TRANSPARENT,
    TRANSPOSED,
)
from ..losses import ON_LOG_PROBABILITIES, ON_LOGITS, ON_PROBABILITIES, plain_loss_name
from ..rule import Spot, rule
from ..subject import Subject

_LOGARITHMS = frozenset({"log", "log_", "log2", "log10", "log1p"})
_CLAMPS = frozenset({"clamp", "clamp_", "clip", "clip_", "clamp_min", "clamp_max"})
_LEADING = TRANSPARENT | PICKS | _CLAMPS
"""Ops after which what goes into a loss is still what an activation gave."""
_NARROW = {
    # what an activation does to logits that go into a loss
    "relu": "no logit can be below 0",
    "relu6": "logits stay between 0 and 6",
    "softplus": "no logit can be below 0",
    "gelu": "hardly a logit can be below 0",
    "silu": "hardly a logit can be below 0",
    "mish": "hardly a logit can be below 0",
    "hardswish": "hardly a logit can be below 0",
    "elu": "no logit can be below -1",
    "tanh": "logits stay between -1 and 1",
    "hardtanh": "logits stay between -1 and 1",
    "softsign": "logits stay between -1 and 1",
    "hardsigmoid": "logits stay between 0 and 1",
}


@rule("MV401", "log-of-softmax", "warning", "forward")
def log_of_softmax(subject: Subject) -> Iterator[Spot]:
    """``log(softmax(x))`` or ``log(sigmoid(x))``: minus infinity where these round to 0."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in _LOGARITHMS or not op.inputs:
            continue
        guarded = flow.source(op.inputs[0])
        before = form_before(
            flow, op.inputs[0], TRANSPARENT | PICKS | {"add", "clamp", "clamp_min"}
        )
        if before is None or before.name not in ("softmax", "sigmoid"):
            continue
        if before.name == "sigmoid" and (guarded is None or guarded.id != before.op.id):
            continue  # with an eps, or of a picked part
        yield Spot(
            f"the logarithm of a {before.name} loses precision, and is minus infinity where a "
            "probability rounds to 0",
            f"use {'log_softmax' if before.is_softmax else 'logsigmoid'} on what goes into the "
            f"{before.name}",
            op=op.id,
        )


@rule("MV402", "activated-logits", "error", "forward")
def activated_logits(subject: Subject) -> Iterator[Spot]:
    """Softmax into cross entropy, sigmoid into a loss on logits, in the model or with its loss."""
    for loss, tensor, place in losses(subject):
        form = form_before(subject.flow, tensor, _LEADING) or _averaged(subject.flow, tensor)
        if form is not None:
            yield from _misfit(loss, form, place or form.op)


_AVERAGING = COMBINING | {
    "mean", "add", "add_", "radd", "interpolate", "upsample",
    "avg_pool1d", "avg_pool2d", "avg_pool3d",
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d",
}  # fmt: skip
"""Ops after which what was probabilities, all of it, is still made of probabilities."""


def _averaged(flow: Flow, tensor: int) -> Form | None:
    """The softmax or sigmoid whose results a tensor averages, as those of an ensemble."""
    op = flow.source(tensor, _LEADING)
    if op is None:
        return None
    form = form_of(flow, op)
    if form is not None:
        return form if form.name in ("softmax", "sigmoid") else None
    data = flow.data(op)
    scaled = op.name in SCALINGS and len(op.inputs) == 1
    if not data or not (scaled or op.name in _AVERAGING):
        return None
    found = [_averaged(flow, part) for part in data]
    return found[0] if all(part is not None for part in found) else None


def losses(subject: Subject) -> Iterator[tuple[str, int, Op | None]]:
    """Each loss that a tensor goes into, and the op of those that the model computes itself."""
    flow = subject.flow
    for op in subject.graph.ops:
        name = plain_loss_name(op.name)
        if name is not None and (data := flow.data(op)):
            yield name, data[0], op
    if subject.loss is not None:
        for tensor in subject.graph.outputs[:1]:
            yield subject.loss, tensor, None


def _misfit(loss: str, form: Form, place: Op) -> Iterator[Spot]:
    """What is wrong with an activation before a loss."""
    applied, name = ON_LOGITS.get(loss), form.name
    level: Level | None = None
    if applied is not None and name in ("softmax", "sigmoid", "log_softmax", "logsigmoid"):
        if name == "log_softmax" and applied == "softmax":
            # The same again: a loss of a distribution's own logarithms is the same number.
            level = "warning"
        yield Spot(
            f"{name} goes into {loss}, which applies {applied} itself: the gradients become small",
            f"give {loss} the logits, without {name}",
            op=place.id,
            level=level,
        )
    elif applied is not None and name in _NARROW:
        yield Spot(
            f"{name} goes into {loss}, which takes logits: {_NARROW[name]}",
            f"leave out {name} after the last layer",
            op=place.id,
            level="warning",
        )
    elif loss in ON_LOG_PROBABILITIES and name in ("softmax", "sigmoid"):
        yield Spot(
            f"{name} goes into {loss}, which takes logarithms of probabilities",
            "use log_softmax, or cross_entropy on the logits",
            op=place.id,
        )


@rule("MV406", "logits-as-probabilities", "error", "forward")
def logits_as_probabilities(subject: Subject) -> Iterator[Spot]:
    """What a layer gives goes into a loss of probabilities, or of their logarithms, as it is."""
    flow = subject.flow
    for loss, tensor, place in losses(subject):
        logs = loss in ON_LOG_PROBABILITIES
        if not logs and loss not in ON_PROBABILITIES:
            continue
        nearest = flow.source(tensor, TRANSPARENT | PICKS)
        last = flow.source(tensor, TRANSPARENT | PICKS if logs else _LEADING)
        if nearest is None or last is None:
            continue
        cut = nearest.name in _CLAMPS
        form = form_of(flow, last)
        squashed = form is not None and form.name in _NARROW and form.name != "hardsigmoid"
        if not squashed and not _is_layer(flow, last):
            continue
        what = "logarithms of probabilities" if logs else "probabilities, between 0 and 1"
        ready = "log_softmax" if logs else "sigmoid"
        better = "cross_entropy" if logs else "binary_cross_entropy_with_logits"
        if loss in ("kl_div", "ctc_loss"):
            better = ""
        yield Spot(
            f"{loss} takes {what}, and gets what {last.name} gives"
            + (f", cut off by {nearest.name}: beyond that there is no gradient" if cut else ""),
            f"apply {ready} first" + (f", or use {better}" if better else ""),
            op=(place or last).id,
            level="warning" if cut else None,
        )


def _is_layer(flow: Flow, op: Op) -> bool:
    """Whether an op is a layer with weights, or the addition of its bias."""
    if op.name in ADDS and flow.weights(op) and flow.data(op):
        before = flow.source(flow.data(op)[0])
        return before is not None and _is_layer(flow, before)
    layers = LINEAR | CONVOLUTIONS | TRANSPOSED | PRODUCTS
    return op.name in layers and bool(flow.weights(op))
