"""What cannot be used: one error that says what was given, what was expected and what to do."""

from __future__ import annotations

import subprocess
import sys
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


@pytest.mark.parametrize(
    ("entry", "misspelt", "meant"),
    [
        (modelviz.trace, "inputsize", "input_size"),
        (modelviz.summary, "colnames", "col_names"),
        (modelviz.draw, "dept", "depth"),
        (modelviz.check, "selct", "select"),
        (modelviz.plan, "optimiser", "optimizer"),
        (modelviz.formulas, "dim", "dims"),
        (modelviz.profile, "backwards", "backward"),
        (modelviz.stats, "devise", "device"),
    ],
)
def test_an_option_that_is_misspelt(entry: Callable[..., Any], misspelt: str, meant: str) -> None:
    with pytest.raises(InputError) as caught:
        entry(MODEL, (1, 3), **{misspelt: 3})
    assert str(caught.value) == (
        f"{entry.__name__} has no option {misspelt!r}, and the forward takes no argument of this "
        f"name: did you mean {meant!r}?"
    )
    assert isinstance(caught.value.__cause__, TypeError)


def test_an_option_of_diff_that_is_misspelt() -> None:
    with pytest.raises(InputError, match="diff has no option 'excution'"):
        modelviz.diff(MODEL, MODEL, (1, 3), excution="fake")


def test_what_the_forward_takes_and_its_inside_refuses_is_no_option() -> None:
    class Handing(nn.Module):
        def forward(self, x: Any, **options: Any) -> Any:
            return nn.functional.relu(x, **options)

    with pytest.raises(modelviz.TraceError, match="unexpected keyword argument"):
        modelviz.trace(Handing(), (1, 3), outplace=True)


def test_an_option_that_is_misspelt_for_a_forward_with_a_decorator() -> None:
    class Decorated(nn.Linear):
        def forward(self, *inputs: Any, **options: Any) -> Any:
            return super().forward(*inputs, **options)

    with pytest.raises(InputError, match="did you mean 'input_size'"):
        modelviz.trace(Decorated(3, 2), (1, 3), inputsize=3)


def test_packages_that_documents_name_are_there_without_an_import_of_their_own() -> None:
    code = "import modelviz; print(modelviz.testing.assert_architecture, modelviz.planning.DEVICES)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.startswith("<function assert_architecture"), done.stderr
