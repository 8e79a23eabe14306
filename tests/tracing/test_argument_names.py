"""The names of the arguments of ops, where PyTorch has several signatures or tells none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import modelviz


class Calls(nn.Module):
    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> Any:
        return self.function(x)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (lambda x: F.max_pool2d(x, 2, stride=1), {"kernel_size": 2, "stride": 1}),
        (lambda x: x.std(-1), {"dim": -1}),
        (lambda x: x.max(1, keepdim=True).values, {"dim": 1, "keepdim": True}),
        (lambda x: x.sum((0, 1)), {"dim": (0, 1)}),
        (lambda x: x**-0.5, {"exponent": -0.5}),
        (lambda x: torch.std(x, False), {"unbiased": False}),
        (lambda x: 2 - x, {"other": 2}),
    ],
)
def test_arguments_are_named_by_the_overload_that_takes_them(
    function: Callable[[torch.Tensor], Any], arguments: dict[str, Any]
) -> None:
    graph = modelviz.trace(Calls(function), (2, 3, 4, 4))
    found = dict(graph.ops[0].args)
    assert {name: found.get(name) for name in arguments} == arguments
