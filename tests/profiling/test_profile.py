"""Measured times: they add up, say what they are, and change nothing."""

from __future__ import annotations

from dataclasses import replace
from time import sleep

import pytest
import torch
from torch import nn

import modelviz
from modelviz import InputError, ModelGraph, profile
from modelviz.analysis.figures import module_figures


class Slow(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, *grads: torch.Tensor) -> torch.Tensor:
        sleep(0.004)
        return grads[0]


class Waits(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return Slow.apply(x)  # type: ignore[no-any-return, no-untyped-call]


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 8), Waits())


@pytest.fixture(scope="module")
def graph(model: nn.Module) -> ModelGraph:
    return profile(model, (32, 64), backward=True)


def test_times_of_parts_add_up_to_the_whole(graph: ModelGraph) -> None:
    assert graph.execution == "real"
    assert all(op.seconds is not None and op.seconds >= 0 for op in graph.ops)
    figures = module_figures(graph)
    parts = sum(figures[str(place)].all.seconds for place in range(4))
    assert parts == pytest.approx(graph.total_seconds)
    assert [f.code for f in graph.findings] == ["MV020"]
    assert "a forward takes" in graph.notes[0]


def test_backward_is_a_figure_of_the_ops(model: nn.Module, graph: ModelGraph) -> None:
    backward = dict(graph.measure("backward").values)
    assert graph.measure("backward").unit == "s"
    slow = next(op.id for op in graph.ops if graph.calls[op.call].module == "3")
    assert 0.004 <= backward[slow] < 0.1
    assert {graph.calls[graph.ops[int(op)].call].module for op in backward} == {"0", "1", "2", "3"}
    assert all(parameter.grad is None for parameter in model.parameters())


def test_table_has_both(graph: ModelGraph) -> None:
    frame = modelviz.summary(graph, verbose=0).to_pandas()
    rows = frame.set_index("path")
    assert rows.loc["", "seconds"] == pytest.approx(graph.total_seconds)
    assert rows.loc["3", "backward"] >= 0.004
    inside = rows.loc[["0", "1", "2", "3"], "backward"].sum()
    assert rows.loc["", "backward"] == pytest.approx(inside)
    text = str(modelviz.summary(graph, verbose=0))
    assert "Time" in text and " ms" in text


def test_file_keeps_them(graph: ModelGraph) -> None:
    again = ModelGraph.from_json(graph.to_json())
    assert again == graph
    assert again.total_seconds == graph.total_seconds


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(InputError, match="needs the model itself"):
        profile(modelviz.trace(nn.Linear(2, 2), (1, 2)))  # type: ignore[arg-type]
    with torch.device("meta"):
        empty = nn.Linear(2, 2)
    with pytest.raises(InputError, match="no data"):
        profile(empty, (1, 2))


def test_blocks_that_are_called_again_have_the_mean_of_their_times() -> None:
    class Again(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.act = nn.Linear(4, 4), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for _ in range(3):
                x = self.act(self.layer(x))
            return x

    graph = modelviz.trace(Again(), (2, 4))
    # The first turn is the longest, as it is where caches are cold.
    seconds = [0.008, 0.001, 0.001, 0.001, 0.001, 0.0]
    ops = tuple(replace(op, seconds=s) for op, s in zip(graph.ops, seconds, strict=True))
    text = str(modelviz.summary(replace(graph, ops=ops), col_names=("seconds",), verbose=0))
    assert "3 × ~4.00 ms" in text
