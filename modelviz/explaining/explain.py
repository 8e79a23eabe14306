"""``explain``: the remedies of every family, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..graph import ModelGraph, Op
from . import (
    code,
    combining,
    cutting,
    dtypes,
    joining,
    layers,
    losses,
    own_checks,
    products,
    sequences,
    views,
)
from .case import Case, Explanation

Family = Callable[[Case], Iterator[str]]

FAMILIES: tuple[Family, ...] = (
    code.remedies,
    dtypes.remedies,
    losses.remedies,
    sequences.remedies,
    layers.remedies,
    views.remedies,
    cutting.remedies,
    products.remedies,
    combining.remedies,
    joining.remedies,
    own_checks.remedies,
)
"""Each gives the remedies for one kind of error; the first that has any is the one that knows."""
_NOT_OF_SHAPES = frozenset({code.remedies, dtypes.remedies, losses.remedies})
_REDUCTIONS = frozenset(
    {"mean", "sum", "max", "amax", "min", "amin", "logsumexp", "median", "std", "var"}
)
MAX_REMEDIES = 3


def explain(graph: ModelGraph) -> Explanation | None:
    """Why the forward of the graph failed; None where it did not."""
    if graph.failure is None:
        return None
    case = Case(graph)
    remedies: list[str] = []
    for family in FAMILIES:
        remedies = list(dict.fromkeys(family(case)))
        if remedies:
            if family not in _NOT_OF_SHAPES:
                remedies = _batch_first(case, remedies)
            break
    met = tuple(map(case.traced_back, case.met))
    return Explanation(met, layers.expected(case), tuple(remedies[:MAX_REMEDIES]))


def _batch_first(case: Case, remedies: list[str]) -> list[str]:
    """The remedies, before them the batch where a convolution took the input as one sample.

    Convolutions and poolings take one; what comes after them fails, with another complaint. Where
    dimensions that are counted from the front were reduced, it is last: it may have been meant so.
    """
    image = case.image_without_batch(case.data[0]) if case.data else None
    if image is None:
        return remedies
    batch, others = case.with_batch(image), [r for r in remedies if "add the batch" not in r]
    reduced = any(_reduces_from_the_front(op) for op, _, _ in case.way(case.data[0]))
    return [*others, batch] if reduced else [batch, *others]


def _reduces_from_the_front(op: Op) -> bool:
    """Whether an op reduces over dimensions that would be others with a batch before them."""
    if op.name not in _REDUCTIONS:
        return False
    dims = dict(op.args).get("dim")
    counted = dims if isinstance(dims, tuple) else (dims,)
    return not all(isinstance(dim, int) and dim < 0 for dim in counted)
