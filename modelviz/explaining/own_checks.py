"""What a check in the model's own code says of a size or of what was given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..told_numbers import sizes_in
from .case import Case

# Numbers of which one is no size that the other could have.
_NO_SIZES = r"(?i)divisible|multiple of|divides?\b|power of|index|version"
_ERRORS = frozenset({"AssertionError", "ValueError", "RuntimeError"})


def remedies(case: Case) -> Iterator[str]:
    """What to do where the model says which size it got, and which it is made for."""
    if misnamed := case.facts.get("misnamed"):
        given, _, meant = misnamed.partition(" ")
        yield f"write {meant} in place of {given}, which is taken and never read"
        return
    asserted = case.op is None or case.op.name.startswith("_assert")
    if not asserted or case.error not in _ERRORS or case.found(_NO_SIZES):
        return
    # What an assert compares says more than its message, if it has any.
    numbers = sizes_in(case.facts.get("compared", case.message))
    if len(numbers) == 2 and re.search(r"\.dim\(\)|\.ndim\b|len\([\w.]*shape\)", case.source):
        yield from _dimensions(case, *numbers)
        return
    for met in case.given:
        there = [number for number in numbers if number > 1 and number in met.shape[1:]]
        wanted = [n for n in numbers if n > 1 and not any(n in other.shape for other in case.given)]
        if len(there) != 1 or len(wanted) != 1:
            continue
        (got,), (size,) = there, wanted
        shape = [met.shape[0], *(size if side == got else side for side in met.shape[1:])]
        if met.kind == "input":
            yield f"give {met.origin} the shape {shape}: the model is made for {size}, not {got}"
        else:
            yield f"bring what comes {met.origin} to the shape {shape}"
        yield f"make the model for {got} in place of {size}"
        return


def _dimensions(case: Case, first: int, second: int) -> Iterator[str]:
    """A number of dimensions that the model asks for; one of the two is that of what it got."""
    for met in case.given:
        for got, wanted in ((first, second), (second, first)):
            if len(met.shape) == got:
                yield f"give {wanted} dimensions, not {got}: {met.origin} is {list(met.shape)}"
                return
