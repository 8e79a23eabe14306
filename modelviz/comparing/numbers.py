"""Numbers that differ in the details of a module, and which of them follow from which.

A size that changed changes others: those that are equal to it, those in proportion to it or to the
product of two, such as height and width, and what
is computed from them, such as the scale of an attention, one over the square root of a width.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

from ..analysis.alignment import Alignment, Pair
from ..graph import ModelGraph
from .changes import Detail

_NUMBER = re.compile(r"\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,18})?")
_ROOTS = (0.5, -0.5)
_POWERS = (*_ROOTS, 1.0, -1.0)
_OWN = re.compile(r"^(kernel_size|stride|padding|dilation|output_padding)=")
"""Settings of convolutions and pools that are no sizes of data, so that none follows from one."""

Sizes = frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Factor:
    """A number that is no size: the argument of an op, or a setting of a layer."""

    before: float
    after: float
    setting: bool

    def follows(self, known: Iterable[tuple[int, int]]) -> bool:
        """Whether it may be computed from a size that changed; of a setting, as its root alone.

        A rate of dropout that was doubled was chosen, beside whatever width.
        """
        if not self.before or not self.after:
            return False
        ratio = self.after / self.before
        powers = _ROOTS if self.setting else _POWERS
        made = ((new / old) ** power for old, new in known if old and new for power in powers)
        return any(abs(ratio - power) < 1e-6 * ratio for power in made)


@dataclass(frozen=True, slots=True)
class Numbers:
    """What differs between two modules: sizes, and factors that may be computed of such."""

    sizes: Sizes = frozenset()
    factors: frozenset[Factor] = frozenset()

    def follow(self, known: Sizes) -> bool:
        """Whether all are explained by sizes that changed."""
        return all(follows(size, known) for size in self.sizes) and all(
            factor.follows(known) for factor in self.factors
        )


def follows(size: tuple[int, int], known: Iterable[tuple[int, int]]) -> bool:
    """Whether a size is one of the known ones, or changed in proportion to one or two of them."""
    before, after = size
    single = [(old, new) for old, new in known if old and new]
    double = [(a * c, b * d) for (a, b), (c, d) in combinations_with_replacement(single, 2)]
    return any(before * new == after * old for old, new in (*single, *double) if before)


def is_product(size: tuple[int, int], known: Iterable[tuple[int, int]]) -> bool:
    """Whether a size is the product of two that changed, such as a height times a width."""
    pairs = combinations_with_replacement(known, 2)
    return any(size == (a * c, b * d) for (a, b), (c, d) in pairs)


def numbers_of(details: Sequence[Detail]) -> Numbers | None:
    """The numbers that differ, where nothing else does."""
    sizes: set[tuple[int, int]] = set()
    factors: set[Factor] = set()
    for detail in details:
        if detail.field not in ("config", "parameters", "buffers", "ops", "shapes"):
            return None
        if not isinstance(detail.before, str) or not isinstance(detail.after, str):
            return None
        if detail.field == "config" and _OWN.match(detail.after):
            return None
        if _NUMBER.sub("#", detail.before) != _NUMBER.sub("#", detail.after):
            return None
        texts = _NUMBER.findall(detail.before), _NUMBER.findall(detail.after)
        for one, other in zip(*texts, strict=True):
            if one == other:
                continue
            if one.isdigit() and other.isdigit():
                sizes.add((int(one), int(other)))
            else:
                factors.add(Factor(float(one), float(other), detail.field == "config"))
    return Numbers(frozenset(sizes), frozenset(factors))


def sizes_given(alignment: Alignment, pair: Pair) -> Sizes:
    """How the dimensions of what a module is given changed."""
    return _sizes(*_shapes(alignment, pair, results=False))


def sizes_made(alignment: Alignment, pair: Pair) -> Sizes:
    """How the dimensions of what a module gives changed."""
    return _sizes(*_shapes(alignment, pair, results=True))


def _shapes(alignment: Alignment, pair: Pair, results: bool) -> list[list[tuple[int, ...]]]:
    sides = (alignment.before.graph, pair.before), (alignment.after.graph, pair.after)
    return [_of_first_call(graph, path, results) for graph, path in sides]


def _of_first_call(graph: ModelGraph, path: str, results: bool) -> list[tuple[int, ...]]:
    calls = graph.calls_of(path)
    if not calls:
        return []
    tensors = calls[0].outputs if results else calls[0].inputs
    return [graph.tensors[tensor].shape for tensor in tensors]


def _sizes(before: Sequence[tuple[int, ...]], after: Sequence[tuple[int, ...]]) -> Sizes:
    return frozenset(
        (a, b)
        for one, other in zip(before, after, strict=False)
        if len(one) == len(other)
        for a, b in zip(one, other, strict=True)
        if a != b
    )
