"""Jobs and outcomes of several visitors: nothing mixed up, nothing kept for ever."""

from __future__ import annotations

import gc
from concurrent.futures import ThreadPoolExecutor

import pytest
from parts.outcome import Outcome
from parts.runs import Runs

from modelviz.jobs import JobSpec

from .pool import InlinePool, fails, named, traced

SHARED = JobSpec("gallery", "gpt")
OWN = JobSpec("config", "{}")


@pytest.fixture
def pool() -> InlinePool:
    return InlinePool()


@pytest.fixture
def runs(pool: InlinePool) -> Runs:
    return Runs(pool)  # type: ignore[arg-type]


def test_the_gallery_is_made_once_for_all(runs: Runs, pool: InlinePool) -> None:
    first, second = runs.visitor(), runs.visitor()
    first.follow(SHARED)
    assert isinstance(first.follow(SHARED), Outcome)
    assert second.follow(SHARED) is first.follow(SHARED)
    assert len(pool.jobs) == 1


def test_what_is_somebodys_own_is_seen_by_nobody_else(runs: Runs, pool: InlinePool) -> None:
    first, second = runs.visitor(), runs.visitor()
    first.follow(OWN)
    assert first.outcome(OWN) is not None
    assert second.outcome(OWN) is None
    second.follow(OWN)
    assert second.outcome(OWN) is not first.outcome(OWN)
    assert len(pool.jobs) == 2


def test_cancelling_stops_the_job(runs: Runs, pool: InlinePool) -> None:
    pool.held = True
    visitor = runs.visitor()
    visitor.follow(OWN)
    visitor.cancel(OWN)
    assert pool.jobs[0].cancelled
    assert visitor.outcome(OWN) is None


def test_cancelling_leaves_the_job_to_others_who_wait_for_it(runs: Runs, pool: InlinePool) -> None:
    pool.held = True
    first, second = runs.visitor(), runs.visitor()
    first.follow(SHARED)
    second.follow(SHARED)
    first.cancel(SHARED)
    assert not pool.jobs[0].cancelled
    second.cancel(SHARED)
    assert pool.jobs[0].cancelled


def test_a_visitor_who_leaves_stops_jobs_and_takes_models_along(
    runs: Runs, pool: InlinePool
) -> None:
    visitor = runs.visitor()
    visitor.follow(OWN)
    assert visitor.outcome(OWN) is not None
    pool.held = True
    visitor.follow(JobSpec("graph", data=b"{}"))
    identity = visitor.id
    del visitor
    gc.collect()
    assert pool.jobs[-1].cancelled
    assert runs.outcome(identity, OWN) is None


def test_an_error_that_may_pass_is_not_kept_for_others(runs: Runs, pool: InlinePool) -> None:
    pool.answers["gallery"] = fails("crash", "The process ended.")
    first, second = runs.visitor(), runs.visitor()
    first.follow(SHARED)
    outcome = first.outcome(SHARED)
    assert outcome is not None and outcome.transient
    assert second.outcome(SHARED) is None
    del pool.answers["gallery"]
    first.forget(SHARED)
    first.follow(SHARED)
    outcome = first.outcome(SHARED)
    assert outcome is not None and outcome.shown is not None


def test_what_is_kept_is_bounded(pool: InlinePool) -> None:
    pool.answers["config"] = named("Net")
    runs = Runs(pool, kept=100)  # type: ignore[arg-type]
    visitor = runs.visitor()
    specs = [JobSpec("config", f"{{}}{' ' * n}") for n in range(10)]
    for spec in specs:
        visitor.follow(spec)
        assert visitor.outcome(spec) is not None
    kept = [spec for spec in specs if visitor.outcome(spec) is not None]
    assert 1 <= len(kept) < 10
    assert kept[-1] == specs[-1]


def test_twenty_visitors_at_once_each_get_their_own(runs: Runs, pool: InlinePool) -> None:
    pool.answers["config"] = lambda spec: named(spec.source)(spec)

    visitors = [runs.visitor() for _ in range(20)]

    def visit(number: int) -> str:
        visitor, spec = visitors[number], JobSpec("config", f"model {number}")
        visitor.follow(spec)
        visitor.follow(SHARED)
        outcome = visitor.outcome(spec)
        assert outcome is not None and outcome.shown is not None
        return outcome.shown.graph.name

    with ThreadPoolExecutor(20) as threads:
        names = list(threads.map(visit, range(20)))
    assert names == [f"model {number}" for number in range(20)]
    assert pool.specs.count(SHARED) == 1


def test_permission_is_of_one_visitor_for_one_code_and_factory(runs: Runs) -> None:
    one, other = runs.visitor(), runs.visitor()
    one.allow(JobSpec("code", "print(1)"))
    assert one.is_allowed(JobSpec("code", "print(1)"))
    assert not one.is_allowed(JobSpec("code", "print(2)"))
    assert not one.is_allowed(JobSpec("code", "print(1)", factory="abort"))
    assert not other.is_allowed(JobSpec("code", "print(1)"))


def test_a_graph_too_large_for_a_page_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parts.outcome.MOST", 5)
    shown = Outcome.of(SHARED, traced(SHARED))
    assert shown.shown is None
    error = shown.result.error
    assert error is not None and "a page shows at most 5" in error.message
    assert "modelviz summary" in error.hint


def test_jobs_of_a_page_that_was_closed_are_cancelled_after_a_while(
    runs: Runs, pool: InlinePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.held = True
    stays, leaves = runs.visitor("stays"), runs.visitor("leaves")
    stays.follow(SHARED)
    leaves.follow(SHARED)
    leaves.follow(OWN)
    now = 100.0
    monkeypatch.setattr("parts.runs.time.monotonic", lambda: now)
    for now, here, cancelled in (  # noqa: B007
        (100.0, {"stays"}, False),
        (105.0, {"stays"}, False),
        (106.0, {"stays", "leaves"}, False),
        (112.0, {"stays"}, False),
        (123.0, {"stays"}, True),
    ):
        runs.look_after(here.__contains__)
        assert [job.cancelled for job in pool.jobs] == [False, cancelled]
