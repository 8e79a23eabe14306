"""A forward that fails gives the graph up to the failure, and says where and why."""

from __future__ import annotations

import linecache
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import InputError, TraceError, trace

from .flow import flows, names


class Mismatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(8, 16)
        self.blocks = nn.ModuleList([nn.Linear(16, 16), nn.Linear(15, 16), nn.Linear(16, 16)])

    def forward(self, x: Any) -> Any:
        x = self.first(x).relu()
        for block in self.blocks:
            x = block(x)
        return x


@pytest.mark.parametrize("execution", ["fake", "real", "auto"])
def test_a_shape_error(execution: Any) -> None:
    with pytest.raises(TraceError) as caught:
        trace(Mismatch(), (2, 8), execution=execution)
    error = caught.value
    graph, failure = error.graph, error.graph.failure
    assert failure is not None
    assert failure.module == "blocks.1"
    assert failure.shapes == ((2, 16), (16, 15), (16,))
    assert failure.file == __file__ and failure.line is not None
    assert "x = block(x)" in linecache.getline(__file__, failure.line)
    assert names(graph) == ["linear", "relu", "linear", "linear"]
    assert [op.failed for op in graph.ops] == [False, False, False, True]
    assert [c.module for c in graph.calls if c.failed] == ["", "blocks.1"]
    assert graph.calls_of("blocks.2") == ()
    for call in graph.calls:
        assert (3 in range(call.start, call.stop)) == call.failed, "the failing op is inside"
    assert len(graph.modules) == 6
    assert flows(graph, "first", "blocks.1")
    text = str(error)
    assert "blocks.1 (Linear)" in text and "[2, 16]" in text and "15" in text


def test_an_error_of_the_users_own() -> None:
    class Picky(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x * 2
            if x.shape[0] != 3:
                raise ValueError("expected three rows")
            return y

    with pytest.raises(TraceError, match="expected three rows") as caught:
        trace(nn.Sequential(nn.Linear(4, 4), Picky()), (2, 4))
    failure = caught.value.graph.failure
    assert failure is not None and failure.error == "ValueError" and failure.op is None
    assert failure.module == "1"


def test_an_error_that_the_model_catches() -> None:
    class Tries(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bad = nn.Linear(5, 4)
            self.good = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            try:
                return self.bad(x)
            except RuntimeError:
                return self.good(x)

    for execution in ("fake", "real"):
        graph = trace(Tries(), (2, 4), execution=execution)
        assert graph.failure is None
        assert [(c.module, c.failed) for c in graph.calls] == [
            ("", False),
            ("bad", True),
            ("good", False),
        ]
        assert graph.calls[2].parent == 0
        assert names(graph) == ["linear"]


def test_control_flow_on_values_runs_for_real() -> None:
    class Choosy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Linear(4, 4)
            self.b = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return self.a(x) if x.sum() > 0 else self.b(x)

    graph = trace(Choosy(), (2, 4))
    assert graph.execution == "real"
    assert "ran for real" in graph.notes[0]
    assert graph.calls_of("a") and not graph.calls_of("b")
    negative = trace(Choosy(), input_data=-torch.ones(2, 4))
    assert negative.execution == "fake", "the values that decide were given"
    assert negative.calls_of("b") and not negative.calls_of("a")
    with pytest.raises(TraceError):
        trace(Choosy(), (2, 4), execution="fake")
    with torch.device("meta"):
        model = Choosy()
    with pytest.raises(TraceError, match="Choosy"):
        trace(model, (2, 4))


def test_values_of_the_models_own_constants_are_known() -> None:
    class Windowed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("window", torch.tensor(3))
            self.scale = nn.Parameter(torch.tensor(2.0))

        def forward(self, x: Any) -> Any:
            if self.scale > 1:
                x = x * self.scale.item()
            return x[:, : int(self.window)]

    graph = trace(Windowed(), (2, 8), execution="fake")
    assert graph.tensors[graph.outputs[0]].shape == (2, 3)


def test_known_values_are_forgotten_when_written_over() -> None:
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("size", torch.tensor([2, 3]))

        def forward(self, x: Any) -> Any:
            first = int(self.size[1])
            self.size[1] += 1
            second = int(self.size.max())
            self.size[0] = x.sum().long()
            return x[:, :first], x[:, :second], int(self.size.max())

    model = Counts()
    for execution in ("auto", "real"):
        graph = trace(model, (2, 8), execution=execution)
        assert graph.execution == "real", "what came from the input is not known"
        assert [graph.tensors[t].shape for t in graph.outputs] == [(2, 3), (2, 4)]
        assert model.size.tolist() == [2, 3]


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"input_size": (0, 3)}, "positive"),
        ({"input_size": "abc"}, "shape"),
        ({"input_size": (1, 2), "input_data": torch.ones(1)}, "both"),
        ({"input_size": (1, 2), "dtypes": [torch.float, torch.long]}, "2 dtypes for 1"),
        ({"input_size": (1, 2), "dtypes": ["floaty"]}, "dtype"),
        ({"input_size": (1, 2), "execution": "dream"}, "fake, real"),
        ({"input_size": (1, 2), "mode": "test"}, "one of train, eval"),
        ({"input_size": (1, 2), "method": "encode"}, "no method 'encode'"),
        ({"input_data": {1: torch.ones(1)}}, "names of forward's arguments"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        trace(nn.Linear(2, 2), **arguments)


def test_not_a_model() -> None:
    with pytest.raises(InputError, match="Linear"):
        trace(nn.Linear, (1, 2))  # type: ignore[arg-type]


class Smoothing(nn.Module):
    """A convolution as a function, whose first weight of the model's own is its bias."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))

    def forward(self, x: Any) -> Any:
        return torch.nn.functional.conv2d(x, torch.ones(1, 3, 3, 3), self.bias)


def test_a_bias_is_not_taken_for_the_kernel() -> None:
    with pytest.raises(TraceError, match="Smoothing"):
        trace(Smoothing(), (2, 5))
