"""What a check in the model's own code says of a size or of what was given."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case

_NUMBER = re.compile(r"(?<![\w.])\d+(?!\w|\.\d)")
_ERRORS = frozenset({"AssertionError", "ValueError", "RuntimeError"})


def remedies(case: Case) -> Iterator[str]:
    """What to do where the model says which size it got, and which it is made for."""
    if misnamed := case.facts.get("misnamed"):
        given, _, meant = misnamed.partition(" ")
        yield f"write {meant} in place of {given}, which is taken and never read"
        return
    asserted = case.op is None or case.op.name.startswith("_assert")
    if not asserted or case.error not in _ERRORS:
        return
    numbers = dict.fromkeys(int(n) for n in _NUMBER.findall(case.message))
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
