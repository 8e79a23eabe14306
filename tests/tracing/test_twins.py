"""Copies of models lead to their own parts, and share what cannot be copied."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

import modelviz
from modelviz.tracing.twins import twin_of


class Plain(nn.Module):
    """What all the others compute: two layers and a sum."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.a(x) + self.b(x)


class Hook(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.a.register_forward_hook(lambda module, args, out: out + self.b(args[0]))

    def forward(self, x: Any) -> Any:
        return self.a(x)


class Patched(Plain):
    def __init__(self) -> None:
        super().__init__()
        before, other = self.a.forward, partial(self.b)
        first: Any = self.a
        first.forward = lambda x, extra=other: before(x) + extra(x)

    def forward(self, x: Any) -> Any:
        return self.a(x)


class Slotted:
    __slots__ = ("__weakref__", "of")

    def __init__(self, of: Any) -> None:
        self.of = weakref.ref(of)


class Weak(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.slotted = Slotted(self.a)
        self.count = weakref.WeakKeyDictionary({self.a: 0})
        self.named = weakref.WeakValueDictionary({"b": self.b})
        self.refs: list[Any] = [weakref.ref(self), weakref.proxy(self.b)]

    def forward(self, x: Any) -> Any:
        first: Any = self.slotted.of()
        self.count[first] += 1
        assert self.named["b"] is self.refs[0]().b
        return first(x) + self.refs[1](x)


class Logger:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.seen: list[Any] = []
        self.local, self.items = threading.local(), (n for n in range(9))

    def log(self, value: Any) -> None:
        with self.lock:
            self.seen.append(value)


class Logs(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.logger = Logger()

    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        self.logger.log(out.shape)
        return out


class Refuses(Plain):
    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("no copies")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("no pickles")


KINDS: list[Callable[[], Any]] = [Hook, Patched, Weak, Logs, Refuses]


@pytest.mark.parametrize("make", KINDS)
def test_a_copy_uses_its_own_weights_alone(make: Callable[[], Any]) -> None:
    model, x = make(), torch.randn(3, 4)
    twin: Any = twin_of(model, {})
    ours = {id(part) for part in (*model.parameters(), *model.modules())}
    assert ours.isdisjoint(map(id, (*twin.parameters(), *twin.modules())))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    assert not model(x).any()
    assert torch.equal(twin(x), Plain.forward(twin, x)) if make in (Weak, Logs) else twin(x).any()
    twin(x).sum().backward()
    assert all(p.grad is None for p in model.parameters())
    assert all(p.grad is not None for p in twin.parameters())


@pytest.mark.parametrize("make", KINDS)
def test_a_step_needs_as_much_as_that_of_the_plain_model(make: Callable[[], Any]) -> None:
    def breakdown(model: Any) -> dict[str, int]:
        plan = modelviz.plan(model, (8, 4), loss=lambda out: out.sum())
        return {name: plan.breakdown[name] for name in ("parameters", "gradients", "optimizer")}

    assert breakdown(make()) == breakdown(Plain())


def test_tensors_with_a_history_are_stood_in_for_wherever_they_are() -> None:
    model: Any = Plain()
    model.kept = {"last": [model(torch.ones(1, 4))]}
    twin: Any = twin_of(model, {})
    assert twin.kept["last"][0].is_leaf and not model.kept["last"][0].is_leaf


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_sparse_weights_are_copied() -> None:
    class Graph(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("edges", torch.eye(4).to_sparse_csr())

        def forward(self, x: Any) -> Any:
            return torch.sparse.mm(self.edges, super().forward(x))

    plan = modelviz.plan(Graph(), (4, 4), loss=lambda out: out.sum())
    assert plan.breakdown["parameters"] == 2 * 20 * 4


def test_nothing_to_train_is_told_apart_from_frozen() -> None:
    class Closure(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(4, 4)]

        def forward(self, x: Any) -> Any:
            return functional.relu(self.layers[0](x))

    with pytest.raises(modelviz.InputError, match="it has none: layers in plain lists"):
        modelviz.plan(Closure(), (2, 4), loss=lambda out: out.sum())
    with pytest.raises(modelviz.InputError, match="all are frozen"):
        modelviz.plan(Plain().requires_grad_(False), (2, 4), loss=lambda out: out.sum())
