"""Activations in whatever form they are written: as one op, or out of exponentials and sums."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ..graph import Op
from .flow import Flow
from .kinds import ACTIVATIONS, ADDS, DIVISIONS, TRANSPARENT

_NAMES = {
    "special_softmax": "softmax",
    "special_log_softmax": "log_softmax",
    "special_expit": "sigmoid",
    "expit": "sigmoid",
    "gumbel_softmax": "softmax",
    "log_sigmoid": "logsigmoid",
}
_WRITTEN_OUT = frozenset({"clamp", "clip", "clamp_min", "exp", "log", "sub"})
_NAMED = ACTIVATIONS.union(_NAMES, DIVISIONS)
_ALONE = frozenset({"rdiv", "rtruediv", "reciprocal"})


@dataclass(frozen=True, slots=True)
class Form:
    """An activation: its plain name, the op that ends it, the tensor that goes in.

    ``dim`` is the dimension that a softmax sums over, counted from the front. ``exponential`` is
    the op that takes the exponential where the activation is written out.
    """

    name: str
    op: Op
    given: int
    dim: int | None = None
    exponential: Op | None = None

    @property
    def is_softmax(self) -> bool:
        """Whether it is a softmax, of probabilities or of their logarithms."""
        return self.name in ("softmax", "log_softmax", "softmin")


def form_of(flow: Flow, op: Op) -> Form | None:
    """The activation that an op computes, or is the last step of; None if it is none."""
    if not _may_be(op):
        return None
    if op.id not in flow.forms:  # many rules ask
        flow.forms[op.id] = _find_form(flow, op)
    return flow.forms[op.id]


def _may_be(op: Op) -> bool:
    """Whether an op may be an activation, or the last step of one, by its name."""
    return op.name in _NAMED or op.name.strip("_") in _WRITTEN_OUT


def forms(flow: Flow) -> list[tuple[Op, Form]]:
    """Each op of a graph that computes an activation, and that."""
    if flow.all_forms is None:
        found = [(op, form_of(flow, op)) for op in flow.graph.ops if _may_be(op)]
        flow.all_forms = [(op, form) for op, form in found if form is not None]
    return flow.all_forms


def _find_form(flow: Flow, op: Op) -> Form | None:
    name = _NAMES.get(op.name, op.name.strip("_"))
    data = flow.data(op)
    if not data:
        return None
    if op.name in ACTIVATIONS or op.name in _NAMES:
        dim = softmax_dim(flow, op) if "softm" in name else None
        return Form(name, op, data[0], dim)
    if name in ("clamp", "clip", "clamp_min") and _cuts_at_zero(flow, op):
        return Form("relu", op, data[0])
    if op.name in DIVISIONS:
        return _quotient(flow, op)
    if name in ("exp", "log"):
        before = form_before(flow, data[0])
        if before is not None and before.is_softmax and ("log" in before.name) == (name == "exp"):
            other = "softmax" if name == "exp" else "log_softmax"
            return Form(other, op, before.given, before.dim, before.exponential)
    if name == "sub" and len(op.inputs) == 2:
        total = flow.source(op.inputs[1])
        if total is not None and total.name == "logsumexp" and total.inputs:
            given = op.inputs[0]
            if flow.root(total.inputs[0]) == flow.root(given):
                return Form("log_softmax", op, given, _dim_in(flow, total, given))
    return None


def form_before(flow: Flow, tensor: int, through: Collection[str] = TRANSPARENT) -> Form | None:
    """The activation that a tensor comes from, looking through ops that hand on what they get."""
    op = flow.source(tensor, through)
    return None if op is None else form_of(flow, op)


def _cuts_at_zero(flow: Flow, op: Op) -> bool:
    low, high = flow.argument(op, "min"), flow.argument(op, "max")
    return isinstance(low, (int, float)) and low == 0 and high is None and len(op.inputs) == 1


def _quotient(flow: Flow, op: Op) -> Form | None:
    """``exp(x) / exp(x).sum()``, ``1 / (1 + exp(-x))`` and ``exp(x) / (1 + exp(x))``."""
    divisor = flow.source(op.inputs[-1])
    if divisor is None:
        return None
    eps = divisor if divisor.name in ADDS and len(divisor.inputs) == 1 else None
    inner = flow.source(eps.inputs[0]) if eps is not None else divisor
    if inner is None:
        return None
    if op.name in _ALONE or len(op.inputs) == 1:
        one = eps is not None and inner.name == "exp" and op.name in _ALONE
        return Form("sigmoid", op, inner.inputs[0], None, inner) if one else None
    top = flow.source(op.inputs[0])
    if top is None or top.name != "exp":
        return None
    if inner.id == top.id and eps is not None:
        return Form("sigmoid", op, top.inputs[0], None, top)
    if inner.name == "sum" and inner.inputs:
        summed = flow.source(inner.inputs[0])
        if summed is not None and summed.id == top.id:
            return Form("softmax", op, top.inputs[0], _dim_in(flow, inner, top.inputs[0]), top)
    return None


def _dim_in(flow: Flow, total: Op, given: int) -> int | None:
    """The dimension of ``given`` that a sum is over; None where the sum reads another view."""
    same = flow.tensor(total.inputs[0]).shape == flow.tensor(given).shape
    return _dim(flow, total) if same else None


def _dim(flow: Flow, op: Op) -> int | None:
    """The one dimension that a sum is over, counted from the front."""
    rank = len(flow.tensor(op.inputs[0]).shape)
    dim = flow.argument(op, "dim")
    if isinstance(dim, tuple) and len(dim) == 1:
        dim = dim[0]
    return dim % rank if isinstance(dim, int) and rank else None


def softmax_dim(flow: Flow, op: Op) -> int:
    """The dimension that a softmax op sums over, counted from the front."""
    rank = len(flow.tensor(op.inputs[0]).shape)
    dim = flow.argument(op, "dim")
    if not isinstance(dim, int) or isinstance(dim, bool):
        # What torch.nn.functional takes where none is given.
        return 0 if rank in (0, 1, 3) else 1
    return dim % rank if rank else 0
