"""Iterators that no copy is made of in every Python: what is made in their place, and read."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from modelviz.tracing.state.replay import _copy, _counting_on


@pytest.mark.parametrize(
    "make",
    [
        lambda: itertools.count(5),
        lambda: itertools.count(-3, 2),
        lambda: itertools.count(0.5, 0.25),
        lambda: itertools.count(1 + 2j),  # type: ignore[call-overload]
    ],
)
def test_a_counter_goes_on_from_where_it_stands(make: Callable[[], itertools.count[Any]]) -> None:
    source = make()
    first = next(source)
    copy = _counting_on(source)
    assert copy is not None
    assert [next(copy) for _ in range(3)] == [next(source) for _ in range(3)]
    assert next(make()) == first


def test_a_counter_of_something_else_is_read() -> None:
    assert _counting_on(itertools.count(Fraction(1, 2))) is None


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="copies no cycle: MV013 tells of it")
def test_a_cycle_notes_down_what_it_gave_in_a_list_of_its_own() -> None:
    cycle = itertools.cycle(range(3))
    next(cycle)
    copy = _copy(cycle)
    assert copy is not None and list(itertools.islice(copy, 5)) == [1, 2, 0, 1, 2]
    assert list(itertools.islice(cycle, 8)) == [1, 2, 0, 1, 2, 0, 1, 2]
