"""What modules hold and cost, added up from what is below them."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from modelviz import ModelGraph, trace
from modelviz.analysis.figures import (
    NOTHING,
    Figures,
    module_figures,
    ran_by,
    share,
    total_of,
)
from tests.graphs import GraphBuilder
from tests.work import work


def test_a_module_has_what_is_below_it() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.ReLU(), nn.Linear(8, 2, bias=False)))
    figures = module_figures(trace(model, (3, 4)))
    whole = figures[""].all
    assert whole.params == 4 * 8 + 8 + 8 * 2
    assert figures["1"].all.params == 16
    assert (figures["1"].own.params, figures["1.1"].own.params) == (0, 16)
    assert whole.macs == 3 * (4 * 8 + 8 * 2)
    assert figures["1"].all.flops == 2 * 3 * 8 * 2
    assert figures["1"].own.flops == 0
    assert figures["1.1"].all.bytes_written == 4 * 3 * 2
    assert figures["1"].all.memory == 2 * 4 * 3 * 8 - 4 * 3 * 8 + 4 * 3 * 2
    assert share(figures["1"].all.flops, whole.flops) == 1 / 3
    assert share(figures["1.1"].all.params, whole.params) == 16 / 56
    assert share(1, 0) == 0


def test_frozen_parameters_and_buffers_are_told_apart() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    model[0].weight.requires_grad_(False)
    figures = module_figures(trace(model, (5, 2)))[""].all
    assert (figures.params, figures.trainable_params) == (15, 9)
    assert figures.param_bytes == 60
    assert figures.buffer_bytes == 4 * 3 + 4 * 3 + 8


def test_half_precision_halves_the_bytes() -> None:
    figures = module_figures(trace(nn.Linear(4, 4, dtype=torch.bfloat16)))
    assert figures[""].all.param_bytes == 2 * 20


def test_tied_weights_count_once_wherever_both_are_inside() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens = nn.Embedding(10, 4)
            self.body = nn.Linear(4, 4)
            self.head = nn.Linear(4, 10, bias=False)
            self.head.weight = self.tokens.weight

    figures = module_figures(trace(Tied(), execution="none"))
    assert figures[""].all.params == 40 + 20
    assert (figures["tokens"].all.params, figures["head"].all.params) == (40, 40)


def test_a_module_under_two_names_counts_once() -> None:
    shared = nn.Linear(3, 3)
    figures = module_figures(trace(nn.Sequential(shared, nn.ReLU(), nn.Sequential(shared)), (1, 3)))
    assert figures[""].all.params == 12
    assert figures["2"].all.params == 12
    assert figures["0"].calls == 2
    assert figures[""].all.macs == 2 * 9


def test_a_container_that_is_never_called_has_the_flops_of_what_is_in_it() -> None:
    class Lists(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = layer(x)
            return x @ x.T

    graph = trace(Lists(), (2, 4))
    figures = module_figures(graph)
    assert figures["layers"].all.macs == 3 * 2 * 16
    assert figures["layers"].calls == 0
    assert (figures[""].all.macs, figures[""].own.macs) == (graph.total_macs, 2 * 4 * 2)
    assert (figures[""].all.ops, figures[""].calls) == (len(graph.ops), 1)


def test_what_ops_cost_is_added_up_by_any_grouping() -> None:
    build = GraphBuilder()
    build.module("a", "Layer", weights={"w": (2, 3)})
    x = build.input(1, 2)
    with build.call("", x):
        x = build.layer("a", build.layer("a", x, flops=5), flops=7)
        x = build.op("relu", x, shape=(4, 4))
    graph = build.graph(x)
    assert ran_by(graph, ["first", None, "first"]) == {
        "first": Figures(flops=5, memory=4 * 2 + 4 * 16, ops=2)
    }
    assert ran_by(graph, [op.name for op in graph.ops])["linear"].flops == 12


def test_figures_add_up_and_are_shared_between_copies() -> None:
    one = Figures(params=3, flops=8, memory=5, seconds=0.5, ops=1)
    assert one + one == Figures(params=6, flops=16, memory=10, seconds=1.0, ops=2)
    assert one + one - one == one
    assert (one + one).per_copy(2) == one
    # What the copies hold together is not divided.
    assert Figures(params=7, seconds=1.0).per_copy(2) == Figures(params=7, seconds=0.5)


@st.composite
def graphs(draw: st.DrawFn) -> ModelGraph:
    """A tree of modules with weights, some of them tied, each called once where it has an op."""
    build = GraphBuilder()
    paths = [""]
    named: list[tuple[str, str, tuple[int, int]]] = []
    for number in range(draw(st.integers(0, 12))):
        parent = draw(st.sampled_from(paths))
        path = f"{parent}.m{number}" if parent else f"m{number}"
        paths.append(path)
        shape = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        first = draw(st.none() | st.sampled_from(named)) if named else None
        if first is not None:
            tied = {"w": f"{first[0]}.w"}
            build.module(path, "Layer", weights={"w": first[2]}, tied=tied)
        else:
            build.module(path, "Layer", weights={"w": shape})
            named.append((path, "w", shape))
    x = build.input(1, 2)
    with build.call("", x) as outputs:
        for path in paths[1:]:
            x = build.layer(path, x, flops=draw(st.integers(0, 9)))
        outputs.append(x)
    return build.graph(x)


@given(graphs())
def test_every_sum_is_the_sum_over_distinct_parts(graph: ModelGraph) -> None:
    figures = module_figures(graph)
    for module in graph.modules:
        inside = [
            m
            for m in graph.modules
            if not module.path or m.path == module.path or m.path.startswith(f"{module.path}.")
        ]
        sizes = {
            p.shared_with or f"{m.path}.{p.name}": p.numel for m in inside for p in m.parameters
        }
        assert figures[module.path].all.params == sum(sizes.values())
        assert figures[module.path].all.flops == sum(
            op.flops for op in graph.ops if graph.calls[op.call].module in {m.path for m in inside}
        )
    assert figures[""].all.params == graph.total_params
    assert figures[""].all.flops == graph.total_flops


def test_work_grows_with_the_size_and_no_faster() -> None:
    def layers(count: int) -> int:
        build = GraphBuilder()
        for number in range(count):
            build.module(f"m{number}", "Linear", weights={"w": (2, 2)})
        graph = build.graph()
        return work(lambda: module_figures(graph))

    assert layers(2_000) < 4 * 1.5 * layers(500)


def test_total_is_what_adding_one_after_the_other_gives() -> None:
    parts = [Figures(params=n, flops=n * n, seconds=n / 4, ops=1) for n in range(5)]
    assert total_of(parts) == sum(parts, NOTHING)
    assert total_of(parts[:1]) == parts[0]
    assert total_of([]) == NOTHING
