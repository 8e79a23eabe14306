"""Long stretches of small ops between layers are one closed part, the layers stay by themselves."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from modelviz import ModelGraph, trace
from modelviz.drawing import draw
from modelviz.view import Node, View
from modelviz.view.stretches import Stretches
from modelviz.view.tree import Part
from tests.render.detectors import DETECTORS


def graph_of(name: str) -> ModelGraph:
    model, inputs = DETECTORS[name]()
    return trace(model, input_data=inputs)


def titles(view: View) -> list[str]:
    return [node.title for node in view.nodes()]


@pytest.mark.parametrize("name", ["inline-detector", "per-level"])
def test_a_detector_shows_backbone_pyramid_and_heads(name: str) -> None:
    view = draw(graph_of(name)).view
    shown = [item.path for item in view.walk()]
    assert {"backbone", "fpn", "cls_head", "box_head"} <= set(shown)
    assert sum(node.kind == "several" for node in view.nodes()) <= 3
    assert view.size <= 24


def test_what_is_closed_opens_and_costs_the_same() -> None:
    graph = graph_of("ssd")
    shut, wide = draw(graph, depth=1).view, draw(graph, depth=2).view
    (stretch,) = [node for node in shut.nodes() if node.kind == "several"]
    assert stretch.expandable and "exp" in stretch.contents and "permute" not in stretch.contents
    assert {"topk", "exp", "gather"} <= set(titles(wide)) - set(titles(shut))
    for view in (shut, wide):
        assert sum(node.figures.flops for node in view.nodes()) == graph.total_flops


class Steps(nn.Module):
    """Two layers, and between them so many steps."""

    def __init__(self, steps: int, product: int | None = None, layers: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(layers))
        self.steps, self.product = steps, product

    def forward(self, x: Tensor) -> Tensor:
        x = self.layers[0](x)
        for index in range(self.steps):
            one = (torch.sin, torch.cos, torch.exp)[index % 3]
            x = x @ x.T @ x if index == self.product else one(x) + index
        return self.layers[-1](x) if len(self.layers) > 1 else x


@pytest.mark.parametrize(
    ("model", "stretches"),
    [
        (Steps(7), 1),
        (Steps(5), 0),  # ten steps, as many as the gates of a recurrent cell
        (Steps(10, product=5), 0),  # a product of matrices is something to see
        (Steps(9, layers=1), 0),  # what the module is
    ],
)
def test_what_is_long_and_light_between_layers_is_one(model: nn.Module, stretches: int) -> None:
    view = draw(trace(model, input_data=torch.zeros(4, 4)), depth=1, fold=False).view
    found = [n for n in view.nodes() if isinstance(n, Node) and n.kind == "several"]
    assert len(found) == stretches


def test_a_failure_stays_in_sight() -> None:
    class Fails(Steps):
        def forward(self, x: Tensor) -> Tensor:
            return self.layers[1](super().forward(x)) @ torch.zeros(3, 3)

    with pytest.raises(Exception, match="3") as caught:
        trace(Fails(8), input_data=torch.zeros(4, 4))
    view = draw(caught.value.graph).view  # type: ignore[attr-defined]
    assert any(node.status == "failed" for node in view.nodes() if node.kind != "several")


def test_each_part_of_a_call_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    real = Stretches._is_light

    def counted(self: Stretches, part: Part) -> bool:
        seen.append(part.id)
        return real(self, part)

    monkeypatch.setattr(Stretches, "_is_light", counted)
    draw(graph_of("ssd"), depth=1, fold=False)
    assert len(seen) >= 12 and len(seen) == len(set(seen))
