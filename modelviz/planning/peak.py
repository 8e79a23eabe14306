"""From the notebook of a step to its peak: how much, at which moment, held by whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Any

from .ledger import Block, Event, Phase
from .step import Ran

CATEGORIES = (
    "parameters",
    "buffers",
    "gradients",
    "optimizer",
    "inputs",
    "activations",
    "temporaries",
    "kv_cache",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """What the step holds when kernel ``op`` of the module at ``path`` has just run: bytes."""

    phase: Phase
    path: str | None
    op: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Holder:
    """Memory held at the peak: ``bytes`` in ``count`` blocks, made by one place in the step.

    ``path`` is the module whose call, or the backward pass of it, made them, ``op`` the kernel,
    and ``file`` and ``line`` where the model calls it. Of parameters and buffers, the module they
    belong to.
    """

    category: str
    path: str | None
    op: str | None
    phase: Phase | None
    file: str | None
    line: int | None
    bytes: int
    count: int

    def to_dict(self) -> dict[str, Any]:
        """The holder as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Course:
    """Memory over one step: what is held at each tick, and the largest of it."""

    held: Sequence[int]
    ticks: Sequence[int]
    peak: int
    peak_tick: int


@dataclass(frozen=True, slots=True)
class Peak:
    """The peak of a step, and the courses of the first step and of every one after it."""

    bytes: int
    first_bytes: int
    steady_bytes: int
    breakdown: dict[str, int]
    at: Moment | None
    holders: tuple[Holder, ...]
    timeline: tuple[Moment, ...]
    kv_cache: int = 0


def find_peak(ran: Ran, trains: bool) -> Peak:
    """The peak of the first step or of those after it, whichever is higher."""
    ledger = ran.ledger
    change = [0] * (ran.end + 2)
    for block in ledger.blocks:
        change[max(block.born, 0)] += block.bytes
        if block.freed is not None and block.freed <= ran.end:
            change[block.freed] -= block.bytes
    held = list(accumulate(change[: ran.end + 1]))
    states = sum(b.bytes for b in ledger.blocks if _is_state(b, ran))
    first = _course(held, range(ran.update_end(trains) + 1))
    steady = first
    if trains:
        later = [value + states for value in held[: ran.update + 1]] + held[ran.update + 1 :]
        steady = _course(later, [*range(ran.update + 1), *range(ran.first + 1, ran.end + 1)])
    course = steady if steady.peak >= first.peak else first
    with_states = course is steady and course.peak_tick <= ran.update
    live = [b for b in ledger.blocks if _lives(b, course.peak_tick, ran, with_states)]
    categories = {id(block): _category(block, ran, ledger.events, trains) for block in live}
    breakdown = dict.fromkeys(CATEGORIES, 0)
    for block in live:
        breakdown[categories[id(block)]] += block.bytes
    timeline, at = _timeline(ran, course, trains)
    return Peak(
        bytes=course.peak,
        first_bytes=first.peak,
        steady_bytes=steady.peak,
        breakdown=breakdown,
        at=at,
        holders=_holders(live, categories, ledger.events),
        timeline=timeline,
        kv_cache=ran.kv_cache,
    )


def _is_state(block: Block, ran: Ran) -> bool:
    """Whether the first update made it, and it stays."""
    made = ran.update < block.born <= ran.first
    return made and (block.freed is None or block.freed > ran.end)


def _course(held: Sequence[int], ticks: Sequence[int]) -> Course:
    tick = max(ticks, key=held.__getitem__)
    return Course(held, ticks, held[tick], tick)


def _lives(block: Block, tick: int, ran: Ran, with_states: bool) -> bool:
    if with_states and _is_state(block, ran):
        return True
    return block.born <= tick and (block.freed is None or block.freed > tick)


def _category(block: Block, ran: Ran, events: Sequence[Event], trains: bool) -> str:
    if block.category is not None:
        return block.category
    if block.event is None:
        return "buffers"
    event = events[block.event]
    if event.recomputes:
        return "activations"
    if event.phase not in ("forward", "loss"):
        return "temporaries"
    if not trains:
        # What only lived while its kernel ran is no result.
        return "temporaries" if block.transient else "activations"
    end = next((tick for tick in ran.passes if tick >= block.born), ran.end)
    return "activations" if block.freed is None or block.freed > end else "temporaries"


_Owner = tuple[str, str | None, str | None, Phase | None, str | None, int | None]
"""The fields of a holder, but for its bytes and its count."""


def _holders(
    live: Sequence[Block], categories: dict[int, str], events: Sequence[Event]
) -> tuple[Holder, ...]:
    groups: dict[_Owner, list[Block]] = defaultdict(list)
    for block in live:
        category = categories[id(block)]
        if block.event is None:
            name = block.name
            owner = name.rpartition(".")[0] if name and category != "inputs" else name
            groups[category, owner, None, None, None, None].append(block)
            continue
        event = events[block.event]
        spot = event.spot
        key = (category, spot.path, event.op, event.phase, spot.file, spot.line)
        groups[key].append(block)
    found = [
        Holder(*key, sum(block.bytes for block in blocks), len(blocks))
        for key, blocks in groups.items()
    ]
    return tuple(sorted(found, key=lambda holder: -holder.bytes))


def _timeline(ran: Ran, course: Course, trains: bool) -> tuple[tuple[Moment, ...], Moment | None]:
    """The most held during each kernel, in order, and the moment of the peak."""
    shown = set(course.ticks)
    starts = [*ran.ledger.starts, ran.end + 1]
    moments: list[Moment] = []
    at: Moment | None = None
    for event, start, stop in zip(ran.ledger.events, starts, starts[1:], strict=False):
        ticks = [tick for tick in range(start, stop) if tick in shown] or (
            [start] if start in shown else []
        )
        if not ticks:
            continue
        top = max(course.held[tick] for tick in ticks)
        moment = Moment(event.phase, event.spot.path, event.op, top)
        moments.append(moment)
        if at is None and start <= course.peak_tick < max(stop, start + 1):
            at = moment
    return tuple(moments), at
