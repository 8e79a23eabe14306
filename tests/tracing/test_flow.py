"""Edges: there if and only if data can take them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from modelviz import trace

from .flow import call, flows, inputs_used, names, tensors_from

EXECUTIONS = ("fake", "real")


class Branches(nn.Module):
    """Named layers and a function that wires them."""

    def __init__(self, wire: Any, **layers: nn.Module) -> None:
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.wire = wire

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.wire(self, *args, **kwargs)


def linears(*names: str) -> dict[str, nn.Module]:
    return {name: nn.Linear(4, 4) for name in names}


def graph_of(wire: Any, execution: Any, data: Any = None, **layers: nn.Module) -> Any:
    data = torch.randn(2, 4) if data is None else data
    return trace(Branches(wire, **layers), input_data=data, execution=execution)


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    "layer", [nn.Identity(), nn.Dropout().eval(), nn.Sequential()], ids=lambda m: type(m).__name__
)
def test_a_module_that_returns_its_input_lies_on_the_path(layer: nn.Module, execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        h = m.a(x)
        before = m.b(h)
        y = m.same(h)
        return m.c(y) + m.d(h) + before

    graph = graph_of(wire, execution, same=layer, **linears("a", "b", "c", "d"))
    assert flows(graph, "a", "same")
    assert flows(graph, "same", "c")
    assert flows(graph, "a", "c")
    assert not flows(graph, "same", "b")
    assert not flows(graph, "same", "d"), "d takes what went into the layer, not what came out"
    assert graph.ops[call(graph, "same").start].call == call(graph, "same").id


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    "function",
    [
        lambda x: x.contiguous(),
        lambda x: x.to(torch.float32),
        lambda x: x.float(),
        lambda x: x.cpu(),
        lambda x: x.type(torch.float32),
        lambda x: torch.dropout(x, 0.5, False),
        lambda x: x.data,
        lambda x: x.detach(),
        lambda x: x.T.T,
        lambda x: x.real,
        lambda x: x.expand(2, 4),
        lambda x: x.view_as(x),
        lambda x: torch.vmap(lambda row: row * 2)(x),
        lambda x: torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=True),
        lambda x: torch.utils.checkpoint.checkpoint(torch.sin, x, use_reentrant=False),
        lambda x: torch.ops.aten.relu(x),
        lambda x: torch.ops.aten.relu.default(x),
        lambda x: torch.stack(x.unbind(0)),
        lambda x: torch.cat(x.split(1)),
        lambda x: x.max(dim=0, keepdim=True).values,
        lambda x: torch.cat(torch.chunk(x, 2)),
        lambda x: torch.fft.ifft(torch.fft.fft(x)).real,
        lambda x: torch.view_as_real(torch.view_as_complex(x.reshape(2, 2, 2))).reshape(2, 4),
        lambda x: torch.einsum("ij,kj->ik", x, x) @ x,
        lambda x: x.clone().sub_(1).mul_(2),
        lambda x: 1 - (-x),
        lambda x: torch.func.vmap(torch.func.vmap(torch.sin))(x),
    ],
)
def test_data_flows_through_functions(function: Any, execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        return m.b(function(m.a(x)))

    graph = graph_of(wire, execution, **linears("a", "b"))
    assert flows(graph, "a", "b")


def test_sparse_tensors() -> None:
    def wire(m: Any, x: Any) -> Any:
        adjacency = m.a(x).to_sparse()
        return m.b(torch.sparse.mm(adjacency, torch.eye(4))), m.c(adjacency.coalesce().values()[:4])

    graph = graph_of(wire, "auto", **linears("a", "b", "c"))
    assert flows(graph, "a", "b") and flows(graph, "a", "c")
    assert graph.execution == "real" and "to_sparse" in graph.notes[0]


def test_a_tensor_shows_the_data_that_it_is_assigned() -> None:
    def wire(m: Any, x: Any) -> Any:
        made = torch.zeros(2, 4)
        made.data = m.a(x).detach()
        m.c.weight.data = m.b(x.repeat(2, 1)).detach().clamp(-1, 1)
        return m.c(x), m.d(made)

    graph = graph_of(wire, "real", **linears("a", "b", "c", "d"))
    assert flows(graph, "a", "d") and not flows(graph, "b", "d")
    assert tensors_from(graph, call(graph, "b").outputs).intersection(call(graph, "c").outputs)
    assert not tensors_from(graph, call(graph, "a").outputs).intersection(call(graph, "c").outputs)


class Interval(torch.Tensor):
    """Two tensors as one: what is computed with it is computed with either."""

    low: torch.Tensor
    high: torch.Tensor

    @staticmethod
    def __new__(cls, low: torch.Tensor, high: torch.Tensor) -> Interval:
        wrapper = torch.Tensor._make_wrapper_subclass  # type: ignore[attr-defined]
        made: Interval = wrapper(cls, low.shape, dtype=low.dtype, device=low.device)
        made.low, made.high = low, high
        return made

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["low", "high"], None

    @staticmethod
    def __tensor_unflatten__(inner: Any, meta: Any, size: Any, stride: Any) -> Interval:
        return Interval(inner["low"], inner["high"])

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        def ends(name: str) -> Any:
            return [getattr(a, name) if isinstance(a, Interval) else a for a in args]

        low, high = func(*ends("low"), **(kwargs or {})), func(*ends("high"), **(kwargs or {}))
        return args[0] if func._schema.name.endswith("_") else Interval(low, high)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_class_that_wraps_tensors_carries_their_data_in_and_out(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        y = m.c(Interval(m.a(x), m.b(x)))
        before = y.high
        y.mul_(m.d(x))
        return m.e(y.low), m.f(before + 0), m.g(x)

    graph = graph_of(wire, execution, **linears(*"abcdefg"))
    for path in "ce":
        assert flows(graph, "a", path) and flows(graph, "b", path)
    assert flows(graph, "c", "e") and flows(graph, "d", "e") and not flows(graph, "a", "g")
    wrapped = next(op for op in graph.ops if op.name == "Interval")
    assert wrapped.view and wrapped.flops == wrapped.bytes_written == 0


@pytest.mark.filterwarnings("ignore:Sparse CSR tensor support")
def test_sparse_tensors_that_have_no_strides() -> None:
    def wire(m: Any, x: Any) -> Any:
        h = m.a(x)
        return m.b(h.to_sparse_csr() @ torch.eye(4)), m.c(h.to_sparse_csc().to_dense())

    graph = graph_of(wire, "real", **linears("a", "b", "c"))
    assert flows(graph, "a", "b") and flows(graph, "a", "c")
    assert [op.name for op in graph.ops].count("to_sparse_csr") == 1


@pytest.mark.parametrize("execution", EXECUTIONS)
@pytest.mark.parametrize(
    "function",
    [
        torch.zeros_like,
        torch.ones_like,
        torch.empty_like,
        torch.rand_like,
        lambda x: x.new_zeros(2, 4),
        lambda x: torch.zeros(x.shape),
        lambda x: torch.arange(x.numel(), dtype=x.dtype).view(x.shape),
        lambda x: x.clone().zero_(),
        lambda x: x.clone().fill_(3),
        lambda x: x.clone().copy_(torch.ones(2, 4)),
        lambda x: torch.add(torch.ones(2, 4), 1, out=x.clone()),
        lambda x: torch.empty_like(x).normal_(),
    ],
)
def test_only_the_shape_is_used(function: Any, execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        return m.b(function(m.a(x)))

    graph = graph_of(wire, execution, **linears("a", "b"))
    assert not flows(graph, "a", "b")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_view_shows_what_is_written_after_it_was_taken(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        buffer = torch.zeros(2, 4)
        left, right = buffer[:, :2], buffer[:, 2:]
        before = m.early(buffer)
        buffer[:, :2] = m.a(x)[:, :2]
        right.copy_(m.b(x)[:, 2:])
        return (
            m.on_left(left.repeat(1, 2)),
            m.on_right(buffer[:, 2:].repeat(1, 2)),
            before,
            m.all(buffer),
        )

    layers = linears("a", "b", "early", "on_left", "on_right", "all")
    graph = graph_of(wire, execution, **layers)
    reach = {
        (s, t): flows(graph, s, t) for s in "ab" for t in ("early", "on_left", "on_right", "all")
    }
    assert reach == {
        ("a", "early"): False,
        ("b", "early"): False,
        ("a", "on_left"): True,
        ("b", "on_left"): False,
        ("a", "on_right"): False,
        ("b", "on_right"): True,
        ("a", "all"): True,
        ("b", "all"): True,
    }


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_masked_and_indexed_writes(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        y = m.a(x)
        y[x > 0] = 0.0
        y[torch.tensor([0])] = m.b(x)[:1]
        y.masked_fill_(m.c(x) > 0, 1.0)
        return m.d(y)

    graph = graph_of(wire, execution, **linears("a", "b", "c", "d"))
    assert flows(graph, "a", "d") and flows(graph, "b", "d") and flows(graph, "c", "d")
    assert not flows(graph, "b", "c")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_full_overwrite_hides_what_was_there(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        y = m.a(x)
        y[:1] = m.b(x)[:1]
        y[1:] = m.c(x)[1:]
        return m.d(y)

    graph = graph_of(wire, execution, **linears("a", "b", "c", "d"))
    assert not flows(graph, "a", "d")
    assert flows(graph, "b", "d") and flows(graph, "c", "d")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_out_arguments(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        target = m.old(x)
        torch.mul(m.a(x), 2, out=target)
        return m.b(target)

    graph = graph_of(wire, execution, **linears("old", "a", "b"))
    assert flows(graph, "a", "b") and not flows(graph, "old", "b")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_key_value_cache(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        cache = torch.zeros(4, 2, 4)
        result = []
        for step in range(4):
            result.append(m.read(cache[:step].sum(0)))
            cache[step] = m.write(x + result[-1])
        return result

    graph = graph_of(wire, execution, **linears("read", "write"))
    reads, writes = graph.calls_of("read"), graph.calls_of("write")
    assert not any(flows(graph, write, reads[0]) for write in writes)
    assert flows(graph, writes[0], reads[3]) and not flows(graph, writes[2], reads[2])


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_autograd_functions(execution: str) -> None:
    class Double(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * 2

    class Same(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return -grad

    graph = graph_of(
        lambda m, x: m.b(Same.apply(Double.apply(m.a(x)))), execution, **linears("a", "b")
    )
    assert flows(graph, "a", "b")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_custom_ops(execution: str) -> None:
    graph = graph_of(lambda m, x: m.b(_triple(m.a(x))), execution, **linears("a", "b"))
    assert flows(graph, "a", "b")
    assert "triple" in names(graph)


@torch.library.custom_op("modelviz_tests::triple", mutates_args=())
def _triple(x: torch.Tensor) -> torch.Tensor:
    return x * 3


@_triple.register_fake
def _(x: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(x)


@torch.library.custom_op("modelviz_tests::add_into", mutates_args=("target",))
def _add_into(target: torch.Tensor, x: torch.Tensor) -> None:
    target.add_(x)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_custom_ops_that_write(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        y = m.a(x)
        _add_into(y, m.b(x))
        return m.c(y)

    graph = graph_of(wire, execution, **linears("a", "b", "c"))
    assert flows(graph, "a", "c") and flows(graph, "b", "c")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_multiple_outputs_go_their_own_ways(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        left, right = m.a(x).split(2, dim=1)
        left.zero_()
        return m.b(left.repeat(1, 2)), m.c(right.repeat(1, 2))

    graph = graph_of(wire, execution, **linears("a", "b", "c"))
    assert not flows(graph, "a", "b")
    assert flows(graph, "a", "c")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_in_place_on_an_alias_of_the_output(execution: str) -> None:
    def wire(m: Any, x: Any) -> Any:
        y = m.a(x)
        z = m.same(y)
        z += m.b(x)
        return m.c(y)

    graph = graph_of(wire, execution, same=nn.Identity(), **linears("a", "b", "c"))
    assert flows(graph, "a", "c") and flows(graph, "b", "c")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_passing_an_argument_through_beside_a_result(execution: str) -> None:
    class Both(nn.Module):
        def forward(self, x: Any, bias: Any) -> Any:
            return x * 2, bias

    def wire(m: Any, x: Any) -> Any:
        bias = m.a(x)
        h, passed = m.both(x, bias)
        return m.b(passed), m.c(bias), h

    graph = graph_of(wire, execution, both=Both(), **linears("a", "b", "c"))
    assert flows(graph, "both", "b") and flows(graph, "a", "b")
    assert not flows(graph, "both", "c")


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_inputs_of_every_form(execution: str) -> None:
    def wire(m: Any, x: Any, pair: Any, *, scale: Any, flag: bool = False) -> Any:
        return m.a(x) * scale["s"] + pair[1][0] if flag else None

    one = torch.ones(2, 4)
    graph = trace(
        Branches(wire, **linears("a")),
        input_data={"x": one, "pair": (one + 1, [one + 2]), "scale": {"s": one + 3}},
        execution=execution,
        flag=True,
    )
    assert inputs_used(graph) == {"x", "pair[1][0]", "scale.s"}
    assert {graph.tensors[t].name for t in graph.inputs} == {
        "x",
        "pair[0]",
        "pair[1][0]",
        "scale.s",
    }


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_a_forward_without_arguments(execution: str) -> None:
    class Prompt(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.prompt = nn.Parameter(torch.randn(3))

        def forward(self) -> Any:
            return self.prompt

    def wire(m: Any) -> Any:
        return m.prompt() * 2

    graph = trace(Branches(wire, prompt=Prompt()), input_data=(), execution=execution)
    assert tensors_from(graph, call(graph, "prompt").outputs).intersection(graph.outputs)
    assert graph.inputs == ()


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_weights_read_through_data(execution: str) -> None:
    class Clamped(nn.Linear):
        def forward(self, x: Any) -> Any:
            return nn.functional.linear(x, self.weight.data.clamp(-1, 1), self.bias.data)

    graph = graph_of(lambda m, x: m.a(x), execution, a=Clamped(4, 4))
    weight = next(t.id for t in graph.tensors if t.name == "a.weight")
    assert tensors_from(graph, (weight,)).intersection(graph.outputs)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_networkx_says_the_same(execution: str) -> None:
    import networkx as nx

    graph = graph_of(
        lambda m, x: m.c(m.same(m.a(x))) + m.b(x), execution, same=nn.Identity(), **linears(*"abc")
    )
    result = graph.to_networkx()
    by_path = {
        scope[-1][0]: node
        for node, scope in result.nodes(data="scope")
        if result.nodes[node]["kind"] == "op"
    }
    assert nx.has_path(result, by_path["a"], by_path["c"])
    assert nx.has_path(result, by_path["same"], by_path["c"])
    assert not nx.has_path(result, by_path["b"], by_path["c"])
    assert nx.is_directed_acyclic_graph(result)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_what_an_op_reads_is_in_the_order_of_its_arguments(execution: Any) -> None:
    def wire(net: Any, x: Any, times: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):  # whose casts read the bias first
            y = net.a(x)
        return y, torch.arange(2).repeat_interleave(times)

    graph = graph_of(wire, execution, [torch.zeros(2, 4), torch.tensor([1, 2])], **linears("a"))
    linear, arange, repeat = graph.ops
    assert linear.inputs[0] == graph.inputs[0]
    held = [graph.tensors[tensor].name for tensor in linear.inputs[1:]]
    assert held == ["a.weight", "a.bias"]
    assert repeat.inputs == (*arange.outputs, graph.inputs[1])
