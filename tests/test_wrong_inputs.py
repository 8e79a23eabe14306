"""What cannot be used: one error that says what was given, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import modelviz
from modelviz import GraphFileError, InputError

MODEL = nn.Linear(3, 2)


def make() -> nn.Module:
    return MODEL


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (nn.Flatten, "got the class Flatten: make the model first, Flatten(...)"),
        (None, "got NoneType"),
        ("net.json", "got 'net.json': a saved graph is read by modelviz.load('net.json')"),
        (Path("net.py"), "modelviz summary net.py"),
        (MODEL.state_dict(), "load them into a model first"),
        (make, "got the function make: give the module"),
    ],
)
@pytest.mark.parametrize(
    "entry", [modelviz.trace, modelviz.plan, modelviz.formulas, modelviz.profile]
)
def test_no_model(entry: Callable[..., Any], given: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        entry(given, (1, 3))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"device": "gpu"}, "device='gpu': expected a device of PyTorch, such as 'cpu', 'cuda:0'"),
        ({"device": []}, "device=[]: expected a device of PyTorch"),
        ({"input_size": (10**12, 10**6, 3)}, "has more elements than a tensor can"),
    ],
)
def test_no_inputs(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError) as caught:
        modelviz.trace(MODEL, **{"input_size": (1, 3), **options})
    assert said in str(caught.value)


@pytest.mark.parametrize("path", [None, 3, ("a.svg",)])
def test_no_path(path: Any) -> None:
    graph = modelviz.trace(MODEL, (1, 3))
    calls: list[Callable[[], object]] = [
        lambda: modelviz.load(path),
        lambda: modelviz.export(graph, path),
        lambda: modelviz.draw(graph).save(path),
        lambda: graph.save(path),
    ]
    for call in calls:
        with pytest.raises(InputError, match="expected the path of a file, such as"):
            call()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected JSON saved by modelviz"),
        (b"{", "expected JSON saved by modelviz"),
        (b"[3]", "expected a graph saved by modelviz, got other JSON"),
        (b"\xfb\x00", "is no graph saved by modelviz: it is no text"),
    ],
)
def test_no_graph_names_the_file(data: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_bytes(data)
    with pytest.raises(GraphFileError) as caught:
        modelviz.load(file)
    assert str(caught.value).startswith(repr(str(file)))
    assert said in str(caught.value)


def test_no_formula() -> None:
    with pytest.raises(InputError, match="expects a function of the op's arguments"):
        modelviz.register_flops("aten::mm", 3)  # type: ignore[arg-type]
