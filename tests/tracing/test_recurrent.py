"""Recurrent layers over long sequences: what short ones tell is what all the steps do."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import ModelGraph, trace
from modelviz.tracing import ops
from modelviz.tracing.kernels import KernelMode
from modelviz.tracing.recipes import RECIPES

LAYERS = [
    (nn.GRU(8, 16), (48, 2, 8)),
    (nn.GRU(5, 3, batch_first=True, bidirectional=True), (2, 49, 5)),
    (nn.GRU(4, 7, bias=False), (49, 4)),
    (nn.RNN(64, 2, nonlinearity="relu", batch_first=True), (1, 50, 64)),
    (nn.LSTM(6, 4).double(), (50, 3, 6)),
    (nn.LSTM(8, 5, proj_size=1), (48, 2, 8)),
    (nn.LSTM(8, 1, num_layers=2, bias=False).bfloat16(), (49, 1, 8)),
]


def traced(layer: nn.Module, size: tuple[int, ...]) -> ModelGraph:
    RECIPES.clear()
    dtype = next(layer.parameters()).dtype
    return trace(layer, size, dtypes=[dtype], execution="fake")


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(("layer", "size"), LAYERS, ids=[str(layer) for layer, _ in LAYERS])
def test_the_graph_is_that_of_all_steps(
    layer: nn.Module, size: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    short = traced(layer, size)
    monkeypatch.setattr(ops, "RECURRENT", frozenset())
    assert short.to_json() == traced(layer, size).to_json()


@pytest.mark.parametrize("layer", [nn.GRU(3, 4, batch_first=True), nn.RNN(3, 4, batch_first=True)])
def test_kernels_do_not_grow_with_the_steps(
    layer: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    observe = KernelMode.__torch_dispatch__

    def counted(mode: KernelMode, func: Any, types: Any, *rest: Any) -> Any:
        seen.append(func)
        return observe(mode, func, types, *rest)

    monkeypatch.setattr(KernelMode, "__torch_dispatch__", counted)
    counts = []
    for length in (50, 20_000):
        seen.clear()
        graph = traced(layer, (1, length, 3))
        counts.append(len(seen))
        # Each gate has a product with the input and one with the state, at 2 FLOPs an element.
        gates = 3 if isinstance(layer, nn.GRU) else 1
        assert sum(op.flops for op in graph.ops) == length * 2 * gates * 4 * (3 + 4)
    assert counts[0] == counts[1]


def test_strides_that_skip_are_run_step_by_step() -> None:
    class Every(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRU(3, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.cell(x[::2])[0]

    graph = traced(Every(), (120, 1, 3))
    assert sum(op.flops for op in graph.ops) == 60 * 2 * 3 * 4 * (3 + 4)
    assert graph.tensors[graph.calls[0].outputs[0]].shape == (60, 1, 4)
