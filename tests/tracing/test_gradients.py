"""Gradients that a forward takes itself: the kernels of backward passes are ops of the graph."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, jacrev, jvp, vjp, vmap
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from modelviz import check, summary, trace

from .flow import inputs_used, names, tensors_from

EXECUTIONS = ("fake", "real")
ENCODER, FIRST, LAST = 2 * 2 * 3 * 5, 2 * 2 * 5 * 8, 2 * 2 * 8 * 1
"""FLOPs of the layers of ``Energy`` on an input of shape (2, 3)."""
FORWARD = ENCODER + FIRST + LAST


class Energy(nn.Module):
    """Two points to two energies; ``wire`` says what the forward makes of them."""

    def __init__(self, wire: Any) -> None:
        super().__init__()
        self.encode = nn.Linear(3, 5)
        self.net = nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 1))
        self.wire = wire

    def energy(self, x: Any) -> Any:
        return self.net(self.encode(x))

    def forward(self, x: Any) -> Any:
        return self.wire(self, x)


class _NoTracker:
    # That of FlopCounterMode follows modules by hooks, which autograd.grad does not take.
    parents = ("Global",)

    def __enter__(self) -> None: ...

    def __exit__(self, *details: object) -> None: ...


def counted(model: nn.Module, *inputs: torch.Tensor) -> int:
    """What PyTorch's own counter says of the same call."""
    counter = FlopCounterMode(display=False)
    counter.mod_tracker = _NoTracker()
    with counter:
        model(*inputs)
    for parameter in model.parameters():
        parameter.grad = None
    return int(counter.get_total_flops())


def forces(m: Energy, x: Any) -> Any:
    x = x.clone().requires_grad_(True)
    energy = m.energy(x)
    return energy, -torch.autograd.grad(energy.sum(), x, create_graph=True)[0]


def on_the_input_itself(m: Energy, x: Any) -> Any:
    x.requires_grad_()
    return torch.autograd.grad(m.energy(x).sum(), x)[0]


def penalty(m: Energy, x: Any) -> Any:
    hidden = m.encode(x)
    with torch.enable_grad():
        energy = m.net(hidden)
        slope = torch.autograd.grad(energy.sum(), hidden, create_graph=True)[0]
    return ((slope.norm(2, dim=1) - 1) ** 2).mean() + energy.mean()


def of_weights(m: Energy, x: Any) -> Any:
    m.energy(x).pow(2).mean().backward()
    first = m.net[0].weight.grad
    assert first is not None and m.encode.bias.grad is not None
    return first.sum() + m.encode.bias.grad.sum()


def by_function(m: Energy, x: Any) -> Any:
    torch.autograd.backward(m.energy(x).pow(2).mean())
    return m.net[0].weight - 0.1 * m.net[0].weight.grad


def beyond_its_own_enable_grad(m: Energy, x: Any) -> Any:
    hidden = m.encode(x)
    with torch.enable_grad():
        torch.autograd.backward(m.net(hidden).sum())
    return m.encode.weight.grad


def inner_step(m: Energy, x: Any) -> Any:
    weight = m.encode.weight
    loss = linear(x, weight).pow(2).sum()
    (slope,) = torch.autograd.grad(loss, weight, create_graph=True)
    return linear(x, weight - 0.1 * slope)


def hooked(m: Energy, x: Any) -> Any:
    hidden = m.encode(x)
    seen: list[Any] = []
    hidden.register_hook(seen.append)
    m.net(hidden).sum().backward()
    return hidden * seen[0]


def retained(m: Energy, x: Any) -> Any:
    hidden = m.encode(x)
    hidden.retain_grad()
    m.net(hidden).pow(2).sum().backward()
    return hidden.grad


def checkpointed(m: Energy, x: Any) -> Any:
    x = x.requires_grad_()
    energy = checkpoint(m.energy, x, use_reentrant=False)
    return torch.autograd.grad(energy.sum(), x)[0]


