"""What kernels take beside their results, and what a watched step would do otherwise."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.profiler import profile

import modelviz
from modelviz.planning import kernels, tried

from .real import real_peak

pytestmark = pytest.mark.usefixtures("one_thread")


class Attention(nn.Module):
    """Attention whose heads (batch, 4, seq, 16) go to one kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.all = nn.Linear(64, 192)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        split = self.all(x).view(*x.shape[:2], 3, 4, 16).permute(2, 0, 3, 1, 4)
        return functional.scaled_dot_product_attention(*split, is_causal=True)


class Gathers(nn.Module):
    """The backward passes of gather, max and an index fill zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(400, 64))
        self.wide = nn.Linear(64, 256)

    def forward(self, index: torch.Tensor) -> torch.Tensor:
        x = self.wide(self.table[index])
        picked = x.gather(1, (index * 0).unsqueeze(-1).expand(-1, -1, 256))
        return picked + x.max(1, keepdim=True).values


class Sparse(nn.Module):
    """A table (5000, 32) whose gradient is sparse."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(5000, 32, mode="sum", sparse=True)

    def forward(self, index: torch.Tensor) -> torch.Tensor:
        return self.table(index)


class Positions(nn.Module):
    """Looks at positions that follow from sizes alone."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        positions = torch.arange(x.shape[1]).expand(x.shape[0], -1)
        packed = (torch.diff(positions, dim=-1) != 1).cumsum(-1)
        if bool((packed == 0).all()):
            return self.layer(x)
        return torch.cat([self.layer(x)] * 20)


class TurnedLinear(nn.Module):
    """A linear layer on an input in several pieces."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 512)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x.transpose(0, 1))


class Solves(nn.Module):
    """Factors and inverts what a layer gives."""

    def __init__(self, solve: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.layer = nn.Linear(32, 32)
        self.solve = solve

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.solve(self.layer(x))


def _factor(matrix: torch.Tensor) -> torch.Tensor:
    return torch.linalg.cholesky(matrix @ matrix.mT + torch.eye(32))


def _least_squares(matrix: torch.Tensor) -> torch.Tensor:
    solution: torch.Tensor = torch.linalg.lstsq(matrix, torch.ones(8, 32, 3)).solution
    return solution


def _squared_error(output: torch.Tensor) -> torch.Tensor:
    return nn.functional.mse_loss(output, torch.ones_like(output))


FLOATS = torch.zeros(8, 60, 64)
MATRICES = torch.rand(8, 32, 32)
INDEX = torch.zeros(8, 60, dtype=torch.int64)
PICTURE = torch.zeros(2, 3, 64, 64)
CASES: dict[str, tuple[Callable[[], nn.Module], torch.Tensor, torch.dtype]] = {
    "attention": (Attention, FLOATS, torch.float32),
    "attention bf16": (Attention, FLOATS, torch.bfloat16),
    "lstm bf16": (lambda: nn.LSTM(64, 72, 2, batch_first=True), FLOATS, torch.bfloat16),
    "lstm without bias": (lambda: nn.LSTM(64, 72, bias=False), FLOATS[:1], torch.float32),
    "patches": (lambda: nn.Conv2d(3, 64, 16, 16), PICTURE, torch.float32),
    "patches bf16": (lambda: nn.Conv2d(3, 64, 16, 16), PICTURE, torch.bfloat16),
    "transposed": (lambda: nn.ConvTranspose2d(3, 32, 4, 2), PICTURE, torch.float32),
    "gathers": (Gathers, INDEX, torch.float32),
    "sparse": (Sparse, INDEX, torch.float32),
    "positions": (Positions, FLOATS, torch.float32),
    "turned": (TurnedLinear, FLOATS, torch.float32),
    "factor": (lambda: Solves(_factor), MATRICES, torch.float32),
    "inverse": (lambda: Solves(torch.linalg.pinv), MATRICES, torch.float32),
    "least squares": (lambda: Solves(_least_squares), MATRICES, torch.float32),
    "squared error": (lambda: Solves(_squared_error), MATRICES, torch.float32),
}


def _first(output: Any) -> torch.Tensor:
    return (output[0] if isinstance(output, tuple) else output).mean()


@pytest.mark.parametrize("train", [True, False], ids=["train", "infer"])
@pytest.mark.parametrize("name", CASES)
def test_peak_equals_a_real_step(name: str, train: bool) -> None:
    make, x, dtype = CASES[name]
    model = make()
    optimizer = torch.optim.SGD if train else None
    planned = modelviz.plan(
        model, input_data=x, optimizer=optimizer, precision=dtype, loss=_first
    ).peak_bytes
    model, x = model.to(dtype), x.to(dtype) if x.is_floating_point() else x
    real = real_peak(model, (x,), optimizer=optimizer, loss=_first)
    assert planned == pytest.approx(real, abs=64)


def test_the_first_plan_of_a_process_is_as_the_next() -> None:
    """An import amid a step would keep what its frames hold."""
    code = """
import torch, modelviz
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(64, 64)
    def forward(self, x):
        y = self.layer(x)
        return nn.functional.mse_loss(y, torch.ones_like(y))
first, next = [modelviz.plan(Net(), (256, 64), optimizer="sgd").peak_bytes for _ in range(2)]
assert first == next, (first, next)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_kernels_of_packed_weights_have_what_they_take_measured() -> None:
    """The sums in whole numbers of 32 bits, which a layer of 8 bits makes floats of."""
    model = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 32)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    x = torch.zeros(200, 64)
    plan = modelviz.plan(small, input_data=x, optimizer=None)
    real = real_peak(small, (x,), optimizer=None)
    assert plan.peak_bytes - plan.breakdown["parameters"] == pytest.approx(real, abs=64)


def test_a_kernel_that_is_too_large_has_its_formula(monkeypatch: pytest.MonkeyPatch) -> None:
    conv, x = nn.Conv2d(16, 16, 3, padding=1), torch.zeros(8, 16, 64, 64)
    asked = []
    formula = kernels.workspace_bytes

    def counted(func: Any, args: Any, kwargs: Any) -> int:
        asked.append(func)
        return formula(func, args, kwargs)

    monkeypatch.setattr("modelviz.planning.watch.workspace_bytes", counted)
    small = modelviz.plan(conv, input_data=x, optimizer=None)
    assert torch.ops.aten.convolution.default not in asked
    monkeypatch.setattr(tried, "MOST_BYTES", 1000)
    large = modelviz.plan(conv, input_data=x, optimizer=None)
    assert torch.ops.aten.convolution.default in asked
    assert large.peak_bytes == pytest.approx(small.peak_bytes, rel=0.05)


def test_a_profiler_around_a_plan_is_left_alone() -> None:
    conv = nn.Conv2d(3, 16, 3)
    with profile() as outer:
        within = modelviz.plan(conv, input_data=PICTURE, optimizer=None).peak_bytes
    assert outer.key_averages()
    after = modelviz.plan(conv, input_data=PICTURE, optimizer=None).peak_bytes
    assert within == pytest.approx(after, rel=0.05)


@pytest.mark.parametrize("kind", [torch.optim.NAdam, torch.optim.RAdam])
def test_optimizers_that_look_at_their_count_of_steps(kind: type[torch.optim.Optimizer]) -> None:
    model, x = nn.Linear(64, 64), torch.zeros(8, 64)
    planned = modelviz.plan(model, input_data=x, optimizer=kind, loss=_first).peak_bytes
    real = real_peak(model, (x,), optimizer=kind, loss=_first, steps=8)
    assert planned == pytest.approx(real, abs=64)
