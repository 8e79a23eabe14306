"""The document that the viewer takes: it holds every item and every flow, once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from torch import nn

import modelviz
from modelviz.drawing import draw
from modelviz.errors import InputError
from modelviz.view import Figures, view_options
from modelviz.view.making import document_of
from modelviz.viewer.options import viewer_options
from tests.render.models import residual
from tests.view import vectors
from tests.view.programs import PROGRAMS, build
from tests.view.showing import view_of


@pytest.mark.slow
def test_the_vectors_of_the_viewer_are_current() -> None:
    """``python -m tests.view.vectors`` writes them anew, with the torch that is pinned."""
    pinned = (Path(__file__).parents[2] / "constraints.txt").read_text(encoding="utf-8")
    if f"torch=={torch.__version__.partition('+')[0]}\n" not in pinned:
        pytest.skip("another release of torch may run other ops")
    found = {path.stem: path.read_text(encoding="utf-8") for path in vectors.FOLDER.glob("*.json")}
    assert found == {name: vectors.text(*made) for name, *made in vectors.graphs()}
    assert vectors.NUMBERS.read_text(encoding="utf-8") == vectors.numbers()


@settings(max_examples=30, deadline=None)
@given(PROGRAMS)
def test_figures_add_up_at_every_level(program: tuple[Any, ...]) -> None:
    graph = build(program)
    document = document_of(graph).to_dict()
    total = sum((Figures(**item["figures"]) for item in document["items"]), Figures())
    assert total == Figures(**document["figures"])
    assert total.params == graph.total_params
    assert total.flops == graph.total_flops
    for item in items(document["items"]):
        if "children" in item:
            inside = sum((Figures(**child["figures"]) for child in item["children"]), Figures())
            assert inside == Figures(**item["figures"])


@settings(max_examples=30, deadline=None)
@given(PROGRAMS)
def test_every_op_is_in_one_innermost_item(program: tuple[Any, ...]) -> None:
    graph = build(program)
    owned: list[int] = []

    def visit(found: list[dict[str, Any]], shifts: list[int]) -> None:
        for item in found:
            every = [
                s + o for s in shifts for o in (0, *(ops for ops, _ in item.get("offsets", ())))
            ]
            if "children" in item:
                visit(item["children"], every)
            elif "span" in item:
                start, stop = item["span"]
                owned.extend(op + shift for op in range(start, stop) for shift in every)

    visit(document_of(graph).to_dict()["items"], [0])
    assert sorted(owned) == [op.id for op in graph.ops]


def test_the_document_is_json_and_opens_as_the_picture_does() -> None:
    graph = modelviz.trace(nn.Sequential(*(Block() for _ in range(5))), (2, 8))
    document = document_of(graph, view_options(collapse="*")).to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["open"] == []
    opened = document_of(graph, view_options(depth=2)).to_dict()["open"]
    assert opened == [group.id for group in view_of(graph, depth=2).groups()]


def test_copies_know_where_they_are() -> None:
    graph = modelviz.trace(nn.Sequential(*(Block() for _ in range(5))), (2, 8))
    folded = next(item for item in document_of(graph).to_dict()["items"] if item.get("copies") == 5)
    assert folded["paths"] == [[str(index)] for index in range(5)]
    for index, (ops, calls) in enumerate(folded["offsets"], start=1):
        call = graph.calls_of(str(index))[0]
        assert call.id == graph.calls_of("0")[0].id + calls
        assert call.start == folded["span"][0] + ops


def test_a_graph_without_a_forward_has_modules_and_no_flow() -> None:
    graph = modelviz.trace(nn.Sequential(*(Block() for _ in range(5))), execution="none")
    document = document_of(graph).to_dict()
    assert not document["traced"]
    assert document["flow"]["reads"] == []
    assert Figures(**document["figures"]).params == graph.total_params
    assert {item["title"] for item in items(document["items"])} >= {"Block", "Linear"}


def test_a_failed_forward_is_told_and_marked() -> None:
    model = nn.Sequential(nn.Linear(8, 4), nn.Linear(8, 4))
    with pytest.raises(modelviz.TraceError) as caught:
        modelviz.trace(model, (2, 8))
    document = document_of(caught.value.graph).to_dict()
    assert "4" in document["failure"]
    marked = {item["path"]: item["status"] for item in items(document["items"]) if "status" in item}
    assert marked == {"0": "lit", "1": "failed"}


def test_a_path_that_matches_nothing_is_an_error() -> None:
    graph = modelviz.trace(nn.Sequential(nn.Linear(8, 8)), (2, 8))
    with pytest.raises(InputError, match=r"nothing\.here"):
        document_of(graph, view_options(expand="nothing.here")).to_dict()


def test_a_flat_model_is_put_into_parts_that_open() -> None:
    rng = random.Random(0)
    layers = [nn.Linear(8, 8) if rng.random() < 0.5 else nn.ReLU() for _ in range(200)]
    document = document_of(modelviz.trace(nn.Sequential(*layers), (2, 8))).to_dict()
    bundles = [item for item in document["items"] if item["id"].startswith("b")]
    assert bundles and all(len(bundle["children"]) > 1 for bundle in bundles)
    assert len(document["items"]) <= 60


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.second = nn.Linear(16, 8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(torch.relu(self.first(x)))


def items(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in found:
        yield item
        yield from items(item.get("children", []))


def test_figures_that_were_put_on_a_graph_are_in_its_document() -> None:
    graph = residual().with_figures("drift", {"blocks.0": 2.5, "head": -1}, unit="dB")
    graph = graph.with_figures("cost", {op.id: 1.0 for op in graph.ops}, unit="s")
    drift, cost = document_of(graph).to_dict()["overlays"]
    assert drift["name"] == "drift" and drift["unit"] == "dB" and drift["ops"] == {}
    assert drift["modules"] == {"blocks.0": 2.5, "head": -1}
    assert cost["ops"] == {f"o{op.id}": 1.0 for op in graph.ops}
    assert cost["modules"]["blocks.0"] == 4.0, "the sum of what ran in it"
    assert "overlays" not in document_of(residual()).to_dict()


def test_a_viewer_begins_with_the_figure_that_colours_a_picture() -> None:
    graph = residual().with_figures("cost", {op.id: 1.0 for op in residual().ops}, unit="s")
    diagram = draw(graph, color_by="cost", expand="blocks.0")
    assert viewer_options(diagram.style)["heat"] == "cost"
    assert "1.00 s" in diagram.svg, "an op has its own"
