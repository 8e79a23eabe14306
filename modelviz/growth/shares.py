"""Whole shares of one dimension: strides and windows, ``int(0.7 * n)``, ``round(n / 4)``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor, gcd

from .polynomial import Atom, Polynomial, added, constant, variable

Line = Sequence[tuple[int, int]]
"""Sizes of a dimension in order, each with the value there."""
Offsets = tuple[int, int]

MAX_FACTOR = 64
MAX_DIVISOR = 4096
"""Of ``factor * floor((size + offset) / divisor)``: strides, windows, paddings."""
MAX_PART = 128
"""The largest divisor of a part of the size that is no whole share: hundredths are among them.

Two such fractions are further apart than what sizes up to some ten thousand leave open.
"""
REACH = 16
"""How far apart sizes must be to tell a fraction, in divisors of it: those nearby fit many."""


@dataclass(frozen=True)
class Share:
    """A share of a dimension; ``loose`` are atoms whose offset the line leaves open."""

    part: Polynomial
    loose: Mapping[Atom, Offsets] = field(default_factory=dict)


def find_share(line: Line, dim: int) -> Share | None:
    """The share that gives the values of a line, the plainest first; None where none does."""
    return _of_strides(line, dim) or _of_part(line, dim) or _of_rounding(line, dim)


# -- strides and windows --------------------------------------------------------------------------


def _of_strides(line: Line, dim: int) -> Share | None:
    """Multiples of a whole number of tiles are tried first: they have no offset of their own.

    Where the sizes are few, others go through them as well.
    """
    first: tuple[Atom, int, int, Offsets] | None = None
    for found in _strides(line, dim):
        atom, _, rest, _ = found
        first = first or found
        if not rest and atom.offset in (0, atom.divisor - 1):
            first = found
            break
    if first is None:
        return None
    atom, factor, rest, offsets = first
    return _share(atom, factor, rest, offsets)


def _share(atom: Atom, factor: int, rest: int, offsets: Offsets) -> Share:
    part = variable(atom).scaled(Fraction(factor)) + constant(rest)
    return Share(part, {atom: offsets} if offsets[0] < offsets[1] else {})


def _strides(line: Line, dim: int) -> Iterator[tuple[Atom, int, int, Offsets]]:
    """``factor * atom + rest`` that give the values, with the offsets that the atom may have."""
    (x, y), (far_x, far_y) = line[0], line[-1]
    run, rise = far_x - x, far_y - y
    if rise <= 0:
        return
    for factor, rest, floors in _counted(line):
        steps = rise // factor
        least = factor * run // (rise + factor) + 1
        most = factor * run // (rise - factor) + 1 if rise > factor else MAX_DIVISOR
        for divisor in sorted(range(least, min(most, MAX_DIVISOR) + 1), key=_roundness):
            if abs(steps * divisor - run) >= divisor:
                continue
            found = _atom(floors, dim, 1, divisor)
            if found is not None:
                atom, turns, offsets = found
                yield atom, factor, rest + factor * turns, offsets


def _counted(line: Line) -> Iterator[tuple[int, int, Line]]:
    """Factors of what the values differ by, the rest of each, and the values counted in it."""
    first = line[0][1]
    for factor in range(1, MAX_FACTOR + 1):
        rest = first % factor
        if not any((value - rest) % factor for _, value in line):
            yield factor, rest, [(at, (value - rest) // factor) for at, value in line]


def _atom(line: Line, dim: int, times: int, divisor: int) -> tuple[Atom, int, Offsets] | None:
    """``atom + number`` that gives the values, and the offsets the atom may have; None if none."""
    low = max(divisor * value - times * at for at, value in line)
    high = min(divisor * value + divisor - 1 - times * at for at, value in line)
    if low > high:
        return None
    offset = 0 if low <= 0 <= high else low if low > 0 else high
    if low <= divisor - 1 <= high and offset:
        offset = divisor - 1
    # Offsets beyond the divisor are whole numbers outside of the share.
    turns, offset = divmod(offset, divisor)
    atom = Atom(dim, divisor, offset, times)
    return atom, turns, (low - turns * divisor, high - turns * divisor)


def _roundness(divisor: int) -> tuple[int, int]:
    """Strides and windows are products of small numbers."""
    rest = divisor
    for factor in (2, 3, 5, 7):
        while rest % factor == 0:
            rest //= factor
    return rest, divisor


# -- parts of a size ------------------------------------------------------------------------------


def _of_part(line: Line, dim: int) -> Share | None:
    """``factor * floor((times * size + offset) / divisor) + rest``."""
    for factor, rest, floors in _counted(line):
        for times, divisor in _fractions(floors):
            found = None if times == 1 else _atom(floors, dim, times, divisor)
            if found is not None:
                atom, turns, offsets = found
                return _share(atom, factor, rest + factor * turns, offsets)
    return None


def _fractions(line: Line) -> Iterator[tuple[int, int]]:
    """The fractions that may be the slope of a line in whole numbers, small divisors first.

    The values are off by half of 1 at most where they are rounded, by less than 1 where cut.
    """
    # Those with an end of the line tell most; all are looked at where a fraction is tried.
    (first, least), (last, most) = line[0], line[-1]
    pairs = [(at - first, value - least) for at, value in line[1:]]
    pairs += [(last - at, most - value) for at, value in line[1:-1]]
    low = max(Fraction(rise - 1, run) for run, rise in pairs)
    high = min(Fraction(rise + 1, run) for run, rise in pairs)
    reach = line[-1][0] - line[0][0]
    for divisor in range(2, min(MAX_PART, reach // REACH) + 1):
        for times in range(max(1, ceil(low * divisor)), floor(high * divisor) + 1):
            if gcd(times, divisor) == 1:
                yield times, divisor


# -- rounding -------------------------------------------------------------------------------------


def _of_rounding(line: Line, dim: int) -> Share | None:
    """``factor * round(times * size / divisor) + rest``: Python rounds halves to even numbers."""
    for factor, rest, floors in _counted(line):
        for times, divisor in _fractions(floors):
            if divisor % 2:
                continue  # has no halves
            part = _rounded(dim, times, divisor)
            point = [0] * (dim + 1)
            more = set[Fraction]()
            for at, value in floors:
                point[dim] = at
                more.add(value - part.at(tuple(point)))
            if len(more) == 1:
                return Share(part.scaled(Fraction(factor)) + constant(rest + factor * more.pop()))
    return None


def _rounded(dim: int, times: int, divisor: int) -> Polynomial:
    """``round(times * size / divisor)``: halves go up, less one where that is to an odd number."""
    up = variable(Atom(dim, divisor, divisor // 2, times))
    offset = 3 * divisor // 2
    # Their difference is 1 where ``times * size + offset`` is a multiple of twice the divisor.
    odd = variable(Atom(dim, 2 * divisor, offset, times))
    before = variable(Atom(dim, 2 * divisor, offset - 1, times))
    return added((up, before, odd.scaled(Fraction(-1))))
