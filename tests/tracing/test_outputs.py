"""Outputs in whatever holds them: all of them are outputs, and nothing is said of what they use."""

from __future__ import annotations

import collections
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.checking import check
from modelviz.tracing.structure import tensors


class Slotted:
    __slots__ = ("__weakref__", "left", "unset")

    def __init__(self, left: Any) -> None:
        self.left = left


class Inheriting(Slotted):
    def __init__(self, left: Any) -> None:
        super().__init__(None)
        self.right = left


@dataclass(slots=True)
class Record:
    left: Any


HOLDING: dict[str, Callable[[Any], Any]] = {
    "deque": lambda y: collections.deque([1, y]),
    "set": lambda y: {y},
    "frozenset": lambda y: frozenset([y]),
    "user dict": lambda y: collections.UserDict(a=y),
    "user list": lambda y: collections.UserList([y]),
    "chain of maps": lambda y: collections.ChainMap({"a": y}),
    "proxy of a dict": lambda y: types.MappingProxyType({"a": y}),
    "values": lambda y: {"a": y}.values(),
    "items": lambda y: collections.OrderedDict(a=y).items(),
    "key": lambda y: {y: "score"},
    "iterator of a list": lambda y: iter([y]),
    "iterator of a dict": lambda y: iter({"a": y}.values()),
    "enumerate": lambda y: enumerate([y]),
    "reversed": lambda y: reversed([y]),
    "slots": Slotted,
    "slots of a base": Inheriting,
    "dataclass with slots": Record,
    "exception": lambda y: ValueError("no", y),
    "object in a list": lambda y: [types.SimpleNamespace(inner=[Slotted(y)])],
    "distribution": lambda y: torch.distributions.Normal(y, 1.0, validate_args=False),
}


class Holding(nn.Module):
    def __init__(self, way: str) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.way = way

    def forward(self, x: Any) -> Any:
        return HOLDING[self.way](self.linear(x))


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize("way", HOLDING)
def test_what_is_in_any_container_is_an_output(way: str, execution: Any) -> None:
    model = Holding(way)
    graph = modelviz.trace(model, (2, 4), execution=execution)
    assert (2, 3) in [graph.tensors[tensor].shape for tensor in graph.outputs]
    found = check(model, (2, 4), execution=execution).findings
    assert not {finding.code for finding in found} & {"MV102", "MV105", "MV106"}


def test_an_iterator_that_is_looked_into_does_not_move_on() -> None:
    one, two = torch.ones(1), torch.zeros(2)
    given = iter([one, two])
    assert tensors(given) == [one, two]
    assert next(given) is one


class Trying(nn.Module):
    """Takes the layer that fits."""

    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Linear(6, 3)
        self.narrow = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        try:
            return self.wide(x)
        except RuntimeError:
            return self.narrow(x)


def test_an_error_that_the_forward_catches_leaves_no_tensor_behind() -> None:
    graph = modelviz.trace(Trying(), (2, 4), execution="fake")
    assert graph.findings == ()
    assert graph.failure is None
    assert [op.name for op in graph.ops] == ["linear"]
