"""Timing several functions against each other, each guarded and limited."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from types import FrameType
from typing import Any

Clock = Callable[[], float]


class TimeUp(BaseException):
    """A measurement took longer than its limit. No ``except Exception`` swallows it."""


@dataclass(slots=True)
class Timing:
    """What one function took: seconds of each run, what it last returned, why it failed."""

    seconds: list[float] = field(default_factory=list)
    result: Any = None
    failure: str | None = None

    @property
    def typical(self) -> float | None:
        """The median of the runs in seconds; None when the function failed."""
        return median(self.seconds) if self.seconds and self.failure is None else None


def interleaved(
    functions: dict[str, Callable[[], Any]],
    rounds: int,
    limit: float,
    budget: float,
    clock: Clock = time.perf_counter,
) -> dict[str, Timing]:
    """Each function run once to warm up and then up to ``rounds`` times, in turns.

    In turns, so that a machine that slows down slows all of them down. A run over ``limit``
    seconds is a failure; a function that has used ``budget`` seconds is not run again.
    """
    timings = {name: Timing() for name in functions}
    for turn in range(rounds + 1):
        for name, function in functions.items():
            timing = timings[name]
            if timing.failure is None and (turn < 2 or sum(timing.seconds) < budget):
                _run(function, timing, limit, clock, warm_up=turn == 0)
    return timings


def _run(
    function: Callable[[], Any], timing: Timing, limit: float, clock: Clock, warm_up: bool
) -> None:
    timing.result = None
    gc.collect()
    try:
        with _limited(limit):
            start = clock()
            timing.result = function()
            seconds = clock() - start
    except TimeUp:
        timing.failure = f"over {limit:.0f} s"
    except Exception as error:
        text = str(error).strip()
        cause = error.__cause__
        if cause is not None and "See above" in text:
            error, text = cause, str(cause).strip()  # type: ignore[assignment]
        timing.failure = f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"
    else:
        if not warm_up:
            timing.seconds.append(seconds)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
