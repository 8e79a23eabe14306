"""What is said of models that take trees, and that all entry points propose the same inputs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import formulas, plan, summary
from modelviz.proposals import propose_inputs


class Tree(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed, self.up = nn.Embedding(10, 4), nn.Linear(4, 4)


class ByMethod(Tree):
    def forward(self, root: Any) -> Any:
        if root.is_leaf():  # which a tensor has, too, and is no method there
            return self.embed(torch.tensor(root.value))
        return self.up(self(root.left) + self(root.right))


class ByKey(Tree):
    def forward(self, n: Any) -> Any:
        if n["leaf"]:
            return self.embed(n["word"])
        return self.up(self.forward(n["left"]) + self.forward(n["right"]))


class ByPlace(Tree):
    def forward(this, tree: Any) -> Any:
        value, children = tree
        return this.embed(value) + sum(this(child) for child in children)


@pytest.mark.parametrize("kind", [ByMethod, ByKey, ByPlace])
def test_a_forward_that_calls_itself_is_told_to_take_a_tree(kind: type[nn.Module]) -> None:
    text = " ".join(str(summary(kind(), verbose=0)).split())
    assert "the forward calls itself, as on parts of" in text and "give a tree" in text


class Counted(nn.Module):
    """Whose argument sounds like a number, and is none."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, n: Any) -> Any:
        return self.layer(n.features)


def test_an_attribute_that_a_number_has_not_is_named() -> None:
    text = " ".join(str(summary(Counted(), verbose=0)).split())
    assert "reads 'features' of n" in text or "n.features" in text


class OnValues(nn.Module):
    """Whose second input meets what NumPy gave back, which fake tensors never come to."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x: Any, z: Any) -> Any:
        return torch.from_numpy(self.layer(x).detach().numpy()) * z


def test_every_entry_point_proposes_the_same_inputs_where_values_are_needed() -> None:
    model = OnValues()
    assert [given.shape for given in propose_inputs(model)] == [(1, 4), (1, 3)]
    assert str(formulas(model).flops) == "24*batch"
    assert plan(model, optimizer=None).peak_bytes > 0
