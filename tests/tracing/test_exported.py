"""Modules that torch.export and torch.fx made, at the root and inside another."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import fx, nn

from modelviz import draw, summary, trace

from .flow import flows, inputs_used

# Unflattening warns of itself.
pytestmark = pytest.mark.filterwarnings("ignore:.*treespec, LeafSpec:FutureWarning")

EXECUTIONS = ("fake", "real")


class Net(nn.Module):
    """92 parameters; 2 * (4 * 8 + 8 * 4) = 128 multiply-adds on (2, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 8)
        self.bn = nn.BatchNorm1d(8)
        self.b = nn.Linear(8, 4)

    def forward(self, x: Any) -> Any:
        return self.b(torch.relu(self.bn(self.a(x))))


class Around(nn.Module):
    """Layers before and after: 40 parameters, 64 multiply-adds."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.pre = nn.Linear(4, 4)
        self.inner = inner
        self.post = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.post(self.inner(self.pre(x)))


def exported() -> Any:
    return torch.export.export(Net().eval(), (torch.rand(2, 4),))


def for_any_batch() -> Any:
    shapes = ({0: torch.export.Dim("batch")},)
    return torch.export.export(Net().eval(), (torch.rand(2, 4),), dynamic_shapes=shapes).module()


KINDS = {
    "export": lambda: exported().module(),
    "unflattened": lambda: torch.export.unflatten(exported()),
    "any batch": for_any_batch,
    "training": lambda: torch.export.export(Net(), (torch.rand(2, 4),)).module(),
    "fx": lambda: fx.symbolic_trace(Net()),
}


@pytest.fixture(scope="module", params=KINDS)
def made(request: Any) -> Any:
    return KINDS[request.param]()


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_at_the_root_and_inside(made: Any, execution: Any) -> None:
    modes = [module.training for module in made.modules()]
    found = summary(made, (2, 4), verbose=0, execution=execution)
    assert (found.total_mult_adds, found.total_params) == (128, 92)
    assert str(found) and draw(found.graph).svg
    assert len(inputs_used(found.graph)) == 1
    assert "Never used" not in str(found)
    graph = trace(Around(made), (2, 4), execution=execution)
    assert (graph.total_flops, graph.total_params) == (2 * 192, 132)
    assert flows(graph, "pre", "inner") and flows(graph, "inner", "post")
    assert [module.training for module in made.modules()] == modes


def test_without_inputs(made: Any) -> None:
    assert summary(made, verbose=0).total_params == 92


def test_the_layers_of_an_fx_module_are_calls() -> None:
    graph = trace(fx.symbolic_trace(Net()), (2, 4))
    assert [call.module for call in graph.calls] == ["", "a", "bn", "b"]
