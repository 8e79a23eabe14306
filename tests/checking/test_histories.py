"""Where gradients end: what a model keeps, what runs without them, what is held where."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modelviz import check
from modelviz.checking import histories


class Keeping(nn.Module):
    """Leaves its features in an attribute, and goes on without their history."""

    def __init__(self, auxiliary: bool) -> None:
        super().__init__()
        self.encoder, self.head = nn.Linear(4, 6), nn.Linear(6, 2)
        self.auxiliary = auxiliary

    def forward(self, x: Any) -> Any:
        h = torch.tanh(self.encoder(x))
        if self.auxiliary:
            self.loss = h.square().mean()
        else:
            self.h = h
        return self.head(h.detach())


def test_what_a_kept_value_alone_trains_is_a_remark() -> None:
    (finding,) = check(Keeping(auxiliary=False), (3, 4), select="MV301")
    assert finding.level == "info"
    assert "by a loss of self.h alone" in finding.message
    assert finding.line == Keeping.forward.__code__.co_firstlineno + 6
    assert not check(Keeping(auxiliary=True), (3, 4), select="MV301"), "a loss is for that"


class Teaching(nn.Module):
    """A teacher of another build, run in one of the usual ways, and a student."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self.teacher = nn.Sequential(nn.Linear(4, 9), nn.ReLU(), nn.Linear(9, 9), nn.Linear(9, 2))
        self.student, self.head = nn.Linear(4, 2), nn.Linear(2, 2)
        self.way = way

    @torch.no_grad()
    def wanted(self, x: Any) -> Any:
        return self.teacher(x)

    def forward(self, x: Any) -> Any:
        if self.way == "inference":
            with torch.inference_mode():
                wanted = self.teacher(x)
            return self.head(self.student(x)), wanted
        wanted = self.teacher(x).detach() if self.way == "detached" else self.wanted(x)
        if self.way == "chained":
            return self.head(wanted) + self.student(x)
        made = self.head(self.student(x))
        return F.mse_loss(made, wanted) if self.way in ("compared", "detached") else (made, wanted)


@pytest.mark.parametrize("way", ["compared", "apart", "inference", "detached"])
def test_a_teacher_without_gradients_is_one_remark(way: str) -> None:
    (finding,) = check(Teaching(way), (3, 4), select="MV301")
    assert finding.level == "info"
    assert "and 4 more parameters are used without gradients" in finding.message
    assert "requires_grad_(False)" in finding.hint


def test_a_cut_off_encoder_is_one_error_where_gradients_are_switched_off() -> None:
    (finding,) = check(Teaching("chained"), (3, 4), select="MV301")
    assert finding.level == "error"
    assert finding.message.startswith("torch.no_grad() ends the way of the gradient")
    assert finding.line == Teaching.forward.__code__.co_firstlineno + 5


class Holder:
    def __init__(self) -> None:
        self.scale = nn.Parameter(torch.ones(4))
        self.layer = nn.Sequential(nn.Linear(4, 4), nn.Tanh())


class Hiding(nn.Module):
    """Three things that are not registered, on one line."""

    def __init__(self) -> None:
        super().__init__()
        self.out = nn.Linear(4, 2)
        self.layers, self.held = [nn.Linear(4, 4), nn.Linear(4, 4)], Holder()

    def forward(self, x: Any) -> Any:
        return self.out(self.held.layer(self.layers[1](x)) * self.held.scale)


def test_each_hidden_part_of_a_line_is_told_once() -> None:
    found = check(Hiding(), (3, 4), select="MV103")
    assert sorted(f.message.split(" is ")[0] for f in found) == [
        "Linear",
        "Sequential",
        "nn.Parameter",
    ]
    assert len({f.line for f in found}) == 1
    assert sum("self.layers, a plain list" in f.message for f in found) == 1


class Rescales(nn.Module):
    """Looks at what it has computed so far, again and again."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count, self.linear = count, nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        for _ in range(self.count):
            x = x * self.linear.weight[0]
            with torch.no_grad():
                most = x.abs().max()
            x = x / (most + 1)
        return self.linear(x)


def test_a_history_is_walked_once_however_often_it_is_read_without_gradients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked: list[int] = []
    is_flat = histories._flat
    monkeypatch.setattr(histories, "_flat", lambda node: looked.append(1) or is_flat(node))

    def steps(count: int) -> int:
        looked.clear()
        check(Rescales(count), (2, 4), select="MV301")
        return len(looked)

    assert steps(120) < 6 * steps(30)
