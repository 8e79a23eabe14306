"""Unusual things that hold a state show after a trace what they showed before, or it is told."""

from __future__ import annotations

import contextlib
import functools
import sqlite3
import threading
from typing import Any

import numpy as np
import pytest
import torch

from modelviz import check, plan, trace
from modelviz.errors import InputError
from modelviz.tracing.state.opaque import DatabaseKeeper
from tests.tracing.holders import HOLDERS, Model

# What cannot be read again, or not be taken back: the code of the finding that says so.
TOLD = {
    "generator deep inside": "MV013",
    "csv reader": "MV013",
    "batches of a DataLoader": "MV013",
    "iterators of many kinds": "MV013",
    "lru_cache of tensors": "MV012",
    "hooks of a tensor in a graph": "MV012",
    "structure that points to a text": "MV012",
    "asynchronous generator": "MV012",
    "event of processes": "MV012",
    "generator behind a weak dict": "MV013",
    "tensor that is detached": "MV012",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("execution", ["fake", "real", "auto"])
@pytest.mark.parametrize("name", HOLDERS)
def test_a_holder(name: str, execution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Other tests leave threads, which might hold a lock.
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    holder = HOLDERS[name]
    expected = repr(holder.look(holder.make()))
    model = Model(name, decides=execution == "auto")
    graph = trace(model, (2, 4), execution=execution)
    codes = {f.code for f in graph.findings if f.code in ("MV012", "MV013")}
    assert codes == ({TOLD[name]} if name in TOLD else set())
    assert (repr(holder.look(model.held)) == expected) is (name not in TOLD)


@pytest.mark.parametrize("others", [0, 1])
def test_an_event_is_cleared_again_where_no_other_thread_can_wait_for_it(
    others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sets(torch.nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.ready = threading.Event()

        def forward(self, x: Any) -> Any:
            self.ready.set()
            return super().forward(x)

    monkeypatch.setattr(threading, "active_count", lambda: 1 + others)
    model = Sets()
    notes = [finding.message for finding in trace(model, (2, 4)).findings]
    assert model.ready.is_set() is bool(others)
    told = ["left as the forward made it: a threading.Event was set"]
    assert notes == told[:others]


class Takes(torch.nn.Linear):
    """A layer that takes its lock, and does not give it back."""

    def __init__(self, kind: Any, decides: bool = False) -> None:
        super().__init__(4, 4)
        self.lock, self.decides = kind(), decides

    def forward(self, x: Any) -> Any:
        self.lock.acquire()
        return x if self.decides and x.sum() <= 0 else super().forward(x)


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("kind", [threading.Lock, threading.Semaphore])
def test_what_threads_wait_for_is_given_back_where_no_other_can_have_it(
    kind: Any, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 1 + others)
    model = Takes(kind)
    notes = [finding.message for finding in trace(model, (2, 4)).findings]
    assert model.lock.acquire(blocking=False) is not bool(others)
    assert len(notes) == others


@pytest.mark.parametrize("kind", [threading.Lock, threading.Semaphore])
def test_no_forward_waits_for_a_lock_that_the_one_before_it_took(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    with pytest.raises(InputError, match=r"may wait for it for ever: release .* what it takes"):
        trace(Takes(kind, decides=True), (2, 4), execution="auto")
    for ask in (check, plan):
        with pytest.raises(InputError, match=r"may wait for it for ever"):
            ask(Takes(kind, decides=True), (2, 4))
    taken = Takes(kind, decides=True)
    trace(taken, (2, 4), execution="real")
    taken.lock.release()
    with taken.lock:  # which is the caller's own now
        unlike: Any = torch.nn.Linear(4, 4)
        unlike.lock = taken.lock
        trace(unlike, (2, 4), execution="real")
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert len(trace(Takes(kind, decides=True), (2, 4), execution="real").ops) > 1


def test_a_thread_that_was_started_is_told_and_left() -> None:
    class Starts(torch.nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.thread = threading.Thread(target=int)

        def forward(self, x: Any) -> Any:
            self.thread.start()
            self.thread.join()
            return super().forward(x)

    model = Starts()
    notes = [finding.message for finding in trace(model, (2, 4)).findings]
    assert notes == ["left as the forward made it: a thread was started, which can be done once"]
    assert model.thread.ident is not None


class Pattern:
    """What a function like that of einops is cached by."""

    axes = ("batch", "width")

    def __init__(self) -> None:
        self.sizes = {"width": 4}


@functools.lru_cache(maxsize=8)
def _planned(pattern: Pattern, shape: tuple[int, ...], strict: bool = True) -> Any:
    return [*shape], {"dtype": torch.float32, "pattern": pattern.axes}


@functools.cache
def _masked(size: int) -> Any:
    return np.ones(size)


@pytest.mark.parametrize(("cached", "told"), [(_planned, False), (_masked, True)])
def test_more_numbers_in_a_cache_are_no_change(cached: Any, told: bool) -> None:
    class Asks(torch.nn.Linear):
        def forward(self, x: Any) -> Any:
            cached(*first, *x.shape) if told else cached(*first, tuple(x.shape), strict=False)
            return super().forward(x)

    first: tuple[Any, ...] = () if told else (Pattern(),)
    cached(3) if told else cached(*first, (9,))
    notes = [finding.message for finding in trace(Asks(4, 4), (4,)).findings]
    assert cached.cache_info().currsize == 2
    assert notes == (
        ["left as the forward made it: the cache of _masked holds 1 more of its results"]
        if told
        else []
    )


def test_places_of_one_iterator_share_it() -> None:
    class Shares(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = iter([1, 2, 3])
            self.again = (self.first, 1)

        def forward(self, x: Any) -> Any:
            return x[: next(self.first)], x[: next(self.again[0])]

    model = Shares()
    graph = trace(model, (4, 2))
    assert [graph.tensors[out].shape for out in graph.outputs] == [(1, 2), (2, 2)]
    assert next(model.first) == 1


def test_the_copy_of_a_database_is_closed_again() -> None:
    with contextlib.closing(sqlite3.connect(":memory:")) as given:
        keeper = DatabaseKeeper(given)
        copy = keeper._copy
        copy.execute("pragma user_version")
        del keeper
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            copy.execute("pragma user_version")
