"""``explain``: the remedies of every family, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..graph import ModelGraph
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

    Convolutions and poolings take one; what comes after them fails, with another complaint.
    """
    image = case.image_without_batch(case.data[0]) if case.data else None
    if image is None:
        return remedies
    return [case.with_batch(image), *(one for one in remedies if "add the batch" not in one)]
