"""Exported programs, ONNX files and TorchScript archives: what is read, and that nothing runs."""

from __future__ import annotations

import io
import json
import pickle
import random
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

import modelviz
from modelviz import InputError, ModelGraph
from modelviz.graph.whole import check
from modelviz.sources import kind_of, resolve

from .exported import STACK, meta, node, program, varying, write


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.norm(self.conv(x))) + x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(8, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.blocks(self.stem(x))
        return self.head(x.mean((2, 3)))


SIZE = (2, 3, 16, 16)


class Payload:
    """Something that leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.trace), "w")


def graph_of(path: Path) -> ModelGraph:
    """The graph in the file, known to be whole."""
    graph = resolve(str(path)).model
    assert isinstance(graph, ModelGraph)
    check(graph)
    assert ModelGraph.from_dict(json.loads(graph.to_json())) == graph
    return graph


# -- exported programs ----------------------------------------------------------------------------


def test_program_has_modules_shapes_flops_and_lines(tmp_path: Path) -> None:
    graph = graph_of(write(tmp_path / "net.pt2", program()))
    assert graph.name == "Net"
    assert [(one.path, one.class_name) for one in graph.modules] == [("", "Net"), ("fc", "Linear")]
    assert [(op.name, op.file, op.line) for op in graph.ops] == [
        ("linear", "/home/me/nets.py", 7),
        ("relu", "/home/me/nets.py", 7),
    ]
    assert (graph.total_params, graph.trainable_params) == (15, 15)
    assert graph.total_flops == 2 * 2 * 3 * 4
    assert [call.module for call in graph.calls] == ["", "fc"]
    assert [graph.tensors[one].shape for one in graph.calls[1].outputs] == [(2, 3)]


def test_program_of_an_older_release(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt2", "w") as archive:
        archive.writestr("version", "8.2")
        archive.writestr("serialized_exported_program.json", json.dumps(program()))
        archive.writestr("serialized_state_dict.pt", b"not looked at")
    assert graph_of(tmp_path / "net.pt2").total_flops == 48


def test_sizes_that_may_vary_are_told(tmp_path: Path) -> None:
    graph = graph_of(write(tmp_path / "net.pt2", program(varying("s0", 5))))
    assert graph.tensors[graph.outputs[0]].shape == (5, 3)
    assert any("s0 = 5 (from 1 to 64)" in note for note in graph.notes)


def test_module_called_twice_has_two_calls(tmp_path: Path) -> None:
    content = program()
    graph = content["graph_module"]["graph"]
    graph["nodes"][0]["target"] = "torch.ops.aten.matmul.default"
    graph["nodes"][0]["inputs"] = node("", ["x", "square"], "")["inputs"]
    again = STACK.replace("L__self__fc,", "L__self__fc@1,")
    graph["nodes"][1:] = [node("torch.ops.aten.matmul.default", ["linear", "square"], "y", again)]
    graph["tensor_values"] |= {"square": meta(4, 4), "linear": meta(2, 4), "y": meta(2, 4)}
    graph["outputs"] = [{"as_tensor": {"name": "y"}}]
    specs = content["graph_module"]["signature"]["input_specs"]
    specs.append({"parameter": {"arg": {"name": "square"}, "parameter_name": "fc.square"}})
    made = graph_of(write(tmp_path / "net.pt2", content))
    assert [(call.module, call.index) for call in made.calls] == [("", 0), ("fc", 0), ("fc", 1)]
    assert made.total_flops == 2 * (2 * 2 * 4 * 4)


@pytest.mark.parametrize(
    "target",
    [
        "torch.ops.mylib.mix.default",
        "torch.ops.aten.no_such_op.default",
        "torch.ops.aten.__class__.mro",
        "os.system",
        "torch.ops.higher_order.cond",
    ],
)
def test_op_that_is_not_known_is_not_called_but_named(target: str, tmp_path: Path) -> None:
    content = program()
    content["graph_module"]["graph"]["nodes"][1]["target"] = target
    graph = graph_of(write(tmp_path / "net.pt2", content))
    assert graph.total_flops == 48
    assert any("not counted" in note for note in graph.notes)


def test_nothing_in_a_hostile_program_runs(tmp_path: Path) -> None:
    """Pickles, expressions and guards, which ``torch.export.load`` would load, eval and exec."""
    trace = tmp_path / "ran"
    code = f"__import__('pathlib').Path({str(trace)!r}).touch()"
    content = program({"as_expr": {"expr_str": code, "hint": {"as_int": 2}}})
    content["guards_code"] = [code]
    config = {"fc.weight": {"path_name": "weight_0", "use_pickle": True, "tensor_meta": None}}
    about = json.dumps({"config": config}).encode()
    file = write(
        tmp_path / "net.pt2",
        content,
        data__weights__weight_0=pickle.dumps(Payload(trace)),
        data__weights__model_weights_config__json=about,
    )
    data = file.read_bytes().replace(b"config/json", b"config.json")
    file.write_bytes(data)
    assert graph_of(file).total_params == 15
    assert not trace.exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: content.pop("graph_module"), "damaged"),
        (lambda content: content["graph_module"]["graph"].pop("nodes"), "damaged"),
        (
            lambda content: content["graph_module"]["graph"]["tensor_values"]["x"].update(dtype=99),
            "a type that is not known",
        ),
    ],
)
def test_damaged_program_is_refused(spoil: Any, said: str, tmp_path: Path) -> None:
    content = program()
    spoil(content)
    with pytest.raises(InputError, match=said):
        resolve(str(write(tmp_path / "net.pt2", content)))


def test_archive_without_a_program_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("net/data/aotinductor/model/net.so", b"")
    with pytest.raises(InputError, match="compiled code"):
        resolve(str(file))
    file.write_bytes(b"nothing")
    with pytest.raises(InputError, match="no exported program"):
        resolve(str(file))
    with pytest.raises(InputError, match="cannot read"):
        resolve(str(tmp_path / "absent.pt2"))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A model as PyTorch itself exports it."""
    path = tmp_path_factory.mktemp("exported") / "net.pt2"
    batch = {"x": {0: torch.export.Dim("batch", min=1, max=64)}}
    model = Net().eval()
    made = torch.export.export(model, (torch.randn(SIZE),), dynamic_shapes=batch)
    torch.export.save(made, path)
    yield path


@pytest.mark.slow
def test_exported_model_is_what_a_trace_of_it_is(exported: Path) -> None:
    graph, traced = graph_of(exported), modelviz.trace(Net().eval(), SIZE)
    assert graph.total_params == traced.total_params
    assert graph.total_flops == traced.total_flops
    names = [(one.path, one.class_name) for one in graph.modules]
    assert sorted(names) == sorted((one.path, one.class_name) for one in traced.modules)
    assert [op.name for op in graph.ops] == [op.name for op in traced.ops]
    assert [(op.file, op.line) for op in graph.ops] == [(op.file, op.line) for op in traced.ops]
    assert [one.module for one in graph.calls] == [one.module for one in traced.calls]
    assert "× 2" in str(modelviz.summary(graph, verbose=0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "size"),
    [
        (nn.LSTM(4, 6, 2, batch_first=True), (2, 5, 4)),
        (nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (2, 5, 16)),
        (nn.Sequential(nn.ConvTranspose2d(3, 4, 2), nn.Flatten(), nn.Linear(324, 2)), (1, 3, 8, 8)),
    ],
    ids=["lstm", "transformer", "transposed"],
)
@pytest.mark.filterwarnings("ignore:The tensor attributes:UserWarning")
def test_flops_of_exported_models(model: nn.Module, size: tuple[int, ...], tmp_path: Path) -> None:
    made = torch.export.export(model.eval(), (torch.randn(size),))
    torch.export.save(made, tmp_path / "model.pt2")
    graph, traced = graph_of(tmp_path / "model.pt2"), modelviz.trace(model, size)
    assert (graph.total_flops, graph.total_params) == (traced.total_flops, traced.total_params)


# -- ONNX -----------------------------------------------------------------------------------------


def onnx_model(**about: str) -> onnx.ModelProto:
    """``relu(conv(x))``, its names as those of an exporter."""
    conv = helper.make_node("Conv", ["x", "stem.weight", "b"], ["c"], "/stem/Conv", pads=[1] * 4)
    for key, value in about.items():
        conv.metadata_props.append(
            onnx.StringStringEntryProto(key=f"pkg.torch.onnx.{key}", value=value)
        )
    relu = helper.make_node("Relu", ["c"], ["y"], "/Relu")
    graph = helper.make_graph(
        [conv, relu],
        "main_graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [
            helper.make_tensor("stem.weight", TensorProto.FLOAT, [4, 3, 3, 3], [0.0] * 108),
            helper.make_tensor("b", TensorProto.FLOAT, [4], [0.0] * 4),
        ],
    )
    return helper.make_model(graph)


