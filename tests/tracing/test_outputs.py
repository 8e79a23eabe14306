"""Outputs in whatever holds them: all of them are outputs, and nothing is said of what they use."""

from __future__ import annotations

import collections
import contextvars
import datetime
import functools
import types
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
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
    "class": lambda y: type("Local", (), {"__qualname__": "f.<locals>.Local", "y": y}),
    "property that sees it": lambda y: in_a_property(y),
    "function that sees it": lambda y: lambda: y,
    "default of a function": lambda y: in_a_default(y),
    "method of a tensor": lambda y: y.sum,
    "method of an object": lambda y: types.MethodType(Slotted.__repr__, Slotted(y)),
    "partial": lambda y: functools.partial(torch.add, y),
    "weak reference": lambda y: weakly(y),
    "array of objects": lambda y: in_an_array(y),
    "python module": lambda y: in_a_module(y),
    "twelve objects deep": lambda y: deep(y, 12),
}
KEPT: list[Any] = []


def in_a_property(y: Any) -> Any:
    class Result:
        __slots__ = ()

        @property
        def value(self) -> Any:
            return y

    return Result()


def in_a_default(y: Any) -> Any:
    def read(value: Any = y) -> Any:
        return value

    return read


def in_an_array(y: Any) -> Any:
    held = np.empty(2, dtype=object)
    held[1] = y
    return held


def in_a_module(y: Any) -> Any:
    module = types.ModuleType("made_here")
    vars(module)["y"] = y
    return module


def weakly(y: Any) -> Any:
    KEPT[:] = [y]
    return weakref.ref(y)


def deep(y: Any, levels: int) -> Any:
    for _ in range(levels):
        y = types.SimpleNamespace(inner=y)
    return y


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
    assert not {finding.code for finding in found} & {"MV102", "MV105", "MV106", "MV301"}


class Hiding(Holding):
    """Gives back what nobody can look into."""

    def forward(self, x: Any) -> Any:
        y = self.linear(x)
        if self.way == "module":
            held = nn.Module()
            held.y = y
            return held
        if self.way == "future":
            future: Any = torch.futures.Future()
            future.set_result(y)
            return future
        held = contextvars.ContextVar("held")
        held.set(y)
        return held


@pytest.mark.parametrize("way", ["module", "future", "context variable"])
def test_of_a_result_that_cannot_be_looked_into_nothing_is_denied(way: str) -> None:
    report = check(Hiding(way), (2, 4))
    assert "MV026" in {finding.code for finding in report.graph.findings}
    assert not report.findings
    assert "never" not in str(modelviz.summary(Hiding(way), (2, 4), verbose=0))


def test_what_holds_no_tensor_hides_none() -> None:
    class Plain(Holding):
        def forward(self, x: Any) -> Any:
            now = datetime.datetime(2020, 1, 1)
            return self.linear(x), {"at": now, "n": np.float32(2), "kind": int, "f": F.relu}

    assert modelviz.trace(Plain(""), (2, 4)).findings == ()


def test_one_tensor_in_two_places_has_both_names() -> None:
    class Both(Holding):
        def forward(self, query: Any, key: Any, more: Any = None) -> Any:
            y = self.linear(query) + self.linear(key)
            return {"logits": y, "out": y}

    x = torch.rand(2, 4)
    for execution in ("fake", "real"):
        graph = modelviz.trace(Both(""), input_data=(x, x, [x, x, x]), execution=execution)
        assert [graph.tensors[t].name for t in graph.inputs] == [
            "query, key, more[0], more[1] and 1 more"
        ]
        assert [graph.tensors[t].name for t in graph.outputs] == ["logits, out"]
    svg = modelviz.draw(Both(""), input_data=(x, x)).svg
    assert "query, key" in svg and "logits, out" in svg

    class Neither(Holding):
        def forward(self, a: Any, b: Any, c: Any) -> Any:
            return self.linear(c)

    found = check(Neither(""), input_data=(x, x, torch.rand(2, 4))).findings
    assert [f.message for f in found if f.code == "MV106"] == [
        "no output depends on the input a, b of shape [2, 4]"
    ]


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


