"""Where formulas hold: the sizes on which they were proven, and what ends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..places import place_text


@dataclass(frozen=True, slots=True)
class End:
    """What happens at ``size``, the nearest beyond a range that was tried."""

    size: int
    message: str
    path: str | None = None
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = ", ".join(p for p in (self.path, place_text(self.file, self.line)) if p)
        return f"at {self.size:,} {self.message}" + (f" ({place})" if place else "")


@dataclass(frozen=True, slots=True)
class Range:
    """The sizes of one dimension: from ``low`` to ``high`` by ``step``.

    ``below`` and ``above`` say what ends the range, where something does; without, it was tried no
    further. ``memory`` is the part of it in which the bytes were proven as well.
    """

    name: str
    low: int
    high: int
    step: int = 1
    below: End | None = None
    above: End | None = None
    memory: tuple[int, int] | None = None

    def __contains__(self, size: object) -> bool:
        return (
            isinstance(size, int)
            and self.low <= size <= self.high
            and (size - self.low) % self.step == 0
        )

    def __str__(self) -> str:
        text = f"{self.name} {self.low:,} to {self.high:,}"
        if self.step > 1:
            rest = self.low % self.step
            of = (
                f"multiples of {self.step}"
                if not rest
                else f"{rest} more than multiples of {self.step}"
            )
            text += f", {of}"
        return text


@dataclass(frozen=True)
class Valid:
    """The sizes for which formulas were proven.

    ``ranges`` has one for each dimension, ``points`` the forwards that were compared, those that
    gave the formulas left out. ``remarks`` say what holds besides.
    """

    ranges: Mapping[str, Range]
    points: tuple[Mapping[str, int], ...]
    remarks: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Range:
        return self.ranges[name]

    def __contains__(self, sizes: object) -> bool:
        return (
            isinstance(sizes, Mapping)
            and sizes.keys() == self.ranges.keys()
            and all(sizes[name] in self.ranges[name] for name in self.ranges)
        )

    def __str__(self) -> str:
        lines = ["; ".join(map(str, self.ranges.values()))]
        for one in self.ranges.values():
            lines += [f"{one.name}: {end}" for end in (one.below, one.above) if end is not None]
            if one.memory is not None:
                low, high = one.memory
                lines.append(f"{one.name}: bytes of activations for {low:,} to {high:,}")
        lines += self.remarks
        return "\n".join(lines)
