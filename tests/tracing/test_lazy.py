"""Lazy modules: traced with the shapes that the input gives them, and lazy afterwards."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import summary, trace

EXECUTIONS = ("fake", "real")

# The module, a shape, and its parameters (in brackets where they come from) with that shape.
LAZY: list[tuple[Any, tuple[int, ...], int]] = [
    (lambda: nn.LazyLinear(5), (2, 7), 7 * 5 + 5),
    (lambda: nn.LazyConv1d(6, 3), (2, 4, 9), 6 * 4 * 3 + 6),
    (lambda: nn.LazyConv2d(6, 3, bias=False), (2, 4, 9, 9), 6 * 4 * 9),
    (lambda: nn.LazyConv3d(6, 3), (2, 4, 5, 5, 5), 6 * 4 * 27 + 6),
    (lambda: nn.LazyConvTranspose1d(6, 3), (2, 4, 9), 4 * 6 * 3 + 6),
    (lambda: nn.LazyConvTranspose2d(6, 3), (2, 4, 9, 9), 4 * 6 * 9 + 6),
    (lambda: nn.LazyConvTranspose3d(6, 3), (2, 4, 5, 5, 5), 4 * 6 * 27 + 6),
    (lambda: nn.LazyBatchNorm1d(), (2, 7), 14),
    (lambda: nn.LazyBatchNorm2d(), (2, 7, 3, 3), 14),
    (lambda: nn.LazyBatchNorm3d(affine=False), (2, 7, 3, 3, 3), 0),
    (lambda: nn.LazyInstanceNorm1d(affine=True), (2, 7, 5), 14),
    (lambda: nn.LazyInstanceNorm2d(affine=False), (2, 7, 3, 3), 0),
    (lambda: nn.LazyInstanceNorm3d(affine=True, track_running_stats=True), (2, 7, 3, 3, 3), 14),
]


@pytest.mark.parametrize(
    ("make", "shape", "parameters"),
    [
        pytest.param(*case, marks=pytest.mark.slow if index % 3 else [])
        for index, case in enumerate(LAZY)
    ],
)
def test_each_lazy_class(make: Any, shape: tuple[int, ...], parameters: int) -> None:
    for model in (make(), nn.Sequential(nn.Identity(), make())):
        module = model if not isinstance(model, nn.Sequential) else model[1]
        kind = type(module)
        state = [(name, type(tensor)) for name, tensor in _held(module)]
        bare = summary(model, verbose=0)
        assert str(bare)
        for execution in EXECUTIONS:
            found = summary(model, shape, verbose=0, execution=execution)
            assert found.total_params == parameters
            assert str(found) and "lazy" in found.graph.notes[0]
        assert type(module) is kind
        assert [(name, type(tensor)) for name, tensor in _held(module)] == state
    model(torch.rand(shape))
    assert sum(p.numel() for p in model.parameters()) == parameters


def _held(module: nn.Module) -> list[tuple[str, Any]]:
    return [*module._parameters.items(), *module._buffers.items()]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_lazy_and_ready_parts_together(execution: Any) -> None:
    ready = nn.Linear(5, 5)
    model = nn.Sequential(nn.LazyLinear(5), nn.LazyBatchNorm1d(), ready, ready)
    graph = trace(model, (2, 3), execution=execution)
    assert [call.module for call in graph.calls] == ["", "0", "1", "2", "2"]
    assert graph.total_params == 3 * 5 + 5 + 10 + 30
    assert graph.total_flops == 2 * 2 * (3 * 5 + 25 + 25)
    assert model[1].has_uninitialized_params()


class OwnLazy(nn.Module):
    """A lazy weight without PyTorch's mixin: a hook gives it its shape, or the forward does."""

    def __init__(self, hooked: bool) -> None:
        super().__init__()
        self.weight: Any = nn.UninitializedParameter()
        self.bias = nn.Parameter(torch.zeros(3))
        if hooked:
            self.hook = self.register_forward_pre_hook(lambda own, args: own.ready(args[0]))

    @torch.no_grad()
    def ready(self, x: Any) -> None:
        self.weight.materialize((3, x.shape[-1]))
        nn.init.uniform_(self.weight)
        if hasattr(self, "hook"):
            self.hook.remove()

    def forward(self, x: Any) -> Any:
        if nn.parameter.is_lazy(self.weight):
            self.ready(x)
        return nn.functional.linear(x, self.weight, self.bias)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("hooked", [True, False])
def test_lazy_weights_that_the_model_itself_gives_a_shape(hooked: bool, execution: Any) -> None:
    model = nn.Sequential(OwnLazy(hooked), nn.ReLU(), OwnLazy(hooked))
    graph = trace(model, (2, 4), execution=execution)
    assert [p.shape for p in graph.module("2").parameters] == [(3, 3), (3,)]
    assert graph.total_params == 3 * 4 + 3 + 3 * 3 + 3
    assert graph.total_flops == 2 * 2 * (3 * 4 + 3 * 3)
    assert all(nn.parameter.is_lazy(part.weight) for part in (model[0], model[2]))
    assert model(torch.rand(2, 4)).shape == (2, 3)  # the hooks are there


class BuiltLate(nn.Module):
    """Builds, casts and moves a layer in its first forward, as many do who do not know a size."""

    def __init__(self, cast: str) -> None:
        super().__init__()
        self.late: Any = None
        self.cast = cast

    def forward(self, x: Any) -> Any:
        if self.late is None:
            layer = nn.Linear(x.shape[1], 3).to(x.device)
            self.late = getattr(layer, self.cast)()
        return self.late(x.to(self.late.weight.dtype))


@pytest.mark.parametrize("cast", ["double", "bfloat16", "float", "requires_grad_"])
def test_a_layer_that_is_built_and_cast_in_the_forward_runs_on_fake_tensors(cast: str) -> None:
    model = BuiltLate(cast)
    fake = trace(model, (2, 4), execution="fake")
    real = trace(model, (2, 4), execution="real")
    (out,), (wanted,) = fake.outputs, real.outputs
    assert fake.tensors[out].dtype == real.tensors[wanted].dtype
    assert fake.total_flops == real.total_flops == 2 * 2 * 4 * 3
    # The weights that the product reads are those that were cast.
    (product,) = [op for op in fake.ops if op.name == "linear"]
    dtypes = {fake.tensors[tensor].dtype for tensor in product.inputs}
    assert dtypes == {fake.tensors[out].dtype}
    assert fake.findings == () and model.late is None
