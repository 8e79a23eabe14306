"""Control flow as an operator (``cond``, ``while_loop``, ``scan``, ``map``), run as it reads.

PyTorch runs the functions that such an operator is given below every mode. Here they run as the
model's own code does, so that the modules that they call, the weights that they read and what they
compute are seen. ``associative_scan`` needs nothing: it is Python down to its ops.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType
from typing import Any

import torch

from ..findings import note
from ..graph import Finding
from .source import caller
from .torch_internals import HigherOrderOperator, pytree

_FUNCTIONS = frozenset({FunctionType, BuiltinFunctionType, MethodDescriptorType})
Decide = Callable[[Any, str], bool]
"""Whether a condition holds; where that is not known, the text says what is then assumed."""


def rule(operator: Any) -> Callable[..., Any] | None:
    """What runs an operator of control flow; None for every other function."""
    if type(operator) in _FUNCTIONS:
        return None  # nearly all, and to ask for the class of operators takes longer
    return _RULES.get(operator.name()) if isinstance(operator, HigherOrderOperator) else None


def _cond(
    decide: Decide, pred: Any, true_fn: Any, false_fn: Any, operands: Sequence[Any] = ()
) -> Any:
    taken = decide(pred, "torch.cond takes its first branch")
    return (true_fn if taken else false_fn)(*operands)


def _while_loop(
    decide: Decide,
    cond_fn: Any,
    body_fn: Any,
    carried: Sequence[Any],
    additional: Sequence[Any] = (),
    *_: Any,
    **__: Any,
) -> Any:
    state = tuple(carried)
    turns = 0
    while True:
        condition = cond_fn(*state, *additional)
        # Where it is not known how often the body runs, it is seen once.
        if not decide(condition, "torch.while_loop runs its body once") or _ran(condition, turns):
            return state
        state = tuple(body_fn(*state, *additional))
        turns += 1


def _ran(condition: Any, turns: int) -> bool:
    """Whether a loop whose condition is not known has had its turn."""
    return turns > 0 and isinstance(condition, torch.Tensor) and _unknown(condition)


def _unknown(condition: torch.Tensor) -> bool:
    return hasattr(condition, "fake_mode") and condition.constant is None  # type: ignore[attr-defined]


def _scan(
    decide: Decide, combine_fn: Any, init: Sequence[Any], xs: Sequence[Any], additional: Any = ()
) -> Any:
    carry, made = list(init), []
    for turn in range(xs[0].shape[0] if xs else 0):
        result = combine_fn(*carry, *[x[turn] for x in xs], *additional)
        leaves = pytree.tree_leaves(result)
        carry = leaves[: len(carry)]
        made.append(leaves[len(carry) :])
    return (*carry, *[torch.stack(parts) for parts in zip(*made, strict=True)])


def _map(
    decide: Decide, function: Any, xs: Sequence[Any], additional: Sequence[Any] = (), **_: Any
) -> Any:
    made = [function(*[x[turn] for x in xs], *additional) for turn in range(xs[0].shape[0])]
    leaves = [pytree.tree_flatten(result) for result in made]
    stacked = [torch.stack(parts) for parts in zip(*[flat for flat, _ in leaves], strict=True)]
    return pytree.tree_unflatten(stacked, leaves[0][1])


_RULES: dict[str, Callable[..., Any]] = {
    "cond": _cond,
    "while_loop": _while_loop,
    "scan": _scan,
    "map_impl": _map,
}


def assumption(text: str) -> Finding:
    """The finding that says what was assumed of a condition whose value is not known."""
    file, line = caller()
    message = f"a condition depends on values, which fake tensors do not have: {text}"
    return note("MV018", message, file=file, line=line, hint="execution='real' decides it")
