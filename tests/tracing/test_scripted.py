"""TorchScript: its code is not Python, so a scripted module is one op, with all that it does."""

from __future__ import annotations

import io
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import TraceError, draw, summary, trace

from .flow import flows, inputs_used

# Scripting is deprecated, and some of its releases say so.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EXECUTIONS = ("fake", "real", "auto")


class Net(nn.Module):
    """92 parameters; 2 * (4 * 8 + 8 * 4) = 128 multiply-adds on (2, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.bn = nn.BatchNorm1d(8)
        self.b = nn.Linear(8, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(torch.relu(self.bn(self.a(x))))


class Decides(nn.Module):
    """Looks at values: either branch takes the layer twice."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.sum() > 0):
            return self.a(self.a(x)) + 1
        return self.a(self.a(x))


class Around(nn.Module):
    """Layers before and after: 40 parameters, 64 multiply-adds."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.pre = nn.Linear(4, 4)
        self.inner = inner
        self.post = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.post(self.inner(self.pre(x)))


def reloaded(module: Any) -> Any:
    buffer = io.BytesIO()
    torch.jit.save(module, buffer)
    buffer.seek(0)
    return torch.jit.load(buffer)


def scripted() -> Any:
    return torch.jit.script(Net().eval())


def traced() -> Any:
    return torch.jit.trace(Net().eval(), torch.rand(2, 4))


# How it is made, and how many parameters are left.
KINDS = {
    "script": (scripted, 92),
    "trace": (traced, 92),
    "training": (lambda: torch.jit.script(Net()), 92),
    "loaded": (lambda: reloaded(scripted()), 92),
    "loaded trace": (lambda: reloaded(traced()), 92),
    "frozen": (lambda: torch.jit.freeze(scripted()), 0),
    "loaded frozen": (lambda: reloaded(torch.jit.freeze(scripted())), 0),
    "optimised": (lambda: torch.jit.optimize_for_inference(scripted()), 0),
}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_at_the_root_and_inside(kind: str, execution: Any) -> None:
    make, parameters = KINDS[kind]
    module = make()
    before = module(torch.ones(2, 4)).detach().clone() if kind != "training" else None
    found = summary(module, (2, 4), verbose=0, execution=execution)
    assert (found.total_mult_adds, found.total_params) == (128, parameters)
    assert "scripted" in found.graph.notes[0]
    assert str(found) and draw(found.graph).svg
    assert inputs_used(found.graph)
    assert "ever" not in str(found), "inside a script nothing is known to be unused"
    outside = Around(module)
    graph = trace(outside, (2, 4), execution=execution)
    assert (graph.total_flops, graph.total_params) == (2 * 192, parameters + 40)
    assert flows(graph, "pre", "inner") and flows(graph, "inner", "post")
    if before is not None:
        torch.testing.assert_close(module(torch.ones(2, 4)).detach(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_without_inputs(kind: str) -> None:
    make, parameters = KINDS[kind]
    assert summary(make(), verbose=0).total_params == parameters
    assert summary(Around(make()), verbose=0).total_params == parameters + 40


def test_a_script_that_looks_at_values_runs_for_real() -> None:
    graph = trace(torch.jit.script(Decides()), (2, 4))
    assert graph.execution == "real" and "ran for real" in graph.notes[0]
    assert graph.total_flops == 2 * 2 * 32


def test_kernels_that_only_torchscript_sees_are_named() -> None:
    convolution = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()).eval()
    optimised = torch.jit.optimize_for_inference(torch.jit.script(convolution))
    if "mkldnn" not in str(optimised.graph):
        pytest.skip("this build of PyTorch has no oneDNN to optimise for")
    graph = trace(optimised, (1, 3, 8, 8))
    assert graph.total_flops == 0
    assert any("mkldnn" in note and "counted as 0" in note for note in graph.notes)


@torch.jit.script
def _steps(x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    for _ in range(2):
        x = torch.tanh(x @ w)
    return x


@pytest.mark.parametrize("execution", ["fake", "real", "auto"])
def test_what_went_wrong_inside_a_script_is_said(execution: Any) -> None:
    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(torch.rand(4, 4))

        def forward(self, x: Any) -> Any:
            return _steps(x, self.w)

    script = torch.jit.script(nn.Sequential(nn.Linear(4, 4)))
    for model in (Steps(), nn.Sequential(script)):
        with pytest.raises(TraceError, match=r"cannot be multiplied \(2x3 and 4x4\)") as raised:
            trace(model, (2, 3), execution=execution)
        assert "transpose" not in str(raised.value)
