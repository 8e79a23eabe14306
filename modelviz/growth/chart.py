"""How a figure grows with each dimension, as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from .curves import TITLES, proven, written
from .polynomial import Point, moved
from .ranges import Range, Valid

WIDTH = 40
ROWS = 9


def chart(
    figure: str,
    given: Mapping[str, int],
    valid: Valid,
    value: Callable[[Point], Fraction | None],
) -> str:
    """Bars for sizes that double, for each dimension in turn."""
    lines: list[str] = []
    for place, one in enumerate(valid.ranges.values()):
        others = ", ".join(f"{name} = {size:,}" for name, size in given.items() if name != one.name)
        lines += ["", f"{TITLES[figure]} by {one.name}" + (f" ({others})" if others else "")]
        sizes = _sizes(proven(one, figure), given[one.name])
        point = tuple(given.values())
        found = [value(moved(point, place, size)) for size in sizes]
        known = [float(amount) for amount in found if amount is not None]
        if not known:
            lines.append("  not known")
            continue
        largest = max(known) or 1.0
        width = max(len(f"{size:,}") for size in sizes)
        for row, (size, amount) in enumerate(zip(sizes, known, strict=True)):
            bar = "█" * max(1, round(WIDTH * amount / largest))
            times = ""
            if row and known[row - 1] and sizes[row] == 2 * sizes[row - 1]:
                times = f"  ×{amount / known[row - 1]:.2f}"
            lines.append(f"  {size:>{width},}  {bar} {written(figure, amount)}{times}")
    return "\n".join(lines[1:])


def _sizes(one: Range, given: int) -> list[int]:
    """Sizes that double from one to the next, the given one among them, as far as proven."""
    down = max(0, min(2, int(math.log2(max(1, given / one.low)))))
    wanted = [given * 2**turn / 2**down for turn in range(ROWS)]
    sizes = [int(size) for size in wanted if size == int(size) and int(size) in one]
    return sizes or [given]
