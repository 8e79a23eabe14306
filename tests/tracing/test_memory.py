"""Peak memory against what PyTorch's allocator reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from modelviz import trace
from modelviz.analysis.memory import forward_memory


def allocated_at_peak(model: Callable[[torch.Tensor], Any], x: torch.Tensor) -> int:
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


class Positions(nn.Module):
    """Attention in a band, by a mask of the positions; its first rows are looked at."""

    def __init__(self, spread: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.spread = spread
        self.linear = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> Any:
        place = torch.arange(x.shape[1])
        if (place[:8, None] - place[None, :8]).max() != min(7, x.shape[1] - 1):
            raise AssertionError("values of small tensors are followed")
        return self.linear(x).sum() + self.spread(place).float().sum()


@pytest.mark.parametrize(
    "spread",
    [
        lambda place: (place[:, None] - place[None]).abs() <= 5,
        lambda place: torch.outer(place, place),
        lambda place: place.repeat(5000, 1),
        lambda place: torch.maximum(place[:, None], place[None]),
        lambda place: torch.cat([place[:, None] + place[None, :9], place[:, None] + place], 1),
        lambda place: place.clamp(max=60)[place[:, None] * 0 + place],
    ],
    ids=["difference", "outer", "repeat", "maximum", "cat", "index"],
)
def test_values_of_large_tensors_are_not_computed_by_shapes_alone(
    spread: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    x = torch.zeros(1, 5000, 4)
    held = allocated_at_peak(lambda x: trace(Positions(spread), input_data=x, execution="fake"), x)
    assert held < 10 * 2**20 < 5000 * 5000


class Turned(nn.Module):
    """Products of a part of the input, and then of all, with the same view of a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(23, 16))

    def forward(self, x: Any) -> Any:
        part = x[:, :16].transpose(0, 1) @ self.weight.transpose(-1, -2)
        return part, x.transpose(0, 1) @ self.weight.transpose(-1, -2)


def test_product_with_a_view_of_what_learns_is_folded_each_time() -> None:
    def read(model: nn.Module, execution: Any) -> list[int]:
        graph = trace(model, (8, 32, 8, 16), execution=execution)
        return [op.bytes_read for op in graph.ops if op.name == "matmul"]

    given, factor = 4 * 8 * 32 * 8 * 16, 4 * 23 * 16  # bytes; the first is copied into rows
    for execution in ("fake", "real"):
        assert read(Turned(), execution) == [given + factor, 2 * given + factor]
    # PyTorch takes a product for each matrix where nothing learns.
    frozen = [read(Turned().requires_grad_(False), execution) for execution in ("fake", "real")]
    assert frozen[0] == frozen[1] and frozen[0][1] > 2 * given + factor


class Views(nn.Module):
    """What views of a parameter say of themselves, each twice."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 4))
        self.seen: list[bool] = []

    def forward(self, x: Any) -> Any:
        for _ in range(2):
            w = self.weight
            views = (w.t(), w.detach(), w.view(torch.int32), w[1:], w.data.t(), w + 0)
            self.seen += [view.requires_grad for view in views]
        return x @ views[0]


def test_views_learn_as_those_of_a_real_forward_do() -> None:
    seen: list[list[bool]] = []
    model = Views()
    model.register_forward_hook(lambda module, *_: seen.append([*module.seen]))
    for gradients in (False, True):  # a forward that asks for them runs once more, with gradients
        model.seen = []
        with torch.set_grad_enabled(gradients):
            model(torch.rand(2, 4))
    real = seen.copy()
    assert real[0] == [True, False, False, True, False, False] * 2
    for execution in ("fake", "real"):
        seen.clear()
        model.seen = []
        trace(model, (2, 4), execution=execution)  # type: ignore[arg-type]
        assert seen and all(each in real for each in seen)
