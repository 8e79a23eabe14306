"""A device that this machine lacks: what runs there, by its kernels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from modelviz import ModelGraph, trace
from modelviz.analysis.memory import forward_memory

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has CUDA")


class Does(nn.Module):
    def __init__(self, function: Callable[[Any], Any]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4, 5, 6, 8))
        self.function = function

    def forward(self) -> Any:
        return self.function(self.weight * 2)


def on(device: str, function: Callable[[Any], Any]) -> ModelGraph:
    return trace(Does(function), input_data=(), device=device, execution="fake")


def results(graph: ModelGraph) -> list[Any]:
    return [graph.tensors[tensor].shape for tensor in graph.outputs]


def ids(x: Any, *values: int) -> torch.Tensor:
    return torch.tensor(values, device=x.device)


INDEXING: dict[str, Callable[[Any], Any]] = {
    "a number": lambda x: x[1],
    "from the end": lambda x: x[..., -1],
    "slices": lambda x: x[1:, :, ::2, -3:],
    "new axes": lambda x: x[None, :, None, 2],
    "all": lambda x: x[:],
    "dots": lambda x: x[0, ..., None],
    "an index": lambda x: x[:, ids(x, 0, 2)],
    "two indices": lambda x: x[ids(x, 0, 2), :, ids(x, 1, 1)],
    "an index and numbers": lambda x: x[1, ids(x, 0, 2), ..., 3],
    "a list": lambda x: x[:, [0, 3, 1]],
    "a number in a tensor": lambda x: x[torch.tensor(1), ids(x, 0)],
    "set a slice": lambda x: (x.__setitem__((slice(1), ..., 0), 1.0), x)[1],
    "set by index": lambda x: (x.__setitem__(ids(x, 1), x[0] * 1), x)[1],
    "contiguous": lambda x: x.transpose(0, 3).contiguous(),
    "channels last": lambda x: x.contiguous(memory_format=torch.channels_last),
    "move": lambda x: torch.ones(3).to(x.device) + torch.zeros(3, device=x.device),
}


@pytest.mark.parametrize("name", INDEXING)
def test_indexing(name: str) -> None:
    want, got = on("cpu", INDEXING[name]), on("cuda", INDEXING[name])
    assert results(got) == results(want)
    assert results(got)[0] == tuple(INDEXING[name](torch.ones(4, 5, 6, 8)).shape)
    assert [op.name for op in got.ops] == [op.name for op in want.ops]
    # Numbers given in Python are copied to a device, which the CPU does without.
    moves = ("tensor", "to")
    written = [op.bytes_written for op in want.ops if op.name not in moves]
    assert [op.bytes_written for op in got.ops if op.name not in moves] == written
    assert {graph_tensor.device for graph_tensor in got.tensors} <= {"cuda:0", "cpu"}
    assert got.tensors[got.outputs[0]].device == "cuda:0"


class Attends(nn.Module):
    def __init__(self, dtype: torch.dtype, head: int, masked: bool, causal: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 2, 512, head, dtype=dtype))
        self.masked, self.causal = masked, causal

    def forward(self) -> Any:
        q = self.weight * 2
        mask = torch.ones(512, 512, dtype=torch.bool, device=q.device) if self.masked else None
        return F.scaled_dot_product_attention(q, q, q, mask, is_causal=self.causal)


@pytest.mark.parametrize(
    ("dtype", "head", "masked", "causal", "math"),
    [
        (torch.float16, 64, False, True, False),
        (torch.bfloat16, 60, False, False, False),
        (torch.float32, 64, False, True, False),
        (torch.float16, 64, True, False, False),
        (torch.float32, 63, False, False, True),
        (torch.float64, 64, False, False, True),
        (torch.float16, 260, False, False, True),
    ],
)
def test_attention(dtype: torch.dtype, head: int, masked: bool, causal: bool, math: bool) -> None:
    graph = trace(Attends(dtype, head, masked, causal), input_data=(), device="cuda")
    op = graph.ops[-1]
    assert op.name == "scaled_dot_product_attention"
    assert graph.tensors[graph.outputs[0]].shape == (1, 2, 512, head)
    scores = 2 * 512 * 512 * dtype.itemsize
    padded = head if math or dtype is torch.float32 else -(-head // 8) * 8
    assert op.flops == 2 * 2 * 512 * 512 * padded * 2
    # The math way holds all scores at once; a mask becomes a bias of one head.
    if math:
        assert op.workspace >= scores
    elif masked:
        assert op.workspace < scores
    else:
        assert op.workspace < 4 * 512 * head * dtype.itemsize * 2


def test_attention_that_is_switched_off() -> None:
    class Math(Attends):
        def forward(self) -> Any:
            with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
                return super().forward()

    graph = trace(Math(torch.float16, 64, False, False), input_data=(), device="cuda")
    assert graph.ops[-1].workspace >= 2 * 512 * 512 * 2


def test_layers_of_attention_on_meta_weights() -> None:
    with torch.device("meta"):
        layer = nn.TransformerEncoderLayer(64, 4, 128, batch_first=True, dtype=torch.float16).eval()
    graph = trace(layer, (1, 2048, 64), device="cuda")
    assert {storage.device for storage in graph.storages} == {"cuda:0"}
    assert forward_memory(graph).peak_bytes < 2048 * 2048 * 2, "less than the scores of one head"
    assert "as if on cuda:0" in graph.notes[0]


def test_a_library_that_asks_for_the_capability() -> None:
    seen = []

    def asks(x: Any) -> Any:
        seen.append(torch.cuda.get_device_capability(x.device))
        return x + 1

    before = torch.cuda.get_device_capability
    graph = on("cuda", asks)
    assert seen == [(9, 0)] and "compute capability 9.0" in graph.notes[0]
    assert torch.cuda.get_device_capability is before


def test_values_are_known_there_too() -> None:
    class Looks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(16, 8)

        def forward(self, mask: Any) -> Any:
            places = torch.arange(mask.shape[1], device=mask.device) + mask.sum(-1, keepdim=True)
            if bool(mask.all()) and float(mask[0, 0]) and int(places.max()) > 3:
                return self.table(places.clamp(max=int(places[0, -1]) + mask.sum().item()))
            return self.table(mask)

    good = torch.ones(1, 4, dtype=torch.long)
    graph = trace(Looks(), input_data=good, device="cuda", execution="fake")
    same = trace(Looks(), input_data=good, execution="fake")
    assert [op.name for op in graph.ops] == [op.name for op in same.ops]
    assert {graph.tensors[tensor].device for tensor in graph.outputs} == {"cuda:0"}
    assert {storage.device for storage in graph.storages} == {"cuda:0"}
