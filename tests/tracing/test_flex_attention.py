"""flex_attention: alike on every call, with the FLOPs of attention and all that it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import ModelGraph, trace

flex = pytest.importorskip("torch.nn.attention.flex_attention")

FIRST = """
import json, torch, modelviz
from torch import nn
from torch.nn.attention.flex_attention import flex_attention
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l = nn.Linear(4, 4)
    def forward(self, x):
        q = self.l(x)[:, None]
        return flex_attention(q, q, q)
compile = torch.compile
graphs = [modelviz.trace(Net(), (1, 16, 4), execution=how) for how in ("fake", "fake", "real")]
assert torch.compile is compile
assert torch.compiler.is_compiling() is False
print(json.dumps([[g.execution, g.total_flops, len(g.ops), list(g.notes)] for g in graphs]))
"""


@pytest.mark.slow
def test_the_first_call_in_a_process_is_like_the_second() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST], capture_output=True, text=True, check=True
    )
    flops = 2 * 16 * 16 + 4 * 16 * 16 * 4
    graphs = json.loads(done.stdout)
    assert [graph[:2] for graph in graphs] == [[how, flops] for how in ("fake", "fake", "real")]
    assert [notes for *_, notes in graphs] == [[], [], []]
    assert len({ops for _, _, ops, _ in graphs}) == 1


class Attention(nn.Module):
    def __init__(self, **options: Any) -> None:
        super().__init__()
        self.queries = nn.Linear(8, 8)
        self.bias = nn.Parameter(torch.rand(2, 16))
        self.slope = nn.Parameter(torch.rand(()))
        self.options = options

    def forward(self, x: Any) -> Any:
        q = self.queries(x).unflatten(2, (2, 4)).transpose(1, 2)
        return flex.flex_attention(q, q, q, **{k: v(self) for k, v in self.options.items()})


def causal(model: Attention) -> Any:
    return flex.create_block_mask(lambda b, h, q, k: q >= k, None, None, 16, 16, device="cpu")


def biased(model: Attention) -> Any:
    return lambda score, b, h, q, k: score + model.bias[h, k] - model.slope * (q - k)


@pytest.mark.filterwarnings("ignore:flex_attention called without torch.compile")
@pytest.mark.parametrize("execution", ["fake", "real"])
@pytest.mark.parametrize(
    "options, read",
    [
        ({}, set()),
        ({"score_mod": biased}, {"bias", "slope"}),
        ({"block_mask": causal}, set()),
        ({"score_mod": biased, "block_mask": causal}, {"bias", "slope"}),
        ({"return_lse": lambda model: True}, set()),
    ],
)
def test_flops_and_what_the_functions_capture(options: Any, read: Any, execution: Any) -> None:
    graph = trace(Attention(**options), (3, 16, 8), execution=execution)
    assert graph.execution == execution
    assert {finding.code for finding in graph.findings} <= {"MV015"}
    attention = [op for op in graph.ops if op.name == "flex_attention"]
    # Masked positions are counted, as in every other attention.
    assert [op.flops for op in attention] == [3 * 2 * 16 * 16 * (4 + 4) * 2]
    assert graph.total_flops == attention[0].flops + 2 * 3 * 16 * 64
    assert parameters(graph) - {"queries.weight", "queries.bias"} == read


def parameters(graph: ModelGraph) -> set[str | None]:
    read = (graph.tensors[tensor] for op in graph.ops for tensor in op.inputs)
    return {tensor.name for tensor in read if tensor.kind == "parameter"}


def test_a_function_compiled_in_the_forward_runs_as_written() -> None:
    class Compiles(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.l = nn.Linear(4, 4)

        def forward(self, x: Any) -> Any:
            return torch.compile(lambda y: self.l(y).relu())(x)

    compile_before = torch.compile
    for execution in ("fake", "real"):
        graph = trace(Compiles(), (2, 4), execution=execution)
        assert [op.name for op in graph.ops] == ["linear", "relu"] and graph.total_macs == 32
    assert torch.compile is compile_before
