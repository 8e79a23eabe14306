"""Work for each module, parameter, call and op stays what it was as a model grows."""

from __future__ import annotations

import pytest

from benchmarks.growth import FILE, MODELS, stages, start

from .work import work

SIZES = (60, 120, 240)
MOST = 0.005
"""Part of the work that may grow with the square of the size; a loop over all for each is more."""


def excess(name: str, drawn: bool) -> dict[str, float]:
    """The part of the largest model's work, by stage, that a straight line does not explain."""
    # A picture of few layers or outputs shows them all, one of many folds them.
    times = 4 if drawn and name in ("layers", "outputs") else 1
    # The first is for imports and caches.
    graphs = [start(name, times * size)() for size in (SIZES[0], *SIZES)]
    _, small, middle, large = (
        {stage: work(function) for stage, function in stages(graph, drawn)} for graph in graphs
    )
    return {
        stage: (large[stage] - 3 * middle[stage] + 2 * small[stage]) / large[stage]
        for stage in large
    }


@pytest.mark.parametrize("name", [*MODELS, FILE])
def test_work_grows_no_faster_than_the_model(name: str) -> None:
    found = excess(name, drawn=False)
    assert max(found.values()) < MOST, found


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MODELS, FILE])
def test_work_of_pictures_grows_no_faster_than_the_model(name: str) -> None:
    found = excess(name, drawn=True)
    assert max(found.values()) < MOST, found
