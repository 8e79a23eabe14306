"""Folding: which consecutive modules count as copies of one another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from modelviz import trace
from modelviz.analysis.fold import Folder
from modelviz.analysis.items import call_steps
from modelviz.analysis.keys import StructureKeys
from modelviz.analysis.tree import Branch, model_tree
from modelviz.graph import ModelGraph
from modelviz.view.making import document_of
from tests.graphs import GraphBuilder
from tests.work import work


def chain(*layers: tuple[str, str]) -> ModelGraph:
    """A Sequential of ``(class, configuration)`` layers that is never run."""
    build = GraphBuilder("Sequential")
    for index, (class_name, config) in enumerate(layers):
        build.module(str(index), class_name, config)
    return build.graph()


def shapes(graph: ModelGraph, path: str = "") -> list[tuple[int, int]]:
    """``(unit, count)`` of each run of children of ``path``."""
    return [
        (len(branch.members) or 1, branch.copies)
        for node in model_tree(graph).nodes
        if node.path == path
        for branch in node.branches
    ]


def runs(graph: ModelGraph) -> list[list[str]]:
    """The paths of the first copy of each branch of the root, and of all its copies."""

    def paths(branch: Branch) -> list[str]:
        members = branch.members or (branch,)
        copies = zip(*(member.nodes for member in members), strict=True)
        return [node.path for copy in copies for node in copy]

    return [paths(branch) for branch in model_tree(graph).root.branches]


def test_equal_layers_become_one_run() -> None:
    graph = chain(*[("Linear", "8, 8")] * 5)
    assert runs(graph) == [["0", "1", "2", "3", "4"]]


def test_the_first_layer_may_differ() -> None:
    assert shapes(chain(("Linear", "3, 8"), *[("Linear", "8, 8")] * 4)) == [(1, 1), (1, 4)]


def test_triples_of_conv_norm_activation_are_one_unit() -> None:
    triple = [("Conv2d", "8, 8"), ("BatchNorm2d", "8"), ("ReLU", "")]
    assert shapes(chain(("Conv2d", "3, 8"), *triple * 3)) == [(1, 1), (3, 3)]


def test_different_configuration_stays_apart() -> None:
    assert shapes(chain(("Linear", "8, 8"), ("Linear", "8, 16"))) == [(1, 1), (1, 1)]


def test_children_with_names_of_their_own_stay_apart() -> None:
    build = GraphBuilder()
    for name in ("q_proj", "k_proj", "v_proj"):
        build.module(name, "Linear", "8, 8")
    assert shapes(build.graph()) == [(1, 1)] * 3


def test_two_numbered_layers_of_a_hand_written_block_stay_apart() -> None:
    build = GraphBuilder()
    build.module("conv1", "Conv2d", "8, 8")
    build.module("conv2", "Conv2d", "8, 8")
    assert shapes(build.graph()) == [(1, 1), (1, 1)]


def test_numbered_blocks_fold() -> None:
    build = GraphBuilder()
    for name in ("stage1", "stage2"):
        build.module(name, "Stage")
        build.module(f"{name}.conv", "Conv2d", "8, 8")
    assert shapes(build.graph()) == [(1, 2)]


def test_parameter_shapes_matter_where_the_configuration_is_silent() -> None:
    build = GraphBuilder()
    for index, size in enumerate((4, 4, 5)):
        build.module(str(index), "Scale", weights={"weight": (size,)})
    assert shapes(build.graph()) == [(1, 2), (1, 1)]


def test_a_difference_deep_inside_keeps_blocks_apart() -> None:
    build = GraphBuilder()
    for index in range(4):
        build.module(f"{index}", "Block")
        build.module(f"{index}.mlp", "Mlp")
        build.module(f"{index}.mlp.fc", "Linear", "8, 8" if index < 3 else "8, 9")
    assert shapes(build.graph()) == [(1, 3), (1, 1)]


def test_the_training_flag_does_not_matter() -> None:
    build = GraphBuilder()
    build.module("0", "Linear", "8, 8", training=True)
    build.module("1", "Linear", "8, 8", training=False)
    assert shapes(build.graph()) == [(1, 2)]


def test_weights_tied_to_the_first_keep_the_first_apart() -> None:
    build = GraphBuilder()
    for index in range(3):
        tied = {"weight": "0.weight"} if index else None
        build.module(str(index), "Linear", "8, 8", weights={"weight": (8, 8)}, tied=tied)
    assert shapes(build.graph()) == [(1, 1), (1, 2)]


def test_weights_tied_inside_a_block_must_be_tied_alike() -> None:
    build = GraphBuilder()
    for index, partner in enumerate(("a", "a", "b")):
        build.module(str(index), "Block")
        for name in ("a", "b"):
            build.module(f"{index}.{name}", "Linear", "8, 8", weights={"weight": (8, 8)})
        tied = {"weight": f"{index}.{partner}.weight"}
        build.module(f"{index}.c", "Linear", "8, 8", weights={"weight": (8, 8)}, tied=tied)
    assert shapes(build.graph()) == [(1, 2), (1, 1)]


def test_a_schedule_of_stochastic_depth_does_not_keep_blocks_apart() -> None:
    build = GraphBuilder()
    for index in range(3):
        build.module(str(index), "Block")
        build.module(f"{index}.drop", "DropPath", f"drop_prob=0.{index + 1}")
    assert shapes(build.graph()) == [(1, 3)]


def test_a_dropout_rate_does() -> None:
    build = GraphBuilder()
    for index in range(2):
        build.module(str(index), "Block")
        build.module(f"{index}.drop", "Dropout", f"p=0.{index + 1}")
    assert shapes(build.graph()) == [(1, 1), (1, 1)]


Body = Callable[[GraphBuilder, int, int], int]


def run_blocks(*bodies: Body) -> ModelGraph:
    """Blocks of one class, run one after the other, that differ only in what forward does."""
    build = GraphBuilder()
    for index in range(len(bodies)):
        build.module(str(index), "Block")
        build.module(f"{index}.fc", "Linear", "8, 8", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x) as outputs:
        for index, body in enumerate(bodies):
            with build.call(str(index), x) as result:
                x = body(build, x, index)
                result.append(x)
        outputs.append(x)
    return build.graph(x)


def residual(build: GraphBuilder, x: int, index: int) -> int:
    return build.op("add", x, build.layer(f"{index}.fc", x))


def doubled(build: GraphBuilder, x: int, index: int) -> int:
    y = build.layer(f"{index}.fc", x)
    return build.op("add", y, y)


def rolled(by: int) -> Body:
    return lambda build, x, index: build.op(
        "roll", build.layer(f"{index}.fc", x), args=(("shifts", by),)
    )


def test_blocks_with_equal_ops_and_flow_fold() -> None:
    assert shapes(run_blocks(residual, residual, residual)) == [(1, 3)]


def test_blocks_with_another_flow_of_data_stay_apart() -> None:
    assert shapes(run_blocks(residual, residual, doubled)) == [(1, 2), (1, 1)]


def test_blocks_with_other_op_arguments_alternate() -> None:
    assert shapes(run_blocks(rolled(0), rolled(3), rolled(0), rolled(3))) == [(2, 2)]


def test_a_block_that_is_never_run_stays_apart() -> None:
    build = GraphBuilder()
    for index in range(4):
        build.module(str(index), "Linear", "8, 8", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        for index in range(3):
            x = build.layer(str(index), x)
    assert shapes(build.graph(x)) == [(1, 3), (1, 1)]


def test_two_small_layers_stay_apart() -> None:
    build = GraphBuilder()
    for index in range(2):
        build.module(str(index), "Linear", "8, 8", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        for index in range(2):
            x = build.layer(str(index), x)
    assert shapes(build.graph(x)) == [(1, 1), (1, 1)]


def run_lists(names: tuple[str, ...], count: int) -> ModelGraph:
    """Lists of layers in a list, and the forward that calls them: ``x = x + layers[i][j](x)``."""
    build = GraphBuilder()
    build.module("layers", "ModuleList")
    for index in range(count):
        build.module(f"layers.{index}", "ModuleList")
        for name in names:
            build.module(f"layers.{index}.{name}", "Block")
            build.module(f"layers.{index}.{name}.fc", f"Linear{name}", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x) as outputs:
        for index in range(count):
            for name in names:
                path = f"layers.{index}.{name}"
                with build.call(path, x) as result:
                    result.append(build.layer(f"{path}.fc", x))
                x = build.op("add", x, result[0])
        outputs.append(x)
    return build.graph(x)


@pytest.mark.parametrize("names", [("0", "1"), ("attn", "ff"), ("0", "ff", "2.fn")])
def test_lists_of_modules_in_a_list_fold(names: tuple[str, ...]) -> None:
    document = document_of(run_lists(names, 4))
    (loop,) = [item for item in document.items if item.copies > 1]
    assert loop.copies == 4 and loop.name == "layers.0 – layers.3"
    assert len([item for item in loop.children or () if item.path]) == len(names)


def test_lists_in_lists_fold_at_each_level() -> None:
    build = GraphBuilder()
    paths = [
        f"layers.{a}.{rest}" for a in range(3) for rest in ("0", "1.0.0", "1.0.1", "1.1.0", "1.1.1")
    ]
    for path in paths:
        build.module(path, "Block")
        build.module(f"{path}.fc", f"Linear{path[-1]}", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x) as outputs:
        for path in paths:
            with build.call(path, x) as result:
                x = build.layer(f"{path}.fc", x)
                result.append(x)
        outputs.append(x)
    document = document_of(build.graph(x))
    (outer,) = [item for item in document.items if item.copies > 1]
    (inner,) = [item for item in outer.children or () if item.copies > 1]
    assert (outer.copies, inner.copies) == (3, 2)
    assert inner.name == "layers.0.1.0 – layers.0.1.1"


@pytest.mark.parametrize(("sizes", "expected"), [((8, 8, 8), [(1, 3)]), ((8, 4, 2), [(1, 1)] * 3)])
def test_blocks_that_give_other_shapes_stay_apart(
    sizes: tuple[int, ...], expected: list[tuple[int, int]]
) -> None:
    build = GraphBuilder()
    for index in range(3):
        build.module(str(index), "Pool")
    x = build.input(8, 8)
    with build.call("", x):
        for index, size in enumerate(sizes):
            with build.call(str(index), x) as outputs:
                outputs.append(build.op("max_pool2d", x, shape=(8, size)))
            x = outputs[0]
    assert shapes(build.graph(x)) == expected


def experts(counts: list[int], hides: str = "nonzero") -> ModelGraph:
    """Experts of one class, each of which reshapes what ``hides`` finds ``counts`` of."""
    build = GraphBuilder()
    for index in range(len(counts)):
        build.module(str(index), "Expert")
        build.module(f"{index}.fc", "Linear", "8, 8", weights={"weight": (8, 8)})
    x = build.input(99, 8)
    with build.call("", x):
        for index, count in enumerate(counts):
            found = build.op(hides, x, shape=(count,))
            tokens = build.op("getitem", x, found, shape=(count, 8))
            with build.call(str(index), tokens) as result:
                y = build.layer(f"{index}.fc", tokens)
                result.append(build.op("view", y, args=(("shape", (count, 2, 4)),)))
    return build.graph(result[0])


def test_experts_that_got_other_numbers_of_tokens_fold() -> None:
    assert shapes(experts([30, 27, 35, 31])) == [(1, 4)]


def test_a_size_that_is_known_is_part_of_the_structure() -> None:
    assert shapes(experts([30, 27, 35, 31], hides="gather")) == [(1, 1)] * 4


def test_experts_of_one_number_of_tokens_fold() -> None:
    assert shapes(experts([5, 5, 5])) == [(1, 3)]


def test_experts_that_differ_beside_the_number_of_tokens_stay_apart() -> None:
    build = GraphBuilder()
    for index in range(4):
        build.module(str(index), "Expert")
    x = build.input(99, 8)
    with build.call("", x):
        for index, width in enumerate((4, 4, 4, 2)):
            tokens = build.op("masked_select", x, shape=(10 + index,))
            with build.call(str(index), tokens) as result:
                args = (("shape", (10 + index, width)),)
                result.append(build.op("view", tokens, args=args))
    assert shapes(build.graph(result[0])) == [(1, 3), (1, 1)]


@given(st.lists(st.integers(0, 2), max_size=40))
def test_runs_cover_the_children_in_order_and_every_copy_equals_the_first(kinds: list[int]) -> None:
    graph = chain(("Stem", ""), *[("Linear", str(kind)) for kind in kinds])
    found, sizes = runs(graph), shapes(graph)
    config = {module.path: module.config for module in graph.modules}
    assert [path for paths in found for path in paths] == [str(i) for i in range(len(kinds) + 1)]
    for paths, (unit, count) in zip(found, sizes, strict=True):
        assert len(paths) == unit * count
        first = [config[path] for path in paths[:unit]]
        assert [config[path] for path in paths] == first * count
    for (left, right), (one, other) in zip(pairwise(found), pairwise(sizes), strict=True):
        if one[0] == other[0] == 1:
            assert config[left[-1]] != config[right[0]]


def test_work_grows_in_step_with_the_model() -> None:
    def blocks(count: int) -> int:
        graph = run_blocks(*[residual] * count)
        return work(lambda: model_tree(graph))

    assert blocks(400) < 4 * 1.5 * blocks(100)


class Scan(nn.Module):
    """A layer that runs many ops of its own between the calls of others."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(4, 4), nn.Linear(4, 4)
        self.steps = steps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.inner(x)
        for _ in range(self.steps):
            y = self.step(y * 0.5, x)
        return x + self.outer(y)

    def step(self, y: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(y + x)


def test_what_equal_layers_ran_is_cut_into_copies_once() -> None:
    def layers(count: int) -> int:
        model = nn.Sequential(*[Scan(30) for _ in range(count)])
        graph = trace(model, input_data=torch.zeros(2, 4))
        return work(lambda: model_tree(graph))

    # What each of ten more layers has left to do are its keys.
    assert layers(11) - layers(2) < 9 * 0.75 * layers(1)


class Growing(nn.Module):
    """Equal layers of which each reads more than the one before: what all before it gave."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Scan(steps) for steps in (2, 2, 6, 6, 6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        given = [x]
        for layer in self.layers:
            given.append(layer(torch.stack(given).sum(0)))
        return given[-1]


class Shared(nn.Module):
    """Two layers that call a third one, in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(4, 4)
        self.first, self.second = Scan(1), Scan(1)
        self.second.inner = self.first.inner = self.cell

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for _ in range(3):
            x = self.second(self.first(x))
        return x


class Groups(nn.Module):
    """Groups of blocks that all call one layer of the model, which counts in the first of them."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(4, 4)
        self.first = nn.Linear(4, 4)
        groups = [nn.Sequential(*[Scan(1) for _ in range(4)]) for _ in range(2)]
        self.groups = nn.Sequential(*groups)
        for block in self.groups.modules():
            if isinstance(block, Scan):
                block.inner = nn.Sequential(self.cell, nn.Linear(4, 4))

    def forward(self, x: torch.Tensor) -> Any:
        return self.groups(self.first(x))


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(*[Scan(3) for _ in range(4)]),
        nn.Sequential(*[nn.Sequential(Scan(3), nn.Linear(4, 4)) for _ in range(4)]),
        Growing(),
        Shared(),
        Groups(),
        nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2), 3, enable_nested_tensor=False),
    ],
    ids=["plain", "nested", "growing", "shared", "groups", "encoder"],
)
def test_the_copies_in_equal_layers_are_those_that_each_has_alone(
    model: nn.Module, backwards: bool
) -> None:
    graph = trace(model, input_data=torch.zeros(2, 4))
    folder = Folder(graph, StructureKeys(graph))
    for call in reversed(graph.calls) if backwards else graph.calls:
        steps = call_steps(graph, call)
        assert folder.call_spans(call, steps) == folder.flat_spans(steps)
