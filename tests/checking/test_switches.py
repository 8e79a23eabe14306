"""Where gradients are switched off is told at the block that does it, by its name."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import check


class Three(nn.Module):
    """Three layers, some of which a subclass runs without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)


class Nested(Three):
    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            h = self.a(x).relu()
            with torch.enable_grad():
                g = self.c(x)
            k = self.b(h)
        return k + g


class Twice(Three):
    def forward(self, x: Any) -> Any:
        with torch.inference_mode():
            h = self.a(x)
        h = h.clone()
        with torch.inference_mode():
            k = self.b(x)
        return h + k.clone() + self.c(x)


class Called(Three):
    def forward(self, x: Any) -> Any:
        torch.set_grad_enabled(False)
        h = self.a(x)
        torch.set_grad_enabled(True)
        return self.c(x) + h + self.b(x)


class AsABlock(Three):
    def forward(self, x: Any) -> Any:
        with torch.set_grad_enabled(False):
            h = self.a(x)
        return self.c(x) + h + self.b(x)


@pytest.mark.parametrize(
    ("model", "lines"),
    [
        (Nested, ["with torch.no_grad():"]),
        (Twice, ["with torch.inference_mode():"] * 2),
        (Called, ["torch.set_grad_enabled(False)"]),
        (AsABlock, ["with torch.set_grad_enabled(False):"]),
    ],
)
def test_the_block_is_named(model: type[Three], lines: list[str]) -> None:
    with open(__file__) as file:
        source = file.read().splitlines()
    found = [f for f in check(model(), (2, 4)).findings if f.code == "MV301"]
    assert [source[(f.line or 0) - 1].strip() for f in found] == lines
    first = inspect.getsourcelines(model)[1]
    assert len({f.line for f in found}) == len(lines) and all((f.line or 0) > first for f in found)
    assert torch.is_grad_enabled() and "__exit__" in vars(torch.no_grad)
