"""Jobs that run, and outcomes that are kept: those of the gallery and libraries for all visitors,
those of anything else for the visitor whose it is.
"""

from __future__ import annotations

import threading
import time
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from modelviz.jobs import Job, JobSpec, Pool

from .outcome import Outcome
from .specs import is_shared

KEPT = 2_000_000
"""Records of graphs that are kept in all; those not looked at for longest go first."""
EVERYONE = ""
PATIENCE = 10.0
"""Seconds without a page after which the jobs of a visitor are cancelled."""
RunKey = tuple[str, JobSpec]


@dataclass(frozen=True)
class Flight:
    """A job on its way, and the visitors who wait for it."""

    job: Job
    visitors: set[str] = field(default_factory=set)


class Runs:
    """All jobs and outcomes of a server. Safe to use from several threads."""

    def __init__(self, pool: Pool, kept: int = KEPT) -> None:
        self.pool = pool
        self._kept = kept
        self._lock = threading.Lock()
        self._flights: dict[RunKey, Flight] = {}
        self._outcomes: OrderedDict[RunKey, Outcome] = OrderedDict()
        self._sessions: dict[str, str] = {}
        self._away: dict[str, float] = {}

    def visitor(self, session: str = "") -> Visitor:
        """A new visitor, of the session with this id if that is known.

        With the last reference to it, all that was its own goes.
        """
        made = Visitor(self)
        if session:
            self._sessions[made.id] = session
        weakref.finalize(made, self.close, made.id)
        return made

    def look_after(self, is_here: Callable[[str], bool]) -> None:
        """Cancel the jobs of visitors whose session, told by its id, has long had no page.

        Call it now and then. A page that lost its connection has time to come back.
        """
        with self._lock:
            waiting = {visitor for flight in self._flights.values() for visitor in flight.visitors}
        away = {v for v in waiting if v in self._sessions and not is_here(self._sessions[v])}
        now = time.monotonic()
        self._away = {visitor: self._away.get(visitor, now) for visitor in away}
        for visitor, since in self._away.items():
            if now - since >= PATIENCE:
                self._cancel_all(visitor)

    def follow(self, visitor: str, spec: JobSpec) -> Outcome | Job:
        """What came of the job, or else the job, started unless it runs already."""
        place = _place(visitor, spec)
        with self._lock:
            outcome = self._find(visitor, spec)
            if outcome is not None:
                return outcome
            flight = self._flights.get(place)
            if flight is None:
                flight = self._flights[place] = Flight(self.pool.submit(spec, client=visitor))
            flight.visitors.add(visitor)
            return flight.job

    def outcome(self, visitor: str, spec: JobSpec) -> Outcome | None:
        """What came of the job; None while there is nothing."""
        with self._lock:
            return self._find(visitor, spec)

    def forget(self, visitor: str, spec: JobSpec) -> None:
        """Drop what came of the job for this visitor, so that it can be tried again."""
        with self._lock:
            self._outcomes.pop((visitor, spec), None)

    def cancel(self, visitor: str, spec: JobSpec) -> None:
        """Wait for the job no more; it is killed unless other visitors wait for it."""
        place = _place(visitor, spec)
        with self._lock:
            flight = self._flights.get(place)
            if flight is None:
                return
            flight.visitors.discard(visitor)
            if not flight.visitors:
                flight.job.cancel()
                del self._flights[place]

    def close(self, visitor: str) -> None:
        """Stop what the visitor alone waits for, and drop what was the visitor's own."""
        self._cancel_all(visitor)
        self._sessions.pop(visitor, None)
        with self._lock:
            for place in [place for place in self._outcomes if place[0] == visitor]:
                del self._outcomes[place]

    def _cancel_all(self, visitor: str) -> None:
        with self._lock:
            waiting = [spec for (_, spec), f in self._flights.items() if visitor in f.visitors]
        for spec in waiting:
            self.cancel(visitor, spec)

    def _find(self, visitor: str, spec: JobSpec) -> Outcome | None:
        self._land(_place(visitor, spec))
        for place in ((EVERYONE, spec), (visitor, spec)):
            if place in self._outcomes:
                self._outcomes.move_to_end(place)
                return self._outcomes[place]
        return None

    def _land(self, place: RunKey) -> None:
        """Keep the outcome of the job if it is done."""
        flight = self._flights.get(place)
        if flight is None or not flight.job.done:
            return
        del self._flights[place]
        outcome = Outcome.of(place[1], flight.job.result())
        # What may go well another time is kept from those who did not see it fail.
        owners = flight.visitors if outcome.transient else {place[0]}
        for owner in owners:
            self._outcomes[owner, place[1]] = outcome
        while sum(kept.weight for kept in self._outcomes.values()) > self._kept:
            if len(self._outcomes) == 1:
                break
            self._outcomes.popitem(last=False)


def _place(visitor: str, spec: JobSpec) -> RunKey:
    return (EVERYONE if is_shared(spec) else visitor, spec)


@dataclass(frozen=True)
class Visitor:
    """One visitor: one tab of a browser. Sees the outcomes of its own jobs and the shared ones."""

    runs: Runs
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _allowed: set[tuple[str, str | None]] = field(default_factory=set)

    def allow(self, spec: JobSpec) -> None:
        """Note that the visitor pressed the button that runs this code with this factory."""
        self._allowed.add((spec.source, spec.factory))

    def is_allowed(self, spec: JobSpec) -> bool:
        """Whether the visitor said so on this page: a link alone must not run any code."""
        return (spec.source, spec.factory) in self._allowed

    def follow(self, spec: JobSpec) -> Outcome | Job:
        """What came of the job, or else the job, started unless it runs already."""
        return self.runs.follow(self.id, spec)

    def outcome(self, spec: JobSpec) -> Outcome | None:
        """What came of the job; None while there is nothing."""
        return self.runs.outcome(self.id, spec)

    def forget(self, spec: JobSpec) -> None:
        """Drop what came of the job, so that it can be tried again."""
        self.runs.forget(self.id, spec)

    def cancel(self, spec: JobSpec) -> None:
        """Wait for the job no more."""
        self.runs.cancel(self.id, spec)