def test_onnx_has_modules_shapes_and_flops(tmp_path: Path) -> None:
    onnx.save(onnx_model(), tmp_path / "net.onnx")
    graph = graph_of(tmp_path / "net.onnx")
    assert [(one.path, one.class_name) for one in graph.modules] == [("", "net"), ("stem", "Conv")]
    assert [one.name for one in graph.module("stem").parameters] == ["weight", "bias"]
    assert graph.tensors[graph.outputs[0]].shape == (1, 4, 8, 8)
    assert (
        graph.total_flops == modelviz.trace(nn.Conv2d(3, 4, 3, padding=1), (1, 3, 8, 8)).total_flops
    )
    assert any("taken as 1: batch" in note for note in graph.notes)


def test_onnx_tells_modules_by_what_the_exporter_wrote(tmp_path: Path) -> None:
    about = {
        "name_scopes": "['', 'body', 'body.0', 'conv2d']",
        "class_hierarchy": "['nets.Net', 'torch.nn.modules.container.Sequential', "
        "'torch.nn.modules.conv.Conv2d', 'aten.conv2d.default']",
        "stack_trace": 'File "/home/me/nets.py", line 9, in forward\n    return self.body(x)',
    }
    onnx.save(onnx_model(**about), tmp_path / "net.onnx")
    graph = graph_of(tmp_path / "net.onnx")
    assert graph.name == "Net"
    named = {one.path: one.class_name for one in graph.modules}
    assert named["body"] == "Sequential" and named["body.0"] == "Conv2d"
    assert (graph.ops[0].file, graph.ops[0].line) == ("/home/me/nets.py", 9)


