"""Shapes in named dimensions: in tables, pictures, the viewer and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from typer.testing import CliRunner

import modelviz
from modelviz import GraphFileError, InputError, ModelGraph
from modelviz.cli import app
from modelviz.growth.polynomial import Atom, constant, variable

from .test_formulas import Attention, Strided

TOKENS: dict[str, Any] = {"dtypes": [torch.long], "dims": {"ids": ("batch", "seq")}}


class Steps(nn.Module):
    """A loop over time, between layers that see all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 8)
        self.cell = nn.GRUCell(8, 8)
        self.last = nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        state = x[:, 0]
        states = []
        for step in x.unbind(1):
            state = self.cell(step, state)
            states.append(state)
        return self.last(torch.stack(states, 1))


@pytest.fixture(scope="module")
def attention() -> ModelGraph:
    return modelviz.draw(Attention(), (2, 9), **TOKENS).graph


def test_tables_pictures_and_the_viewer_show_names(attention: ModelGraph) -> None:
    table = modelviz.summary(attention, col_names=("input_size", "output_size"), verbose=0)
    assert "[batch, seq, 24]" in str(table)
    assert "batch = 2, seq = 9" in str(table)
    by_path = {row["path"]: row for row in table.to_dict()["rows"]}
    assert by_path["out"]["output_size"] == [["batch", "seq", 8]]
    picture = modelviz.draw(attention, depth=1)
    assert "batch×seq×8" in picture.svg
    assert '["batch","seq",24]' in picture.html.replace(" ", "")


def test_figures_are_those_of_the_given_sizes(attention: ModelGraph) -> None:
    plain = modelviz.trace(Attention(), (2, 9), dtypes=[torch.long])
    assert attention.total_flops == plain.total_flops
    assert [tensor.shape for tensor in attention.tensors] == [t.shape for t in plain.tensors]


def test_strides_are_shares_of_a_size() -> None:
    graph = modelviz.draw(Strided(), (2, 3, 33, 41), dims=(None, None, "height", None)).graph
    shapes = {call.module: graph.tensors[call.outputs[0]].named_shape for call in graph.calls}
    assert shapes["1"] == (2, 4, "ceil(height/4)", 11)
    assert shapes["3"] == (2, 8, 1, 1)


def test_what_a_loop_repeats_keeps_its_numbers() -> None:
    graph = modelviz.summary(Steps(), (3, 5, 4), dims=(None, "time", None), verbose=0).graph
    shapes = {call.module: graph.tensors[call.outputs[0]].named_shape for call in graph.calls}
    assert shapes["first"] == (3, "time", 8)
    assert shapes["last"] == (3, "time", 2)


def test_saved_graphs_keep_names_and_older_ones_have_none(
    attention: ModelGraph, tmp_path: Path
) -> None:
    assert modelviz.load(attention.save(tmp_path / "named.json")) == attention
    plain = modelviz.trace(nn.Linear(2, 2), (1, 2)).to_dict()
    assert "dims" not in plain["tensors"]["columns"]
    assert ModelGraph.from_dict(json.loads(json.dumps(plain))).tensors[0].dims is None


@pytest.mark.parametrize("dims", [["batch"], [2, 8], ["x" * 300, 9], [None, 9]])
def test_names_of_a_file_that_do_not_fit_are_refused(attention: ModelGraph, dims: Any) -> None:
    data = json.loads(attention.to_json())
    data["tensors"]["rows"][attention.inputs[0]][-1] = dims
    with pytest.raises(GraphFileError):
        ModelGraph.from_dict(data)


def test_dims_that_do_not_fit_are_refused(attention: ModelGraph) -> None:
    with pytest.raises(InputError, match="1 name for input, which has 2 dimensions"):
        modelviz.draw(nn.Linear(4, 2), (3, 4), dims=("batch",))
    with pytest.raises(InputError, match="needs the model itself"):
        modelviz.summary(attention, dims=("batch", "seq"), verbose=0)


@pytest.mark.slow
def test_the_command_names_shapes() -> None:
    wanted = ["summary", "torchvision:alexnet", "-i", "2,3,96,96", "--dims", "batch,-,height,width"]
    done = CliRunner().invoke(app, [*wanted, "--depth", "1", "--columns", "output_size"])
    assert done.exit_code == 0, done.output
    assert "[batch, 1000]" in done.output


def test_terms_read_as_they_are_computed() -> None:
    seq, share = variable(Atom(1)), variable(Atom(1, 3, 1))
    names = ("batch", "seq")
    assert (seq.scaled(2) + constant(-1)).text(names) == "2*seq-1"  # type: ignore[arg-type]
    assert (variable(Atom(0)) * share * share).text(names) == "batch*floor((seq+1)/3)**2"
    assert variable(Atom(1, 4, 3)).text(names) == "ceil(seq/4)"
