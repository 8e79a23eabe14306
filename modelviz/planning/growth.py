"""How the peak of a step grows with the batch or the sequence, beside what its forward holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..streams import printable
from ..units import bytes_text
from .sizes import Dimension, require_size

if TYPE_CHECKING:
    from .result import Plan

_HALVINGS, _DOUBLINGS = 2, 3
_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Point:
    """The peak of a step at one size, the most that its forward holds, and whether it fits."""

    size: int
    peak_bytes: int
    forward_bytes: int
    fits: bool | None


@dataclass(frozen=True, slots=True)
class Growth:
    """The peak at sizes of ``what`` that double, all else as in the plan.

    ``ends`` says why there are no larger sizes, where the step fails with the next one.
    """

    what: Dimension
    title: str
    points: tuple[Point, ...]
    ends: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The points as JSON-ready data."""
        return asdict(self)

    def __str__(self) -> str:
        most = max(point.peak_bytes for point in self.points)
        width = max(len(self.what), *(len(f"{point.size:,}") for point in self.points))
        lines = [self.title, f"  {self.what:>{width}}  {'peak':>9}  {'forward':>9}"]
        for before, point in zip((None, *self.points), self.points, strict=False):
            bar = _bar(point, most)
            times = "" if before is None else f"  ×{point.peak_bytes / before.peak_bytes:.2f}"
            short = "  does not fit" if point.fits is False else ""
            cells = f"{bytes_text(point.peak_bytes):>9}  {bytes_text(point.forward_bytes):>9}"
            lines.append(f"  {point.size:>{width},}  {cells}  {bar}{times}{short}")
        return printable("\n".join([*lines, *([f"  {self.ends}"] if self.ends else [])]))


def _bar(point: Point, most: int) -> str:
    """A bar of the peak, its part that the forward holds in full blocks."""
    whole = max(1, round(_WIDTH * point.peak_bytes / most))
    full = min(whole, round(_WIDTH * point.forward_bytes / most))
    return "█" * full + "░" * (whole - full)


def find_growth(plan: Plan, what: Dimension) -> Growth:
    """The growth of ``plan``'s peak with the batch or the sequence. Raises InputError."""
    given = require_size(plan.sizes, what)
    low = given
    for _ in range(_HALVINGS):
        low = low // 2 if low % 2 == 0 else low
    points, ends, size = [], None, low
    while size <= given * 2**_DOUBLINGS:
        try:
            points.append(_point(plan if size == given else plan.resized(**{what: size}), size))
        except InputError as error:
            if size > given:
                ends = f"with {what} {size:,} the step fails: {error}"
                break
        size *= 2
    others = [f"{name} {n:,}" for name, n in plan.sizes.items() if n is not None and name != what]
    title = f"peak by {what}" + (f" ({', '.join(others)})" if others else "")
    return Growth(what, title, tuple(points), ends)


def _point(plan: Plan, size: int) -> Point:
    forward = max((m.bytes for m in plan.timeline if m.phase in ("forward", "loss")), default=0)
    return Point(size, plan.peak_bytes, forward, plan.fits)
