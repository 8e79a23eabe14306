"""Peak memory against what PyTorch's allocator reports."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from modelviz import trace
from modelviz.analysis.memory import forward_memory


def allocated_at_peak(model: nn.Module, x: torch.Tensor) -> int:
    """Bytes that the allocator had handed out at the peak of a forward."""
    with (
        torch.no_grad(),
        profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler,
    ):
        model(x)
    held = peak = 0
    for event in profiler.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            peak = max(peak, held)
    return peak


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(64, 256)
        self.norm = nn.LayerNorm(64)
        self.down = nn.Linear(256, 64)

    def forward(self, x: Any) -> Any:
        return x + self.down(torch.relu(self.up(self.norm(x))) * 2)


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize(
    "model",
    [
        Residual(),
        nn.Sequential(*(Residual() for _ in range(3))),
        nn.TransformerEncoderLayer(64, 4, 128, batch_first=True),
        nn.Sequential(nn.Linear(64, 512), nn.ReLU(inplace=True), nn.Softmax(-1), nn.Linear(512, 2)),
    ],
    ids=["residual", "chain", "transformer", "in-place"],
)
def test_the_peak_is_the_allocators(model: nn.Module, execution: Any) -> None:
    model = model.eval()
    x = torch.randn(8, 32, 64)
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        expected = allocated_at_peak(model, x)
    finally:
        torch.backends.mha.set_fastpath_enabled(True)
    memory = forward_memory(trace(model, input_data=x, execution=execution))
    # The allocator also counts the numbers that PyTorch wraps as tensors, a few bytes each.
    assert memory.peak_bytes == pytest.approx(expected, abs=64)