def of_a_function(m: Energy, x: Any) -> Any:
    product = Product.apply(x, m.encode.weight.t())
    return torch.autograd.grad(product.sum(), m.encode.weight)[0]


class Product(torch.autograd.Function):
    """A matrix product with a backward of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any, weight: Any) -> Any:
        ctx.save_for_backward(x, weight)
        return x @ weight

    @staticmethod
    def backward(ctx: Any, slope: Any) -> Any:  # type: ignore[override]
        x, weight = ctx.saved_tensors
        return slope @ weight.t(), x.t() @ slope


# What the forward does, and its FLOPs where they are easy to tell by hand: a layer costs its own
# once more for the gradient of its input, and once more for that of its weight.
WIRES: dict[Any, int | None] = {
    forces: FORWARD + FORWARD,
    on_the_input_itself: FORWARD + FORWARD,
    penalty: FORWARD + FIRST + LAST,
    of_weights: FORWARD + 2 * FORWARD - ENCODER,
    by_function: FORWARD + 2 * FORWARD - ENCODER,
    beyond_its_own_enable_grad: FORWARD + 2 * FORWARD - ENCODER,
    inner_step: None,
    hooked: None,
    retained: None,
    checkpointed: FORWARD + FORWARD + FORWARD - LAST,
    of_a_function: ENCODER + ENCODER + ENCODER,
    lambda m, x: torch.autograd.functional.jacobian(lambda t: m.energy(t).sum(0), x): 2 * FORWARD,
    lambda m, x: torch.autograd.functional.hessian(lambda t: m.energy(t).sum(), x): None,
    lambda m, x: torch.autograd.functional.vjp(m.energy, x, torch.ones(2, 1))[1]: 2 * FORWARD,
    lambda m, x: torch.autograd.functional.jvp(m.energy, x, torch.ones(2, 3))[1]: None,
    lambda m, x: vmap(jacrev(m.energy))(x): 2 * FORWARD,
    lambda m, x: grad(lambda t: m.energy(t).sum())(x): 2 * FORWARD,
    lambda m, x: vjp(m.energy, x)[1](torch.ones(2, 1))[0]: 2 * FORWARD,
    lambda m, x: jvp(m.energy, (x,), (torch.ones(2, 3),))[1]: None,
    lambda m, x: grad(lambda p: functional_call(m.net, p, (m.encode(x),)).sum())(
        dict(m.net.named_parameters())
    )["0.weight"]: None,
}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("wire", WIRES, ids=[getattr(w, "__name__", "?") for w in WIRES])
def test_flops_and_flow(wire: Any, execution: Any) -> None:
    model = Energy(wire)
    expected = counted(model, torch.rand(2, 3))
    graph = trace(model, (2, 3), execution=execution)
    assert graph.execution == execution and graph.findings == ()
    assert graph.total_flops == expected
    if WIRES[wire] is not None:
        assert expected == WIRES[wire]
    assert inputs_used(graph) == {"x"}
    assert not [t for t in graph.tensors if t.kind == "constant" and t.name is None and t.shape]
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_the_gradient_of_a_linear_layer_is_its_weight(execution: Any) -> None:
    class Slope(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(3, 1)

        def forward(self, x: Any) -> Any:
            x = x.requires_grad_()
            return torch.autograd.grad(self.l(x).sum(), x)[0]

    graph = trace(Slope(), (2, 3), execution=execution)
    assert graph.total_flops == 12 + 12 and "mm" in names(graph)
    assert inputs_used(graph) == set()
    weight = next(t.id for t in graph.tensors if t.name == "l.weight")
    assert tensors_from(graph, (weight,)).intersection(graph.outputs)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU()), (2, 3, 6, 6)),
        (nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4), nn.Softmax(-1)), (2, 4)),
        (nn.Sequential(nn.Identity(), nn.Dropout(), nn.Linear(4, 4)), (2, 4)),
        (nn.ConvTranspose1d(5, 3, 3), (2, 5, 4)),
        (nn.GRU(4, 6, batch_first=True), (2, 5, 4)),
        (nn.LSTMCell(4, 6), (2, 4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_layers(layer: nn.Module, shape: tuple[int, ...], execution: Any) -> None:
    class Slope(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(self, x: Any) -> Any:
            x = x.detach().requires_grad_()
            y = self.layer(x)
            return torch.autograd.grad((y if isinstance(y, torch.Tensor) else y[0]).sum(), x)[0]

    model = Slope().eval()
    expected = counted(model, torch.rand(shape))
    graph = trace(model, (shape), execution=execution)
    assert graph.execution == execution and graph.total_flops == expected


def test_a_forward_that_takes_none_records_none() -> None:
    seen: list[bool] = []

    def wire(m: Energy, x: Any) -> Any:
        y = m.energy(x)
        with torch._C.DisableTorchFunction():  # unseen
            seen.append(y.requires_grad)
        return y

    graph = trace(Energy(wire), (2, 3))
    assert seen == [False] and graph.total_flops == FORWARD


# Each asks in another way whether gradients are recorded, and does more where they are.
ASKS: dict[str, Any] = {
    "requires_grad": lambda m, x: m.energy(x).requires_grad,
    "grad_fn": lambda m, x: m.energy(x).grad_fn is not None,
    "is_leaf": lambda m, x: not m.energy(x).is_leaf,
    "is_grad_enabled": lambda m, x: torch.is_grad_enabled() and x is not None,
}


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize("name", ASKS)
def test_what_depends_on_gradients_is_as_for_the_caller(name: str, execution: Any) -> None:
    def wire(m: Energy, x: Any) -> Any:
        return m.energy(x) if ASKS[name](m, x) else x

    model, x = Energy(wire), torch.rand(2, 3)
    for enabled in (True, False):
        with torch.set_grad_enabled(enabled):
            expected = counted(model, x)
            assert trace(model, input_data=[x], execution=execution).total_flops == expected
    assert torch.is_grad_enabled.__module__ != "modelviz.tracing.gradients"


def test_what_the_caller_set_is_asked_for_nothing() -> None:
    runs: list[bool] = []

    def wire(m: Energy, x: Any) -> Any:
        runs.append(x.requires_grad or next(m.parameters()).requires_grad)
        return m.energy(x)

    trace(Energy(wire), (2, 3))
    assert runs == [True]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_what_the_caller_forbids_stays_forbidden(execution: Any) -> None:
    with torch.no_grad(), pytest.raises(Exception, match="does not require grad"):
        trace(Energy(of_weights), (2, 3), execution=execution)


def test_a_gradient_that_was_there_is_there_afterwards() -> None:
    model = Energy(of_weights)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = [parameter.grad for parameter in model.parameters()]
    for execution in EXECUTIONS:
        summary(model, (2, 3), verbose=0, execution=execution)
        for parameter, gradient in zip(model.parameters(), before, strict=True):
            assert parameter.grad is gradient and torch.equal(gradient, torch.ones_like(gradient))


def test_the_recomputation_of_a_checkpoint_is_calls() -> None:
    graph = trace(Energy(checkpointed), (2, 3))
    calls = [call.module for call in graph.calls]
    assert calls.count("encode") == 2 and calls.count("net.0") == 2


def test_a_forward_that_takes_gradients_is_timed() -> None:
    graph = trace(Energy(forces), (2, 3), timed=True)
    assert any(op.seconds for op in graph.ops)


class Forces(nn.Module):
    """Gives forces alone: the energy is no output, and ``how`` turns it around on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 8)
        self.last = nn.Linear(8, 1)

    def forward(self, x: Any) -> Any:
        x = x.detach().requires_grad_(True)
        with torch.enable_grad():
            hidden = torch.tanh(self.first(x)).permute(1, 0)
            energy = self.last(nn.functional.silu(hidden).permute(1, 0)).sum()
        return -torch.autograd.grad(energy, x, create_graph=True)[0]


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_what_a_gradient_goes_through_is_neither_dead_nor_idle(execution: Any) -> None:
    report = check(Forces(), (5, 3), execution=execution)
    assert [f.code for f in report.findings] == []
    graph = report.graph
    started = [e for e in graph.escapes if e.how == "backward"]
    assert [graph.tensors[e.tensor].shape for e in started] == [()]
    assert not [f for f in graph.findings if f.code == "MV015"]
    # Autograd's own ops are marked, those of the forward are not.
    assert {op.name for op in graph.ops if op.backward} >= {"mm", "tanh_backward"}
    assert not any(op.backward for op in graph.ops if op.name in ("linear", "silu", "tanh", "neg"))
    assert type(graph).from_json(graph.to_json()) == graph


