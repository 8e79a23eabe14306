"""How a figure grows with each dimension, as points: for text, pictures and the app."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ..units import bytes_text, flops_text, params_text
from .polynomial import Point, Polynomial, moved
from .ranges import Range, Valid

STEPS = 48
"""Sizes of a curve, at most."""

TITLES: Mapping[str, str] = {
    "flops": "FLOPs",
    "macs": "MACs",
    "params": "Parameters",
    "activation_bytes": "Activations (bytes)",
    "peak_bytes": "Peak (bytes)",
    "kv_cache_bytes": "KV cache (bytes)",
}
"""The figures that have a formula, and what they are called."""
_COUNTS = ("flops", "macs", "params")
_WRITERS: Mapping[str, Callable[[float], str]] = {
    "flops": flops_text,
    "macs": lambda value: flops_text(value).replace("FLOPs", "MACs"),
    "params": params_text,
}
_POWERS = {0: "constant", 1: "linear", 2: "quadratic", 3: "cubic"}


def written(figure: str, value: float) -> str:
    """A value of a figure, with its unit: ``4.09 GFLOPs``."""
    return _WRITERS.get(figure, bytes_text)(value)


def proven(one: Range, figure: str) -> Range:
    """The part of a range in which a figure was proven: bytes may end before counts do."""
    if figure in _COUNTS or one.memory is None:
        return one
    return Range(one.name, *one.memory, one.step)


@dataclass(frozen=True, slots=True)
class Curve:
    """A figure over the sizes of one dimension, the ``others`` as they were given.

    ``points`` are ``(size, value)`` within the sizes for which the figure was proven. ``parts``
    splits it by power of the dimension, where it has a higher one: 2 has the quadratic part, which
    exceeds the linear one from ``crossover`` on, a size that may lie beyond the ``points``.
    """

    figure: str
    dim: str
    given: int
    others: Mapping[str, int]
    points: tuple[tuple[int, float], ...]
    parts: Mapping[int, tuple[tuple[int, float], ...]]
    crossover: float | None

    @property
    def title(self) -> str:
        """What it shows: ``FLOPs by seq``."""
        return f"{TITLES[self.figure]} by {self.dim}"

    @property
    def setting(self) -> str:
        """The sizes of the other dimensions: ``batch = 2``."""
        return ", ".join(f"{name} = {size:,}" for name, size in self.others.items())

    @property
    def remark(self) -> str:
        """Where the quadratic term overtakes the linear one, in words; empty where none does."""
        if self.crossover is None or not self.points:
            return ""
        text = f"the quadratic term overtakes at {self.dim} = {self.crossover:,.0f}"
        last = self.points[-1][0]
        return f"{text}, beyond the {last:,} proven" if self.crossover > last else text


def part_name(power: int) -> str:
    """What a part of a figure is called: ``quadratic``."""
    return _POWERS.get(power, f"power {power}")


def curve(
    figure: str,
    dim: str,
    given: Mapping[str, int],
    valid: Valid,
    value: Callable[[Point], Fraction | None],
    polynomial: Polynomial | None,
) -> Curve:
    """The curve of a figure whose value at a point is ``value(point)``.

    ``polynomial`` is that of the figure; None where it has none, such as a maximum of several.
    """
    names = list(given)
    place = names.index(dim)
    start = tuple(given.values())
    found = []
    for size in _sizes(proven(valid[dim], figure), given[dim]):
        amount = value(moved(start, place, size))
        if amount is not None:
            found.append((size, float(amount)))
    parts: dict[int, tuple[tuple[int, float], ...]] = {}
    crossover = None
    if polynomial is not None and found:
        factors = {
            power: float(part.at(start))
            for power, part in polynomial.in_powers_of(place).items()
            if part.at(start) > 0
        }
        if len(factors) > 1 and max(factors) > 1:
            parts = {
                power: tuple((size, factor * float(size) ** power) for size, _ in found)
                for power, factor in factors.items()
            }
        if 1 in factors and 2 in factors:
            crossover = factors[1] / factors[2]
    others = {name: size for name, size in given.items() if name != dim}
    return Curve(figure, dim, given[dim], others, tuple(found), parts, crossover)


def _sizes(one: Range, given: int) -> list[int]:
    """Sizes all over a range, as far apart in their logarithms, the given one among them."""
    low, high = max(1, one.low), one.high
    last = max(1, STEPS - 1)
    wanted = (math.exp(math.log(low) + turn / last * math.log(high / low)) for turn in range(STEPS))
    sizes = {min(high, one.low + round((size - one.low) / one.step) * one.step) for size in wanted}
    return sorted(size for size in sizes | {given} if size in one)
