"""Divisions, roots and logarithms of what may be zero; precision that jumps."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Op
from ..flow import Flow
from ..kinds import ADDS, DIVISIONS, GUARDS, NORMS, PICKS, POSITIVE, TRANSPARENT
from ..rule import Spot, rule
from ..subject import Subject

_SPREADS = frozenset({"std", "var", "std_mean", "var_mean"})
_MAY_BE_ZERO = NORMS | _SPREADS | {"sum", "abs", "square", "relu", "relu_", "count_nonzero"}
_LOGARITHMS = frozenset({"log", "log2", "log10", "log_"})
_ROOTS = frozenset({"sqrt", "sqrt_", "rsqrt"})
_WIDTH = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


@rule("MV404", "unguarded-division", "warning", "forward")
def unguarded_division(subject: Subject) -> Iterator[Spot]:
    """A division by, or a logarithm or root of, what can be zero, without eps or clamp."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name in DIVISIONS:
            yield from _division(flow, op)
        elif op.name in _LOGARITHMS or op.name in _ROOTS:
            yield from _function(flow, op)


def _division(flow: Flow, op: Op) -> Iterator[Spot]:
    alone = op.name in ("rdiv", "rtruediv", "reciprocal")
    if not op.inputs or not (alone or len(op.inputs) == 2):
        return
    divisor = op.inputs[-1]
    found = _zero(flow, divisor)
    if found is not None:
        yield Spot(
            f"a division by {_named(found)}, which can be zero: the result is then infinite or nan",
            "add a small eps, or use clamp(min=eps) or torch.nn.functional.normalize",
            op=op.id,
        )


def _function(flow: Flow, op: Op) -> Iterator[Spot]:
    if not op.inputs:
        return
    found = _zero(flow, op.inputs[0])
    if found is None or (op.name in _ROOTS and found.name in ("relu", "abs")):
        return
    after = flow.only_reader(op, TRANSPARENT)
    if (
        op.name in _ROOTS
        and after is not None
        and after.name in ADDS | GUARDS
        and found.name not in _SPREADS
    ):
        return
    what = {"sqrt": "gradient is infinite", "rsqrt": "result is infinite"}.get(
        op.name.strip("_"), "result is minus infinity"
    )
    yield Spot(
        f"{op.name} of {_named(found)}, which can be zero: the {what} there",
        "add a small eps first, or use clamp(min=eps)",
        op=op.id,
    )


def _zero(flow: Flow, tensor: int) -> Op | None:
    """The op that may make a tensor zero, with nothing between that prevents it."""
    if not flow.from_input[tensor] or not flow.tensor(tensor).dtype.startswith(("float", "bf")):
        return None
    op = flow.source(tensor, TRANSPARENT | {"sqrt"})
    if op is None or op.name not in _MAY_BE_ZERO | {"pow"}:
        return None
    if op.name == "pow" and flow.argument(op, "exponent") not in (2, 4):
        return None
    if op.name == "sum" and _positive(flow, op):
        return None
    return op


def _positive(flow: Flow, op: Op) -> bool:
    """Whether what is summed was made to be above zero."""
    for before in flow.way_back(flow.data(op)[0]) if flow.data(op) else ():
        if before.name in POSITIVE | GUARDS:
            return True
        if before.name in ADDS and len(flow.data(before)) == 1:
            return True  # a number was added, as an eps is
        if before.name not in TRANSPARENT | PICKS | {
            "topk",
            "gather",
            "sort",
            "mul",
            "masked_fill",
        }:
            return False
    return False


def _named(op: Op) -> str:
    names = {
        "std": "a standard deviation",
        "var": "a variance",
        "sum": "a sum",
        "pow": "a power",
        "relu": "the result of a relu",
        "abs": "an absolute value",
        "square": "a square",
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
