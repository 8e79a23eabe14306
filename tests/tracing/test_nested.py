"""Nested tensors: given, inside, and as results."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import modelviz
from modelviz import ModelGraph, trace

from .flow import flows

ROWS = (2, 3)
WIDTH = 8

pytestmark = pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")


def nested(layout: torch.layout) -> torch.Tensor:
    return torch.nested.nested_tensor([torch.rand(n, WIDTH) for n in ROWS], layout=layout)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, x: Any) -> Any:
        y = self.norm(torch.relu(self.linear(x)))
        q = y.view(y.size(0), -1, 2, 4).transpose(1, 2)
        return F.scaled_dot_product_attention(q, q, q).transpose(1, 2)


class Packs(nn.Module):
    """Makes a nested tensor of its input, and a padded one in the end."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Any) -> Any:
        packed = torch.nested.as_nested_tensor([x[0, :2], x[1, :3]], layout=torch.jagged)
        return torch.nested.to_padded_tensor(self.linear(packed), 0.0)


@pytest.mark.parametrize("layout", [torch.jagged, torch.strided])
def test_a_layer_counts_the_rows_that_there_are(layout: torch.layout) -> None:
    graph = trace(nn.Linear(WIDTH, WIDTH), input_data=nested(layout))
    assert graph.execution == "real"
    assert graph.total_flops == 2 * sum(ROWS) * WIDTH * WIDTH
    (output,) = (graph.tensors[tensor] for tensor in graph.outputs)
    assert output.shape == (2, 3, WIDTH)
    assert output.bytes == 4 * sum(ROWS) * WIDTH
    assert ModelGraph.from_json(graph.to_json()) == graph
    assert "[2, 3, 8]" in str(modelviz.summary(graph, verbose=0))
    assert "2×3×8" in modelviz.draw(graph).svg


def test_attention_of_nested_tensors() -> None:
    graph = trace(Attention(), input_data=nested(torch.jagged))
    linear = 2 * sum(ROWS) * WIDTH * WIDTH
    products = sum(2 * 2 * (2 * n * n * 4) for n in ROWS)  # two products in each of two heads
    assert graph.total_flops == linear + products
    assert flows(graph, "linear", "norm")


def test_made_and_unmade_inside() -> None:
    graph = trace(Packs(), (2, 3, WIDTH), execution="real")
    assert graph.total_flops == 2 * sum(ROWS) * WIDTH * WIDTH
    assert graph.tensors[graph.outputs[0]].shape == (2, 3, WIDTH)
    assert graph.tensors[graph.outputs[0]].producer is not None
