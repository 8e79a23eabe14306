"""The model, its inputs and the process are after a trace what they were before."""

from __future__ import annotations

import functools
import gc
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from modelviz import TraceError, trace
from modelviz.tracing.state.chance import GlobalGenerators

EXECUTIONS = ("fake", "real", "auto")


class Restless(nn.Module):
    """A forward that changes whatever a forward can change."""

    def __init__(self, ending: Any = None) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("count", torch.zeros(()))
        self.history: list[torch.Tensor] = []
        self.table: dict[str, torch.Tensor] = {}
        self.last: torch.Tensor | None = None
        self.steps = 0
        self.ending = ending
        self.linear.register_forward_hook(lambda module, args, output: output + 1)

    def forward(self, x: Any) -> Any:
        self.steps += 1
        self.count += 1
        with torch.no_grad():
            self.linear.weight.mul_(0.5)
        self.linear.bias.data = self.linear.bias.data * 2
        self.norm.eval()
        self.norm.train()
        self.linear.weight.requires_grad_(False)
        h = self.drop(self.norm(self.linear(x)))
        x.add_(1)
        self.last = h
        self.history.append(h)
        self.table["h"] = h
        self.extra = h
        self.linear.register_forward_hook(lambda *_: None)
        self.register_buffer("late", h)
        random.random()
        numpy.random.rand()
        torch.rand(3)
        if self.ending is not None:
            raise self.ending
        return h


@contextmanager
def nothing_changes(model: nn.Module, x: torch.Tensor) -> Iterator[None]:
    def state() -> dict[str, Any]:
        return {
            "weights": {k: v.clone() for k, v in model.state_dict().items()},
            "identities": {k: id(v) for k, v in model.named_parameters()},
            "grads": {k: v.grad for k, v in model.named_parameters()},
            "requires_grad": {k: v.requires_grad for k, v in model.named_parameters()},
            "attributes": {n: dict(vars(m)) for n, m in model.named_modules()},
            "hooks": {
                n: (list(m._forward_hooks), list(m._forward_pre_hooks))
                for n, m in model.named_modules()
            },
            "buffers": [n for n, _ in model.named_buffers()],
            "lists": (list(model.history), dict(model.table)),  # type: ignore[arg-type, call-overload]
            "input": x.clone(),
            "python": random.getstate(),
            "torch": torch.get_rng_state(),
            "numpy": numpy.random.get_state()[1].tolist(),
            "switches": (
                torch.backends.mha.get_fastpath_enabled(),
                torch.is_autocast_cache_enabled(),
                torch.is_grad_enabled(),
            ),
            "call": nn.Module.__call__,
        }

    before = state()
    yield
    after = state()
    for name in before:
        assert _equal(before[name], after[name]), name
    assert type(model.last) is type(None)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_equal(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_equal, a, b))
    return a is b or bool(a == b)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_forward_that_changes_everything(execution: Any, training: bool) -> None:
    model = Restless().train(training)
    x = torch.randn(3, 4)
    model.linear.weight.grad = torch.ones(4, 4)
    with nothing_changes(model, x):
        graph = trace(model, input_data=x, execution=execution)
    assert len(graph.ops) > 5
    assert model.training is training


@pytest.mark.parametrize("ending", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_forward_that_ends_in_an_exception(execution: Any, ending: BaseException) -> None:
    model = Restless(ending)
    x = torch.randn(3, 4)
    with nothing_changes(model, x), pytest.raises(TraceError) as caught:
        trace(model, input_data=x, execution=execution, mode="eval")
    assert caught.value.__cause__ is ending
    assert [c.module for c in caught.value.graph.calls] == ["", "linear", "norm", "drop"]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_the_mode_is_only_for_the_trace(execution: Any) -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4))
    model[0].eval()
    flags = [m.training for m in model.modules()]
    graph = trace(model, (2, 4), mode="eval", execution=execution)
    assert not any(m.training for m in graph.modules)
    assert [m.training for m in model.modules()] == flags


def test_backward_inside_a_forward() -> None:
    class Forces(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.energy = nn.Linear(3, 1)

        def forward(self, positions: Any) -> Any:
            with torch.enable_grad():
                positions = positions.requires_grad_()
                energy = self.energy(positions).tanh().sum()
                energy.backward()
            return positions.grad

    model = Forces()
    graph = trace(model, input_data=torch.randn(5, 3))
    assert model.energy.weight.grad is None
    assert len(graph.outputs) == 1


def test_real_execution_gives_the_model_what_it_would_get() -> None:
    seen: list[torch.Tensor] = []

    class Noisy(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x + torch.randn(3)
            seen.append(y)
            return y

    x = torch.zeros(3)
    torch.manual_seed(0)
    trace(Noisy(), input_data=x, execution="real")
    plain = Noisy()(x)
    assert torch.equal(seen[0], plain)


@pytest.mark.parametrize("bounded", [True, False])
def test_caches_outside_the_model_keep_no_fake_tensors(bounded: bool) -> None:
    @functools.lru_cache(maxsize=8 if bounded else None)
    def grid(size: int) -> dict[str, list[torch.Tensor]]:
        return {"grid": [torch.arange(float(size))]}

    class Cached(nn.Module):
        def forward(self, x: Any) -> Any:
            return x + grid(x.shape[-1])["grid"][0]

    x = torch.ones(2, 3)
    assert trace(Cached(), input_data=x).execution == "fake"
    assert torch.equal(Cached()(x), torch.tensor([[1.0, 2, 3], [1, 2, 3]]))


def test_a_forward_that_needs_data_has_no_search_through_all_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Decides(nn.Module):
        def forward(self, x: Any) -> Any:
            y = x * 2
            try:
                return y if y.sum() > 0 else x
            except RuntimeError as error:
                raise ValueError("no sum") from error

    walks: list[int] = []
    monkeypatch.setattr(gc, "get_objects", lambda: walks.append(1) or [])  # type: ignore[func-returns-value]
    graph = trace(Decides(), (2, 3))
    assert graph.execution == "real" and walks == []


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_modes_that_the_model_enters_see_every_kernel(execution: Any) -> None:
    counts = []

    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            with FlopCounterMode(display=False) as counter:
                for _ in range(3):
                    x = self.linear(x).relu_()
            counts.append(counter.get_total_flops())
            return x

    for _ in range(2):
        graph = trace(Counting(), (2, 4), execution=execution)
        assert counts.pop() == graph.total_flops == 3 * 2 * 2 * 16


class Precise(nn.Module):
    """A forward that sets a precision the new way, which keeps the old ways from being read."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.backends.cuda.matmul.fp32_precision = "tf32"
        torch.use_deterministic_algorithms(True)
        return x + 1


@pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="this torch has one way"
)
def test_precision_set_the_new_way_is_put_back_and_so_is_all_else() -> None:
    def settings() -> tuple[Any, ...]:
        return (
            torch.get_num_threads(),
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cuda.matmul.fp32_precision,
            torch.get_float32_matmul_precision(),
        )

    before = settings()
    graph = trace(Precise(), (2,))
    assert settings() == before
    assert not graph.findings


def test_numpys_generator_that_a_forward_was_the_first_to_import_draws_by_chance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = numpy.random.get_state()
    try:
        with monkeypatch.context() as patch:
            patch.delitem(sys.modules, "numpy.random")
            generators = GlobalGenerators()
        numpy.random.seed(0)
        seeded = numpy.random.get_state()[1].tolist()  # type: ignore[index]
        generators.restore()
        assert numpy.random.get_state()[1].tolist() != seeded  # type: ignore[index]
    finally:
        numpy.random.set_state(before)
