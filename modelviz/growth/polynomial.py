"""Polynomials with exact coefficients in named dimensions and in whole shares of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import zip_longest
from typing import Any

Point = tuple[int, ...]
"""A size for each named dimension, in their order."""


def moved(point: Point, dim: int, size: int) -> Point:
    """The point with another size of one dimension."""
    return (*point[:dim], size, *point[dim + 1 :])


def moved_together(start: Point, wanted: Sequence[Iterable[int]]) -> list[Point]:
    """Points that take the sizes ``wanted`` of all dimensions in step, as long as there are any."""
    return [
        tuple(own if size is None else size for own, size in zip(start, row, strict=True))
        for row in zip_longest(*wanted)
    ]


@dataclass(frozen=True, slots=True, order=True)
class Atom:
    """A dimension, by its place, or a whole share: ``floor((times * size + offset) / divisor)``."""

    dim: int
    divisor: int = 1
    offset: int = 0
    times: int = 1

    def at(self, point: Point) -> int:
        """Its value where the dimensions have these sizes."""
        return self.of(point[self.dim])

    def of(self, size: int) -> int:
        """Its value where its dimension has this size."""
        return (self.times * size + self.offset) // self.divisor


Monomial = tuple[tuple[Atom, int], ...]
"""Atoms with their exponents, in order."""


@dataclass(frozen=True)
class Polynomial:
    """A sum of monomials: ``terms`` has the coefficient of each, none of them 0."""

    terms: Mapping[Monomial, Fraction]

    def at(self, point: Point) -> Fraction:
        """Its value where the dimensions have these sizes."""
        total = Fraction(0)
        for monomial, coefficient in self.terms.items():
            value = 1
            for atom, exponent in monomial:
                value *= atom.at(point) ** exponent
            total += coefficient * value
        return total

    def __add__(self, other: Polynomial) -> Polynomial:
        return added((self, other))

    def __sub__(self, other: Polynomial) -> Polynomial:
        return added((self, other.scaled(Fraction(-1))))

    def __mul__(self, other: Polynomial) -> Polynomial:
        terms: dict[Monomial, Fraction] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                monomial = _joined(left, right)
                terms[monomial] = terms.get(monomial, Fraction(0)) + a * b
        return _cleaned(terms)

    def scaled(self, factor: Fraction) -> Polynomial:
        """Each coefficient times ``factor``."""
        return _cleaned({monomial: c * factor for monomial, c in self.terms.items()})

    @cached_property
    def key(self) -> frozenset[tuple[Monomial, Fraction]]:
        """Equal for equal polynomials."""
        return frozenset(self.terms.items())

    @cached_property
    def atoms(self) -> tuple[Atom, ...]:
        """The atoms in it, in order."""
        return tuple(sorted({atom for monomial in self.terms for atom, _ in monomial}))

    def in_powers_of(self, dim: int) -> dict[int, Polynomial]:
        """Its coefficients by power of a dimension, shares of it taken as fractions of it."""
        found: dict[int, Polynomial] = {}
        for monomial, coefficient in self.terms.items():
            rest = constant(coefficient)
            power = {0: constant(1)}
            for atom, exponent in monomial:
                if atom.dim != dim:
                    rest *= Polynomial({((atom, exponent),): Fraction(1)})
                    continue
                share = Fraction(atom.times, atom.divisor)
                for _ in range(exponent):
                    wider: dict[int, Polynomial] = {}
                    for degree, part in power.items():
                        _put(wider, degree + 1, part.scaled(share))
                        _put(wider, degree, part.scaled(Fraction(atom.offset, atom.divisor)))
                    power = wider
            for degree, part in power.items():
                _put(found, degree, part * rest)
        return {degree: part for degree, part in sorted(found.items()) if part.terms}

    def never_below(self, other: Polynomial) -> bool:
        """Whether it can be shown that it is nowhere smaller, for sizes from 1 on."""
        difference = self - other
        negative = {m: c for m, c in difference.terms.items() if c < 0}
        if not negative:
            return True
        # Dimensions are at least 1, so that a term covers one whose atoms it has as well.
        spare = {m: c for m, c in difference.terms.items() if c > 0}
        for monomial, coefficient in negative.items():
            need = -coefficient
            for cover, amount in spare.items():
                if amount and _contains(cover, monomial):
                    used = min(need, amount)
                    spare[cover] -= used
                    need -= used
            if need:
                return False
        return True

    def text(self, names: Sequence[str]) -> str:
        """The polynomial as text without spaces: ``2*seq+1``, ``batch*ceil(height/4)``."""
        ordered = sorted(self.terms.items(), key=lambda term: -sum(e for _, e in term[0]))
        terms = [_term_text(monomial, c, names) for monomial, c in ordered]
        return "+".join(terms).replace("+-", "-") or "0"

    def expression(self, symbols: Sequence[Any]) -> Any:
        """The polynomial in sympy's terms, ``symbols`` standing for the dimensions."""
        import sympy

        parts = []
        for monomial, coefficient in self.terms.items():
            part = sympy.Rational(coefficient.numerator, coefficient.denominator)
            for atom, exponent in monomial:
                whole = symbols[atom.dim] * atom.times
                if atom.offset and atom.offset == atom.divisor - 1:
                    whole = sympy.ceiling(whole / sympy.Integer(atom.divisor))
                elif atom.divisor > 1 or atom.offset:
                    whole = sympy.floor((whole + atom.offset) / sympy.Integer(atom.divisor))
                part *= whole**exponent
            parts.append(part)
        return sympy.Add(*parts)


