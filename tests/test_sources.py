"""From what a user types to a model and its inputs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from modelviz import gallery, trace
from modelviz.errors import CodeError, GraphFileError, InputError
from modelviz.graph import ModelGraph
from modelviz.problems import problem_of
from modelviz.sources import resolve

NET = """
import torch
from torch import nn
import helper

class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(helper.WIDTH, 2))

class Wide(nn.Linear):
    pass

model = Net()

def build():
    return Net()

def with_tensor():
    return Net(), torch.ones(1, 4)

def with_arguments():
    return Net(), [torch.ones(1, 4)]

def with_names():
    return Net(), {"input": torch.ones(1, 4)}

def needs(width, depth=3, *rest, **named):
    return Net()

def broken():
    raise RuntimeError("no such weights")

class Zoo:
    @staticmethod
    def net():
        return Net()

number = 3
"""

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def net(write: Write) -> Path:
    write("helper.py", "WIDTH = 4")
    return write("net.py", NET)


@pytest.mark.parametrize("factory", ["Net", "model", "build", "Zoo.net"])
def test_factory_in_a_file(net: Path, factory: str) -> None:
    source = resolve(f"{net}:{factory}")
    assert type(source.model).__name__ == "Net"
    assert source.inputs is None


@pytest.mark.parametrize("factory", ["with_tensor", "with_arguments", "with_names"])
def test_proposed_inputs_fit_the_model(net: Path, factory: str) -> None:
    source = resolve(f"{net}:{factory}")
    graph = trace(source.model, input_data=source.inputs)
    assert [graph.tensors[tensor].shape for tensor in graph.outputs] == [(1, 2)]


def test_factory_in_a_module(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(net.parent)
    assert type(resolve("net:build").model).__name__ == "Net"
    assert isinstance(resolve("torch.nn:Identity").model, nn.Identity)


def test_file_is_found_from_the_current_folder(net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(net.parent)
    assert type(resolve("net.py:Net").model).__name__ == "Net"


def test_file_is_read_again_once_it_changed(net: Path) -> None:
    before = resolve(f"{net}:Net").model
    net.write_text("from torch import nn\nNet = nn.ReLU", encoding="utf-8")
    assert type(before).__name__ == "Net"
    assert isinstance(resolve(f"{net}:Net").model, nn.ReLU)


def test_file_does_not_hide_a_module_of_the_same_name(write: Write) -> None:
    file = write("torch.py", "from torch import nn\nmodel = nn.ReLU()")
    assert isinstance(resolve(f"{file}:model").model, nn.ReLU)
    assert sys.modules["torch"] is torch


def test_classes_of_a_file_can_look_themselves_up(write: Write) -> None:
    text = """
from __future__ import annotations
from dataclasses import dataclass
from torch import nn

@dataclass
class Config:
    width: int = 3

def build():
    return nn.Linear(Config().width, 1)
"""
    model = resolve(f"{write('configured.py', text)}:build").model
    assert isinstance(model, nn.Linear)


def test_a_script_has_one_model_beside_its_class_and_its_main(write: Write) -> None:
    script = """
from torch import nn

class Net(nn.Module):
    def __init__(self, width=3):
        super().__init__()
        self.fc = nn.Linear(width, 1)

    def forward(self, x):
        return self.fc(x)

def main():
    print("training")

net = Net(5)
model = net
"""
    model = resolve(str(write("script.py", script))).model
    assert isinstance(model, nn.Module) and model.fc.in_features == 5


def test_saved_graph(tmp_path: Path) -> None:
    graph = trace(nn.Linear(3, 4), (2, 3))
    saved = graph.save(tmp_path / "linear.json")
    model = resolve(str(saved)).model
    assert isinstance(model, ModelGraph)
    assert model == graph


def test_broken_graph_is_refused(write: Write) -> None:
    with pytest.raises(GraphFileError):
        resolve(str(write("broken.json", "{")))


@pytest.mark.parametrize("name", gallery.NAMES)
def test_name_in_the_gallery(name: str) -> None:
    source = resolve(name)
    assert isinstance(source.model, nn.Module)
    assert source.model(*source.inputs).isfinite().all()


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (
            "",
            r"does not say which model: add one of its names, such as .*net.py:model, .*net.py:bui",
        ),
        (":nothing", r"names nothing: net has model, build, .*with_names, broken$"),
        (":Zoo.nothing", "names nothing"),
        (":needs", r"needs arguments \(width\): name a function without any"),
        (":Wide", r"needs arguments \(in_features, out_features\)"),
        (":number", r"gave an object of type int: expected a torch.nn.Module, or a pair"),
        (":broken", r"RuntimeError: no such weights \(.*net.py, line \d+\)"),
    ],
)
def test_what_names_no_model_in_a_file_is_refused(net: Path, factory: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolve(f"{net}{factory}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot find a model named ''"),
        ("nothing", r"expected \"package.module:factory\", .* gallery: simple_net, "),
        ("no.such.module:f", "cannot import 'no.such.module': ModuleNotFoundError"),
        ("no/such/file.py:f", "cannot find the file 'no/such/file.py'"),
        ("torch.nn:Nothing", "names nothing"),
        ("torch.nn", "cannot find a model named 'torch.nn'"),
        ("softmax_nets", r"expected .*: did you mean 'softmax_net'\?$"),
    ],
)
def test_what_names_no_model_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolve(text)


def test_a_name_without_its_library_is_told_with_it() -> None:
    with pytest.raises(InputError, match=r"is named with it, as in 'timm:resnet34'$"):
        resolve("resnet34")


def test_error_of_a_file_says_where_it_is(write: Write) -> None:
    file = write("fails.py", "import torch\n\nwidth = 1 / 0\n")
    with pytest.raises(InputError, match=r"ZeroDivisionError: .*fails.py, line 3\)"):
        resolve(f"{file}:model")
    assert "fails" not in sys.modules


def test_a_file_of_a_package_imports_what_is_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "apackage" / "inner"
    folder.mkdir(parents=True)
    for place in (folder, folder.parent):
        (place / "__init__.py").touch()
    (folder.parent / "widths.py").write_text("WIDTH = 7\n")
    text = "from torch import nn\nfrom ..widths import WIDTH\n\nnet = nn.Linear(WIDTH, 2)\n"
    (folder / "net.py").write_text(text)
    model = resolve(f"{folder / 'net.py'}:net").model
    assert isinstance(model, nn.Linear) and model.in_features == 7


def test_a_model_too_large_to_be_built_is_to_be_built_without_weights(write: Write) -> None:
    text = "def build():\n    raise MemoryError\n"
    with pytest.raises(CodeError) as caught:
        resolve(f"{write('large.py', text)}:build")
    problem = problem_of(caught.value)
    assert problem.kind == "memory" and "torch.device('meta')" in problem.hint