def test_onnx_weights_in_other_files_are_left_there(tmp_path: Path) -> None:
    model = onnx_model()
    weight = model.graph.initializer[0]
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.append(onnx.StringStringEntryProto(key="location", value="/etc/passwd"))
    onnx.save(model, tmp_path / "net.onnx")
    assert graph_of(tmp_path / "net.onnx").total_params == 112


def test_onnx_ops_without_a_formula_are_named(tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.node[1].op_type, model.graph.node[1].domain = "Fancy", "com.example"
    onnx.save(model, tmp_path / "net.onnx")
    assert any("not counted: Fancy" in note for note in graph_of(tmp_path / "net.onnx").notes)


@pytest.mark.parametrize("data", [b"", b"nothing at all", b"\x08\x07"])
def test_what_is_no_onnx_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(data)
    with pytest.raises(InputError, match="no file of ONNX"):
        resolve(str(tmp_path / "net.onnx"))


def test_onnx_without_its_package_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"torch-modelviz\[onnx\]"):
        resolve(str(tmp_path / "net.onnx"))


@pytest.mark.slow
@pytest.mark.parametrize("dynamo", [False, True])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_onnx_of_pytorch_has_its_flops_and_modules(dynamo: bool, tmp_path: Path) -> None:
    if dynamo:
        pytest.importorskip("onnxscript")
    file = tmp_path / "net.onnx"
    torch.onnx.export(Net().eval(), (torch.randn(SIZE),), file, dynamo=dynamo, verbose=False)
    graph, traced = graph_of(file), modelviz.trace(Net().eval(), SIZE)
    assert graph.total_flops == traced.total_flops
    # Normalisations are part of the convolutions in the file.
    norms = sum(one.numel for path, one in traced.unique_parameters() if "norm" in path)
    assert graph.total_params == traced.total_params - norms
    assert {"stem", "blocks", "blocks.0", "blocks.1.conv"} <= {one.path for one in graph.modules}
    assert "× 2" in str(modelviz.summary(graph, verbose=0))


