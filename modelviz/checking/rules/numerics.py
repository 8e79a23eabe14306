"""Divisions, roots and logarithms of what may be zero; precision that jumps."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Op
from ..flow import Flow
from ..forms import form_of
from ..kinds import (
    ACTIVATIONS,
    ADDS,
    CONVOLUTIONS,
    DIVISIONS,
    GUARDS,
    LINEAR,
    NORMS,
    PICKS,
    POSITIVE,
    PRODUCTS,
    TRANSPARENT,
    TRANSPOSED,
)
from ..rule import Spot, rule
from ..subject import Subject

_SPREADS = frozenset({"std", "var", "std_mean", "var_mean"})
_EXTREMES = frozenset({"max", "amax", "min", "amin"})
_MAY_BE_ZERO = (
    NORMS
    | _SPREADS
    | {
        "sum",
        "mean",
        "abs",
        "square",
        "relu",
        "relu_",
        "count_nonzero",
        "cdist",
        "pairwise_distance",
    }
)
_MAY_BE_NEGATIVE = LINEAR | CONVOLUTIONS | TRANSPOSED | {"tanh", "layer_norm", "batch_norm"}
_LOGARITHMS = frozenset({"log", "log2", "log10", "log_"})
_POWERS = frozenset({"pow", "pow_"})
_ROOTS = frozenset({"sqrt", "sqrt_", "rsqrt"})
_ARCS = frozenset({"acos", "asin", "arccos", "arcsin", "acos_", "asin_"})
_REPAIRS = frozenset(
    {"nan_to_num", "nan_to_num_", "where", "masked_fill", "masked_fill_", "isinf", "isnan",
     "isfinite", "set_item", "setitem", "index_put_"}
)  # fmt: skip
"""Ops that look for what a division by zero gives, and put something else there."""
_WIDTH = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


@rule("MV404", "unguarded-division", "warning", "forward")
def unguarded_division(subject: Subject) -> Iterator[Spot]:
    """A division by, or a logarithm or root of, what can be zero, without eps or clamp."""
    flow = subject.flow
    for op in subject.graph.ops:
        power = _power(flow, op) if op.name in _POWERS else 1.0
        divides = op.name in DIVISIONS or power < 0 or op.name == "rsqrt"
        bends = op.name in _LOGARITHMS or op.name in _ROOTS or power == 0.5
        if not (divides or bends or op.name in _ARCS) or not op.inputs or _is_repaired(flow, op):
            continue
        if divides:
            yield from _division(flow, op, power)
        elif bends:
            yield from _function(flow, op)
        else:
            yield from _arc(flow, op)


def _power(flow: Flow, op: Op) -> float:
    """The exponent of a power; 1 where it is none that is known."""
    exponent = flow.argument(op, "exponent")
    return exponent if isinstance(exponent, (int, float)) else 1.0


def _is_repaired(flow: Flow, op: Op) -> bool:
    """Whether what is infinite or nan is looked for right after."""
    return any(
        flow.graph.ops[reader].name in _REPAIRS for t in op.outputs for reader in flow.readers[t]
    )


def _division(flow: Flow, op: Op, power: float) -> Iterator[Spot]:
    alone = op.name in ("rdiv", "rtruediv", "reciprocal", "rsqrt") or power < 0
    if not (alone or len(op.inputs) == 2):
        return
    found = _zero(flow, op.inputs[-1], dividing=True)
    if found is not None:
        yield Spot(
            f"a division by {_named(found)}, which can be zero: the result is then infinite or nan",
            "add a small eps, or use clamp(min=eps) or torch.nn.functional.normalize",
            op=op.id,
        )


def _function(flow: Flow, op: Op) -> Iterator[Spot]:
    root = op.name not in _LOGARITHMS
    found = _zero(flow, op.inputs[0])
    if found is None:
        yield from _negative(flow, op)
        return
    if root and found.name in ("relu", "relu_", "abs"):
        return
    after = flow.only_reader(op, TRANSPARENT)
    if after is not None and after.name in DIVISIONS:
        divisor = flow.root(after.inputs[-1])
        if divisor in op.outputs and any(_division(flow, after, 1.0)):
            return  # that tells of it
    if root and after is not None and after.name in ADDS | GUARDS and found.name not in _SPREADS:
        return
    what = "gradient is infinite" if root else "result is minus infinity"
    yield Spot(
        f"{op.name} of {_named(found)}, which can be zero: the {what} there",
        "add a small eps first, or use clamp(min=eps)",
        op=op.id,
    )


def _negative(flow: Flow, op: Op) -> Iterator[Spot]:
    """A root or a logarithm of what a layer gives, which may be below zero."""
    found = flow.source(op.inputs[0])
    if found is not None and found.name in _MAY_BE_NEGATIVE and flow.from_input[op.inputs[0]]:
        yield Spot(
            f"{op.name} of what {found.name} gives, which can be negative: the result is nan there",
            "make it positive first, with softplus or exp",
            op=op.id,
        )


_COSINES = PRODUCTS | {"cosine_similarity", "sum", "normalize", "div"}


def _arc(flow: Flow, op: Op) -> Iterator[Spot]:
    """An angle of a cosine, at whose ends the gradient is infinite."""
    found = flow.source(op.inputs[0], TRANSPARENT | PICKS)
    if found is not None and found.name in _COSINES and flow.from_input[op.inputs[0]]:
        yield Spot(
            f"{op.name} of a cosine, which can be 1 or, by rounding, more: the gradient is "
            "infinite there, or the result is nan",
            "clamp it to (-1 + eps, 1 - eps), or use torch.atan2",
            op=op.id,
        )


@rule("MV407", "overflowing-exponential", "warning", "forward")
def overflowing_exponential(subject: Subject) -> Iterator[Spot]:
    """A softmax or its logarithm written out, without the maximum taken off first."""
    flow = subject.flow
    for op in subject.graph.ops:
        form = form_of(flow, op)
        if form is not None and form.is_softmax and form.exponential is not None:
            what, exponential = form.name, form.exponential
        elif (inner := _summed_exponential(flow, op)) is not None:
            what, exponential = "logsumexp", inner
        else:
            continue
        raised = flow.source(exponential.inputs[0], TRANSPARENT | {"div", "mul"})
        if raised is None or raised.name in ADDS | GUARDS | ACTIVATIONS | {"neg"}:
            continue  # something, perhaps the maximum, was taken off
        yield Spot(
            f"a {what} written out with exp, which is infinite beyond 88 in float32 and 11 in "
            "float16: the result is then infinite or nan",
            f"use torch.{what}, which takes the maximum off first",
            op=op.id,
        )


def _summed_exponential(flow: Flow, op: Op) -> Op | None:
    """The exponential in ``log(exp(x).sum())``."""
    total = flow.source(op.inputs[0]) if op.name in ("log", "log_") and op.inputs else None
    if total is None or total.name != "sum" or not total.inputs:
        return None
    inner = flow.source(total.inputs[0])
    return inner if inner is not None and inner.name == "exp" else None


_DEPTH = 4
"""How many products and sums are looked into."""


def _zero(flow: Flow, tensor: int, dividing: bool = False, depth: int = _DEPTH) -> Op | None:
    """The op that may make a tensor zero, with nothing between that prevents it."""
    kinds = ("float", "bf", "int") if dividing else ("float", "bf")
    if not flow.from_input[tensor] or not flow.tensor(tensor).dtype.startswith(kinds):
        return None
    # What is divided by something else is zero where it was.
    through = TRANSPARENT | PICKS | {"sqrt"}
    op = flow.source(tensor, through if dividing else through | {"div", "div_", "neg"})
    if op is None:
        return None
    if dividing and op.name in ("sub", "sub_") and _is_range(flow, op):
        return op
    if dividing and op.name in _EXTREMES and len(flow.data(op)) == 1 and not _positive(flow, op):
        return op
    data = flow.data(op)
    if depth and len(data) == 2 and op.name in ("mul", "mul_", "add", "add_"):
        found = [_zero(flow, part, dividing, depth - 1) for part in data]
        needed = all if "add" in op.name else any
        return next(filter(None, found), None) if needed(found) else None
    if op.name not in _MAY_BE_ZERO | {"pow"} and not _cuts_at_zero(flow, op):
        return None
    if op.name == "pow" and (flow.argument(op, "exponent") not in (2, 4) or depth < _DEPTH):
        return None  # a square among factors is more often one of what is above zero
    if op.name in NORMS | {"sum", "mean"} and _positive(flow, op):
        return None
    return op


def _cuts_at_zero(flow: Flow, op: Op) -> bool:
    """Whether an op is a clamp that leaves zero in, as a ReLU does."""
    return op.name.startswith(("clamp", "clip")) and flow.argument(op, "min") == 0


def _is_range(flow: Flow, op: Op) -> bool:
    """Whether a difference is that of a maximum and a minimum."""
    ends = [flow.source(tensor, TRANSPARENT | PICKS) for tensor in op.inputs]
    names = {end.name.removeprefix("a") for end in ends if end is not None}
    return names == {"max", "min"}


def _positive(flow: Flow, op: Op) -> bool:
    """Whether what is summed was made to be above zero."""
    return bool(flow.data(op)) and _is_positive(flow, flow.data(op)[0], 8)


_KEEP_POSITIVE = TRANSPARENT | PICKS | {"topk", "gather", "sort", "masked_fill", "mean", "sum"}


def _is_positive(flow: Flow, tensor: int, depth: int) -> bool:
    """Whether a tensor's values are above zero, all of them or those that count."""
    for before in flow.way_back(tensor):
        data = flow.data(before)
        if before.name in POSITIVE | GUARDS:
            return not _cuts_at_zero(flow, before)
        if before.name in ADDS and len(data) == 1:
            return True  # a number was added, as an eps is
        if before.name in ("add", "add_") and depth:
            return all(_is_positive(flow, part, depth - 1) for part in data)
        if before.name in ("mul", "mul_") and len(data) > 1:
            # A mask may be zero everywhere; what depends on no input is a constant.
            others = [t for t in data[1:] if flow.from_input[t]]
            if not all(depth and _is_positive(flow, other, depth - 1) for other in others):
                return False
        elif before.name not in _KEEP_POSITIVE | {"mul", "mul_"}:
            return False
    return False


