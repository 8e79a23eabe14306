"""Structure keys: equal where the structure is, in one graph, between graphs and processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from modelviz import ModelGraph, load, trace
from modelviz.analysis.keys import digest, structure_keys


class Block(nn.Module):
    """A linear map whose result is scaled, turned and added to what came in."""

    def __init__(self, width: int = 4, by: int = 1, spare: bool = False) -> None:
        super().__init__()
        self.fc = nn.Linear(width, width)
        if spare:
            self.spare = nn.Identity()
        self.by = by

    def forward(self, x: Tensor) -> Tensor:
        return x + self.fc(x).roll(self.by, 0)


def key(model: nn.Module, path: str = "", *shape: int) -> str:
    return structure_keys(trace(model, shape or (2, 4))).modules[path]


def test_a_block_has_one_key_wherever_it_is_held() -> None:
    inside = nn.Sequential(nn.ReLU(), nn.ModuleDict({"deep": Block()})["deep"])
    assert key(inside, "1") == key(Block()) == key(nn.Sequential(Block(), nn.Tanh()), "0")


def test_neither_the_batch_nor_the_mode_matters() -> None:
    assert key(Block(), "", 2, 4) == key(Block().train(), "", 7, 4)


class Reversed(Block):
    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x).roll(self.by, 0) + x


def frozen() -> nn.Module:
    block = Block()
    block.fc.weight.requires_grad_(False)
    return block


@pytest.mark.parametrize(
    "other",
    [
        lambda: Block(by=2),
        lambda: Block(spare=True),
        lambda: Block().to(torch.bfloat16),
        frozen,
        Reversed,
    ],
    ids=["argument", "child", "dtype", "frozen", "flow"],
)
def test_each_difference_in_structure_is_one_in_the_key(other: Callable[[], nn.Module]) -> None:
    model = other()
    dtype = next(model.parameters()).dtype
    graph = trace(model, input_data=torch.zeros(2, 4, dtype=dtype))
    assert structure_keys(graph).modules[""] != key(Block())


def test_a_call_is_told_from_another_way_through_the_same_module() -> None:
    class Either(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: Tensor, twice: bool = False) -> Tensor:
            return self.fc(self.fc(x)) if twice else self.fc(x)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = Either()

        def forward(self, x: Tensor) -> Tensor:
            return self.body(self.body(self.body(x)), twice=True)

    graph = trace(Net(), (2, 4))
    first, second, third = (structure_keys(graph).calls[c.id] for c in graph.calls_of("body"))
    assert first == second != third


def test_shapes_are_told_apart_by_keys_of_their_own() -> None:
    class Shrinking(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv1d(1, 1, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.conv(self.conv(x))

    graph = trace(Shrinking(), (1, 1, 9))
    keys = structure_keys(graph)
    first, second = (call.id for call in graph.calls_of("conv"))
    assert keys.calls[first] == keys.calls[second]
    assert keys.shapes[first] != keys.shapes[second]


def test_a_graph_keeps_its_keys_when_it_is_saved(tmp_path: Path) -> None:
    graph = trace(nn.Sequential(Block(), nn.Conv1d(2, 2, 3, padding=1)), (2, 4))
    again: ModelGraph = load(graph.save(tmp_path / "graph.json"))
    assert structure_keys(again).modules == structure_keys(graph).modules
    assert structure_keys(again).calls == structure_keys(graph).calls


def test_names_with_any_character_have_keys() -> None:
    graph = trace(nn.Sequential(nn.Linear(4, 4)), (2, 4))
    odd = replace(graph.modules[1], config="\ud800 \N{GREEK SMALL LETTER ALPHA}\n'\"")
    keys = structure_keys(replace(graph, modules=(graph.modules[0], odd)))
    assert keys.modules["0"] != structure_keys(graph).modules["0"]


PROGRAM = """
import torch
from torch import nn
from modelviz import trace
from modelviz.analysis.keys import digest, structure_keys
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2))
print(structure_keys(trace(model, (1, 3, 8, 8))).modules[""])
"""


def test_every_process_gives_the_same_keys() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(144, 2))
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=120
    )
    assert result.stdout.strip() == key(model, "", 1, 3, 8, 8)


def test_digest_is_that_of_the_content_whoever_holds_its_texts() -> None:
    name = "forward"
    assert digest((name, name)) == digest(("".join(["for", "ward"]), "".join(["forw", "ard"])))
    alike = [
        (1,),
        (True,),
        (1.0,),
        ("1",),
        (None,),
        ((1,),),
        (2**70,),
        (0.0,),
        (-0.0,),
        ("\ud800",),
    ]
    assert len({digest(content) for content in alike}) == len(alike)


def test_content_of_a_class_of_its_own_has_a_digest() -> None:
    assert digest((torch.Size([2]),)) != digest((torch.Size([3]),))
