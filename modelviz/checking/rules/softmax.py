"""Softmax over the wrong dimension: the samples, the queries, a single element."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Op
from ..flow import Flow
from ..forms import forms
from ..kinds import DROPOUTS, PRODUCTS
from ..rule import Spot, rule
from ..subject import Subject
from .batches import REDUCTIONS, is_by_time, may_be_time, pools_rows, widened
from .losses import losses


@rule("MV202", "softmax-over-batch", "error", "batch")
def softmax_over_batch(subject: Subject) -> Iterator[Spot]:
    """Softmax over the dimension of the samples."""
    wide, dims = widened(subject)
    if wide is None:
        return
    told: set[int] = set()
    for op, form in forms(wide):
        if form.dim is None or not wide.from_input[form.given]:
            continue
        if form.given in told:
            continue  # the logarithm of one that was told
        shape = wide.tensor(form.given).shape
        if form.dim not in dims[form.given] or len(shape) < 2 or _is_attention(wide, form.given):
            continue
        # Flattened with something else, such as all tokens of all samples, it is no mistake.
        if subject.batches is not None and shape[form.dim] != subject.batches.size:
            continue
        parts = pools_rows(subject)
        unsure = parts or may_be_time(subject)
        told.add(form.given)
        yield Spot(
            f"{form.name} over dimension {form.dim} of {list(shape)}, the dimension of the "
            "samples: the probabilities of one sample depend on the others"
            + (", if dimension 0 of the input is not that of " if unsure else "")
            + ("points, nodes or tokens" if parts else "time" if unsure else ""),
            "take it over the classes: dim=-1",
            op=op.id,
            level="info" if unsure else None,
        )
    if is_by_time(subject):
        yield from _over_second(subject)


def _over_second(subject: Subject) -> Iterator[Spot]:
    """Softmax over dimension 1, which is that of the samples where dimension 0 is time."""
    flow = subject.flow
    lead = flow.tensor(subject.graph.inputs[0]).shape[:2]
    for op, form in forms(flow):
        if form.dim != 1 or not flow.from_input[form.given]:
            continue
        shape = flow.tensor(form.given).shape
        if len(shape) == 3 and shape[:2] == lead and not _is_attention(flow, form.given):
            yield Spot(
                f"{form.name} over dimension 1 of {list(shape)}: the layers before it take "
                "dimension 0 for time, so that this is the dimension of the samples",
                "take it over time, dim=0, or over the classes, dim=-1",
                op=op.id,
                level="warning",
            )


def _is_attention(flow: Flow, scores: int) -> bool:
    """Whether what goes into a softmax is the product of two activations."""
    for before in flow.way_back(scores):
        if before.name in PRODUCTS:
            return len(flow.data(before)) > 1
        if before.flops:
            return False
    return False


@rule("MV208", "softmax-over-queries", "warning", "forward")
def softmax_over_queries(subject: Subject) -> Iterator[Spot]:
    """Softmax of attention scores over another dimension than the one that is summed over after."""
    flow = subject.flow
    for op, form in forms(flow):
        if form.name != "softmax" or form.dim is None:
            continue
        shape = flow.tensor(form.given).shape
        if len(shape) < 3 or form.dim == len(shape) - 1 or not _is_attention(flow, form.given):
            continue
        after = flow.only_reader(op, DROPOUTS | {"identity", "contiguous", "to"})
        if after is not None and _sums_over_last(flow, op, after):
            yield Spot(
                f"softmax over dimension {form.dim} of scores {list(shape)}, and then the sum over "
                "the last: the weights of a query do not add up to 1",
                "take it over the keys, which are summed over: dim=-1",
                op=op.id,
            )


def _sums_over_last(flow: Flow, op: Op, after: Op) -> bool:
    """Whether a product takes the weights that an op gives, and sums over their last dimension."""
    handed = DROPOUTS | {"identity", "contiguous", "to"}
    if after.name in ("matmul", "bmm"):
        return flow.root(after.inputs[0], handed) in op.outputs
    if after.name != "einsum":
        return False
    left, arrow, made = str(flow.argument(after, "equation", "")).replace(" ", "").partition("->")
    terms = left.split(",")
    if not arrow or len(terms) != 2 or "." in left:
        return False
    weights = next((t for t in after.inputs if flow.root(t, handed) in op.outputs), None)
    if weights is None:
        return False
    # An operand that is given twice is there once, so that places do not tell: sizes do.
    others = [tensor for tensor in after.inputs if tensor != weights]
    fits = [
        term
        for term, other in (terms, terms[::-1])
        if others and _fit(flow, {term: weights, other: others[0]})
    ]
    return bool(fits) and all(term[-1] not in made for term in fits)


def _fit(flow: Flow, operands: dict[str, int]) -> bool:
    """Whether tensors have the sizes that the letters of an einsum want, one for each letter."""
    sizes: dict[str, int] = {}
    for term, tensor in operands.items():
        shape = flow.tensor(tensor).shape
        if len(term) != len(shape):
            return False
        for letter, size in zip(term, shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                return False
    return True


@rule("MV203", "softmax-over-one", "error", "forward")
def softmax_over_one(subject: Subject) -> Iterator[Spot]:
    """Softmax over a dimension of size 1, which a layer makes so whatever the input is."""
    flow = subject.flow
    for op, form in forms(flow):
        if form.dim is None:
            continue
        shape = flow.tensor(form.given).shape
        if not shape or shape[form.dim] != 1:
            continue
        maker = flow.source(form.given, _SAME_WIDTH)
        if maker is None or not _makes_one(flow, maker, form.dim, len(shape)):
            continue
        always = "0" if "log" in form.name else "1"
        yield Spot(
            f"{form.name} over dimension {form.dim} of {list(shape)}, which has one element: the "
            f"result is always {always}",
            "use sigmoid for one output, or make the layer before give one output a class",
            op=op.id,
        )
    yield from _loss_of_one(subject)


def _loss_of_one(subject: Subject) -> Iterator[Spot]:
    """Cross entropy of a single class, whose softmax is always 1."""
    flow = subject.flow
    for loss, tensor, place in losses(subject):
        shape = flow.tensor(tensor).shape
        if loss != "cross_entropy" or len(shape) < 2 or shape[1] != 1:
            continue
        maker = flow.source(tensor, _SAME_WIDTH)
        if maker is not None and _makes_one(flow, maker, 1, len(shape)):
            yield Spot(
                f"cross_entropy of an output of shape {list(shape)}, which has one class: the loss "
                "is always 0",
                "use binary_cross_entropy_with_logits, or give an output for each class",
                op=(place or maker).id,
            )


_SAME_WIDTH = frozenset({"identity", "contiguous", "add", "div", "mul", "dropout", "clone"})
"""Ops after which a dimension of 1 is still the one that a layer made."""


def _makes_one(flow: Flow, maker: Op, dim: int, rank: int) -> bool:
    """Whether a layer's own size makes the dimension 1."""
    weights = flow.weights(maker)
    if maker.name in ("linear", "addmm", "matmul"):
        return dim == rank - 1 and bool(weights)
    if maker.name.startswith("conv"):
        return dim == 1 and bool(weights)
    if maker.name.startswith("adaptive_"):
        return dim >= rank - int(maker.name[-2]) and flow.argument(maker, "output_size") in _ONE
    if maker.name in REDUCTIONS and flow.argument(maker, "keepdim") is True:
        over = flow.argument(maker, "dim")
        dims = over if isinstance(over, tuple) else (over,)
        return dim in {place % rank for place in dims if isinstance(place, int)}
    return False


_ONE = (1, (1,), (1, 1), (1, 1, 1))
