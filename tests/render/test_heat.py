"""The scale of a heat map: where it begins and ends, and which colour is whose."""

from __future__ import annotations

import re

import pytest
from torch import nn

import modelviz
from modelviz.graph import ModelGraph
from modelviz.render.heat import Scale, scale_of
from modelviz.render.theme import diverging, heat


@pytest.mark.parametrize(
    ("numbers", "scale"),
    [
        ((), Scale(0, 0)),
        ((3, 1), Scale(0, 3)),
        ((-1, 4), Scale(-4, 4)),
        ((-6, 2), Scale(-6, 6)),
        ((-6, -2), Scale(-6, -2)),
        ((-6, 0), Scale(-6, 0)),
    ],
)
def test_where_a_scale_begins_and_ends(numbers: tuple[float, ...], scale: Scale) -> None:
    assert scale_of(numbers) == scale


def test_numbers_of_both_signs_stand_around_the_middle() -> None:
    scale = scale_of((-6, 0, 3))
    assert [scale.colour(number) for number in (-6, 0, 3, None)] == [
        diverging(share) for share in (0, 0.5, 0.75, 0.5)
    ]


def test_negative_numbers_alone_have_all_of_the_scale() -> None:
    scale = scale_of((-6, -2))
    assert [scale.colour(number) for number in (-6, -2)] == [heat(0), heat(1)]
    assert scale.colour(None) is None


def graph_with(**numbers: float) -> ModelGraph:
    graph = modelviz.trace(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 4)), (1, 2))
    return graph.with_figures("drift", {name[1:]: value for name, value in numbers.items()})


@pytest.mark.parametrize(
    ("low", "high", "begin", "end"),
    [(2.0, 5.0, "0", "drift 5"), (-2.0, 5.0, "−5", "drift 5"), (-5.0, -2.0, "−5", "drift −2")],
)
def test_the_legend_says_where_the_scale_begins(
    low: float, high: float, begin: str, end: str
) -> None:
    svg = modelviz.draw(graph_with(_0=low, _2=high), color_by="drift").svg
    assert f">{begin}<" in svg and f">{end}<" in svg


def test_the_hover_texts_of_an_exported_picture_tell_the_figures_of_an_author() -> None:
    svg = modelviz.draw(graph_with(_0=2.5, _2=-1.0)).svg
    titles = re.findall(r"<title>(.*?)</title>", svg, re.DOTALL)
    assert [title for title in titles if "drift: 2.5" in title] != []
    assert [title for title in titles if "drift: −1" in title] != []
    assert "drift" not in modelviz.draw(graph_with()).svg