def test_a_generator_is_told_once() -> None:
    class Generating(Holding):
        def forward(self, x: Any) -> Any:
            yield self.linear(x)

    class Calling(Holding):
        def forward(self, x: Any) -> Any:
            return self.linear.forward

    for model in (Generating(""), Calling("")):
        graph = modelviz.trace(model, (2, 4))
        assert [finding.code for finding in graph.findings] == ["MV016"]
        assert check(model, (2, 4)).findings == ()


class Filling(nn.Module):
    """Fills what it has made before, a step at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        made = torch.zeros(x.shape[0], x.shape[1], 3)
        for step in range(x.shape[1]):
            made[:, step] = self.linear(x[:, step])
        return made


class Filled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fill = Filling()
        self.head = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        wide = torch.empty(x.shape[0], x.shape[1], 3)
        wide[..., :1] = 1
        wide[..., 1:] = self.fill(x)[..., 1:]
        return self.head(wide)


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_what_is_written_in_parts_is_passed_on_as_one_tensor(execution: Any) -> None:
    graph = modelviz.trace(Filled(), (2, 5, 4), execution=execution)

    def shapes(ids: tuple[int, ...]) -> list[tuple[int, ...]]:
        return [graph.tensors[tensor].shape for tensor in ids]

    by_path = {call.module: call for call in graph.calls}
    assert shapes(by_path["fill"].outputs) == [(2, 5, 3)]
    assert shapes(by_path["head"].inputs) == [(2, 5, 3)]
    assert shapes(graph.outputs) == [(2, 5, 2)]
    table = str(modelviz.summary(Filled(), (2, 5, 4), verbose=0, execution=execution))
    assert "[2, 5, 3]" in table and "+" not in table
    # Each part still leads to it.
    alone = modelviz.trace(Filling(), (2, 5, 4), execution=execution)
    (output,) = alone.outputs
    joined = alone.ops[alone.tensors[output].producer or 0]
    assert (alone.tensors[output].shape, joined.name) == ((2, 5, 3), "identity")
    assert len(joined.inputs) == 5 and check(Filled(), (2, 5, 4)).findings == ()


def _through_a_view(x: torch.Tensor) -> torch.Tensor:
    x.view(3, 4).add_(1)
    return x


def _under_a_view(x: torch.Tensor) -> torch.Tensor:
    seen = x.view(3, 4)
    x.add_(1)
    return seen


def _before_a_view(x: torch.Tensor) -> torch.Tensor:
    return x.add_(1).view(3, 4)


def _through_an_alias(x: torch.Tensor) -> torch.Tensor:
    x.detach().add_(1)
    return x


def _by_its_data(x: torch.Tensor) -> torch.Tensor:
    other = torch.zeros(2, 6)
    x.data = other
    other.view(12)[:] = 1
    return x


class Writes(nn.Module):
    """Writes to what a layer gave, and hands it to a layer."""

    def __init__(self, write: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.write = nn.Linear(4, 6), nn.Dropout(0.0), write

    def forward(self, x: torch.Tensor) -> Any:
        return self.second(self.write(self.first(x)))


@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize(
    ("write", "joined"),
    [
        (_through_a_view, True),
        (_under_a_view, True),
        (_before_a_view, False),
        (_through_an_alias, False),
        (_by_its_data, True),
    ],
)
def test_a_layer_gets_one_tensor_of_its_own_shape(write: Any, joined: bool, execution: Any) -> None:
    model = Writes(write).eval()
    graph = modelviz.trace(model, (2, 4), execution=execution)
    (given,) = next(call for call in graph.calls if call.module == "second").inputs
    with torch.no_grad():
        shape = tuple(write(model.first(torch.ones(2, 4))).shape)
    assert graph.tensors[given].shape == shape
    maker = graph.ops[graph.tensors[given].producer or 0]
    assert (maker.name == "identity") is joined
