"""The check finds the faults of the corpus, and nothing in what was mended."""

from __future__ import annotations

import pytest

from benchmarks.review.faults import look, table
from tests.faults import FAULTS


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # PyTorch warns of some of the faults, too
@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found_and_its_mended_twin_is_clean(name: str) -> None:
    result = look(FAULTS[name])
    assert result.is_found, result.found
    assert not result.alarms


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", list(FAULTS)[::24])
def test_some_faults_in_every_run(name: str) -> None:
    result = look(FAULTS[name])
    assert result.is_found, result.found
    assert not result.alarms


def test_each_fault_says_where_it_was_reported() -> None:
    assert len(FAULTS) >= 80
    for fault in FAULTS.values():
        assert fault.reference.startswith(("https://github.com/", "arXiv ")), fault.name
        assert fault.about and fault.codes


def test_table_counts_what_was_looked_at() -> None:
    results = [look(FAULTS["log_of_softmax"]), look(FAULTS["relu_twice"])]
    last = table(results).splitlines()[-1]
    assert last == "| all | 2 | 2 | 100% | 0 |"
