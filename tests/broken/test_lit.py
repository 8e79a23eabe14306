"""The way of what met is lit: in the view, in the picture, and in the viewer's document."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.explaining import lit
from modelviz.graph import ModelGraph
from modelviz.render.theme import THEMES


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(4, 4, 3)
        self.act = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.act(self.narrow(x))


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 1)
        self.stem = nn.Conv2d(4, 4, 1)
        self.block = Block()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.block(self.stem(self.first(x)))


@pytest.fixture(scope="module")
def failed() -> ModelGraph:
    with pytest.raises(modelviz.TraceError) as error:
        modelviz.trace(Net(), (1, 3, 8, 8))
    return error.value.graph


def _statuses(items: list[dict[str, Any]]) -> dict[str, str]:
    found = {}
    for item in items:
        found[item.get("path") or item["title"]] = item.get("status", "")
        found |= _statuses(item.get("children", []))
    return found


def test_the_way_begins_at_the_layers_that_gave_the_sizes(failed: ModelGraph) -> None:
    way = lit(failed)
    modules = {failed.calls[failed.ops[op].call].module for op in way.ops}
    assert modules == {"stem", "block.narrow", "block.act", "block"}
    assert not way.inputs


def test_view_and_picture(failed: ModelGraph) -> None:
    diagram = modelviz.draw(failed, depth=3)
    statuses = {node.path or node.title: node.status for node in diagram.view.nodes()}
    assert statuses["stem"] == statuses["block.narrow"] == statuses["block.act"] == "lit"
    assert statuses["add"] == "failed"
    assert statuses["first"] == statuses["input"] == ""
    # Three lit outlines with their stripes, and the four edges between them and the failure.
    assert diagram.svg.count(THEMES["light"].lit) >= 3 * 2 + 4 * 2


def test_the_viewers_document(failed: ModelGraph) -> None:
    from modelviz.view.making import document_of

    statuses = _statuses(document_of(failed).to_dict()["items"])
    assert statuses["stem"] == statuses["block.narrow"] == statuses["block.act"] == "lit"
    assert statuses["first"] == ""


def test_an_input_that_met(failed: ModelGraph) -> None:
    with pytest.raises(modelviz.TraceError) as error:
        modelviz.trace(nn.Sequential(nn.ReLU(), nn.Linear(4, 2)), (1, 3))
    way = lit(error.value.graph)
    assert [error.value.graph.tensors[tensor].kind for tensor in way.inputs] == ["input"]
    diagram = modelviz.draw(error.value.graph)
    assert diagram.view.items[0].status == "lit"


def test_nothing_is_lit_where_nothing_failed() -> None:
    graph = modelviz.trace(nn.Linear(4, 2), (1, 4))
    assert not lit(graph).ops
    assert THEMES["light"].lit not in modelviz.draw(graph).svg
