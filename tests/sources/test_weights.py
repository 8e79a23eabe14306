"""Files of weights: their names and shapes as a graph, whatever they hold."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import modelviz
from modelviz.errors import InputError
from modelviz.graph import ModelGraph
from modelviz.sources import files, resolve
from modelviz.sources.safetensors import read_weights
from modelviz.sources.weights import tree
from tests.work import work


def net() -> nn.Module:
    return nn.ModuleDict(
        {
            "layers": nn.ModuleList([nn.Linear(3, 4) for _ in range(11)]),
            "norm": nn.LayerNorm(4, dtype=torch.bfloat16),
        }
    )


def graph_of(path: Path) -> ModelGraph:
    model = resolve(str(path)).model
    assert isinstance(model, ModelGraph)
    return model


def write(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    from safetensors.torch import save_file

    save_file(net().state_dict(), tmp_path / "net.safetensors", {"format": "pt"})
    return tmp_path / "net.safetensors"


def test_names_become_a_tree_of_modules(file: Path) -> None:
    graph = graph_of(file)
    assert graph.execution == "none"
    assert graph.total_params == 11 * 16 + 8
    assert graph.total_param_bytes == 11 * 16 * 4 + 8 * 2
    paths = [module.path for module in graph.modules]
    assert paths == ["", "layers", *(f"layers.{n}" for n in range(11)), "norm"]
    found = {p.name: (p.shape, p.dtype) for p in graph.module("layers.10").parameters}
    assert found == {"weight": ((4, 3), "float32"), "bias": ((4,), "float32")}
    assert {p.dtype for p in graph.module("norm").parameters} == {"bfloat16"}
    assert graph.module("layers.10").config == "weight=[4, 3], bias=[4]"
    assert "classes and data flow are not known" in graph.notes[0]


def test_graph_of_weights_is_drawn_summed_up_and_saved(file: Path) -> None:
    graph = graph_of(file)
    assert "layers" in modelviz.draw(graph).svg
    table = str(modelviz.summary(graph, verbose=0, fold=False))
    assert "184" in table
    assert "norm" in table
    assert ModelGraph.from_json(graph.to_json()) == graph


def test_data_is_not_read(tmp_path: Path) -> None:
    size = 2**40  # a terabyte that is not there
    path = write(
        tmp_path / "big.safetensors",
        {"w": {"dtype": "F32", "shape": [2**19, 2**19], "data_offsets": [0, size]}},
    )
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size + size)
    assert graph_of(path).total_params == 2**38


@pytest.mark.parametrize("suffix", [".pt", ".pth"])
def test_state_dict_is_read_without_running_code(tmp_path: Path, suffix: str) -> None:
    torch.save({"model": net().state_dict(), "epoch": 3}, tmp_path / f"net{suffix}")
    graph = graph_of(tmp_path / f"net{suffix}")
    assert graph.total_params == 184
    assert graph.module("model.norm").parameters[0].shape == (4,)


class Evil:
    def __reduce__(self) -> Any:
        return print, ("ran",)


def test_pickle_of_anything_else_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"x": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(InputError, match="holds more than weights"):
        resolve(str(tmp_path / "evil.pt"))
    (tmp_path / "junk.pt").write_bytes(b"junk")
    with pytest.raises(InputError, match="was not written by"):
        resolve(str(tmp_path / "junk.pt"))
    assert capsys.readouterr().out == ""


def entry(**changes: Any) -> dict[str, Any]:
    return {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]} | changes}


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"__metadata__": {}}',
        b"\xff\xfe",
        b"[" * 50_000,
        {"w": 3},
        {"w": {}},
        {"w": None},
        entry(dtype="F31"),
        entry(dtype=["F32"]),
        entry(shape=[2, 4]),
        entry(shape=[-2, -3]),
        entry(shape=["2", 3]),
        entry(shape=[2**62] * 64),
        entry(shape=[1] * 65),
        entry(shape=6),
        entry(data_offsets=[0, 24, 3]),
        entry(data_offsets=[24, 0]),
        entry(data_offsets=[-24, 0]),
        entry(data_offsets=[24, 48]),
        entry(data_offsets="ab"),
        {".".join("a" * 200): entry()["w"]},
    ],
)
def test_malformed_header_is_refused(tmp_path: Path, header: Any) -> None:
    path = write(tmp_path / "bad.safetensors", header, bytes(24))
    with pytest.raises(InputError, match=r"bad\.safetensors"):
        resolve(str(path))


@pytest.mark.parametrize("data", [b"", b"abc", bytes(8), b"\xff" * 8, b"\xff" * 100])
def test_other_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "bad.safetensors").write_bytes(data)
    with pytest.raises(InputError, match="is no safetensors file, is damaged or is cut off"):
        resolve(str(tmp_path / "bad.safetensors"))


def test_file_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"cannot read 'none\.safetensors'"):
        resolve("none.safetensors")


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_damaged_file_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = write(tmp_path_factory.mktemp("weights") / "x.safetensors", entry(), bytes(24))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        weights = read_weights(path)
    except InputError:
        return
    assert tree("x", weights).total_params == 6


def test_any_name_is_kept() -> None:
    names = ["<script>", "a..b", ".", "", "x\ny", "layers.007.w", "layers.²"]
    graph = tree("x", [(name, (1,), "float32", 4) for name in names])
    assert graph.total_params == len(names)
    assert ModelGraph.from_json(graph.to_json()) == graph
    modelviz.draw(graph)


def saved(path: Path, value: Any) -> Path:
    torch.save(value, path)
    return path


def test_dicts_without_an_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    circle: dict[str, Any] = {"w": torch.ones(2)}
    circle["again"] = circle
    with pytest.raises(InputError, match="dicts inside each other without an end"):
        resolve(str(saved(tmp_path / "circle.pt", circle)))
    doubled: dict[str, Any] = {"w": torch.ones(2)}
    for _ in range(60):
        doubled = {"a": doubled, "b": doubled}
    with (
        pytest.raises(InputError, match="more than 1,000 values"),
        pytest.MonkeyPatch.context() as m,
    ):
        m.setattr(files, "MAX_VALUES", 1_000)
        resolve(str(saved(tmp_path / "doubled.pt", doubled)))


def test_a_compressed_archive_is_not_unpacked(tmp_path: Path) -> None:
    plain = saved(tmp_path / "plain.pt", {"w": torch.zeros(10**6)})
    assert resolve(str(plain)).model.total_params == 10**6  # type: ignore[union-attr]
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as out:
        for entry in source.infolist():
            out.writestr(entry.filename, source.read(entry))
    assert bomb.stat().st_size < 20_000
    with pytest.raises(InputError, match=r"is compressed, 4,0.* bytes in .*, and is not unpacked"):
        resolve(str(bomb))


@pytest.mark.parametrize("name", ["", "a.", ".a", "a..b"])
def test_a_weight_without_a_name_comes_through_a_file(name: str) -> None:
    graph = tree("file", [(name, (2,), "float32", 8)])
    assert ModelGraph.from_json(graph.to_json()) == graph
    assert graph.total_params == 2


def test_work_grows_in_step_with_the_tensors() -> None:
    def layers(count: int) -> int:
        weights = [(f"layers.{i}.weight", (2, 2), "float32", 16) for i in range(count)]
        return work(lambda: ModelGraph.from_dict(tree("file", weights).to_dict()))

    assert layers(800) < 4 * 1.5 * layers(200)
