"""The graph of a plan: local shapes beside global ones, and collectives by module."""

from __future__ import annotations

import pytest
import torch

import modelviz
from modelviz import ModelGraph
from modelviz.planning import Plan

from .processes import Language

TOKENS = torch.zeros(4, 16, dtype=torch.int64)


@pytest.fixture(scope="module")
def plan() -> Plan:
    model = Language(64, 2)
    return modelviz.plan(model, input_data=TOKENS, loss=torch.mean, mesh={"dp": 4, "tp": 2})


def made(graph: ModelGraph, path: str) -> tuple[int | str, ...]:
    """What the first call of a module gives."""
    return graph.tensors[graph.calls_of(path)[0].outputs[0]].named_shape


def test_shapes_on_all_devices_and_on_one(plan: Plan) -> None:
    graph = plan.graph
    assert made(graph, "blocks.0.wide") == (4, 16, "(256→128)")
    assert made(graph, "blocks.0.q") == (4, 16, "(64→32)")
    assert made(graph, "blocks.1.o") == made(graph, "blocks.0") == (4, 16, 64)
    assert made(graph, "head") == (4, 16, 512)  # gathered, in the end
    assert graph.tensors[graph.inputs[0]].named_shape == ("(16→4)", 16)
    attention = next(op for op in graph.ops if op.name == "scaled_dot_product_attention")
    assert [graph.tensors[t].named_shape for t in attention.inputs] == [(4, "(4→2)", 16, 16)] * 3
    (wide,) = [p for p in graph.module("blocks.0.wide").parameters if p.name == "weight"]
    assert wide.shape == (256, 64) and wide.named_shape == ("(256→32)", 64)
    assert wide.bytes == 32 * 64 * 4


def test_collectives_and_the_peak_are_figures_of_modules(plan: Plan) -> None:
    graph = plan.graph
    sums = {measure.name: dict(measure.values) for measure in graph.measures}
    assert sums["sent"][""] == sum(one.wire_bytes for one in plan.collectives)
    assert sums["all-reduces, tp"]["blocks.0"] == 6 and sums["all-reduces, tp"]["blocks.0.o"] == 1
    assert sums["all-gathers, dp"] == {"": 5, "blocks": 4, "blocks.0": 2, "blocks.1": 2}
    assert sums["weights"][""] == plan.breakdown["parameters"]
    inputs = plan.breakdown["inputs"]
    assert sums["at the peak"][""] == plan.peak_bytes - inputs


def test_tables_pictures_and_files_have_them(plan: Plan) -> None:
    table = str(modelviz.summary(plan.graph, depth=3, verbose=0))
    assert "[4, 16, (256→128)]" in table and "all-gathers, dp" in table
    drawn = plan.draw(depth=3)
    assert "4×16×(256→128)" in drawn.svg
    assert "Language on one of 8 devices (dp=4, tp=2)" in drawn.svg and "sent" in drawn.svg
    assert ModelGraph.from_json(plan.graph.to_json()) == plan.graph


def test_a_plan_of_one_device_is_drawn_by_what_is_held() -> None:
    found = modelviz.plan(Language(64, 1), input_data=TOKENS)
    assert [measure.name for measure in found.graph.measures] == ["at the peak"]
    assert "at the peak" in found.draw().svg
    smaller = found.resized(batch=2).graph
    assert smaller.tensors[smaller.inputs[0]].shape == (2, 16)


def test_a_wrong_option_of_a_picture_is_told(plan: Plan) -> None:
    with pytest.raises(modelviz.InputError, match="color_by"):
        plan.draw(color_by="nothing")
