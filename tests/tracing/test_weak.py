"""Models that reach their parts through weak proxies, and what a table says of other names."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import check, diff, formulas, plan, summary, trace
from modelviz.tracing.weak import behind


class Beside(nn.Module):
    """A proxy that is no child."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.__dict__["b"] = weakref.proxy(self.a)

    def forward(self, x: Any) -> Any:
        return self.b(self.a(x).relu())


class Child(nn.Module):
    """Proxies that are children, of a module and of a part of it."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Linear(4, 4))
        self.again = nn.ModuleList([weakref.proxy(self.a), weakref.proxy(self.a[0])])

    def forward(self, x: Any) -> Any:
        for layer in self.again:
            x = layer(x).relu()
        return x


class Head(nn.Module):
    def __init__(self, parent: Any) -> None:
        super().__init__()
        self.refs = {"parent": parent}

    def forward(self, x: Any) -> Any:
        return self.refs["parent"].a(self.refs["parent"].a(x).relu())


class Parent(nn.Module):
    """A child that reaches what its parent holds."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.head = Head(weakref.proxy(self))

    def forward(self, x: Any) -> Any:
        return self.head(x)


@pytest.mark.parametrize("kind", [Beside, Child, Parent])
def test_a_proxy_is_what_it_stands_for(kind: type[nn.Module]) -> None:
    model, x = kind(), torch.randn(2, 4)
    before = model(x)
    for execution in ("fake", "real"):
        graph = trace(model, input_data=x, execution=execution)
        assert graph.total_flops == 2 * 64 and graph.total_params == 20
    text = str(summary(model, input_data=x, verbose=0))
    assert "Total params: 20" in text and "never" not in text
    assert not {f.code for f in check(model, input_data=x)} & {"MV101", "MV102", "MV103"}
    assert plan(model, input_data=x, optimizer="sgd").breakdown["gradients"] == 80
    assert not diff(model, model, input_data=x)
    assert str(formulas(model, input_data=x).flops) == "64*batch"
    assert torch.equal(model(x), before)


def test_a_proxy_of_what_is_gone_stands_for_nothing() -> None:
    layer = nn.Linear(1, 1)
    proxy = weakref.proxy(layer)
    assert behind(proxy) is layer and behind(3) == 3
    del layer
    assert behind(proxy) is None


class Holding(nn.Module):
    """Containers with nothing to call, and one that is called by another of its names."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.skips, self.heads = nn.ModuleList(), nn.ModuleDict()
        self.tail = nn.Sequential(nn.Sequential())
        self.index = nn.ModuleDict({"a": self.a})
        self.idle = nn.ModuleList([nn.Linear(4, 4)])

    def forward(self, x: Any) -> Any:
        return self.a(x)


def test_an_empty_container_has_nothing_to_call() -> None:
    lines = str(summary(Holding(), (2, 4), verbose=0)).splitlines()
    assert [line.split()[0] for line in lines if "never called" in line] == ["├─ModuleList:"]
    assert sum("never called" in line for line in lines) == 1


@dataclass
class Batch:
    x: Any
    weight: float = 1.0


class Taking(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, batch: Any) -> Any:
        return self.layer(batch.x) * batch.weight


def test_inputs_that_an_object_holds_are_resized_with_it() -> None:
    batch = Batch(torch.randn(2, 4))
    assert str(formulas(Taking(), input_data=[batch]).flops) == "32*batch"
    found = plan(Taking(), input_data=[batch], optimizer="sgd", device=100_000).largest("batch")
    assert "batch" in str(found) and batch.x.shape == (2, 4)


def make() -> tuple[nn.Module, list[Any]]:
    seen: list[Any] = []

    class Notes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            seen.append(x.detach())
            return self.layer(x)

    return Notes(), seen


def test_what_is_taken_back_out_of_a_list_is_not_kept() -> None:
    model, seen = make()
    graph = trace(model, (2, 4), execution="fake")
    assert not seen and "MV005" not in {finding.code for finding in graph.findings}


class Deciding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.a(x) if x.sum() > 0 else self.b(x)


def test_a_branch_that_values_left_out_is_not_called_idle() -> None:
    text = str(summary(Deciding(), input_data=torch.ones(2, 4), verbose=0))
    assert "[not called with these values]" in text and "never called" not in text
