"""What a captured model was captured with is what is proposed for it."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.fx.passes.shape_prop import ShapeProp

from modelviz import trace


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.table = nn.Linear(4, 4), nn.Embedding(9, 4)

    def forward(self, x: Any, index: Any) -> Any:
        return self.linear(x) + self.table(index)


GIVEN = (torch.rand(3, 4), torch.tensor([1, 2, 3]))


def exported(**options: Any) -> nn.Module:
    return torch.export.export(Two(), GIVEN, **options).module()


def varying() -> nn.Module:
    size = torch.export.Dim("size")
    return exported(dynamic_shapes=({0: size}, {0: size}))


def propagated() -> nn.Module:
    model = torch.fx.symbolic_trace(Two())
    ShapeProp(model).propagate(*GIVEN)
    return model


def scripted() -> nn.Module:
    return torch.jit.trace(Two(), GIVEN)  # type: ignore[no-any-return]


@pytest.mark.parametrize("capture", [exported, varying, propagated, scripted])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_a_model_was_captured_with(capture: Any) -> None:
    graph = trace(capture())
    assert [graph.tensors[given].shape for given in graph.inputs] == [(3, 4), (3,)]
    assert any("captured with it" in finding.message for finding in graph.findings)


class Nested(nn.Module):
    def forward(self, batch: Any, shift: Any) -> Any:
        return batch["x"] + shift


def test_tensors_in_containers_are_left_to_the_caller() -> None:
    model = torch.export.export(Nested(), ({"x": torch.rand(2, 4)}, torch.rand(4))).module()
    assert trace(model).execution == "none"
