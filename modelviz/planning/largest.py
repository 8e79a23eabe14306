"""The largest batch or sequence of which a step still fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import InputError, TraceError
from ..tracing.recipes import MAX_INDICES
from .build import trace_at
from .peak import Holder
from .sizes import Dimension, require_size

if TYPE_CHECKING:
    from .result import Plan

MOST = 2**20
"""Beyond this many no larger size is looked for."""


class Largest(int):
    """The largest size of ``what`` that fits: a number that also says what ends it.

    0 says that not even 1 fits. ``bytes`` is the peak with it, ``beyond_bytes`` that of one more,
    where the step runs with that, and ``grown`` the largest part of it that grows. ``reason`` says
    in words why it ends there.
    """

    what: Dimension
    bytes: int | None
    beyond_bytes: int | None
    grown: Holder | None
    reason: str

    def __new__(  # noqa: D102
        cls,
        what: Dimension,
        size: int,
        bytes: int | None,
        beyond_bytes: int | None,
        grown: Holder | None,
        reason: str,
    ) -> Largest:
        made = super().__new__(cls, size)
        made.what, made.bytes, made.beyond_bytes = what, bytes, beyond_bytes
        made.grown, made.reason = grown, reason
        return made

    def __str__(self) -> str:
        return self.reason

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready data."""
        return {
            "what": self.what,
            "size": int(self),
            "bytes": self.bytes,
            "beyond_bytes": self.beyond_bytes,
            "grown": None if self.grown is None else self.grown.to_dict(),
            "reason": self.reason,
        }


def find_largest(plan: Plan, what: Dimension) -> Largest:
    """The largest batch or sequence that fits ``plan``'s device. Raises InputError."""
    memory = plan.settings.device.memory
    if memory is None:
        raise InputError(
            f"the memory of {plan.settings.device.name} is not known: give device='24GB', or a "
            "GPU by its name"
        )
    size = require_size(plan.sizes, what)
    plans: dict[int, Plan | None] = {size: plan}
    failed: dict[int, str] = {}

    def at(wanted: int) -> Plan | None:
        if wanted not in plans:
            plans[wanted] = _planned(plan, what, wanted, failed)
        return plans[wanted]

    def fits(wanted: int) -> bool:
        found = at(wanted)
        return found is not None and found.peak_bytes <= memory

    best = _search(size, fits, lambda n: None if at(n) is None else _peak(at(n)), memory)
    if what == "seq" and best > size:
        best = _runs_up_to(plan, size, best, failed)
    return _described(plan, what, best, at, failed)


def _peak(plan: Plan | None) -> int:
    assert plan is not None
    return plan.peak_bytes


def _search(
    start: int,
    fits: Callable[[int], bool],
    peak: Callable[[int], int | None],
    memory: int,
) -> int:
    """The largest size that fits, where the next does not; 0 if 1 does not.

    Memory grows with size almost as a line or a parabola, so the next size to try is where the
    line through two known ones meets the memory.
    """
    low, high = (start, MOST + 1) if fits(start) else (0, start)
    known = [start]
    while high - low > 1:
        guess = _guess(known, peak, memory, low, high)
        known.append(guess)
        if fits(guess):
            low = guess
        else:
            high = guess
    return low


def _guess(
    known: list[int], peak: Callable[[int], int | None], memory: int, low: int, high: int
) -> int:
    points = sorted((n, found) for n in set(known) if (found := peak(n)) is not None)
    guess = 2 * low if high > MOST else (low + high) // 2
    if len(points) == 1:
        n = points[0][0]
        guess = 2 * n if low == n else n // 2
    elif len(points) >= 2 and len(known) < 12:
        # The two points nearest to where the memory ends.
        points.sort(key=lambda point: abs(point[1] - memory))
        (x0, y0), (x1, y1) = points[:2]
        if y0 != y1:
            guess = int(x0 + (memory - y0) * (x1 - x0) / (y1 - y0))
            # Close to the end, the neighbour decides.
            guess = guess + 1 if guess == low else guess
    return max(low + 1, min(guess, high - 1))


def _runs_up_to(plan: Plan, low: int, high: int, failed: dict[int, str]) -> int:
    """The longest sequence up to ``high`` with which the forward runs: a table may end before.

    ``low`` is known to run. A step on shapes alone does not look at the positions; a trace does.
    """

    def runs(size: int) -> bool:
        try:
            trace_at(plan.subject, {"seq": size})
        except TraceError as error:
            failed[size] = str(error).partition("\n")[0]
            return False
        return True

    # Of longer sequences the positions are not known, and no table can be seen to end.
    seen = MAX_INDICES - 1
    if low < seen < high and not runs(seen):
        high = seen
    config = getattr(plan.subject.model, "config", None)
    told = getattr(config, "max_position_embeddings", None)
    # Where the configuration tells of an end, it is looked at first: most tables end there.
    end = told + 1 if isinstance(told, int) and low < told < high else high
    if runs(end) and (end == high or runs(high)):
        return high
    high = end if end in failed else high
    low = end - 1 if end < high or (end in failed and runs(end - 1)) else low
    while high - low > 1:
        middle = (low + high) // 2
        if runs(middle):
            low = middle
        else:
            high = middle
    return low


def _planned(plan: Plan, what: Dimension, size: int, failed: dict[int, str]) -> Plan | None:
    """The plan with another size; None where the model cannot run with it."""
    try:
        return plan.resized(**{what: size})
    except InputError as error:
        failed[size] = str(error)
        return None


def _described(
    plan: Plan,
    what: Dimension,
    best: int,
    at: Callable[[int], Plan | None],
    failed: dict[int, str],
) -> Largest:
    from ..units import bytes_text
    from .words import holder_words

    name = plan.settings.device.name
    found, beyond = at(best) if best else None, at(best + 1)
    held = None if found is None else found.peak_bytes
    if beyond is None or best + 1 in failed:
        why = failed.get(best + 1, "")
        reason = f"fits on {name} with {what} {best:,}; with {best + 1:,} the step fails: {why}"
        return Largest(what, best, held, None, None, reason)
    memory = plan.settings.device.memory or 0
    if beyond.peak_bytes <= memory:
        reason = f"fits on {name} with {what} {best:,}; no larger one was looked for"
        return Largest(what, best, held, beyond.peak_bytes, None, reason)
    top = _grown(beyond, found or at(best + 2))
    excess = bytes_text(beyond.peak_bytes - memory)
    more = "" if top is None else f"; the largest part that grows: {holder_words(top)}"
    reason = f"does not fit on {name}: with {what} 1"
    if best:
        reason = f"fits on {name} with {what} {best:,}; with {best + 1:,}"
    reason += f" it is {excess} too much{more}"
    return Largest(what, best, held, beyond.peak_bytes, top, reason)


def _grown(plan: Plan, other: Plan | None) -> Holder | None:
    """The largest holder at the peak that is not what it is with another size; None without."""
    from .words import folded

    if other is None:
        return None
    before = {(_place(row), path): row.bytes for row, path, _ in folded(other)}
    rows = ((row, path) for row, path, _ in folded(plan) if row.category not in _FIXED)
    return next((row for row, path in rows if before.get((_place(row), path)) != row.bytes), None)


_FIXED = ("parameters", "buffers", "gradients", "optimizer")
"""What is as large with any input."""


def _place(row: Holder) -> tuple[object, ...]:
    return row.category, row.op, row.phase, row.file, row.line
