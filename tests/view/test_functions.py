"""Functions between a module's forward and its ops: a block that is closed, and can be opened."""

from __future__ import annotations

import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from modelviz import ModelGraph, TraceError, load, trace
from modelviz.analysis.items import Steps
from modelviz.analysis.tree import model_tree
from modelviz.errors import GraphFileError
from modelviz.view import Group, Node, View, view_options
from modelviz.view.making import document_of
from tests.view.showing import view_of


def double_and_add(x: Tensor) -> Tensor:
    y = x * 2
    return y + 1


def one_op(x: Tensor) -> Tensor:
    return x.relu()


def handed_on(x: Tensor) -> Tensor:
    return double_and_add(x)


def shaped(x: Tensor) -> Tensor:
    return x.view(2, 2, 2).transpose(0, 1)


def again(x: Tensor, times: int) -> Tensor:
    x = x * 2
    return again(x, times - 1) if times else x


def decorated(function: Any) -> Any:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@decorated
def scaled(x: Tensor) -> Tensor:
    return (x * 3).tanh()


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(4, 4)
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(4))

    def _attend(self, x: Tensor) -> Tensor:
        return double_and_add(self.proj(x).relu())

    def _layer(self, x: Tensor, layer: nn.Module) -> Tensor:
        return x + layer(x)

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        x = self._attend(x)
        for _ in range(3):
            x = double_and_add(x)
        x = scaled(one_op(handed_on(x)))
        x = again(x, 3) - 1
        x = shaped(x).reshape(2, 4)
        for layer in self.layers:
            x = self._layer(x, layer)
        return x


@pytest.fixture(scope="module")
def graph() -> ModelGraph:
    return trace(Net().eval(), input_size=(2, 4))


def outline(view: View) -> list[Any]:
    def told(item: Node | Group) -> Any:
        name = item.title or item.name
        name = name if item.copies == 1 else f"{name} x{item.copies}"
        return (name, [told(child) for child in item.children]) if isinstance(item, Group) else name

    return [told(item) for item in view.items]


def test_each_op_tells_the_functions_that_it_was_made_in(graph: ModelGraph) -> None:
    assert [(f.name, f.parent) for f in graph.functions][:3] == [
        ("_attend", None),
        ("double_and_add", 0),
        ("double_and_add", None),
    ]
    inside = graph.functions[1]
    assert inside.file == __file__
    assert inside.line == double_and_add.__code__.co_firstlineno
    names = [f.name for f in graph.functions]
    assert names.count("double_and_add") == 5, "each run is one, also in a loop"
    assert names.count("again") == 1, "a function that calls itself is one"
    assert "wrapper" not in names and "forward" not in names
    assert graph.functions[graph.calls_of("proj")[0].function].name == "_attend"
    assert graph.ops[graph.calls_of("proj")[0].start].function is None


def test_a_function_of_two_ops_is_a_closed_block(graph: ModelGraph) -> None:
    assert outline(view_of(graph)) == [
        "input",
        ("_attend", ["Linear", "relu", "double_and_add"]),
        "double_and_add x3",
        "handed_on",
        "relu",
        "scaled",
        "again",
        "sub",
        ("_layer x4", ["Linear", "add"]),
        "output",
    ]


def test_it_opens_as_a_module_does(graph: ModelGraph) -> None:
    opened = view_of(graph, expand="double_and_add")
    assert ("double_and_add x3", ["mul", "add"]) in outline(opened)
    deep = outline(view_of(graph, depth=2))
    assert ("scaled", ["mul", "tanh"]) in deep
    assert ("again", ["mul", "mul", "mul", "mul"]) in deep
    closed = outline(view_of(graph, collapse="_attend"))
    assert closed[1] == "_attend"


def test_totals_are_those_of_the_model_whatever_is_open(graph: ModelGraph) -> None:
    for options in (view_options(), view_options(depth=3), view_options(collapse="**")):
        view = view_of(graph, options)
        nodes = list(view.nodes())
        assert sum(node.figures.flops for node in nodes) == graph.total_flops
        assert sum(node.figures.params for node in nodes) == graph.total_params
        assert sum(node.figures.ops for node in nodes) == len(graph.ops)


def test_the_tree_has_functions_among_the_items_of_a_call(graph: ModelGraph) -> None:
    tree = model_tree(graph)
    steps = [item for item in tree.items(tree.root) if isinstance(item, Steps)]
    assert [step.function.name for step in steps][:2] == ["_attend", "double_and_add"]
    assert [(span.unit, span.count) for span in tree.spans(tree.root)][1] == (1, 3)
    assert [(b.first.name, b.copies) for b in tree.root.branches] == [("proj", 1), ("layers", 1)]


def test_the_viewer_gets_a_function_with_what_is_inside(graph: ModelGraph) -> None:
    items = {item["title"]: item for item in document_of(graph).to_dict()["items"]}
    assert items["double_and_add"]["function"] == "ops" and items["double_and_add"]["copies"] == 3
    assert items["_attend"]["function"] == "layers"
    assert [child["title"] for child in items["scaled"]["children"]] == ["mul", "tanh"]
    assert items["scaled"]["inputs"] == items["scaled"]["outputs"]
    assert "shaped" not in items, "what only reshapes is left to its neighbours"


def test_a_function_whose_forward_fails_inside_is_open_there() -> None:
    class Broken(nn.Module):
        def _mix(self, x: Tensor) -> Tensor:
            y = x * 2
            return y @ y

        def forward(self, x: Tensor) -> Tensor:
            return self._mix(x).relu() + 1

    with pytest.raises(TraceError) as error:
        trace(Broken(), input_size=(2, 4))
    view = view_of(error.value.graph)
    assert any(node.status == "failed" and node.title == "matmul" for node in view.nodes())


def test_saved_graphs_keep_functions_and_older_ones_have_none(
    graph: ModelGraph, tmp_path: Any
) -> None:
    assert load(graph.save(tmp_path / "new.json")) == graph
    data = json.loads(graph.to_json())
    del data["functions"]
    for table in ("ops", "calls"):
        place = data[table]["columns"].index("function")
        del data[table]["columns"][place]
        for row in data[table]["rows"]:
            del row[place]
    old = ModelGraph.from_dict(data)
    assert not old.functions and len(old.ops) == len(graph.ops)
    assert "double_and_add" not in json.dumps(outline(view_of(old)))


def test_a_saved_function_of_another_call_is_refused(graph: ModelGraph) -> None:
    data = json.loads(graph.to_json())
    table = data["functions"]
    table["rows"][0][table["columns"].index("call")] = 1
    with pytest.raises(GraphFileError, match="another call"):
        ModelGraph.from_dict(data)


def test_what_a_function_holds_is_let_go_of_before_the_next_op() -> None:
    """The recorder knows runs of functions by their frames, which must not hold memory."""

    class Hungry(nn.Module):
        def _large(self, x: Tensor) -> Tensor:
            large = x.repeat(100, 1)
            return large.sum(0)

        def forward(self, x: Tensor) -> Tensor:
            return self._large(x).relu() * 2

    graph = trace(Hungry(), input_size=(2, 4))
    large = next(storage for storage in graph.storages if storage.bytes == 100 * 2 * 4 * 4)
    assert (large.born, large.freed) == (0, 2)
