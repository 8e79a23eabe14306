"""Saved graphs: what comes back, and what is refused."""

from __future__ import annotations

import json
import random
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import modelviz
from benchmarks.hardening.graphs import run
from modelviz import ModelGraph
from modelviz.errors import GraphFileError
from modelviz.graph import Finding
from tests.work import work


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
        self.again = self.body[0]

    def forward(self, x: Any) -> Any:
        y = self.body(x)
        return y.mean(), y[:, :2] + 1


GRAPH = modelviz.trace(Small(), (1, 3, 8, 8))
TEXT = GRAPH.to_json()
JUNK: list[Any] = [None, -1, 10**6, 10**400, 1.5, "x", "", True, [], [0], {}, [[1]], [None]]


def test_graph_comes_back_as_it_was() -> None:
    assert ModelGraph.from_json(TEXT) == GRAPH


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value inside the JSON."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, part in parts:
        found.append((*path, key))
        if isinstance(part, (dict, list)):
            found += places(part, (*path, key))
    return found


PLACES = places(json.loads(TEXT))


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(JUNK)), min_size=1, max_size=3))
@settings(max_examples=150, deadline=None)
def test_damaged_graph_is_refused_or_can_be_used(changes: list[tuple[Any, Any]]) -> None:
    data = json.loads(TEXT)
    for path, junk in changes:
        target = data
        try:
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = junk
        except (KeyError, TypeError, IndexError):  # an earlier change took the place away
            continue
    try:
        graph = ModelGraph.from_dict(data)
    except GraphFileError:
        return
    assert graph.total_params >= 0 and graph.total_flops >= 0
    assert ModelGraph.from_json(graph.to_json()) == graph
    for call in graph.calls:
        graph.scope(call.id)
    graph.to_networkx()
    modelviz.summary(graph, verbose=0)


@given(st.text(max_size=40) | st.binary(max_size=40).map(lambda data: data.decode("latin-1")))
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(GraphFileError):
        ModelGraph.from_json(text)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("calls", "parent", 5),
        ("calls", "children", [0]),
        ("calls", "stop", 99),
        ("calls", "module", "nowhere"),
        ("ops", "call", 99),
        ("ops", "inputs", [99]),
        ("ops", "id", 1),
        ("tensors", "producer", 99),
        ("tensors", "kind", "<script>"),
        ("tensors", "shape", [-1]),
        ("tensors", "shape", ["3"]),
        ("storages", "freed", 99),
        ("modules", "shared_with", "nowhere"),
        ("modules", "path", "a.b.c"),
        ("modules", "shared_with", ""),
        ("modules", "line", 2**40),
        ("calls", "start", 1),
        ("calls", "stop", 3),
        ("calls", "children", []),
        ("calls", "ops", [0]),
        ("calls", "index", 1),
        ("ops", "outputs", []),
        ("ops", "call", 0),
        ("ops", "args", [["value", float("-inf")]]),
        ("ops", "args", [["value", [float("nan")]]]),
        ("ops", "flops", 2**127),
        ("tensors", "shape", [2**62, 2]),
        ("tensors", "shape", [2**126] * 30_000),
        ("tensors", "dtype", "x" * 2_000_000),
        ("storages", "bytes", 10**400),
    ],
)
def test_what_refers_to_nothing_is_refused(table: str, column: str, value: Any) -> None:
    data = json.loads(TEXT)
    data[table]["rows"][0][data[table]["columns"].index(column)] = value
    with pytest.raises(GraphFileError, match="incomplete or damaged"):
        ModelGraph.from_dict(data)


def test_an_op_does_not_read_what_it_makes() -> None:
    data = json.loads(TEXT)
    columns = data["ops"]["columns"]
    first = data["ops"]["rows"][0]
    data["ops"]["rows"][0][columns.index("inputs")] = first[columns.index("outputs")]
    with pytest.raises(GraphFileError, match="op 0 reads what op 0 makes later"):
        ModelGraph.from_dict(data)


@pytest.mark.parametrize(
    ("path", "first"), [("body.0", "body.0"), ("body", "again"), ("again", "nowhere")]
)
def test_a_module_is_shared_with_one_that_is_there(path: str, first: str) -> None:
    data = json.loads(TEXT)
    columns = data["modules"]["columns"]
    row = next(row for row in data["modules"]["rows"] if row[columns.index("path")] == path)
    row[columns.index("shared_with")] = first
    with pytest.raises(GraphFileError, match="no first path"):
        ModelGraph.from_dict(data)


def test_what_is_inside_of_a_shared_module_is_shared_alike() -> None:
    inner = nn.Sequential(nn.Linear(3, 3), nn.Sequential(nn.Linear(3, 3)))
    model = nn.Sequential(inner, nn.Sequential(inner, inner[1]))
    data = modelviz.trace(model, (1, 3)).to_dict()
    assert ModelGraph.from_dict(data).total_params == 24
    columns, rows = data["modules"]["columns"], data["modules"]["rows"]
    place, path = columns.index("shared_with"), columns.index("path")
    for of, first in (("1.0.1", None), ("1.0.1", "0.0"), ("1.0.1.0", "0.1"), ("0", "")):
        row = next(row for row in rows if row[path] == of)
        row[place], before = first, row[place]
        with pytest.raises(GraphFileError, match="has there"):
            ModelGraph.from_dict(data)
        row[place] = before


