"""A trace does not depend on what the process did before: the same bytes every time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import trace


class Caching(nn.Module):
    """Writes to a buffer by slices, and to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("cache", torch.zeros(6, 4))

    def forward(self, x: Any) -> Any:
        for step in range(3):
            self.cache[step] = self.linear(x)[0]
            x.mul_(2)
        return self.cache[:3].sum() + x


MODELS: dict[str, tuple[Any, Any]] = {
    "conv and norm": (
        lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True)),
        (2, 3, 8, 8),
    ),
    "repeated norms": (
        lambda: nn.Sequential(
            *[nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(3)]
        ),
        (3, 4),
    ),
    "caching": (Caching, (3, 4)),
    "recurrent": (lambda: nn.LSTM(4, 4, num_layers=2), (3, 2, 4)),
    "transformer": (lambda: nn.TransformerEncoderLayer(8, 2, 16), (3, 2, 8)),
    "lazy": (lambda: nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d()), (2, 3, 8, 8)),
}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("execution", ["fake", "real", "auto"])
@pytest.mark.parametrize(
    "name",
    [pytest.param(one, marks=pytest.mark.slow if one == "lazy" else ()) for one in MODELS],
)
def test_the_same_bytes_every_time(name: str, execution: Any, training: bool) -> None:
    make, size = MODELS[name]
    model = make().train(training)
    traces = [trace(model, size, execution=execution).to_json() for _ in range(3)]
    assert traces[0] == traces[1] == traces[2]
    assert trace(make().train(training), size, execution=execution).to_json() == traces[0]


def test_what_is_copied_to_be_put_back_is_no_tensor_of_the_graph() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    x = torch.rand(2, 3, 8, 8)
    for _ in range(2):
        graph = trace(model, input_data=x, execution="real")
        # Input, two weights and two outputs; bias, scale, shift, two statistics and a counter.
        kinds = sorted(tensor.kind for tensor in graph.tensors if tensor.producer is None)
        assert kinds == ["buffer"] * 3 + ["input"] + ["parameter"] * 4
        assert [op.name for op in graph.ops] == ["conv2d", "add_", "batch_norm"]