def _named(op: Op) -> str:
    names = {
        "std": "a standard deviation",
        "var": "a variance",
        "sum": "a sum",
        "mean": "a mean",
        "pow": "a power",
        "relu": "the result of a relu",
        "clamp": "the result of a clamp at 0",
        "abs": "an absolute value",
        "square": "a square",
        "sub": "the range of values",
        "max": "a maximum",
        "amax": "a maximum",
        "min": "a minimum",
        "amin": "a minimum",
        "cdist": "a distance",
        "pairwise_distance": "a distance",
    }
    return names.get(
        op.name.strip("_"), "a norm" if op.name in NORMS else f"the result of {op.name}"
    )


@rule("MV405", "precision-jump", "warning", "forward")
def precision_jump(subject: Subject) -> Iterator[Spot]:
    """A wider dtype that narrows again, or float64 in a model of something narrower."""
    flow = subject.flow
    dtypes = {p.dtype for _, p in subject.graph.unique_parameters() if p.dtype in _WIDTH}
    if not dtypes:
        return
    widest = max(_WIDTH[dtype] for dtype in dtypes)
    for op in subject.graph.ops:
        for tensor in op.outputs:
            dtype = flow.tensor(tensor).dtype
            wide = _WIDTH.get(dtype, 0) > widest and (dtype == "float64" or bool(op.flops))
            if not wide or not flow.from_input[tensor]:
                continue
            before = [flow.tensor(t).dtype for t in op.inputs if flow.from_input[t]]
            if dtype in before and not op.flops:
                continue  # told where it began
            yield Spot(
                f"{op.name} gives {dtype} in a model of {'/'.join(sorted(dtypes))}",
                "make constants in the dtype of the input (x.new_tensor, dtype=x.dtype), and "
                "leave out .double()",
                op=op.id,
            )
            break
