"""Saved graphs that are wrong somewhere: what can be loaded shows on the pages of the app."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from copy import deepcopy

import pytest

from benchmarks.hardening.graphs import run
from benchmarks.hardening.mutations import KINDS, bases
from modelviz import ModelGraph, diff
from modelviz.jobs import JobResult

from .conftest import Open
from .pool import InlinePool


@pytest.fixture
def page(open_app: Open, pool: InlinePool) -> Callable[[ModelGraph], None]:
    """Opens the page of a model with a graph, as the table, the charts and the picture."""

    def opened(graph: ModelGraph) -> None:
        pool.answers["gallery"] = lambda spec: JobResult(graph)
        app = open_app(model="gallery:gpt")
        assert not app.exception, app.exception[0].value
        assert len(app.metric) >= 3
        other = ModelGraph.from_json(json.dumps(bases()[0]))
        assert diff(other, graph).draw().to_dict()["items"]
        diff(graph, other).to_markdown()

    return opened


def test_absurd_figures_show(page: Callable[[ModelGraph], None]) -> None:
    data = deepcopy(bases()[0])
    KINDS["figures"](random.Random(0), data)
    shape, size = data["modules"]["rows"][2][6][0], 2**62
    shape[1], shape[3] = [size], 2**126
    page(ModelGraph.from_json(json.dumps(data)))


@pytest.mark.slow
def test_what_can_be_loaded_shows(page: Callable[[ModelGraph], None]) -> None:
    counts, faults = run(60, seed=1, shows=page)
    assert not faults
    assert counts["shown"] > 12 and counts["refused"] > 12
