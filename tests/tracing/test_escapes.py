"""Data that leaves PyTorch's sight: the graph says where, and nothing claims more than is known."""

from __future__ import annotations

import ctypes
import linecache
import pickle
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import modelviz
from modelviz import ModelGraph, TraceError, trace
from modelviz.analysis.sight import sight_of


class Leaves(nn.Module):
    """Hands the result of ``a`` to a function of Python's, and what comes back to ``b``."""

    def __init__(self, elsewhere: Any) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.idle = nn.Linear(4, 4)
        self.elsewhere = elsewhere

    def forward(self, x: Any) -> Any:
        return self.b(self.elsewhere(self.a(x)))


def by_numpy(x: Any) -> Any:
    return torch.from_numpy(np.tanh(x.numpy()))


def by_array(x: Any) -> Any:
    return torch.from_numpy(np.stack([np.asarray(x)])[0] * 2)


def by_list(x: Any) -> Any:
    return torch.tensor([[2 * value for value in row] for row in x.tolist()])


def by_dlpack(x: Any) -> Any:
    return torch.from_numpy(np.from_dlpack(x) + 1)


def by_address(x: Any) -> Any:
    memory = (ctypes.c_float * x.numel()).from_address(x.data_ptr())
    return torch.tensor(list(memory)).reshape(x.shape)


def by_pickle(x: Any) -> Any:
    return torch.from_numpy(pickle.loads(pickle.dumps(x)).numpy().copy())


WAYS = [by_numpy, by_array, by_list, by_dlpack, by_address, by_pickle]


@pytest.mark.parametrize("way", WAYS)
def test_memory_that_leaves_is_said_and_nothing_is_denied(way: Any) -> None:
    graph = trace(Leaves(way), (2, 4), execution="real")
    assert graph.total_flops == 2 * 2 * 2 * 16
    whole = [escape for escape in graph.escapes if escape.whole]
    a = graph.calls_of("a")[0].outputs[0]
    assert a in {escape.tensor for escape in whole}
    finding = next(f for f in graph.findings if f.code == "MV014")
    assert finding.file == __file__ and finding.line is not None and finding.path == ""
    assert way.__code__.co_firstlineno < finding.line <= way.__code__.co_firstlineno + 3
    assert "return" in linecache.getline(__file__, finding.line) or way is by_address
    text = str(modelviz.summary(graph, verbose=0))
    assert "never used" not in text.lower(), "what ran elsewhere may have used anything"
    assert "[never called]" in text and "No use seen in this forward: idle.weight" in text
    svg = modelviz.draw(graph).svg
    assert "reaches no output" not in svg and "never" not in svg
    assert "unread" not in {node.status for node in modelviz.draw(graph).view.nodes()}


def test_without_such_a_way_the_claims_stand() -> None:
    graph = trace(Leaves(torch.tanh), (2, 4))
    assert graph.escapes == () and graph.findings == ()
    text = str(modelviz.summary(graph, verbose=0))
    assert "Never used in this forward: idle.weight" in text and "no use seen" not in text
    assert "never used" in modelviz.draw(graph).svg


@pytest.mark.parametrize("way", WAYS)
def test_fake_tensors_have_no_memory_to_hand_out(way: Any) -> None:
    with pytest.raises(TraceError, match="value of a tensor is needed") as caught:
        trace(Leaves(way), (2, 4), execution="fake")
    failure = caught.value.graph.failure
    assert failure is not None and failure.file == __file__
    assert trace(Leaves(way), (2, 4)).execution == "real"


class Decides(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Any, count: Any, unread: Any) -> Any:
        for _ in range(int(count)):
            x = self.a(x)
        return x * float(self.scale)


def test_single_values_are_uses_of_an_input_and_of_a_parameter() -> None:
    data = [torch.ones(2, 4), torch.tensor(3), torch.ones(5)]
    for execution in ("fake", "real"):
        graph = trace(Decides(), input_data=data, execution=execution)
        assert graph.total_macs == 3 * 2 * 16
        assert {(e.how, graph.tensors[e.tensor].name, e.whole) for e in graph.escapes} == {
            ("int", "count", False),
            ("float", "scale", False),
        }
        assert [f.code for f in graph.findings] == ["MV015", "MV015"]
        assert all(f.file == __file__ for f in graph.findings)
        greyed = {
            node.name: node.detail for node in modelviz.draw(graph).view.nodes() if node.status
        }
        assert greyed == {"unread": "5, never read"}, "b, in contrast, is known to be idle"
        text = str(modelviz.summary(graph, verbose=0))
        assert "Never used in this forward: b.weight, b.bias; 20 parameters" in text
        assert "scale never used" not in text


def test_the_models_own_constants_are_no_news() -> None:
    class Windowed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("window", torch.tensor(3))

        def forward(self, x: Any) -> Any:
            return x[:, : int(self.window)]

    graph = trace(Windowed(), (2, 8))
    assert [escape.how for escape in graph.escapes] == ["int"] and graph.findings == ()


def test_data_that_a_kernel_does_not_show_flows_on() -> None:
    class Wraps(nn.Module):
        def forward(self, x: Any, y: Any) -> Any:
            return torch.tensor([x[0], x[1]]), np.sin(y)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of torch's, in NumPy's eyes
        graph = trace(Wraps(), input_data=[torch.ones(3), torch.ones(3)], execution="real")
    for output, name in zip(graph.outputs, ("x", "y"), strict=True):
        tensor = graph.tensors[output]
        while tensor.producer is not None:
            tensor = graph.tensors[graph.ops[tensor.producer].inputs[0]]
        assert tensor.name == name


def test_escapes_are_saved() -> None:
    graph = trace(Leaves(by_numpy), (2, 4))
    assert len(graph.escapes) == 1
    again = ModelGraph.from_json(graph.to_json())
    assert again == graph and sight_of(again) == sight_of(graph)
    old = {key: value for key, value in graph.to_dict().items() if key != "escapes"}
    assert ModelGraph.from_dict(old).escapes == ()
    broken = graph.to_dict()
    broken["escapes"]["rows"][0][0] = 10**6
    with pytest.raises(modelviz.GraphFileError):
        ModelGraph.from_dict(broken)


class Duck:
    """Stands for a tensor, and is none."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        plain = [arg.inner if isinstance(arg, Duck) else arg for arg in args]
        result = function(*plain, **(kwargs or {}))
        return cls(result) if isinstance(result, torch.Tensor) else result


class WithDucks(nn.Module):
    def __init__(self, reads: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.reads = reads

    def forward(self, x: Any) -> Any:
        y: Any = torch.relu(torch.add(Duck(self.linear(x)), 1))
        parts = torch.chunk(y.inner, 2)
        if self.reads and bool(torch.sum(y).inner > 100):
            return parts[0]
        return torch.cat(parts)


def test_a_function_that_gives_what_stands_for_a_tensor_reads_no_value() -> None:
    graph = trace(WithDucks(reads=False), (2, 4), execution="fake")
    assert graph.escapes == () and graph.findings == ()
    assert [op.name for op in graph.ops] == ["linear", "add", "relu", "chunk", "cat"]
    read = trace(WithDucks(reads=True), (2, 4), execution="real")
    assert [escape.how for escape in read.escapes] == ["bool"]
