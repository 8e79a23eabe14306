"""What a size that did not fit came of: found by making the sizes of the inputs one larger.

An error tells two sizes, and not which axis of which input led to them: it may have been
concatenated, folded into the batch, or gone through a loop. Where the size grows by as much for
each step of an axis, the axis can be solved for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from ..graph import Failure
from .guess import Guess
from .misfit_kinds import Sizes
from .misfits import misfits

MAX_PROBES = 10
"""Axes that are tried for one failure."""
MAX_SIZE = 16384

Failing = Callable[[Guess], "Failure | None"]
"""The failure of the forward with a guess; None where it runs."""
_Axis = tuple[str, int]


class Measuring:
    """What has been found out in one search, so that nothing is measured twice."""

    def __init__(self, failing: Failing) -> None:
        self._failing = failing
        self._known: dict[tuple[int | None, str], dict[_Axis, int]] = {}

    def solved(self, guess: Guess, failure: Failure, names: Sequence[str]) -> Iterator[Guess]:
        """Guesses whose sizes give the size that ``failure`` says is needed, the plainest first.

        ``names`` are the parts that the failure may concern, the nearest first.
        """
        met = next((one for one in misfits(failure) if isinstance(one, Sizes)), None)
        if met is None:
            return
        key = failure.op, failure.message
        if key not in self._known:
            self._known[key] = self._slopes(guess, failure, met, names)
        there = {
            (name, axis): slope
            for (name, axis), slope in self._known[key].items()
            if name in guess.parts and axis < len(guess.parts[name].now.shape)
        }
        for sizes in _solved(guess, met, there):
            if all(0 < size <= MAX_SIZE for size in sizes.values()):
                yield _sized(guess, sizes)

    def _slopes(
        self, guess: Guess, failure: Failure, met: Sizes, names: Sequence[str]
    ) -> dict[_Axis, int]:
        """By how much the size that was met grows with each axis that it grows with."""
        slopes = {}
        for name, axis in islice(_axes(guess, names), MAX_PROBES):
            larger = {(name, axis): guess.parts[name].now.shape[axis] + 1}
            one = self._failing(_sized(guess, larger))
            grown = 0 if one is None or one.op != failure.op else _grown(one, met)
            if grown:
                slopes[name, axis] = grown
        return slopes


def _axes(guess: Guess, names: Sequence[str]) -> Iterator[_Axis]:
    """The axes of the parts but for samples and the sides of pictures, the last ones first."""
    tensors = dict(guess.tensors())
    shapes = {name: tensors[name].now.shape for name in names if name in tensors}
    for back in range(max(map(len, shapes.values()), default=0) - 1):
        for name, shape in shapes.items():
            picture = len(shape) > 3 and shape[-1] == shape[-2]
            if 2 * picture <= back < len(shape) - 1:
                yield name, len(shape) - 1 - back


def _grown(failure: Failure, met: Sizes) -> int:
    """By how much the size that was met is larger in this failure; 0 where it is another one."""
    for one in misfits(failure):
        if isinstance(one, Sizes) and one.wanted == met.wanted:
            return one.got - met.got
    return 0


def _solved(guess: Guess, met: Sizes, slopes: Mapping[_Axis, int]) -> Iterator[dict[_Axis, int]]:
    """Sizes of the axes: the same for the last axis of each part, then each axis alone."""
    now = {key: guess.parts[key[0]].now.shape[key[1]] for key in slopes}
    joined = list({name: (name, axis) for name, axis in reversed(list(slopes))}.values())
    uneven: dict[_Axis, int] = {}
    if len(joined) > 1:
        rest = met.wanted - met.got + sum(slopes[key] * now[key] for key in joined)
        each, over = divmod(rest, sum(slopes[key] for key in joined))
        alike = dict.fromkeys(joined, each)
        if not over:
            yield alike
        else:
            wider = next((key for key in reversed(joined) if not over % slopes[key]), None)
            if wider is not None:
                uneven = alike | {wider: each + over // slopes[wider]}
    for key, slope in slopes.items():
        more, over = divmod(met.wanted - met.got, slope)
        if not over and more:
            yield {key: now[key] + more}
    if uneven:
        yield uneven


def _sized(guess: Guess, sizes: Mapping[_Axis, int]) -> Guess:
    for (name, axis), size in sizes.items():
        part = guess.parts[name]
        shape = (*part.now.shape[:axis], size, *part.now.shape[axis + 1 :])
        guess = guess.having({name: part.shaped(shape, f"{size:,} is the size that is needed")})
    return guess