def test_modules_lie_as_deep_as_pytorch_runs_and_no_deeper() -> None:
    def chain(depth: int) -> str:
        data = json.loads(TEXT)
        rows = data["modules"]["rows"]
        for level in range(1, depth + 1):
            rows.append([".".join("d" * level), *rows[0][1:]])
        return json.dumps(data)

    assert ModelGraph.from_json(chain(1_000)).modules[-1].depth == 1_000
    with pytest.raises(GraphFileError, match="lies inside 1,001 modules"):
        ModelGraph.from_json(chain(3_000))


def test_work_grows_in_step_with_the_graph() -> None:
    def load(layers: int) -> int:
        text = modelviz.trace(nn.Sequential(*(nn.ReLU() for _ in range(layers))), (1, 2)).to_json()
        return work(lambda: ModelGraph.from_json(text))

    assert load(400) < 4 * 1.3 * load(100)


def test_halves_of_characters_are_spelled_out_and_messages_cut(tmp_path: Path) -> None:
    data = GRAPH.to_dict() | {"name": "a\ud800b"}
    data["findings"] = {
        "columns": [field.name for field in fields(Finding)],
        "rows": [["MV001", "info", "m" * 10**6, None, None, None, None, None]],
    }
    graph = ModelGraph.from_dict(json.loads(json.dumps(data)))
    assert graph.name == "a\\ud800b"
    assert graph.notes == ("m" * 19_900 + " … (and 980,100 characters more)",)
    assert modelviz.load(graph.save(tmp_path / "graph.json")) == graph
    traced = replace(GRAPH, name="a\ud800b")
    assert modelviz.load(traced.save(tmp_path / "traced.json")) == replace(GRAPH, name="a\\ud800b")


def test_wrong_graphs_are_refused_or_show_in_every_format() -> None:
    counts, faults = run(9, seed=0)
    assert not faults
    assert counts["shown"] > 2 and counts["refused"] > 2


@pytest.mark.slow
def test_many_wrong_graphs_are_refused_or_show_in_every_format() -> None:
    counts, faults = run(150, seed=2)
    assert not faults
    assert counts["shown"] > 30 and counts["refused"] > 30


def test_deeply_nested_json_is_refused() -> None:
    with pytest.raises(GraphFileError):
        ModelGraph.from_json("[" * 100_000)


def test_damage_anywhere_in_the_text_is_refused_or_harmless() -> None:
    chance = random.Random(0)
    for _ in range(200):
        place = chance.randrange(len(TEXT))
        damaged = TEXT[:place] + chance.choice('0{}[],":x') + TEXT[place + 1 :]
        try:
            ModelGraph.from_json(damaged)
        except GraphFileError as error:
            assert str(error)


def test_findings_are_kept_and_sentences_of_version_1_become_findings() -> None:
    finding = Finding("MV002", "warning", "a", "layer", 0, "net.py", 3, "do b")
    graph = replace(modelviz.trace(nn.Linear(2, 2), (1, 2)), findings=(finding,))
    assert ModelGraph.from_json(graph.to_json()) == graph
    old = graph.to_dict() | {"version": 1, "notes": ["a", "b"]}
    del old["findings"]
    read = ModelGraph.from_dict(old)
    assert read.notes == ("a", "b") and {f.level for f in read.findings} == {"info"}


def test_a_module_named_with_thousands_of_digits_shows() -> None:
    model = nn.Sequential()
    model.add_module("7" * 5_000, nn.Linear(2, 2))
    model.add_module("7" * 4_999 + "8", nn.Linear(2, 2))
    graph = modelviz.trace(model, (1, 2))
    assert modelviz.draw(graph).svg
    assert len(modelviz.summary(graph, depth=None, verbose=0).rows) == 3


@pytest.mark.parametrize("number", ["9" * 5000, "1e" + "9" * 5000, "9" * 5000 + ".5"])
def test_a_number_of_thousands_of_digits_in_a_configuration_shows(number: str) -> None:
    graph = modelviz.trace(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(6, 4)), (1, 3, 8, 8))
    text = json.dumps(graph.to_dict()).replace("=(3, 3)", f"=({number}, 3)")
    foreign = ModelGraph.from_dict(
        json.loads(text.replace("in_features=6", f"in_features={number}"))
    )
    assert foreign != graph
    assert str(modelviz.summary(foreign, verbose=0)) and modelviz.draw(foreign).svg
    assert str(modelviz.diff(graph, foreign)) and modelviz.diff(graph, foreign).draw().svg


@pytest.mark.parametrize(
    ("name", "value"), [("kernel_size", [3, 3, 3]), ("stride", 0), ("padding", [1, 1, 1])]
)
def test_a_window_that_no_pooling_has_is_checked(name: str, value: Any) -> None:
    data = json.loads(modelviz.trace(nn.MaxPool2d(3, 2), (1, 3, 8, 8)).to_json())
    (row,) = data["ops"]["rows"]
    arguments = row[data["ops"]["columns"].index("args")]
    (argument,) = [pair for pair in arguments if pair[0] == name]
    argument[1] = value
    graph = ModelGraph.from_json(json.dumps(data))
    assert "MV206" not in {finding.code for finding in modelviz.check(graph)} or name == "padding"
