"""A diff of graphs that have figures of their own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import modelviz
from modelviz import ModelGraph
from modelviz.comparing import Diff


def graph(width: int, **sparsity: float) -> ModelGraph:
    model = nn.Sequential(nn.Linear(4, width), nn.ReLU(), nn.Linear(width, 2))
    traced = modelviz.trace(model, (1, 4))
    values: dict[str | int, float] = {name[1:]: value for name, value in sparsity.items()}
    return traced.with_figures("sparsity", values, unit="%") if values else traced


@pytest.fixture(scope="module")
def diff() -> Diff:
    return modelviz.diff(graph(8, _0=0.5, _2=0.25), graph(16, _0=0.9, _2=0.25))


def test_numbers_of_both_sides_are_told(diff: Diff) -> None:
    (figure,) = diff.figures
    assert [(row.after, row.old, row.new) for row in figure.rows] == [
        ("0", 0.5, 0.9),
        ("2", 0.25, 0.25),
    ]
    assert "sparsity: 1 of 2 modules differ" in str(diff)
    assert "    0: 50.00% → 90.00%" in str(diff)
    assert "| 0 | 50.00% | 90.00% | +40.00% |" in diff.to_markdown()
    assert diff.to_dict()["figures"][0]["modules"][0] == {
        "before": "0", "after": "0", "old": 0.5, "new": 0.9,
    }  # fmt: skip
    (mark,) = diff.draw().document.marks.entries  # type: ignore[union-attr]
    assert "sparsity: 50.00% → 90.00%" in mark.lines


def test_other_numbers_are_no_change_of_the_model() -> None:
    same = modelviz.diff(graph(8, _0=0.5), graph(8, _0=0.75))
    assert not same
    assert "nothing differs" in str(same) and "0: 50.00% → 75.00%" in str(same)
    assert "| 0 | 50.00% | 75.00% | +25.00% |" in same.to_markdown()


def test_a_side_without_the_figure_has_no_number() -> None:
    one_sided = modelviz.diff(graph(8), graph(8, _2=0.1))
    assert "2: -- → 10.00%" in str(one_sided)
    assert not modelviz.diff(graph(8), graph(8)).figures


def test_sums_over_ops_are_compared_by_module() -> None:
    def timed(model: nn.Module, cost: float) -> ModelGraph:
        traced = modelviz.trace(model, input_data=torch.ones(1, 4))
        return traced.with_figures("cost", {op.id: cost for op in traced.ops}, unit="s")

    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
    (figure,) = modelviz.diff(timed(model, 1.0), timed(model, 2.0)).figures
    assert [(row.after, row.old, row.new) for row in figure.rows] == [
        ("", 2.0, 4.0), ("0", 1.0, 2.0), ("1", 1.0, 2.0),
    ]  # fmt: skip


def test_numbers_in_two_units_are_not_compared() -> None:
    graph = modelviz.trace(nn.Linear(2, 2), (1, 2))
    old, new = (graph.with_figures("score", {"": 2}, unit=unit) for unit in ("s", "B"))
    figures = modelviz.diff(old, new).figures
    assert [(figure.name, figure.unit) for figure in figures] == [
        ("score (B)", "B"),
        ("score (s)", "s"),
    ]
    assert [(row.old, row.new) for figure in figures for row in figure.rows] == [
        (None, 2),
        (2, None),
    ]
