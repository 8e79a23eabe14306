"""Forwards whose body does not run when they are called."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz import trace


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.l = nn.Linear(4, 4)


class Generator(Layer):
    def forward(self, x: Any) -> Any:
        for _ in range(3):
            x = self.l(x)
            yield x


class Decorated(Layer):
    @torch.no_grad()
    def forward(self, x: Any) -> Any:
        yield self.l(x)


class Coroutine(Layer):
    async def forward(self, x: Any) -> Any:
        return self.l(x)


class AsyncGenerator(Layer):
    async def forward(self, x: Any) -> Any:
        yield self.l(x)


class Returns(Layer):
    def forward(self, x: Any) -> Any:
        return (self.l(part) for part in x)


class Maps(Layer):
    def forward(self, x: Any) -> Any:
        return map(self.l, x)


class Partial(Layer):
    def forward(self, x: Any) -> Any:
        return {"later": partial(self.l, x)}


class Closure(Layer):
    def forward(self, x: Any) -> Any:
        return lambda: self.l(x)


KINDS = {
    Generator: "a generator",
    Decorated: "a generator",
    Coroutine: "a coroutine",
    AsyncGenerator: "an asynchronous generator",
    Returns: "a generator",
    Maps: "returned a map",
    Partial: "returned a partial",
    Closure: "returned a function",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("execution", ["fake", "real"])
def test_a_body_that_never_ran_is_said(kind: Any, execution: Any) -> None:
    graph = trace(kind(), (2, 4), execution=execution)
    (finding,) = graph.findings
    assert finding.code == "MV016" and finding.level == "warning" and finding.path == ""
    assert kind.__name__ in finding.message and KINDS[kind] in finding.message
    if kind is not Maps and kind is not Partial:
        assert finding.file == __file__ and finding.line is not None
        first = kind.forward.__wrapped__ if kind is Decorated else kind.forward
        assert 0 <= finding.line - first.__code__.co_firstlineno <= 1
    text = str(modelviz.summary(graph, verbose=0))
    assert "never" not in text.lower().replace(finding.message.lower(), "")
    assert "no call seen" in text and "at least 0" in text
    assert "never" not in modelviz.draw(graph).svg


def test_a_generator_inside_that_the_model_iterates_is_seen() -> None:
    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Generator()

        def forward(self, x: Any) -> Any:
            return sum(self.inner(x))

    for execution in ("fake", "real"):
        graph = trace(Outer(), (2, 4), execution=execution)
        assert graph.total_macs == 3 * 2 * 16 and graph.findings == ()
        assert "at least" not in str(modelviz.summary(graph, verbose=0))


def test_a_generator_inside_that_is_left_half_way_or_before_it_began() -> None:
    class Outer(nn.Module):
        def __init__(self, most: int) -> None:
            super().__init__()
            self.inner = Generator()
            self.most = most

        def forward(self, x: Any) -> Any:
            for step, y in zip(range(self.most), self.inner(x), strict=False):
                x = x + y * step
            return x

    graph = trace(Outer(1), (2, 4))
    (finding,) = graph.findings
    assert finding.path == "inner" and "only up to this line" in finding.message
    assert graph.total_macs == 2 * 16
    (finding,) = trace(Outer(0), (2, 4)).findings
    assert "never happened" in finding.message


def test_functions_inside_are_the_callers_business() -> None:
    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Closure()

        def forward(self, x: Any) -> Any:
            return self.inner(x)()

    graph = trace(Outer(), (2, 4))
    assert graph.total_macs == 32 and graph.findings == ()
