"""A net of U inside of U is drawn in rows, one for each size; each block with its light steps."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks.pictures.geometry import crossings, faults, printed_text
from modelviz import trace
from modelviz.diagram import Diagram
from modelviz.drawing import draw
from modelviz.view import ViewOptions
from modelviz.view.by_layer import by_layer, layer_of
from modelviz.view.visibility import Visibility
from tests.graphs import GraphBuilder
from tests.render.u_nets import Nested

LEVELS = 5


def picture(**options: Any) -> Diagram:
    return draw(trace(Nested(**options).eval(), (1, 3, 64, 64)))


@pytest.mark.parametrize(
    "options",
    [{}, {"heads": 4}, {"learned": True}, {"levels": 4}],
    ids=["one head", "a head for each depth", "learned", "four levels"],
)
def test_blocks_of_a_size_are_a_row_and_each_is_shown_by_itself(options: dict[str, Any]) -> None:
    diagram = picture(**options)
    levels = options.get("levels", LEVELS)
    assert printed_text(diagram.svg) >= 5.99
    assert faults(diagram.svg) == [] and crossings(diagram.svg) == []
    rows: dict[str, list[Any]] = defaultdict(list)
    for node in diagram.view.nodes():
        if node.title == "Block":
            rows[node.name.removeprefix("blocks.")[0]].append(diagram.regions[node.id][0])
    assert [len(rows[str(level)]) for level in range(levels)] == list(range(levels, 0, -1))
    for boxes in rows.values():
        assert all(box.centre[1] == pytest.approx(boxes[0].centre[1]) for box in boxes)
        lefts = sorted(box.left for box in boxes)
        assert all(b - a > boxes[0].width / 2 for a, b in pairwise(lefts))
    heights = [rows[str(level)][0].centre[1] for level in range(levels)]
    assert heights == sorted(heights) and len(set(heights)) == levels


def test_a_block_says_what_is_done_before_it_and_opens_to_it() -> None:
    diagram = picture()
    details = {node.name: node.detail for node in diagram.view.nodes() if node.title == "Block"}
    assert details["blocks.1_0"] == "after MaxPool2d"
    assert details["blocks.0_2"] == "after Upsample, cat"
    whole = sum(node.figures.params for node in diagram.view.nodes())
    assert whole == diagram.graph.total_params
    block = next(node for node in diagram.view.nodes() if node.name == "blocks.0_2")
    (item,) = (item for item in diagram.document.items if item.id == block.id)
    assert [child.title for child in item.children or ()] == ["Upsample", "cat", "Block"]


def test_a_step_that_is_read_elsewhere_is_no_part_of_a_layer() -> None:
    build = GraphBuilder("Net")
    for index in range(40):
        build.module(str(index), "Linear", weights={"weight": (8 + index, 8)})
    x = build.input(1, 8, name="x")
    with build.call("", x):
        for index in range(40):
            y = build.layer(str(index), x, flops=8)
            y = build.op("relu", y, shape=(1, 8))
            x = build.op("add", x, y, shape=(1, 8))
    graph = build.graph(x)
    parts = by_layer(graph, Visibility(graph, ViewOptions(fold=False)).whole())
    assert [len(part.items) for part in parts] == [2, 1] * 40
    assert all(layer_of(graph, part) is not None for part in parts[::2])


class Losses(nn.Module):
    """Two heads whose losses, single numbers, meet in one."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(6, 8)
        self.heads = nn.ModuleDict({"a": nn.Linear(8, 1), "b": nn.Linear(8, 3)})
        self.weights = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor, a: Tensor, b: Tensor) -> Any:
        found = {name: head(torch.relu(self.body(x))) for name, head in self.heads.items()}
        wanted = {"a": a, "b": b}
        found["loss"] = sum(
            torch.exp(-weight) * nn.functional.mse_loss(found[name], wanted[name]) + weight
            for name, weight in zip(wanted, self.weights, strict=True)
        )
        return found


def test_single_numbers_that_meet_are_drawn() -> None:
    assert "<svg" in draw(Losses(), [(4, 6), (4, 1), (4, 3)]).svg
