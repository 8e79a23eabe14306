"""The tree: what contains what, how often, with which figures; table and picture read the same."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from benchmarks.zoo import entry, missing
from modelviz import ModelGraph, trace
from modelviz.analysis.figures import Figures
from modelviz.analysis.fold import Folder
from modelviz.analysis.items import call_steps
from modelviz.analysis.keys import structure_keys
from modelviz.analysis.tree import Branch, Node, below_all, model_tree
from modelviz.gallery import NAMES
from modelviz.sources import resolve
from modelviz.view.owners import own
from modelviz.view.tree import Grower
from tests.graphs import GraphBuilder
from tests.view import programs
from tests.view.vectors import random_program


def paths(nodes: Any) -> list[str]:
    return [node.path for node in nodes]


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 8), nn.Linear(8, 4, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.b(self.a(x).relu())


class Net(nn.Module):
    """Three equal blocks in a list, a head called twice, and a module that nothing calls."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block() for _ in range(3))
        self.spare = nn.Linear(2, 2)
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return self.head(self.head(x).tanh())


BLOCK, HEAD, SPARE = 4 * 8 + 8 + 8 * 4, 4 * 4 + 4, 2 * 2 + 2


def test_calls_containers_and_what_is_never_called_stand_in_order() -> None:
    tree = model_tree(trace(Net(), (1, 4)))
    assert [(node.depth, node.path, node.state) for node in tree.nodes] == [
        (0, "", "called"),
        (1, "blocks", "container"),
        (2, "blocks.0", "called"),
        (3, "blocks.0.a", "called"),
        (3, "blocks.0.b", "called"),
        (2, "blocks.1", "called"),
        (3, "blocks.1.a", "called"),
        (3, "blocks.1.b", "called"),
        (2, "blocks.2", "called"),
        (3, "blocks.2.a", "called"),
        (3, "blocks.2.b", "called"),
        (1, "spare", "uncalled"),
        (1, "head", "called"),
        (1, "head", "called"),
    ]
    assert [node.repeated for node in tree.nodes] == [False] * 13 + [True]
    for place, node in enumerate(tree.nodes):
        assert node.id == place
        assert all(child.parent == place for child in node.children)
        assert [child.id for child in tree.below(node)] == list(range(place + 1, node.stop))


def test_branches_have_the_figures_of_one_copy_and_of_all() -> None:
    tree = model_tree(trace(Net(), (1, 4)))
    container, spare, first, second = tree.root.branches
    (blocks,) = container.first.branches
    assert (blocks.copies, blocks.calls, paths(blocks.nodes)) == (
        3,
        1,
        ["blocks.0", "blocks.1", "blocks.2"],
    )
    assert (blocks.each.params, blocks.figures.params) == (BLOCK, 3 * BLOCK)
    assert (blocks.each.macs, blocks.figures.macs) == (64, 3 * 64)
    assert (spare.each.params, spare.each.macs) == (SPARE, 0)
    # Parameters count once, at the first call.
    assert [branch.figures.params for branch in (first, second)] == [HEAD, 0]
    assert [branch.figures.macs for branch in (first, second)] == [16, 16]
    root = tree.root.figures
    assert (root.params, root.macs) == (3 * BLOCK + HEAD + SPARE, 3 * 64 + 2 * 16)
    assert tree.root.own.ops == 1


def test_a_module_called_again_is_a_branch_of_its_calls() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = Block()

        def forward(self, x: Tensor) -> Tensor:
            for _ in range(5):
                x = self.cell(x)
            return x

    (branch,) = model_tree(trace(Loop(), (1, 4))).root.branches
    assert (branch.copies, branch.calls, len(branch.nodes)) == (1, 5, 5)
    assert branch.figures == Figures(
        params=BLOCK,
        trainable_params=BLOCK,
        param_bytes=4 * BLOCK,
        flops=5 * branch.nodes[1].figures.flops,
        memory=5 * branch.nodes[1].figures.memory,
        bytes_read=5 * branch.nodes[1].figures.bytes_read,
        bytes_written=5 * branch.nodes[1].figures.bytes_written,
        ops=5 * 4,
    )


