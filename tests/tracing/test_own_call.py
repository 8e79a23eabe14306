"""Models that define ``__call__`` themselves: their calls are seen like any other."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import summary, trace
from modelviz.proposals import propose_inputs

from .flow import flows, inputs_used

EXECUTIONS = ("fake", "real")


class NoForward(nn.Module):
    """Has no forward at all: a layer, and a product of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.l = nn.Linear(4, 4)
        self.w = nn.Parameter(torch.rand(4, 1000))

    def __call__(self, data: Any) -> Any:
        return self.l(data) @ self.w


class Overridden(NoForward):
    """Overrides what it inherits and does not call it."""

    def __call__(self, data: Any) -> Any:
        return self.l(data * 2)


class Around(nn.Module):
    """Does something before and after the usual call."""

    def __init__(self) -> None:
        super().__init__()
        self.l = nn.Linear(4, 4)

    def __call__(self, data: Any) -> Any:
        return super().__call__(data * 2) + 1

    def forward(self, x: Any) -> Any:
        return self.l(x)


class Twice(Around):
    """Calls what it inherits two times; it is one call all the same."""

    def __call__(self, data: Any) -> Any:
        return super().__call__(data) * super().__call__(data)


class Itself(nn.Module):
    """Calls itself, one level deeper."""

    def __init__(self) -> None:
        super().__init__()
        self.l = nn.Linear(4, 4)

    def __call__(self, data: Any, depth: int = 2) -> Any:
        return data if depth == 0 else self(self.l(data), depth - 1)


class Outer(nn.Module):
    """Holds others that define ``__call__``, two of one class."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = Overridden(), Around(), Overridden(), Twice()
        self.post = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.post(self.d(self.c(self.b(self.a(x)))))


def flops(model: nn.Module, execution: str) -> dict[str, tuple[int | None, int | None]]:
    found = summary(model, (1, 4), verbose=0, execution=execution)
    return {row.path: (row.flops, row.own_flops) for row in found.rows}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    ("kind", "expected", "calls"),
    [
        (NoForward, {"": (8032, 8000), "l": (32, 32)}, 2),
        (Overridden, {"": (32, 0), "l": (32, 32)}, 2),
        (Around, {"": (32, 0), "l": (32, 32)}, 2),
        (Twice, {"": (64, 0), "l": (32, 32)}, 3),
    ],
)
def test_the_root(kind: type[nn.Module], expected: Any, calls: int, execution: str) -> None:
    model = kind()
    own = kind.__call__
    found = flops(model, execution)
    assert {path: found[path] for path in expected} == expected
    graph = trace(model, (1, 4), execution=execution)  # type: ignore[arg-type]
    assert len(graph.calls) == calls and graph.calls[0].module == ""
    assert inputs_used(graph) == {"data"}, "named as __call__ names it"
    assert kind.__call__ is own


def test_a_call_of_itself_is_a_call_inside() -> None:
    graph = trace(Itself(), (1, 4))
    assert [call.module for call in graph.calls] == ["", "l", "", "l", ""]
    assert [call.parent for call in graph.calls] == [None, 0, 0, 2, 2]
    assert graph.total_flops == 64


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_inside_another(execution: str) -> None:
    found = flops(Outer(), execution)
    assert found[""] == (32 + 32 + 32 + 64 + 32, 0)
    assert found["a"] == found["b"] == found["c"] == (32, 0) and found["d"] == (64, 0)
    graph = trace(Outer(), (1, 4), execution=execution)  # type: ignore[arg-type]
    assert flows(graph, "a", "b") and flows(graph, "b", "c") and flows(graph, "d", "post")
    assert [call.module for call in graph.calls if "." not in call.module] == [
        *("", "a", "b", "c", "d", "post")
    ]


def test_inputs_are_proposed_for_the_arguments_of_the_call() -> None:
    assert [proposal.name for proposal in propose_inputs(Overridden())] == ["data"]


def test_after_a_failure_the_class_is_as_it_was() -> None:
    own = Overridden.__call__
    with pytest.raises(Exception, match="stopped"):
        trace(Overridden(), (1, 5))
    assert Overridden.__call__ is own
