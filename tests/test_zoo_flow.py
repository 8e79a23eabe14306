"""The graph's data flow beside a real forward in which one call's output was perturbed."""

from __future__ import annotations

import dataclasses
from typing import Any

import networkx as nx
import pytest
import torch
from torch import nn

from benchmarks.flows import Flows, compare, reach
from benchmarks.zoo import Entry, Sample, entry, missing, zoo
from modelviz import ModelGraph, trace

# What the models' own libraries warn about is theirs.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("one_thread")]

QUICK = (
    "torch-transformer-encoder-padded",
    "torch-gru-attention-seq2seq",
    "torch-lstm-packed",
    "torch-unet",
    "torch-wavenet",
    "torch-weight-norm",
    "torch-dlrm",
    "torch-checkpointed",
    "torch-mixture-of-experts",
    "torchvision-squeezenet",
    "timm-resnet",
    "timm-mobilenetv3",
    "timm-vit",
    "transformers-bert",
    "transformers-gpt2",
    "transformers-llama",
    "transformers-mixtral",
    "transformers-mamba",
    "transformers-bart",
    "transformers-whisper",
    "diffusers-unet2d-condition",
    "diffusers-flux",
    "pyg-gat",
)
# Of all flows that the graphs of many models claim, so many may be beyond what we can show.
UNSHOWN_LIMIT = 0.03


def test_many_models_miss_no_flow_and_claim_few_too_many() -> None:
    assert_flows([entry(name) for name in QUICK], sources=2)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("family", sorted({item.family for item in zoo()}))
def test_every_model_misses_no_flow_and_claims_few_too_many(family: str) -> None:
    assert_flows([item for item in zoo() if item.family == family], sources=2)


def assert_flows(entries: list[Entry], sources: int) -> None:
    """Fail if a flow was missed in any model, or too many claimed over all of them."""
    missed: dict[str, Any] = {}
    unshown: dict[str, int] = {}
    claimed = shown = 0
    for item in entries:
        if missing(item.family):
            continue
        flows, _ = compare(item, sources)
        claimed += len(flows.claimed)
        shown += len(flows.shown)
        if flows.missed:
            missed[item.name] = sorted(flows.missed)[:5]
        if flows.unshown:
            unshown[item.name] = len(flows.unshown)
    if not claimed:
        pytest.skip("none of the packages is installed")
    assert missed == {}
    assert shown > 1.5 * sources * len(entries)
    assert sum(unshown.values()) < UNSHOWN_LIMIT * claimed, unshown


@pytest.mark.parametrize("name", ["torch-unet", "transformers-bert", "timm-resnet", "pyg-gat"])
def test_networkx_graph_has_a_path_for_each_flow(name: str) -> None:
    item = entry(name)
    if missing(item.family):
        pytest.skip(str(missing(item.family)))
    flows, graph = compare(item, sources=4)
    network = graph.to_networkx()
    calls = {(call.module, call.index): call for call in graph.calls}
    readers: dict[int, list[str]] = {}
    for op in graph.ops:
        for tensor in op.inputs:
            readers.setdefault(tensor, []).append(f"op:{op.id}")
    assert flows.shown
    for source, target in flows.shown:
        makers = {f"op:{graph.tensors[t].producer}" for t in calls[source].outputs}
        inside = {
            reader
            for tensor in calls[target].inputs
            for reader in readers.get(tensor, [])
            if target in network.nodes[reader]["scope"]
        }
        # What a call was given and never read has no op inside it to arrive at.
        if inside:
            downstream = set().union(*(nx.descendants(network, maker) for maker in makers))
            assert inside & (downstream | makers), (source, target)


def test_comparison_notices_a_missing_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = _compare_with(monkeypatch, _without_edges_into_add)
    assert flows.missed


def test_comparison_notices_an_edge_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    flows = _compare_with(monkeypatch, _with_edges_between_branches)
    assert (("left", 0), ("right", 0)) in flows.unshown


class _Branches(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> Any:
        return self.last(self.left(x) + self.right(x))


def _compare_with(monkeypatch: pytest.MonkeyPatch, spoil: Any) -> Flows:
    """The comparison for two parallel branches, with a graph that was spoilt on purpose."""
    item = Entry("branches", "torch", lambda: Sample(_Branches(), (torch.randn(2, 4),)))
    honest, _ = compare(item)
    assert honest.shown == honest.claimed
    monkeypatch.setattr("benchmarks.flows.trace", lambda *a, **k: spoil(trace(*a, **k)))
    return compare(item)[0]


def _without_edges_into_add(graph: ModelGraph) -> ModelGraph:
    ops = [dataclasses.replace(op, inputs=()) if op.name == "add" else op for op in graph.ops]
    assert ops != list(graph.ops)
    return dataclasses.replace(graph, ops=tuple(ops))


def _with_edges_between_branches(graph: ModelGraph) -> ModelGraph:
    left, right = graph.calls_of("left")[0], graph.calls_of("right")[0]
    calls = [
        dataclasses.replace(call, inputs=call.inputs + left.outputs) if call is right else call
        for call in graph.calls
    ]
    return dataclasses.replace(graph, calls=tuple(calls))


def test_reach_follows_ops_forward_only() -> None:
    graph = trace(_Branches(), input_data=torch.randn(2, 4))
    left, right, last = (graph.calls_of(name)[0] for name in ("left", "right", "last"))
    reached = reach(graph, list(left.outputs))
    assert set(last.outputs) <= reached
    assert not set(right.outputs) & reached
    assert not set(graph.inputs) & reached