# -- TorchScript ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".pt", ".torchscript"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_has_modules_weights_and_settings(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"net{suffix}"
    torch.jit.save(torch.jit.script(Net().eval()), path)
    graph, traced = graph_of(path), modelviz.trace(Net().eval(), execution="none")
    assert graph.execution == "none"
    names = [(one.path, one.class_name) for one in graph.modules]
    assert sorted(names) == sorted((one.path, one.class_name) for one in traced.modules)
    assert dict(graph.unique_parameters()) == dict(traced.unique_parameters())
    assert "stride=(2, 2)" in graph.module("stem").config
    buffers = [buffer.name for buffer in graph.module("blocks.0.norm").buffers]
    assert buffers == ["running_mean", "running_var", "num_batches_tracked"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_weights_of_a_frozen_module_are_told(tmp_path: Path) -> None:
    frozen = torch.jit.freeze(torch.jit.script(nn.Linear(4, 3).eval()))
    torch.jit.save(frozen, tmp_path / "net.pt")
    graph = graph_of(tmp_path / "net.pt")
    assert graph.total_params == 0
    assert any("2 tensors with 15 numbers are constants" in note for note in graph.notes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_nothing_in_a_hostile_torchscript_archive_is_imported(tmp_path: Path) -> None:
    path, trace = tmp_path / "net.pt", tmp_path / "ran"
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), path)
    made = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(made, "w") as other:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith("/data.pkl"):
                data = pickle.dumps({"weight": Payload(trace)}, protocol=2)
            other.writestr(name, data)
    path.write_bytes(made.getvalue())
    with pytest.raises(InputError, match=r"asks for \w+\.open"):
        resolve(str(path))
    assert not trace.exists()


def test_files_that_hold_data_are_no_code() -> None:
    for name in ("a.pt2", "a.onnx", "a.pt", "a.torchscript", "a.safetensors", "folder/A.ONNX"):
        assert kind_of(name) == "file"
    assert kind_of("a.py") == kind_of("a.pt2:b") == "code"


def test_constants_that_an_exporter_computed_are_no_parameters(tmp_path: Path) -> None:
    model = onnx_model()
    model.graph.node[1].op_type = "Mul"
    model.graph.node[1].input.append("sines")
    table = helper.make_tensor("sines", TensorProto.FLOAT, [4, 8, 8], [0.0] * 256)
    model.graph.initializer.append(table)
    onnx.save(model, tmp_path / "net.onnx")
    graph = graph_of(tmp_path / "net.onnx")
    assert graph.total_params == 112
    assert [one.name for one in graph.tensors if one.kind == "constant"] == ["sines"]


def paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every part of a JSON value but the whole."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in parts if isinstance(value, (dict, list)) else ():
        yield (*above, key)
        if isinstance(part, (dict, list)):
            yield from paths(part, (*above, key))


@pytest.mark.parametrize("seed", range(60))
def test_program_with_something_wrong_is_refused_or_shows(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    content = program(varying("s0", 5))
    *way, last = chance.choice(list(paths(content)))
    holder: Any = content
    for key in way:
        holder = holder[key]
    holder[last] = chance.choice([None, -1, 10**30, "", [], {}, True, float("inf"), {"as_int": -3}])
    file = write(tmp_path / "net.pt2", content)
    try:
        graph = graph_of(file)
    except InputError as error:
        assert "net.pt2" in str(error) or "type that is not known" in str(error)
    else:
        assert str(modelviz.summary(graph, verbose=0))
