"""``modelviz.diff``: one change is named alone, and what follows from it is folded under it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz import GraphFileError, InputError, ModelGraph
from modelviz.analysis.figures import NOTHING
from modelviz.comparing import Change, Detail, Diff, diff
from modelviz.comparing.wording import SIGNS, where
from modelviz.render.lines import after_signs
from modelviz.view import Group, Node
from modelviz.view.visible import visible
from tests.comparing.models import INPUT, Adapted, Block, ConvNet, Net, Renamed, Rewired


def graph_of(model: nn.Module, size: tuple[int, ...] = INPUT) -> ModelGraph:
    return modelviz.trace(model, size)


BASE = graph_of(Net())


def changed(change: Callable[[Any], Any]) -> Diff:
    model = Net()
    model = change(model) or model
    return diff(BASE, graph_of(model))


def only(found: Diff) -> Change:
    assert len(found.changes) == 1, str(found)
    assert found
    return found.changes[0]


def costs_add_up(found: Diff) -> bool:
    return sum((change.cost for change in found.changes), NOTHING) == found.totals.difference


def set_child(path: str, child: Callable[[nn.Module], nn.Module]) -> Callable[[nn.Module], None]:
    def change(model: nn.Module) -> None:
        parent, _, name = path.rpartition(".")
        owner = model.get_submodule(parent)
        setattr(owner, name, child(owner.get_submodule(name)))

    return change


def test_a_copy_differs_in_nothing() -> None:
    model = Net()
    found = diff(model, copy.deepcopy(model), INPUT)
    assert not found and found.changes == () and str(found) == "Net: nothing differs"
    assert found.to_markdown() == "**Net**: nothing differs.\n"


CHANGES: list[tuple[Callable[[Any], Any], str, str, tuple[Detail, ...]]] = [
    (
        set_child("blocks.2.mlp.1", lambda old: nn.ReLU()),
        "changed",
        "blocks.2.mlp.1",
        (Detail("class", "GELU", "ReLU"), Detail("config", "approximate='none'", None)),
    ),
    (
        set_child("blocks.1.norm", lambda old: nn.LayerNorm(16, eps=1e-6)),
        "changed",
        "blocks.1.norm",
        (Detail("config", "eps=1e-05", "eps=1e-06"),),
    ),
    (
        set_child("head", lambda old: nn.Linear(16, 5, bias=False)),
        "changed",
        "head",
        (Detail("config", "bias=True", "bias=False"), Detail("parameters", "bias [5]", None)),
    ),
    (
        lambda model: model.blocks[1].requires_grad_(False) and None,
        "changed",
        "blocks.1",
        (Detail("trainable", "True", "False"),),
    ),
    (
        lambda model: model.eval() and None,
        "changed",
        "",
        (Detail("training", "train", "eval"),),
    ),
    (
        set_child("blocks.0.dropout", lambda old: nn.Dropout(0.5)),
        "changed",
        "blocks.0.dropout",
        (Detail("config", "p=0.1", "p=0.5"),),
    ),
    (
        set_child("head", lambda old: Adapted(old)),  # type: ignore[arg-type]
        "changed",
        "head",
        (Detail("class", "Linear", "Adapted"),),
    ),
    (
        lambda model: model.blocks.append(Block()) and None,
        "changed",
        "blocks.0",
        (Detail("copies", 4, 5),),
    ),
    (
        lambda model: Net(blocks=2),
        "changed",
        "blocks.0",
        (Detail("copies", 4, 2),),
    ),
    (
        lambda model: model.blocks[1].mlp.insert(2, nn.Dropout(0.2)) and None,
        "added",
        "blocks.1.mlp.2",
        (),
    ),
    (
        lambda model: model.blocks[1].mlp.pop(1) and None,
        "removed",
        "blocks.1.mlp.1",
        (),
    ),
    (lambda model: Renamed(), "renamed", "classifier", ()),
    (
        set_child("blocks.1.mlp", lambda old: nn.Sequential(old[1], old[0], old[2])),  # type: ignore[index]
        "moved",
        "blocks.1.mlp.1",  # as well as blocks.1.mlp.0: the two changed places
        (),
    ),
    (
        set_child("blocks.2", lambda old: Rewired()),
        "changed",
        "blocks.2",
        (Detail("flow", "add reads add, dropout()", "add reads input 0, dropout()"),),
    ),
    (
        lambda model: nn.Sequential(model),
        "changed",
        "",
        (Detail("class", "Net", "Sequential around it, as 0"),),
    ),
    (
        lambda model: setattr(model.blocks[3], "mlp", model.blocks[0].mlp),
        "changed",
        "blocks.3.mlp",
        (Detail("sharing", None, "the same module as blocks.0.mlp"),),
    ),
]


@pytest.mark.parametrize(("change", "kind", "path", "details"), CHANGES)
def test_a_single_change(
    change: Callable[[Any], Any], kind: str, path: str, details: tuple[Detail, ...]
) -> None:
    found = changed(change)
    one = only(found)
    assert (one.kind, one.path, one.details) == (kind, path, details)
    assert costs_add_up(found)
    # The other way round it is one change as well.
    back = diff(found.after, found.before)
    assert len(back.changes) == 1 and costs_add_up(back)
    assert {"added": "removed", "removed": "added"}.get(kind, kind) == back.changes[0].kind


def test_a_width_is_one_change_with_its_consequences() -> None:
    found = changed(lambda model: Net(width=32))
    one = only(found)
    assert one.path == "embed"
    assert one.details[0] == Detail("config", "out_features=16", "out_features=32")
    assert {"blocks.0.norm", "blocks.3.mlp.2", "head"} <= set(one.consequences)
    assert one.cost == found.totals.difference
    parameters = (found.totals.before.params, found.totals.after.params)
    assert parameters == (BASE.total_params, graph_of(Net(width=32)).total_params)


def test_widths_strides_and_what_is_flattened() -> None:
    base = graph_of(ConvNet(), (2, 3, 8, 8))
    wide = only(diff(base, graph_of(ConvNet(width=12), (2, 3, 8, 8))))
    assert wide.path == "features.0" and set(wide.consequences) >= {"features.1", "head"}
    stride = only(diff(base, graph_of(ConvNet(stride=2), (2, 3, 8, 8))))
    assert stride.path == "features.0"
    assert stride.details == (Detail("config", "stride=(1, 1)", "stride=(2, 2)"),)
    assert "head" in stride.consequences


def test_two_changes_are_two() -> None:
    def change(model: Any) -> None:
        model.blocks[0].norm = nn.LayerNorm(16, eps=1e-6)
        model.head = nn.Linear(16, 7)

    found = changed(change)
    assert [one.path for one in found.changes] == ["blocks.0.norm", "head"]
    assert costs_add_up(found)


def test_the_same_change_in_every_block_is_one() -> None:
    def change(model: Any) -> None:
        for block in model.blocks:
            block.mlp[0] = Adapted(block.mlp[0])

    one = only(changed(change))
    assert one.path == "blocks.0.mlp.0"
    assert one.also == ("blocks.1.mlp.0", "blocks.2.mlp.0", "blocks.3.mlp.0")
    assert one.cost.params == 4 * (16 * 2 + 2 * 64)


def test_dtype_of_a_model() -> None:
    found = diff(Net(), Net().half(), execution="fake", input_size=INPUT)
    one = only(found)
    assert (one.path, one.details) == ("", (Detail("dtype", "float32", "float16"),))


def test_inputs_that_differ_are_said() -> None:
    found = diff(BASE, graph_of(Net(), (2, 9, 8)))
    one = only(found)
    assert one.details == (Detail("shapes", "[2, 6, 8] float32", "[2, 9, 8] float32"),)


def test_modules_alone() -> None:
    found = diff(ModelGraph.from_json(alone(Net())), ModelGraph.from_json(alone(Net(width=32))))
    assert found.changes[0].path == "embed"
    assert costs_add_up(found)


def alone(model: nn.Module) -> str:
    graph = graph_of(model)
    return ModelGraph(graph.name, "none", graph.modules).to_json()


def test_a_module_that_moves_to_another_parent() -> None:
    class Outer(nn.Module):
        def __init__(self, inside: bool) -> None:
            super().__init__()
            self.a = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
            self.b = nn.Sequential(nn.ReLU())
            (self.b if inside else self.a).append(nn.Linear(8, 3))

        def forward(self, x: Any) -> Any:
            return self.b(self.a(x))

    found = diff(Outer(False), Outer(True), (2, 8))
    assert {(one.kind, one.before, one.after) for one in found.changes} >= {("moved", "a.2", "b.1")}


def test_sides_may_be_files(tmp_path: Path) -> None:
    file = BASE.save(tmp_path / "base.json")
    assert not diff(file, str(file))
    assert not diff(file, Net(), INPUT)
    with pytest.raises(GraphFileError):
        diff(file, tmp_path / "missing.json")
    with pytest.raises(InputError, match="expected a model, a ModelGraph or the path"):
        diff(file, 3)  # type: ignore[arg-type]


def test_forms() -> None:
    found = changed(lambda model: Net(width=32))
    text = str(found)
    assert "~ embed (Linear)" in text and "out_features=16 → out_features=32" in text
    assert "therefore other sizes in" in text
    data = json.loads(found.to_json())
    assert data["changes"][0]["details"][0] == {
        "field": "config", "before": "out_features=16", "after": "out_features=32",
    }  # fmt: skip
    markdown = found.to_markdown()
    assert markdown.startswith("**Net: 1 change**") and "| ~ | embed (Linear) |" in markdown
    frame = found.to_pandas()
    assert list(frame["params"]) == [found.totals.difference.params, 0, 0]
    assert "embed" in found._repr_html_()


def test_nothing_of_the_models_changes() -> None:
    one, other = Net(), Net(width=32)
    before = [tensor.clone() for model in (one, other) for tensor in model.state_dict().values()]
    diff(one, other, INPUT)
    after = [tensor for model in (one, other) for tensor in model.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert one.training and other.training


def test_picture_marks_what_came_went_and_changed() -> None:
    def change(model: Any) -> None:
        model.blocks[1].mlp.insert(2, nn.Dropout(0.2))
        model.blocks[2].mlp[1] = nn.ReLU()
        model.blocks[3].mlp.pop(1)
        model.head = Adapted(model.head)

    diagram = changed(change).draw()
    marked = {(item.path, item.tone): _said(item) for item in diagram.view.walk() if item.tone}
    assert marked == {
        ("blocks.1.mlp.2", "added"): "+ Dropout",
        ("blocks.2.mlp.1", "changed"): "~ ReLU",
        ("blocks.3.mlp.1", "removed"): "− GELU",
        ("head", "changed"): "~ Adapted",
    }
    titles = {item.path: item for item in diagram.view.walk()}
    assert "blocks.0" in titles and "blocks.0.mlp" not in titles, "what is unchanged stays closed"
    svg = diagram.svg
    assert all(f">{sign} <" in svg or f">{sign}<" in svg for sign in "+−~")
    closed = changed(change).draw(depth=1, expand=()).view
    inside = {item.path: item.signs for item in closed.nodes() if item.path != "head"}
    said = {path: [(one.sign, one.count) for one in signs] for path, signs in inside.items()}
    assert {path: signs for path, signs in said.items() if signs} == {
        "blocks.1": [("+", 1)],
        "blocks.2": [("~", 1)],
        "blocks.3": [("−", 1)],
    }


def _said(item: Node | Group) -> str:
    return " ".join((*(sign.sign for sign in item.signs if not sign.inside), item.title))


def test_a_change_in_all_copies_of_a_fold_is_one_of_the_fold() -> None:
    class Stack(nn.Module):
        def __init__(self, bias: bool) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(4, 4, bias=bias) for _ in range(6))

        def forward(self, x: Any) -> Any:
            for layer in self.layers:
                x = layer(x)
            return x

    found = diff(Stack(False), Stack(True), (1, 4))
    svg = found.draw().svg
    assert ">~<" in svg and "× 6" in svg
    assert ">~5<" not in svg and ">~6 of 6<" not in svg
    (card,) = (node for node in found.draw().view.nodes() if node.signs)
    assert [(one.sign, one.inside, one.count) for one in card.signs] == [("~", False, 6)]
    made = found.draw().document
    assert made.marks is not None
    some = replace(made.marks.entries[0], places=made.marks.entries[0].places[1:3])
    view = visible(replace(made, marks=replace(made.marks, entries=(some,))))
    (card,) = (node for node in view.nodes() if node.signs)
    assert "".join(run.text for run in after_signs(card)).strip() == "~2 of 6"


def test_a_change_of_what_a_picture_leaves_out_marks_what_is_around_it() -> None:
    def change(model: Any) -> None:
        model.blocks[1].mlp[1] = nn.Identity()

    view = changed(change).draw().view
    marked = [(item.path, _said(item)) for item in view.walk() if item.tone]
    assert marked == [("blocks.1.mlp", "~ Sequential")]


def test_the_viewer_reaches_every_change() -> None:
    def change(model: Any) -> None:
        model.blocks[1].mlp.insert(2, nn.Dropout(0.2))
        for block in model.blocks[2:]:
            block.mlp.pop(1)
        model.head = Adapted(model.head)

    found = changed(change)
    diagram = found.draw()
    document = diagram.to_dict()
    entries = document["marks"]["entries"]
    assert [entry["title"] for entry in entries] == [where(change) for change in found.changes]
    assert [entry["sign"] for entry in entries] == [SIGNS[one.kind] for one in found.changes]

    def ids(items: list[dict[str, Any]]) -> Iterator[str]:
        for item in items:
            yield item["id"]
            yield from ids(item.get("children", []))

    known = set(ids(document["items"]))
    for entry, one in zip(entries, found.changes, strict=True):
        assert len(entry["places"]) >= 1 + len(one.also)
        assert all(known & set(place) for place in entry["places"])
    removed = [entry for entry in entries if entry["tone"] == "removed"]
    assert removed and removed[0]["places"][0][0] in known
    assert '"title":"Changes"' in diagram.html


def test_picture_of_no_change_and_of_modules_alone() -> None:
    assert diff(BASE, BASE).draw().svg
    before, after = (ModelGraph.from_json(alone(Net(width=width))) for width in (16, 32))
    assert diff(before, after).draw().svg


def test_what_a_wrapper_froze_is_told_of_what_it_wraps() -> None:
    one = Net()
    other = copy.deepcopy(one)
    other.head = Adapted(other.head.requires_grad_(False))
    (change,) = diff(one, other, INPUT).changes
    assert Detail("class", "Linear", "Adapted") in change.details
    assert Detail("trainable", "True", "base: False") in change.details
    (change,) = diff(other, one, INPUT).changes
    assert Detail("trainable", "base: False", "True") in change.details


def test_a_block_that_became_another_one_costs_nothing_where_that_stands() -> None:
    one = Net()
    other = copy.deepcopy(one)
    other.blocks[1] = other.blocks[0]
    for before, after, sign in ((one, other, -1), (other, one, 1)):
        (change,) = diff(before, after, INPUT).changes
        assert change.path == "blocks.1" and [d.field for d in change.details] == ["sharing"]
        assert change.cost.flops == 0
        assert change.cost.params == sign * sum(p.numel() for p in one.blocks[1].parameters())


def test_dotted_lines_lead_to_what_was_next_to_a_removed_part() -> None:
    layers = [nn.Conv2d(2, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2)]
    before = modelviz.trace(nn.Sequential(*layers, nn.Flatten(), nn.Dropout()), (1, 2, 4, 4))
    after = modelviz.trace(nn.Sequential(layers[0], *layers[2:], nn.Flatten()), (1, 2, 4, 4))
    drawn = diff(before, after).draw()
    titles = {node.id: _said(node) for node in drawn.view.nodes()}
    ways = {(titles[edge.source], titles[edge.target]) for edge in drawn.view.edges}
    former = {(a, b) for a, b in ways if "−" in a + b}
    # The numbers of what follows are others now: it is the layer that counts.
    assert former == {
        ("Conv2d", "− BatchNorm2d"),
        ("− BatchNorm2d", "ReLU"),
        ("Flatten", "− Dropout"),
    }
    assert ("Conv2d", "ReLU") in ways
    assert "stroke-dasharray" in drawn.svg
