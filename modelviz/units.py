"""How a number reads: the one place for tables, pictures, the viewer, the app and the command.

Counts, FLOPs, bytes and seconds have three digits and an SI prefix: ``25.6 M``, ``8.18 GFLOPs``,
``102 MB``, ``42.5 ms``. Bytes count in powers of 1000, as torchinfo and FLOPs do, so that a size in
a picture and the "(MB)" lines below a table are the same number. Where a number must be exact, as
in the cells of a table, it is written out with its thousands: ``25,557,032``. The last section has
the forms that torchinfo's output is known for.

``viewer-src/src/units.ts`` writes the same texts; ``viewer-src/vectors/units`` holds both to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

MINUS = "−"
"""Before every number below zero that is written to be read."""
_PREFIXES = ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def count_text(value: float, unit: str = "") -> str:
    """A count in three digits with its SI prefix: ``25.6 M``, ``4.09 GFLOPs``."""
    for scale, prefix in _PREFIXES:
        if value >= scale * 0.9995:
            return f"{_three_digits(value / scale)} {prefix}{unit}"
    return f"{value:g} {unit}".rstrip()


def exact_text(value: float) -> str:
    """``1,234``; a fraction is rounded."""
    return f"{round(value):,}"


def counted(count: int, noun: str) -> str:
    """So many of something: ``1 feature``, ``2,048 features``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def parameters_text(value: float) -> str:
    """A number of parameters, in billions where others say giga: ``7.24 B``."""
    return count_text(value).replace("G", "B")


def params_text(value: float) -> str:
    """A number of parameters with its unit: ``25.6 M params``."""
    return f"{parameters_text(value)} params"


def flops_text(value: float) -> str:
    """A number of FLOPs: ``8.18 GFLOPs``."""
    return count_text(value, "FLOPs")


def bytes_text(value: float) -> str:
    """A number of bytes, in powers of 1000: ``102 MB``; whole bytes below 1 kB."""
    return count_text(value, "B")


def seconds_text(value: float) -> str:
    """A time in three digits: ``1.20 s``, ``42.5 ms``, ``7.30 µs``."""
    for scale, unit in _SECONDS:
        if value >= scale * 0.9995:
            return f"{_three_digits(value / scale)} {unit}"
    return f"{value * 1e9:.0f} ns"


def difference_text(value: float, text: Callable[[float], str]) -> str:
    """A difference in one of the forms above, with its sign: ``+4.21 M``, ``−102 MB``, ``0``."""
    if not value:
        return "0"
    return f"{'+' if value > 0 else MINUS}{text(abs(value))}"


def measure_text(value: float, unit: str = "") -> str:
    """A number in any unit, below zero as well: ``0.0312``, ``−42.5 ms``, ``12.30%``."""
    if value < 0:
        return f"{MINUS}{measure_text(-value, unit)}"
    if unit == "s":
        return seconds_text(value)
    if unit in ("B", "bytes"):
        return bytes_text(value)
    if unit == "FLOPs":
        return flops_text(value)
    if unit == "%":
        return percent_text(value)
    if value >= 1000:
        return count_text(value, unit)
    return f"{value:.3g} {unit}".rstrip()


def share_text(part: float, whole: float) -> str:
    """``12.3%`` of a whole; what would read as nothing is below 0.1%. Empty where there is none."""
    if not whole or not part:
        return ""
    percent = 100 * part / whole
    if percent < 0.1:
        return "< 0.1%"
    return f"{100.0 if percent >= 99.95 else percent:.1f}%".replace(".0%", "%")


def shapes_text(shapes: Sequence[Sequence[int | str]]) -> str:
    """Several shapes in a sentence: ``1×256, 10×16 and 10``."""
    *first, last = (shape_text(shape) for shape in shapes) if shapes else ("",)
    return f"{', '.join(first)} and {last}" if first else last


def shape_text(shape: Sequence[int | str]) -> str:
    """A shape as ``1×64×56×56``; ``scalar`` when it has no dimensions."""
    return "×".join(map(_size_text, shape)) if shape else "scalar"


def _size_text(size: int | str) -> str:
    """A size between ``×``: a sum, such as ``seq+1``, in brackets."""
    if isinstance(size, int):
        return str(size)
    depth = 0
    for character in size:
        depth += (character == "(") - (character == ")")
        if not depth and character in "+-":
            return f"({size})"
    return size


def _three_digits(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"


# -- as torchinfo writes ------------------------------------------------------------------------

LARGE = ((10**12, "T"), (10**9, "G"), (10**6, "M"))
"""The scales of multiply-adds, with their letters."""


def percent_text(value: float) -> str:
    """``12.35%`` of a share from 0 to 1."""
    return f"{value:.2%}"


def megabytes_text(value: float) -> str:
    """``12.35``: bytes in millions."""
    return f"{value / 1e6:.2f}"


def list_text(shapes: Iterable[Sequence[object]]) -> str:
    """``[1, 3, 224, 224]``; several are separated by commas."""
    return ", ".join(f"[{', '.join(map(str, shape))}]" for shape in shapes)
