"""One attempt after another, counted: what was shown, what was refused, and what is a fault."""

from __future__ import annotations

import signal
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

Tried = tuple[Counter[str], Counter[str]]
"""How many went well, by how; and the faults, by what they are."""


class TooLong(Exception):
    """It took more processor time than it may."""


def attempt(
    tried: Tried,
    name: str,
    function: Callable[[], object],
    refusals: type[Exception] | tuple[type[Exception], ...],
    seconds: float,
) -> None:
    """Count what comes of the function: shown, refused by one of these errors, or a fault."""
    counts, faults = tried
    try:
        with limited(seconds):
            function()
        counts["shown"] += 1
    except refusals:
        counts["refused"] += 1
    except Exception as error:
        faults[f"{name}: {_described(error)}"] += 1


def report(what: str, tried: Tried) -> int:
    """Print the counts and the faults, and give the number of faults."""
    counts, faults = tried
    went = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    print(f"{what}: {went}, {sum(faults.values()):,} faults", flush=True)
    for fault, count in faults.most_common():
        print(f"  {count:,} × {fault}")
    return sum(faults.values())


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLong after so many seconds of processor time."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"more than {seconds} seconds")

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _described(error: Exception) -> str:
    """The error, and the last lines of modelviz that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "modelviz" in f.filename]
    places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames[-4:][::-1])
    return f"{type(error).__name__}: {str(error)[:100]!r} at {places}"