def test_a_layer_beside_the_energy_is_dead_all_the_same() -> None:
    class Beside(Forces):
        def __init__(self) -> None:
            super().__init__()
            self.unread = nn.Linear(3, 4)

        def forward(self, x: Any) -> Any:
            self.unread(x)
            return super().forward(x)

    found = {(f.code, f.path) for f in check(Beside(), (5, 3)).findings}
    assert ("MV102", "unread") in found and ("MV105", "unread") in found


def test_nobody_is_told_to_mend_what_autograd_does() -> None:
    class Turned(Forces):
        def forward(self, x: Any) -> Any:
            x = x.detach().requires_grad_(True)
            with torch.enable_grad():
                turned = x.transpose(0, 1).contiguous().double()
                energy = turned.transpose(0, 1).float().sum() + self.last(self.first(x)).sum()
            return torch.autograd.grad(energy, x, create_graph=True)[0]

    report = check(Turned(), (5, 3))
    behind = [f for f in report.findings if f.op is not None and report.graph.ops[f.op].backward]
    assert behind == []


def lines_of(function: Any) -> range:
    first = function.__code__.co_firstlineno
    return range(first, first + 1)


REFUSED: list[Any] = [
    lambda y: torch.from_numpy(y.numpy()),
    lambda y: torch.from_numpy(np.asarray(y)),
    lambda y: torch.from_numpy(np.array(np.from_dlpack(y))),
    lambda y: copy.deepcopy(y),
    lambda y: y.resize_(2, 2),
    lambda y: y.requires_grad_(False),
    lambda y: torch.add(y, y, out=torch.empty(2, 4)),
    lambda y: y.chunk(2)[0].add_(1),
    lambda y: [row.mul_(2) for row in y],
]
ALLOWED: list[Any] = [
    lambda y: torch.from_numpy(y.detach().numpy()),
    lambda y: torch.from_numpy(y.data.double().numpy()),
    lambda y: torch.tensor(y.tolist()),
    lambda y: torch.add(y, 1).add_(1),
    lambda y: y[:, 1:].mul_(2),
]


@pytest.mark.parametrize("does", REFUSED + ALLOWED)
@pytest.mark.parametrize("execution", ["auto", "real"])
def test_what_gradients_forbid_is_told_where_the_caller_has_them(does: Any, execution: Any) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return does(self.layer(x))

    refused = None
    try:
        Net()(torch.rand(2, 4))
    except (RuntimeError, BufferError) as error:
        refused = str(error)
    assert (refused is not None) is (does in REFUSED)
    told = [f for f in trace(Net(), (2, 4), execution=execution).findings if f.code == "MV027"]
    assert len(told) == (refused is not None)
    if refused is not None:
        assert refused in told[0].message and told[0].line in lines_of(does)
    with torch.no_grad():
        graph = trace(Net(), (2, 4), execution=execution)
    assert "MV027" not in {finding.code for finding in graph.findings}
