"""Sound models of notebooks: chance, momentum, first batches and inner gradients accuse nobody."""

from __future__ import annotations

import copy
import random
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from modelviz.checking import check


class StochasticDepth(nn.Module):
    def __init__(self, drops: bool = True) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(6))
        self.drops = drops

    def forward(self, x: Any) -> Any:
        for block in self.blocks:
            if self.drops and random.random() < 0.5:
                continue
            x = x + F.gelu(block(x))
        return x


class LeavesOneOut(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

    def forward(self, x: Any) -> Any:
        for block in self.blocks[:-1]:
            x = x + F.gelu(block(x))
        return x


def test_a_layer_that_chance_passed_over_is_a_remark() -> None:
    random.seed(0)
    found = [f for f in check(StochasticDepth(), (2, 8)) if f.code == "MV101"]
    assert found and {f.level for f in found} == {"info"}
    assert "draws random numbers" in found[0].message
    (left,) = (f for f in check(LeavesOneOut(), (2, 8)) if f.code == "MV101")
    assert (left.level, left.path) == ("warning", "blocks.2")


class FirstBatch(nn.Module):
    """Takes its scale from the first batch, as a flow's normalisation does."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.always = always
        self.shift = nn.Parameter(torch.zeros(6))
        self.register_buffer("started", torch.tensor(0))
        self.out = nn.Linear(6, 4)

    def forward(self, x: Any) -> Any:
        if self.always or self.started.item() == 0:
            self.shift.data.copy_(-x.mean(0))
            self.started.fill_(1)
        return self.out(torch.relu(x + self.shift))


def test_what_the_first_batch_alone_sets_mixes_no_samples() -> None:
    assert "MV204" not in {f.code for f in check(FirstBatch(False), (4, 6))}
    assert "MV204" in {f.code for f in check(FirstBatch(True), (4, 6))}


class Adapting(nn.Linear):
    """A step of gradient descent inside the forward."""

    def __init__(self) -> None:
        super().__init__(8, 1)

    def forward(self, x: Any) -> Any:
        with torch.enable_grad():
            loss = super().forward(x).pow(2).mean()
            (grad,) = torch.autograd.grad(loss, [self.weight], create_graph=True)
        return F.linear(x, self.weight - 0.1 * grad, self.bias)


def test_samples_that_meet_in_a_gradient_are_a_remark() -> None:
    (found,) = (f for f in check(Adapting(), (4, 8)) if f.code == "MV204")
    assert found.level == "info" and "takes gradients" in found.message


class Heads(nn.Module):
    def __init__(self, deep: bool) -> None:
        super().__init__()
        self.mean, self.spread = nn.Linear(8, 8), nn.Linear(8, 8)
        self.deep = deep

    def forward(self, x: Any) -> Any:
        mean = self.mean(x)
        return mean, self.spread(mean if self.deep else x)


def test_linear_heads_side_by_side_need_no_activation() -> None:
    assert "MV503" not in {f.code for f in check(Heads(False), (4, 8))}
    assert "MV503" in {f.code for f in check(Heads(True), (4, 8))}


class Momentum(nn.Module):
    def __init__(self, follows: bool) -> None:
        super().__init__()
        self.follows = follows
        self.online = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU())
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    def forward(self, x: Any) -> Any:
        if self.follows:
            with torch.no_grad():
                pairs = zip(self.online.parameters(), self.target.parameters(), strict=True)
                for mine, its in pairs:
                    its.mul_(0.99).add_(mine, alpha=0.01)
        return self.online(x), self.target(x)


def test_a_normalisation_that_follows_another_is_not_frozen() -> None:
    followed = check(Momentum(True), (4, 8), mode="train")
    assert "MV304" not in {f.code for f in followed}
    assert "MV304" in {f.code for f in check(Momentum(False), (4, 8), mode="train")}
