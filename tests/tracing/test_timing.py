"""The seconds of ops: measured on real forwards, matched to the ops of the trace."""

from __future__ import annotations

from pathlib import Path
from time import thread_time
from typing import Any

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from modelviz import ModelGraph, trace
from modelviz.errors import InputError, TraceError
from modelviz.tracing import timing, timing_parts
from tests.tracing.test_guard import Restless, nothing_changes


class Products(nn.Module):
    """Matrix products that take far longer than what Python does around them."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(384, 384) for _ in range(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return x


class Lucky(nn.Module):
    """Random numbers decide which layers run."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(12):
            x = self.left(x) if torch.rand(()) > 0.5 else self.right(x)
        return x


class Mixed(nn.Module):
    """Functions that give no tensor, in-place writes, an identity, a script, a reused layer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.nothing = nn.Linear(4, 4), nn.Identity()
        self.script = torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU()))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.script(self.nothing(self.fc(x)))
        if y.sum().item() < 1e9 and y.dim() == 2:
            y[0] = 0
            y.mul_(2)
        first, second = self.fc(y).chunk(2)
        return first + second


@pytest.mark.usefixtures("one_thread")
def test_the_times_of_big_ops_make_up_the_time_of_the_forward() -> None:
    model, x = Products(), torch.rand(384, 384)
    parts: list[float] = []
    wholes: list[float] = []

    def together() -> bool:
        middle = sorted(wholes)[len(wholes) // 2]
        return 0.5 * min(wholes) <= min(parts) <= 1.05 * middle

    for _ in range(20):  # until the machine does nothing else in between
        seconds = trace(model, input_data=x, timed=True).total_seconds
        assert seconds is not None
        parts.append(seconds)
        with torch.no_grad():
            for _ in range(5):
                start = thread_time()
                model(x)
                wholes.append(thread_time() - start)
        if together():
            break
    assert together(), (parts, wholes)


def test_more_work_takes_more_time() -> None:
    model = nn.Sequential(nn.Linear(32, 1024), nn.Linear(1024, 1024), nn.Linear(1024, 8))
    small, large, _ = _seconds(trace(model, (512, 32), timed=True))
    assert large > small


@pytest.mark.parametrize("model", [Mixed(), Lucky(), nn.LSTM(4, 4), nn.MultiheadAttention(4, 2)])
def test_every_op_has_a_time(model: nn.Module) -> None:
    x = torch.rand(4, 4)
    inputs = (x, x, x) if isinstance(model, nn.MultiheadAttention) else (x,)
    graph = trace(model, input_data=inputs, timed=True)
    assert len(graph.ops) > 0
    assert all(op.seconds is not None for op in graph.ops)
    assert all(op.seconds > 0 for op in graph.ops if op.name != "identity")
    assert graph.total_seconds == sum(_seconds(graph))
    assert [op.name for op in graph.ops] == [
        op.name for op in trace(model, input_data=inputs, execution="real").ops
    ]


def test_another_method_is_timed_as_it_is_traced() -> None:
    class Encoder(Products):
        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return self.layers[0](x).relu()

    graph = trace(Encoder(), (2, 384), method="encode", timed=True)
    assert [(op.name, op.seconds is None) for op in graph.ops] == [
        ("linear", False),
        ("relu", False),
    ]


@pytest.mark.parametrize("training", [True, False])
def test_a_timed_forward_changes_nothing(training: bool) -> None:
    model, x = Restless().train(training), torch.randn(3, 4)
    with nothing_changes(model, x):
        assert trace(model, input_data=x, timed=True).total_seconds


def counted(file: Path) -> int:
    """How many times this was asked of a file, whose contents no trace puts back."""
    count = int(file.read_text()) if file.exists() else 0
    file.write_text(str(count + 1))
    return count


def test_a_forward_that_goes_another_way_each_time_has_no_times(tmp_path: Path) -> None:
    class Restive(Lucky):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.left(x) if counted(tmp_path / "turns") // 3 % 2 else self.right(x)

    with pytest.raises(InputError, match="called other modules"):
        trace(Restive(), (2, 4), timed=True)


def test_a_forward_that_fails_the_second_time_has_no_times(tmp_path: Path) -> None:
    class Once(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            if counted(tmp_path / "turns"):
                raise RuntimeError("only once")
            return x + 1

    with pytest.raises(InputError, match=r"failed when it ran again.*only once"):
        trace(Once(), (2, 4), timed=True)


def test_a_forward_that_fails_gives_its_graph_without_times() -> None:
    with pytest.raises(TraceError) as caught:
        trace(nn.Sequential(nn.ReLU(), nn.Linear(5, 5)), (2, 4), timed=True)
    assert caught.value.graph.total_seconds is None


def test_ops_outside_the_functions_of_torch_are_named() -> None:
    class Low(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch._C.DisableTorchFunction():
                y = x * 2
            return y.tanh()

    graph = trace(Low(), (2, 4), timed=True)
    assert [(op.name, op.seconds is None) for op in graph.ops] == [("mul", True), ("tanh", False)]
    assert any("no time was measured" in note and "mul" in note for note in graph.notes)


@pytest.mark.parametrize("where", ["meta", "fake", "input"])
def test_a_model_without_data_cannot_be_timed(where: str) -> None:
    x: Any = torch.rand(2, 3)
    if where == "fake":
        with FakeTensorMode():
            model: nn.Module = nn.Linear(3, 3)
    elif where == "meta":
        model = nn.Linear(3, 3, device="meta")
    else:
        model, x = nn.ReLU(), torch.empty(2, 3, device="meta")
    with pytest.raises(InputError, match="no data"):
        trace(model, input_data=x, timed=True)


def test_time_cannot_be_measured_by_shapes_alone() -> None:
    with pytest.raises(InputError, match="real forward"):
        trace(nn.ReLU(), (2, 3), execution="fake", timed=True)


def test_times_are_saved_where_there_are_any() -> None:
    timed = trace(nn.Linear(3, 3), (2, 3), timed=True)
    plain = trace(nn.Linear(3, 3), (2, 3))
    assert ModelGraph.from_json(timed.to_json()) == timed
    assert ModelGraph.from_json(plain.to_json()) == plain
    assert "seconds" not in plain.to_json()


class Deep(nn.Module):
    """Ops of the model itself around those of layers, a shared layer, a mode of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Linear(4, 4), nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.script = torch.jit.script(nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.two(self.one(x) + 1) * 2
        with torch.device("cpu"):
            x = self.one(x) + torch.ones(4)
        return self.script(x).sum()


class Slow(nn.Module):
    """A layer that does what would be seen if it were watched from around it."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.exp(self.inner(torch.exp(x)))


@pytest.mark.parametrize("make", [Deep, Slow, Mixed], ids=["deep", "slow", "mixed"])
def test_ops_are_dealt_out_to_several_runs(
    make: type[nn.Module], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[frozenset[str], int]] = []
    monkeypatch.setattr(timing, "parts_needed", lambda slower: 4)
    run = timing_parts.PartTimer.run

    def watched(self: timing_parts.PartTimer, *args: Any) -> Any:
        result = run(self, *args)
        assert self.laps.chosen is not None
        seen.append((self.laps.chosen, sum(map(len, self.laps.seconds.values()))))
        return result

    model, x = make(), torch.rand(2, 4)
    whole = trace(model, input_data=x, timed=True)
    monkeypatch.setattr(timing_parts.PartTimer, "run", watched)
    graph = trace(model, input_data=x, timed=True)
    assert not any("_compiled_call_impl" in vars(module) for module in model.modules())
    assert all(op.seconds is not None for op in graph.ops)
    assert [op.name for op in graph.ops] == [op.name for op in whole.ops]
    owners = {graph.calls[op.call].module for op in graph.ops}
    assert frozenset().union(*(chosen for chosen, _ in seen)) == owners
    for chosen, count in seen:
        own = sum(graph.calls[op.call].module in chosen for op in graph.ops)
        assert count >= own - sum(op.name == "identity" for op in graph.ops)
        assert count < len(graph.ops) or len(owners) == 1


@pytest.mark.parametrize(("slower", "count"), [(0.9, 1), (1.1, 1), (1.2, 4), (1.43, 8), (9.0, 8)])
def test_the_slower_the_clocks_the_more_runs(slower: float, count: int) -> None:
    assert timing_parts.parts_needed(slower) == count


def _seconds(graph: ModelGraph) -> list[float]:
    return [op.seconds for op in graph.ops if op.seconds is not None]
