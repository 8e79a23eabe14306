"""Models as deep as PyTorch itself runs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import GraphFileError, ModelGraph, draw, export, load, summary, trace
from modelviz.view.making import document_of
from modelviz.viewer.requests import ViewerState, next_message


class Residual(nn.Module):
    """A layer, and what is inside beside it."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return x + self.inner(self.layer(x))


class OwnCall(nn.Module):
    """Two frames a level, where PyTorch's own call takes three."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def __call__(self, x: Any) -> Any:
        return self.inner(x)


class Recursive(nn.Module):
    """Calls itself."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.times = times

    def forward(self, x: Any, depth: int = 0) -> Any:
        return x if depth == self.times else self(self.layer(x), depth + 1)


def nested(kind: Any, depth: int) -> nn.Module:
    model: nn.Module = nn.Linear(4, 4)
    for _ in range(depth):
        model = kind(model)
    return model


# As deep as runs in plain PyTorch below pytest's own frames, and the multiply-adds on (2, 4).
MODELS: dict[str, tuple[Any, int, int]] = {
    "sequential": (lambda: nested(nn.Sequential, 210), 211, 32),
    "residual": (lambda: nested(Residual, 190), 2 * 190 + 1, 32 * 191),
    "own call": (lambda: nested(OwnCall, 380), 381, 32),
    "recursive": (lambda: Recursive(190), 1 + 2 * 190, 32 * 190),
}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.slow if kind == "own call" else ()) for kind in MODELS],
)
def test_what_pytorch_runs_is_traced_and_shown(kind: str, tmp_path: Path) -> None:
    make, calls, expected = MODELS[kind]
    model = make()
    limit = sys.getrecursionlimit()
    model(torch.rand(2, 4))
    for execution in ("fake", "real"):
        graph = trace(model, (2, 4), execution=execution)  # type: ignore[arg-type]
        assert (len(graph.calls), graph.total_flops) == (calls, 2 * expected)
    assert str(summary(model, verbose=0)) and str(summary(graph, verbose=0, depth=None))
    assert draw(graph).svg and draw(graph, depth=1000).source
    for name in ("model.json", "model.html", "model.mmd"):
        export(graph, tmp_path / name)
    assert load(tmp_path / "model.json") == graph
    assert len(trace(model, (2, 4), device="meta").calls) == calls
    assert sys.getrecursionlimit() == limit


def test_endless_recursion_is_an_error_and_no_crash() -> None:
    class Endless(nn.Module):
        def forward(self, x: Any) -> Any:
            return self(x)

    limit = sys.getrecursionlimit()
    with pytest.raises(Exception, match="RecursionError"):
        trace(Endless(), (2, 4))
    assert sys.getrecursionlimit() == limit


def nested_file(levels: int) -> dict[str, Any]:
    """A saved graph of modules so many levels deep, the root among them."""
    saved = trace(nn.Linear(2, 2), execution="none").to_dict()
    _, *row = saved["modules"]["rows"][0]
    rows = [[".".join(["i"] * level), *row] for level in range(levels)]
    return {**saved, "modules": {**saved["modules"], "rows": rows}}


def test_a_saved_graph_shows_as_deep_as_it_may_be() -> None:
    graph = ModelGraph.from_dict(nested_file(700))
    document = document_of(graph).to_dict()
    assert next_message(None, document, ViewerState(), None).text
    assert str(summary(graph, verbose=0, depth=None)) and draw(graph).source
    with pytest.raises(GraphFileError, match="lies inside 1,001 modules"):
        ModelGraph.from_dict(nested_file(3_000))