def constant(value: int | Fraction) -> Polynomial:
    """The polynomial that has this value everywhere."""
    return Polynomial({(): Fraction(value)} if value else {})


def variable(atom: Atom) -> Polynomial:
    """The polynomial that is the atom."""
    return Polynomial({((atom, 1),): Fraction(1)})


def added(parts: Iterable[Polynomial]) -> Polynomial:
    """The sum of polynomials."""
    terms: dict[Monomial, Fraction] = {}
    for part in parts:
        for monomial, coefficient in part.terms.items():
            terms[monomial] = terms.get(monomial, Fraction(0)) + coefficient
    return _cleaned(terms)


def _term_text(monomial: Monomial, coefficient: Fraction, names: Sequence[str]) -> str:
    factors = [
        _atom_text(atom, names[atom.dim]) + (f"**{exponent}" if exponent > 1 else "")
        for atom, exponent in monomial
    ]
    above = coefficient.numerator
    text = "*".join(factors if factors and abs(above) == 1 else [str(abs(above)), *factors])
    sign = "-" if above < 0 else ""
    return sign + text + (f"/{coefficient.denominator}" if coefficient.denominator > 1 else "")


def _atom_text(atom: Atom, name: str) -> str:
    if atom.times > 1:
        name = f"{atom.times}*{name}"
    if atom.divisor == 1 and not atom.offset:
        return name
    if atom.offset == atom.divisor - 1:
        return f"ceil({name}/{atom.divisor})"
    if not atom.offset:
        return f"floor({name}/{atom.divisor})"
    return f"floor(({name}{atom.offset:+})/{atom.divisor})"


def _put(found: dict[int, Polynomial], degree: int, part: Polynomial) -> None:
    found[degree] = found[degree] + part if degree in found else part


def _joined(left: Monomial, right: Monomial) -> Monomial:
    exponents = dict(left)
    for atom, exponent in right:
        exponents[atom] = exponents.get(atom, 0) + exponent
    return tuple(sorted(exponents.items()))


def _contains(cover: Monomial, monomial: Monomial) -> bool:
    """Whether ``cover`` is at least ``monomial`` wherever the dimensions are 1 or more."""
    # Only a whole dimension is known to be at least 1: a share of one may be 0.
    have, need = dict(cover), dict(monomial)
    if any(have.get(atom, 0) < exponent for atom, exponent in need.items()):
        return False
    more = {atom for atom, exponent in have.items() if exponent > need.get(atom, 0)}
    return all(atom.divisor == 1 and atom.offset >= 0 for atom in more - set(need))


def _cleaned(terms: Mapping[Monomial, Fraction]) -> Polynomial:
    return Polynomial({monomial: c for monomial, c in terms.items() if c})
