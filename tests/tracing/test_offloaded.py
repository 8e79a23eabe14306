"""Weights that are on ``meta`` until hooks bring them, as libraries offload large models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import TraceError, trace


def offload(module: nn.Module) -> nn.Module:
    """``module`` with its weights kept aside, put in before each call and taken out after it."""
    kept = {name: parameter.detach() for name, parameter in module.named_parameters()}

    def put(name: str, value: torch.Tensor) -> None:
        old = module._parameters[name]
        # As libraries do, which keep subclasses of nn.Parameter what they are.
        module._parameters[name] = type(old)(value, requires_grad=old.requires_grad)

    def before(module: nn.Module, args: Any) -> None:
        for name, value in kept.items():
            put(name, value.clone())

    def after(module: nn.Module, args: Any, output: Any) -> None:
        for name, value in kept.items():
            put(name, value.to("meta"))

    after(module, None, None)
    module.register_forward_pre_hook(before)
    module.register_forward_hook(after)
    return module


def test_weights_that_hooks_bring() -> None:
    model = nn.Sequential(offload(nn.Linear(4, 3)), nn.ReLU())
    x = torch.rand(2, 4)
    expected = model(x)
    for given in ({"input_size": (2, 4)}, {"input_data": x}):
        graph = trace(model, **given)  # type: ignore[arg-type]
        assert graph.total_flops == 2 * 2 * 4 * 3
        assert graph.tensors[graph.outputs[0]].shape == (2, 3)
        assert graph.total_params == 15
    assert all(parameter.is_meta for parameter in model.parameters())
    assert torch.equal(model(x), expected)


def test_a_model_on_meta_that_fails_says_what_its_fake_forward_did() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(4, 3)).to("meta")
    model.register_forward_pre_hook(lambda module, args: None)
    with pytest.raises(TraceError, match="cannot be multiplied"):
        trace(model, (2, 4))
