"""From the values of a figure at several points to the polynomial that gives them all."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm, prod

from .polynomial import Atom, Monomial, Point, Polynomial, constant, variable
from .shares import find_share

Values = tuple[int, ...]
"""The values of one figure, at each point."""

DEGREE = 2
"""In which each dimension may enter a figure that is no product of sizes."""
SPARE = 2
"""Points that a polynomial must give beyond those that determine it."""
MOST_CHOICES = 5_000
"""Ways to take one known share of each dimension that are tried for a product."""
MANY = 40
"""Other sizes in which a polynomial must give whole numbers."""


@dataclass
class Fitter:
    """Finds polynomials for values at ``points``, and remembers them.

    ``loose`` are the atoms whose offset the points leave open, each with the offsets possible.
    """

    points: Sequence[Point]
    found: dict[Values, Polynomial | None] = field(default_factory=dict)
    sizes: dict[Values, Polynomial | None] = field(default_factory=dict)
    loose: dict[Atom, tuple[int, int]] = field(default_factory=dict)
    solvers: dict[tuple[Monomial, ...], _Solver | None] = field(default_factory=dict)

    @cached_property
    def dims(self) -> tuple[Atom, ...]:
        """The named dimensions themselves."""
        return tuple(Atom(place) for place in range(len(self.points[0])))

    def size(self, values: Values) -> Polynomial | None:
        """The polynomial of a size of a tensor; None where none is found."""
        if values not in self.sizes:
            self.sizes[values] = self._size(values)
        return self.sizes[values]

    def _size(self, values: Values) -> Polynomial | None:
        if len(set(values)) == 1:
            return constant(values[0])
        return (
            self._alone(values)
            or self._product(values, [(self._column(atom), variable(atom)) for atom in self.dims])
            or self._share(values)
            or self._solved(values, [self.dims])
            or self._across(values)
            or self._of_lines(values)
            or self._solved(values, self._systems(self._known_atoms()))
        )

    def figure(self, values: Values, sizes: Sequence[Values] = ()) -> Polynomial | None:
        """The polynomial of a figure of an op whose tensors have these sizes; None if none is."""
        if len(set(values)) == 1:
            return constant(values[0])
        if values in self.sizes and self.sizes[values] is not None:
            return self.sizes[values]
        if self.found.get(values) is None:
            self.found[values] = self._figure(values, sizes)
        return self.found[values]

    def _figure(self, values: Values, sizes: Sequence[Values]) -> Polynomial | None:
        known = [(one, self.size(one)) for one in dict.fromkeys(sizes)]
        factors = [(one, part) for one, part in known if part is not None]
        whole = [(self._column(atom), variable(atom)) for atom in self.dims]
        atoms = {atom for _, part in factors for atom in part.atoms} or self._known_atoms()
        return (
            self._product(values, whole)
            or (self._product(values, factors) if factors else None)
            or self._solved(values, [self.dims])
            or self._solved(values, self._systems(atoms))
            or self._share(values)
        )

    # -- ways ---------------------------------------------------------------------------------

    def _alone(self, values: Values) -> Polynomial | None:
        """``a * size + b`` of one dimension."""
        for dim in self.dims:
            line = self._of_one(values, dim.dim)
            if line is None:
                continue
            (x, y), (far_x, far_y) = line[0], line[-1]
            slope = Fraction(far_y - y, far_x - x)
            if all(y + slope * (at - x) == value for at, value in line):
                return variable(dim).scaled(slope) + constant(y - slope * x)
        return None

    def _of_one(self, values: Values, dim: int) -> list[tuple[int, int]] | None:
        """``(size, value)`` in order where only this dimension tells the value; None otherwise."""
        seen: dict[int, int] = {}
        for point, value in zip(self.points, values, strict=True):
            if seen.setdefault(point[dim], value) != value:
                return None
        return sorted(seen.items()) if len(seen) > 2 else None

    def _share(self, values: Values) -> Polynomial | None:
        """A whole share of one dimension: of strides and windows, of a part of the size."""
        for dim in self.dims:
            line = self._of_one(values, dim.dim)
            found = None if line is None else find_share(line, dim.dim)
            if found is not None:
                self.loose.update(found.loose)
                return found.part
        return None

    def _of_lines(self, values: Values) -> Polynomial | None:
        """A product of what each dimension gives alone, the others as at the first point."""
        first = self.points[0]
        result = constant(1)
        for dim in self.dims:
            fixed = (*first[: dim.dim], *first[dim.dim + 1 :])
            line = {
                point[dim.dim]: value
                for point, value in zip(self.points, values, strict=True)
                if (*point[: dim.dim], *point[dim.dim + 1 :]) == fixed
            }
            shared = gcd(*line.values())
            if not shared or len(line) < 3:
                return None
            found = find_share([(at, line[at] // shared) for at in sorted(line)], dim.dim)
            if found is not None:
                self.loose.update(found.loose)
                result *= found.part
            elif len(set(line.values())) > 1:
                return None
        start = result.at(first)
        if not start or any(
            result.at(point) * values[0] != value * start
            for point, value in zip(self.points, values, strict=True)
        ):
            return None
        return result.scaled(Fraction(values[0]) / start)

    def _product(
        self, values: Values, factors: Sequence[tuple[Values, Polynomial]]
    ) -> Polynomial | None:
        """A number times powers of the factors."""
        if not values[0] or any(not value for value in values):
            return None
        varying = [(one, part) for one, part in factors if len(set(one)) > 1 and all(one)][:6]
        for exponents in _exponents(len(varying)):
            ratio: Fraction | None = None
            for place, value in enumerate(values):
                whole = prod(
                    one[place] ** e for (one, _), e in zip(varying, exponents, strict=True) if e
                )
                if ratio is None:
                    ratio = Fraction(value, whole)
                elif value * ratio.denominator != ratio.numerator * whole:
                    break
            else:
                result = constant(ratio or 0)
                for (_, part), exponent in zip(varying, exponents, strict=True):
                    for _ in range(exponent):
                        result *= part
                return result
        return None

    def _across(self, values: Values) -> Polynomial | None:
        """A number times one known atom of each of several dimensions: rows times columns."""
        if any(not value for value in values):
            return None
        known = sorted(self._known_atoms().union(self.dims))
        choices = [[None, *(atom for atom in known if atom.dim == dim.dim)] for dim in self.dims]
        columns = {atom: self._column(atom) for atom in known}
        for chosen in itertools.islice(itertools.product(*choices), MOST_CHOICES):
            atoms = [atom for atom in chosen if atom is not None]
            if len(atoms) < 2:
                continue
            wholes = [prod(sizes) for sizes in zip(*(columns[a] for a in atoms), strict=True)]
            if not wholes[0]:
                continue
            pairs = zip(values, wholes, strict=True)
            if all(value * wholes[0] == values[0] * whole for value, whole in pairs):
                result = constant(Fraction(values[0], wholes[0]))
                for atom in atoms:
                    result *= variable(atom)
                return result
        return None

    def _solved(
        self, values: Values, systems: Sequence[Sequence[Atom]] | Iterator[Sequence[Atom]]
    ) -> Polynomial | None:
        """A polynomial in the atoms of one of the systems, of the lowest degree that does."""
        for system in systems:
            # Powers of one dimension are rarer than products of several.
            ways = itertools.product(range(1, DEGREE * len(system) + 1), range(1, DEGREE + 1))
            for degree, power in ways:
                if power > degree or (power == 1 and degree > len(system)):
                    continue
                monomials = _monomials(system, degree, power)
                if len(monomials) + SPARE > len(self.points):
                    continue
                solver = self._solver(monomials)
                found = None if solver is None else solver.solve(values)
                if found is not None and self._is_whole(found):
                    return found
        return None

    def _is_whole(self, found: Polynomial) -> bool:
        """Whether a polynomial gives whole numbers in other sizes too, as all figures are.

        One that only happens to go through the points does not: its coefficients are odd fractions.
        """
        if all(coefficient.denominator == 1 for coefficient in found.terms.values()):
            return True
        return all(found.at(point).denominator == 1 for point in self.others)

    @cached_property
    def others(self) -> tuple[Point, ...]:
        """Sizes around the points, by the steps that these have."""
        chance, first = random.Random(0), self.points[0]
        steps = [
            max(1, gcd(*(point[dim] - size for point in self.points)))
            for dim, size in enumerate(first)
        ]
        return tuple(
            tuple(
                size % step + step * (size // step + chance.randrange(MANY))
                for size, step in zip(first, steps, strict=True)
            )
            for _ in range(MANY)
        )

    def _solver(self, monomials: tuple[Monomial, ...]) -> _Solver | None:
        if monomials not in self.solvers:
            self.solvers[monomials] = _Solver.make(monomials, self.points)
        return self.solvers[monomials]

    def _systems(self, atoms: set[Atom]) -> Iterator[Sequence[Atom]]:
        """One atom for each dimension, in every way."""
        choices = [
            [atom for atom in sorted(atoms) if atom.dim == dim.dim and atom != dim] + [dim]
            for dim in self.dims
        ]
        return itertools.islice(itertools.product(*choices), 24)

    # -- what is known ------------------------------------------------------------------------

    def _column(self, atom: Atom) -> Values:
        return tuple(atom.at(point) for point in self.points)

    def _known_atoms(self) -> set[Atom]:
        return {atom for part in self.sizes.values() if part is not None for atom in part.atoms}


def _exponents(count: int) -> list[tuple[int, ...]]:
    """Exponents from 0 to 2 of so many factors, at most 6 in all, few factors first."""
    every = itertools.product(range(3), repeat=count)
    return sorted((e for e in every if 0 < sum(e) <= 6), key=sum)


def _monomials(system: Sequence[Atom], degree: int, power: int) -> tuple[Monomial, ...]:
    """The products of powers of the atoms, up to a degree in all and a power of each, and 1."""
    every = itertools.product(range(power + 1), repeat=len(system))
    return tuple(
        tuple((atom, e) for atom, e in zip(system, exponents, strict=True) if e)
        for exponents in every
        if sum(exponents) <= degree
    )


@dataclass(frozen=True)
class _Solver:
    """Solves for the coefficients of monomials, exactly.

    ``rows`` are the points that determine them; ``inverse`` is over ``scale``.
    """

    monomials: tuple[Monomial, ...]
    rows: tuple[int, ...]
    inverse: tuple[tuple[int, ...], ...]
    scale: int
    matrix: tuple[tuple[int, ...], ...]

    @classmethod
    def make(cls, monomials: tuple[Monomial, ...], points: Sequence[Point]) -> _Solver | None:
        matrix = tuple(
            tuple(prod(atom.at(p) ** e for atom, e in monomial) for monomial in monomials)
            for p in points
        )
        rows = _independent(matrix, len(monomials))
        # Points at which all shares are the same tell nothing that one of them does not.
        if rows is None or len(set(matrix)) < len(monomials) + SPARE:
            return None
        # Nor do a few sizes of one share tell that its power is no higher.
        for atom, exponent in {pair for monomial in monomials for pair in monomial}:
            if len({atom.at(point) for point in points}) < exponent + 2:
                return None
        inverse = _inverse([matrix[row] for row in rows])
        scale = lcm(*(value.denominator for line in inverse for value in line))
        whole = tuple(tuple(int(value * scale) for value in line) for line in inverse)
        return cls(monomials, rows, whole, scale, matrix)

    def solve(self, values: Values) -> Polynomial | None:
        """The polynomial; None where it does not give the values at all points."""
        given = [values[row] for row in self.rows]
        found = [sum(a * b for a, b in zip(line, given, strict=True)) for line in self.inverse]
        for row, value in zip(self.matrix, values, strict=True):
            if sum(a * b for a, b in zip(row, found, strict=True)) != value * self.scale:
                return None
        terms = zip(self.monomials, found, strict=True)
        return Polynomial({m: Fraction(value, self.scale) for m, value in terms if value})


def _independent(matrix: Sequence[Sequence[int]], rank: int) -> tuple[int, ...] | None:
    """Rows that determine ``rank`` unknowns; None where there are not enough."""
    chosen: list[int] = []
    basis: list[tuple[int, list[Fraction]]] = []
    for place, row in enumerate(matrix):
        rest = [Fraction(value) for value in row]
        for pivot, line in basis:
            if rest[pivot]:
                factor = rest[pivot]
                rest = [a - factor * b for a, b in zip(rest, line, strict=True)]
        lead = next((i for i, value in enumerate(rest) if value), None)
        if lead is None:
            continue
        basis.append((lead, [value / rest[lead] for value in rest]))
        chosen.append(place)
        if len(chosen) == rank:
            return tuple(chosen)
    return None


def _inverse(rows: Sequence[Sequence[int]]) -> list[list[Fraction]]:
    size = len(rows)
    work = [
        [Fraction(value) for value in row] + [Fraction(int(i == j)) for j in range(size)]
        for i, row in enumerate(rows)
    ]
    for column in range(size):
        pivot = next(i for i in range(column, size) if work[i][column])
        work[column], work[pivot] = work[pivot], work[column]
        lead = work[column][column]
        work[column] = [value / lead for value in work[column]]
        for i in range(size):
            if i != column and work[i][column]:
                factor = work[i][column]
                work[i] = [a - factor * b for a, b in zip(work[i], work[column], strict=True)]
    return [row[size:] for row in work]
