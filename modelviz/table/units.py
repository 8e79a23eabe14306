"""Numbers, sizes and shapes as text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_BYTES = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))
LARGE = ((10**12, "T"), (10**9, "G"), (10**6, "M"))


def count_text(value: float) -> str:
    """``1,234``; a fraction is rounded."""
    return f"{round(value):,}"


def short_count(value: int) -> str:
    """``6.7 B``, ``124 M``: two or three digits, in powers of 1000; whole below 1,000."""
    for size, unit in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if value >= size:
            number = value / size
            return f"{number:.1f} {unit}" if number < 100 else f"{number:.0f} {unit}"
    return str(value)


def bytes_text(value: float) -> str:
    """``12.35 MB``, in powers of 1000 as torchinfo counts; whole bytes below 1 kB."""
    for size, unit in _BYTES:
        if value >= size:
            return f"{value / size:,.2f} {unit}"
    return f"{round(value):,} B"


def percent_text(value: float) -> str:
    """``12.35%`` of a share from 0 to 1."""
    return f"{value:.2%}"


def megabytes_text(value: float) -> str:
    """``12.35``: bytes in millions."""
    return f"{value / 1e6:.2f}"


def shape_text(shapes: Iterable[Sequence[object]]) -> str:
    """``[1, 3, 224, 224]``; several are separated by commas."""
    return ", ".join(f"[{', '.join(map(str, shape))}]" for shape in shapes)
