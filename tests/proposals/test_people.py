"""Models as people write them run with the first inputs that are proposed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.proposals import propose_inputs
from modelviz.proposals.slices import sliced
from tests.proposals import people_fourth, people_more, people_sixth, people_third
from tests.proposals.people import MODELS
from tests.proposals.people_fifth import WANTED

# Their models are among those.
assert people_fourth and people_more and people_sixth and people_third


# The default run takes every sixth.
def one_in(many: int, names: Iterable[str], first: int) -> list[Any]:
    """Parameters of a test, of which all but the ``first`` of ``many`` and so on are slow."""
    return [
        pytest.param(name, marks=() if number % many == first else pytest.mark.slow)
        for number, name in enumerate(names)
    ]


@pytest.mark.parametrize("name", one_in(6, MODELS, 0))
def test_first_proposal_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = MODELS[name]()
    graph = modelviz.trace(model)
    assert graph.execution != "none", graph.notes
    assert graph.failure is None and graph.outputs
    codes = {finding.code for finding in graph.findings}
    texts = any(isinstance(one, str) for one in WANTED.get(name, ()))
    assert ("MV007" in codes) is (bool(graph.inputs) or texts), graph.notes


def test_summary_and_picture_say_what_was_assumed() -> None:
    table = str(modelviz.summary(MODELS["LeNet"](), verbose=0))
    assert "no inputs were given; the inputs are a proposal: x [1, 1, 32, 32] float32" in table
    assert "[1, 10]" in table
    assert "-->" in modelviz.draw(MODELS["LeNet"]()).mermaid


def test_the_modules_alone_are_asked_for() -> None:
    graph = modelviz.trace(MODELS["LeNet"](), execution="none")
    assert graph.execution == "none" and not graph.ops and not graph.findings


# What a person would give, where something else runs by accident.
SHAPES = {
    "NTM": [(1, 9), (1, 20), (1, 1, 100), (1, 1, 100), (1, 128)],
    "TeacherForced": [(32, 1), (32, 1)],
    "InformerLike": [(1, 1024, 7), (1, 1024, 4), (1, 1024, 7), (1, 1024, 4)],
    "DecisionTransformer": [(1, 32, 11), (1, 32, 3), (1, 32, 1), (1, 32)],
    "MoleculeGNN": [(32, 11), (2, 32), (32, 4), (32,)],
    "KipfGCN": [(32, 50), (32, 32)],
    "TabularEmbeddings": [(1, 3), (1, 9)],
    "FTTransformer": [(1, 6), (1, 2)],
    "SACCritic": [(1, 17), (1, 6)],
    "Pix2PixDiscriminator": [(1, 3, 64, 64), (1, 3, 64, 64)],
    "KAN": [(1, 13)],
    "NavierStokesPINN": [(1, 1), (1, 1), (1, 1)],
    "ODEFunc": [(1,), (1, 2)],
    "ConvLSTMNet": [(1, 8, 1, 64, 64)],
    "CNNLSTMVideo": [(1, 8, 3, 224, 224)],
    "EdgeListSAGE": [(32, 5), (2, 32)],
    "EdgeConditioned": [(32, 6), (2, 32), (32, 3)],
    "GATDense": [(32, 8), (32, 32)],
    "SchNetLite": [(32,), (32, 3)],
    "LatentDenoiser": [(1, 4, 64, 64), (1,), (1, 32, 48)],
    "ScratchMHA": [(1, 32, 32), (1, 32, 32), (1, 32, 32)],
    "WavToMelCNN": [(1, 16000)],
    "StarArgs": [(1, 10), (1, 20)],
    "QuantIn": [(1, 12)],
    "TakesPacked": [(32, 10), (32,)],
    "UniLSTM": [(1, 32)],
    "MF": [(1,), (1,)],
    "GINPool": [(32, 11), (2, 32), (32,)],
    "InteractionNet": [(32, 4), (32,), (32,), (32, 2)],
    "CDisc": [(1, 1, 28, 28), (1,)],
    "GoalCritic": [(1, 8), (1, 2), (1, 3)],
    "CrossDims": [(1, 32, 24), (1, 32, 20), (1, 32, 28)],
    "DictSample": [(1, 5), (1,)],
    "StarModal": [(1, 20), (1, 33), (1, 7)],
    "Warper": [(1, 3, 224, 224), (1, 2, 3)],
    "AttnCaptioner": [(1, 32, 32), (1, 32)],
}


@pytest.mark.parametrize("name", one_in(5, SHAPES, 1))
def test_shapes_are_those_of_a_person(name: str) -> None:
    torch.manual_seed(0)
    model = MODELS[name]().eval()
    held = model.state_dict()
    before = {key: one.clone() for key, one in held.items() if isinstance(one, torch.Tensor)}
    proposed = propose_inputs(model)
    assert [one.shape for one in proposed] == SHAPES[name]
    assert all(torch.equal(model.state_dict()[key], one) for key, one in before.items())


@pytest.mark.parametrize("name", one_in(5, WANTED, 1))
def test_inputs_are_those_of_a_person(name: str) -> None:
    torch.manual_seed(0)
    given = propose_inputs(MODELS[name]())
    texts = [one for one in WANTED[name] if isinstance(one, str)]
    if texts:
        assert {one.name.partition("[")[0] for one in given if one.value is not None} == {*texts}
        assert all(type(one.value) is str for one in given if one.value is not None)
    tensors = [(one.shape, one.dtype) for one in given if one.value is None]
    assert tensors == [one for one in WANTED[name] if one not in texts]


def test_slices_tell_a_width_only_where_all_is_taken_in_slices() -> None:
    class Takes(nn.Module):
        def forward(self, rays: Any, state: Any, whole: Any, rest: Any) -> Any:
            first, second = rays[..., :3], rays[..., 3:6]
            third = state[:, :, 0] + state[:, :, 4] * state.shape[1]
            return first + second + third + whole[:, :2] + whole + rest[:, :2] + rest[:, 2:]

    named = ("rays", "state", "whole", "rest")
    told = [sliced(Takes(), name) for name in named]
    sizes = [axes and [axis.size for axis in axes] for axes in told]
    assert sizes == [[None, 6], [None, None, 5], None, None]


def test_numbers_are_floats_where_nothing_is_looked_up_with_them() -> None:
    dtypes = [one.dtype for one in propose_inputs(MODELS["FTTransformer"]())]
    assert dtypes == ["float32", "int64"]


def test_columns_are_floats_and_what_is_no_tensor_is_said() -> None:
    assert {one.dtype for one in propose_inputs(MODELS["NavierStokesPINN"]())} == {"float32"}
    assert "x [1, 12] quint8" in modelviz.trace(MODELS["QuantIn"]()).notes[0]

    class Tree(nn.Linear):
        def forward(self, tree: Any) -> Any:
            return sum(self.forward(child) for child in tree.children) + tree.value

    graph = modelviz.trace(Tree(3, 3))
    assert graph.execution == "none"
    assert "the forward reads 'children' of tree, which no tensor has" in graph.notes[0]


def test_nothing_large_runs_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    class Looks(nn.Conv2d):
        def forward(self, x: Any) -> Any:
            return super().forward(x) if x.sum() > 0 else x

    monkeypatch.setattr("modelviz.proposals.search.MAX_NUMBERS", 1)
    assert modelviz.trace(Looks(3, 4, 3)).execution == "none"


def test_what_makes_a_state_leaves_the_model_as_it_was() -> None:
    class Keeps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(5, 6)
            self.made = 0

        def init_hidden(self, batch_size: int) -> torch.Tensor:
            self.made += 1
            return torch.zeros(batch_size, 6)

        def forward(self, x: Any, hidden: Any) -> Any:
            return self.cell(x, hidden)

    model = Keeps()
    proposed = propose_inputs(model)
    assert [one.shape for one in proposed] == [(1, 5), (1, 6)]
    assert "init_hidden() makes it" in proposed[1].why
    assert model.made == 0
