"""Masks of attention that come too late."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Op
from ..flow import Flow
from ..forms import forms
from ..kinds import ADDS, DROPOUTS, PICKS, PRODUCTS, TRANSPARENT
from ..rule import Spot, rule
from ..subject import Subject
from .activations import attention_scores

_FILLS = frozenset({"masked_fill", "masked_fill_", "masked_scatter", "where"})
_PRODUCT_WITH = frozenset({"mul", "mul_", "multiply", "rmul"})
_MAKES_MASKS = frozenset(
    {"tril", "triu", "tril_", "triu_", "eq", "ne", "lt", "le", "gt", "ge", "logical_not"}
    | {"logical_and", "logical_or", "bitwise_not", "invert", "isin", "sequence_mask"}
)
_HANDED = DROPOUTS | {"identity", "contiguous"}
_WORDS = ("mask", "tril", "triu", "causal")


@rule("MV409", "mask-after-softmax", "warning", "forward")
def mask_after_softmax(subject: Subject) -> Iterator[Spot]:
    """Attention is masked after its softmax, so that what is masked has had its share."""
    flow = subject.flow
    for op, _ in forms(flow):
        found = attention_scores(flow, op)
        if found is None or _changed_before(flow, op, found[0]):
            continue
        late = flow.only_reader(op, _HANDED)
        if late is None or not _masks(flow, op, late):
            continue
        after = flow.only_reader(late, _HANDED)
        if after is not None and after.name in PRODUCTS:
            yield Spot(
                f"{late.name} masks attention after the softmax: what is masked has had its share "
                "of the weights, and those that are left do not add up to 1",
                'mask the scores before the softmax: scores.masked_fill(mask, float("-inf"))',
                op=late.id,
            )


def _changed_before(flow: Flow, softmax: Op, product: Op) -> bool:
    """Whether the scores were masked before, or something was added to them, which may mask."""
    for before in flow.way_back(softmax.inputs[0]):
        if before.id == product.id:
            return product.name == "baddbmm"
        if before.name in _FILLS or (before.name in ADDS and len(before.inputs) > 1):
            return True
    return True


def _masks(flow: Flow, softmax: Op, late: Op) -> bool:
    """Whether an op takes a mask over the keys to the weights that a softmax gave."""
    keys = flow.tensor(softmax.outputs[0]).shape[-1]
    if late.name in _FILLS:
        masks = [t for t in late.inputs if flow.tensor(t).dtype == "bool"]
    elif late.name in _PRODUCT_WITH:
        masks = [t for t in late.inputs if _is_mask(flow, t)]
    else:
        return False
    return any(flow.tensor(t).shape[-1:] == (keys,) and keys > 1 for t in masks)


def _is_mask(flow: Flow, tensor: int) -> bool:
    """Whether a tensor holds no more than yes and no, as far as its type, maker and name tell."""
    dtype = flow.tensor(tensor).dtype
    if dtype == "bool" or dtype.startswith(("int", "uint")):
        return True
    held = flow.tensor(flow.root(tensor, TRANSPARENT | PICKS, weights=True))
    maker = flow.producer(held.id)
    if maker is not None:
        # A cast of a mask, of which the way back has passed, or what makes one.
        return held.dtype == "bool" or maker.name in _MAKES_MASKS
    if held.kind == "parameter":
        return False
    name = (held.name or "").rpartition(".")[2].lower()
    return held.dtype == "bool" or any(word in name for word in _WORDS)
