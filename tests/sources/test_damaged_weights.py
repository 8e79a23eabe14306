"""Files of weights with something wrong: a few of those that ``benchmarks.hardening`` tries."""

from __future__ import annotations

from benchmarks.hardening.weights import run


def test_a_damaged_file_is_refused_or_shows() -> None:
    counts, faults = run(200, seed=3)
    assert not faults
    assert counts["refused"] > 100 and counts["shown"] > 10
