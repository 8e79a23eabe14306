"""Control flow as an operator: its bodies count, and what they use is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch._higher_order_ops import associative_scan, scan, while_loop
from torch._higher_order_ops.map import map as map_over
from torch.utils.flop_counter import FlopCounterMode

from modelviz import summary, trace

from .flow import flows


class Net(nn.Module):
    """Two layers of 4 × 4: 3 rows cost 3 · 4 · 4 · 2 = 96 FLOPs in each."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)
        self._run = forward

    def forward(self, x: Any) -> Any:
        return self._run(self, x)


def branch(net: Any, x: Any) -> Any:
    return torch.cond(x.sum() > 0, lambda x: net.a(x), lambda x: net.b(x), (x,))


def other_branch(net: Any, x: Any) -> Any:
    return torch.cond(x.sum() < 0, lambda x: net.a(x), lambda x: net.b(x), (x,))


def loop(net: Any, x: Any) -> Any:
    return while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, net.a(y)), (torch.tensor(0), x))[1]


def scanned(net: Any, x: Any) -> Any:
    def step(carry: Any, row: Any) -> Any:
        new = net.a(carry + row)
        return new, new * 2

    return scan(step, torch.zeros(4), x)[1]


def mapped(net: Any, x: Any) -> Any:
    return map_over(lambda row: net.a(row), x)


def summed(net: Any, x: Any) -> Any:
    return associative_scan(lambda a, b: a + b, net.a(x), 0, combine_mode="generic")


CASES = [
    (branch, 96, {"a"}),
    (other_branch, 96, {"b"}),
    (loop, 3 * 96, {"a"}),
    (scanned, 96, {"a"}),
    (mapped, 96, {"a"}),
    (summed, 96, {"a"}),
]


@pytest.mark.parametrize(("forward", "flops", "used"), CASES)
def test_bodies_count_and_use_their_weights(
    forward: Callable[..., Any], flops: int, used: set[str]
) -> None:
    torch.manual_seed(0)
    net, x = Net(forward), torch.rand(3, 4)
    graph = trace(net, input_data=x)
    assert graph.total_flops == flops
    read = {
        str(graph.tensors[tensor].name).partition(".")[0]
        for op in graph.ops
        for tensor in op.inputs
        if graph.tensors[tensor].kind == "parameter"
    }
    assert read == used == {call.module for call in graph.calls} - {""}
    layer = used.pop()
    assert flows(graph, "", layer) or graph.outputs
    assert graph.tensors[graph.outputs[0]].shape == net(x).shape


def test_as_pytorch_counts() -> None:
    net = Net(branch)
    with FlopCounterMode(display=False) as counter:
        net(torch.rand(3, 4))
    for execution in ("fake", "real", "auto"):
        assert trace(net, (3, 4), execution=execution).total_flops == counter.get_total_flops()


def test_what_is_assumed_of_a_condition_that_is_not_known_is_said() -> None:
    result = summary(Net(branch), (3, 4), execution="fake", verbose=0)
    assert "torch.cond takes its first branch" in " ".join(str(result).split())
    assert "Never used" not in str(result) and "[never called]" not in str(result)
    graph = trace(Net(loop).to("meta"), (3, 4))
    assert graph.total_flops == 3 * 96, "the counter of this loop is known"
    assert "MV018" not in {finding.code for finding in graph.findings}


def test_auto_computes_rather_than_assumes() -> None:
    graph = trace(Net(branch), (3, 4))
    assert graph.execution == "real"
    assert {finding.code for finding in graph.findings} == {"MV001", "MV015"}
