"""How the parameters of a layer add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

import pytest
import torch
from torch import nn

from modelviz import trace
from modelviz.explaining.counts import Derivation, derivation, derived_sum
from modelviz.view.document import Item
from modelviz.view.making import document_of


def of(layer: nn.Module, path: str = "") -> Derivation:
    return derivation(trace(layer, execution="none").module(path))


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (nn.Linear(784, 128), "784·128 + 128 = 100,480"),
        (nn.Linear(3, 4, bias=False), "3·4 = 12"),
        (nn.Conv2d(3, 16, 3), "3·3·3·16 + 16 = 448"),
        (nn.Conv1d(8, 16, 5, groups=8), "5·1·16 + 16 = 96"),
        (nn.ConvTranspose2d(4, 6, 2, bias=False), "2·2·4·6 = 96"),
        (nn.Embedding(5000, 64), "5,000·64 = 320,000"),
        (nn.BatchNorm2d(16), "16 + 16 = 32"),
        (nn.LayerNorm((4, 5), bias=False), "4·5 = 20"),
        (nn.RMSNorm(6), "6"),
        (nn.LSTM(20, 32), "4·(20·32 + 32·32 + 32 + 32) = 6,912"),
        (nn.GRU(20, 20, 3, bias=False), "3·3·(20·20 + 20·20) = 7,200"),
        (
            nn.LSTM(3, 2, bidirectional=True),
            "2·4·(3·2 + 2·2 + 2 + 2) = 112",
        ),
        (nn.RNNCell(3, 4), "3·4 + 4·4 + 4 + 4 = 36"),
        (nn.MultiheadAttention(64, 4), "3·(64·64 + 64) = 12,480"),
        (nn.Bilinear(3, 4, 5), "3·4·5 + 5 = 65"),
        (nn.PReLU(), "1"),
        (nn.ReLU(), "0"),
        (nn.LazyLinear(4), "0"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_layers_of_pytorch(layer: nn.Module, told: str) -> None:
    assert str(of(layer)) == told


def test_the_sum_is_that_of_the_tensors_for_every_setting() -> None:
    layers: list[nn.Module] = [
        *(nn.Conv2d(4, 8, 3, groups=g, bias=b) for g, b in product((1, 2, 4), (True, False))),
        *(nn.ConvTranspose3d(4, 8, (1, 2, 3), groups=g) for g in (1, 2)),
        *(
            kind(3, 5, layers, bias=bias, bidirectional=both)
            for kind in (nn.RNN, nn.GRU, nn.LSTM)
            for layers, bias, both in product((1, 2), (True, False), (True, False))
        ),
        nn.LSTM(5, 8, 2, proj_size=3),
        *(nn.MultiheadAttention(8, 2, **others) for others in ({}, {"kdim": 3}, {"bias": False})),
        nn.EmbeddingBag(7, 3),
        nn.GroupNorm(2, 8, affine=False),
        nn.InstanceNorm2d(4, affine=True),
    ]
    for layer in layers:
        counted = sum(one.numel() for one in layer.parameters(recurse=False))
        assert of(layer).total == counted, layer


def test_the_words_say_what_each_factor_is() -> None:
    words = of(nn.Conv2d(3, 16, 3)).words
    assert "16 filters, each a window of 3×3 weights for each of the 3 input channels" in words
    assert "a bias for each filter" in words
    assert "buffers" in of(nn.BatchNorm1d(4)).words
    assert of(nn.BatchNorm1d(4, track_running_stats=False)).words.endswith("channels.")


def test_a_class_of_ones_own_has_its_tensors_named() -> None:
    class Linear(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Parameter(nn.Linear(3, 2).weight.detach())
            self.scale = nn.Parameter(self.table[0, 0].clone())

    told = of(Linear())
    assert str(told) == "2·3 + 1 = 7"
    assert told.words == "Its tensors: table (2·3), scale (1)."


def test_a_shared_tensor_is_counted_where_it_is_first_held() -> None:
    model = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10))
    model[1].weight = model[0].weight
    told = of(model, "1")
    assert str(told) == "10"
    assert "Its weight is 0.weight, and is counted there." in told.words


def test_a_block_is_the_sum_of_what_is_in_it() -> None:
    told = derived_sum([("branch", 5050), ("relu", 0), ("head", 510)])
    assert str(told) == "5,050 + 510 = 5,560"
    assert told.words == "5,050 in branch, 510 in head."
    assert str(derived_sum([])) == "0"
    alike = derived_sum([("0", 7), ("1", 7), ("head", 5), ("tail", 7)])
    assert str(alike) == "2·7 + 5 + 7 = 26"
    assert alike.words == "7 in each of 0 and 1, 5 in head, 7 in tail."


def test_every_module_of_a_document_says_how_its_parameters_add_up() -> None:
    block = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 4, bias=False))
    block.scale = nn.Parameter(torch.ones(2))
    graph = trace(nn.Sequential(block, nn.Linear(4, 4)), (1, 4))
    infos = {item.path: item.module for item in walk(document_of(graph).items) if item.module}
    assert infos["0.0"].sum == "4·3 + 3 = 15" and "each of the 4 inputs" in infos["0.0"].words
    assert infos["0"].sum == "2 + 15 + 12 = 29" and "2 in Sequential itself" in infos["0"].words
    assert infos["0.1"].sum == ""


def walk(items: Iterable[Item]) -> Iterator[Item]:
    for item in items:
        yield item
        yield from walk(item.children or ())