class Steps(nn.Module):
    """Takes turns between two lists, and calls an op between."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 4)
        self.downs = nn.ModuleList(Block() for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(4) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        for down, norm in zip(self.downs, self.norms, strict=True):
            x = norm(down(x).relu())
        return x


def test_a_unit_over_several_containers_has_its_members_in_theirs() -> None:
    tree = model_tree(trace(Steps(), (1, 4)))
    stem, unit = tree.root.branches
    assert (stem.first.path, unit.copies) == ("stem", 4)
    downs, norms = unit.members
    assert paths(downs.nodes) == ["downs"] * 4
    assert paths(norms.nodes) == ["norms"] * 4
    (block,) = below_all(downs.nodes)
    assert paths(block.nodes) == ["downs.0", "downs.1", "downs.2", "downs.3"]
    assert unit.figures.params == 4 * (BLOCK + 8)
    assert unit.each.params == BLOCK + 8


def test_what_is_below_copies_is_one_with_the_nodes_of_all() -> None:
    tree = model_tree(trace(nn.Sequential(*(Block() for _ in range(3))), (1, 4)))
    (blocks,) = tree.root.branches
    assert [paths(branch.nodes) for branch in below_all(blocks.nodes)] == [
        ["0.a", "1.a", "2.a"],
        ["0.b", "1.b", "2.b"],
    ]


def test_a_graph_without_a_forward_has_a_tree_too() -> None:
    tree = model_tree(trace(Net(), execution="none"))
    assert {node.state for node in tree.nodes} == {"uncalled"}
    assert paths(tree.root.children) == ["blocks", "spare", "head"]
    assert tree.root.figures.params == 3 * BLOCK + HEAD + SPARE
    (blocks,) = tree.root.branches[0].first.branches
    assert blocks.copies == 3


def test_parameters_that_nothing_reads_are_named_where_that_is_known() -> None:
    class Part(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.idle = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor) -> Tensor:
            return x * self.used

    assert model_tree(trace(Part(), (1, 4))).root.unused == ("idle",)
    assert model_tree(trace(Part(), execution="none")).root.unused == ()


def test_calls_nested_deeper_than_python_recurses_have_a_tree() -> None:
    depth = 3000
    build = GraphBuilder()
    x = build.input(1, 2)
    path = ""
    names = []
    for _ in range(depth):
        path = f"{path}.m" if path else "m"
        build.module(path, "Nest")
        names.append(path)
    with ExitStack() as stack:
        stack.enter_context(build.call("", x))
        for name in names:
            stack.enter_context(build.call(name, x))
        build.op("relu", x)
    tree = model_tree(build.graph())
    assert tree.nodes[-1].depth == depth
    assert tree.root.figures.ops == 1


# -- every node once ------------------------------------------------------------------------------


def nodes_of(branches: Any) -> list[Node]:
    return [node for b in branches for part in (b.members or (b,)) for node in inner(part)]


def inner(branch: Branch) -> list[Node]:
    if branch.members:
        return [node for member in branch.members for node in inner(member)]
    return list(branch.nodes)


def check(graph: ModelGraph) -> None:
    tree = model_tree(graph)
    for node in tree.nodes:
        assert sorted(n.id for n in nodes_of(node.branches)) == [c.id for c in node.children]
        total = sum((child.figures for child in node.children), node.own)
        assert node.figures == total
    assert len(tree.by_call) == len(graph.calls)
    assert tree.root.figures.params == graph.total_params
    assert tree.root.figures.flops == graph.total_flops
    assert tree.root.figures.ops == len(graph.ops)


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_node_is_in_one_branch_and_figures_add_up(rng: Any) -> None:
    check(programs.build(random_program(rng)))


# -- table and picture agree ----------------------------------------------------------------------


def copies_in_table(graph: ModelGraph) -> set[tuple[int, ...]]:
    """The calls that stand on one line of the table with others, when all is shown."""
    found = set()
    waiting = [Branch((model_tree(graph).root,))]
    while waiting:
        branch = waiting.pop()
        if branch.members:
            waiting.extend(branch.members)
            continue
        found.add(tuple(sorted(node.call.id for node in branch.nodes if node.call)))
        waiting.extend(below_all(branch.nodes))
    return {calls for calls in found if len(calls) > 1}


def copies_in_picture(graph: ModelGraph) -> set[tuple[int, ...]]:
    """The calls that one card or group stands for, when all is open."""
    folder = Folder(graph, structure_keys(graph))
    steps = partial(call_steps, graph)
    grower = Grower(graph, lambda item: True, steps, folder)
    owners = own(graph, grower.grow(grower.roots()), lambda part: False)
    found: dict[int, list[int]] = defaultdict(list)
    for call, first in enumerate(owners.canonical_calls):
        found[first].append(call)
    return {tuple(calls) for calls in found.values() if len(calls) > 1}


@pytest.mark.parametrize("name", NAMES)
def test_table_and_picture_fold_the_gallery_alike(name: str) -> None:
    source = resolve(name)
    graph = trace(source.model, input_data=source.inputs)
    check(graph)
    assert copies_in_table(graph) == copies_in_picture(graph)


QUICK = ("torch-lstm-cell-loop", "torch-unet", "timm-resnet", "transformers-mixtral")
MORE = (
    "torch-mixture-of-experts",
    "torchvision-raft",
    "torchvision-swin-v2",
    "timm-hrnet",
    "timm-convnext",
    "transformers-llama",
    "transformers-albert",
    "transformers-t5",
    "transformers-whisper",
    "transformers-switch-transformers",
    "diffusers-unet2d-condition",
    "diffusers-flux",
)


NOTHING_FOLDS = {"torch-unet", "transformers-t5", "diffusers-unet2d-condition"}


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)]
)
def test_table_and_picture_fold_library_models_alike(name: str) -> None:
    found = entry(name)
    if reason := missing(found.family):
        pytest.skip(reason)
    sample = found.build()
    graph = trace(sample.module, **sample.trace_arguments())
    check(graph)
    folded = copies_in_table(graph)
    assert bool(folded) == (name not in NOTHING_FOLDS)
    assert folded == copies_in_picture(graph)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_table_and_picture_fold_random_programs_alike(rng: Any) -> None:
    graph = programs.build(random_program(rng))
    assert copies_in_table(graph) == copies_in_picture(graph)
