"""``draw``, ``export`` and ``Diagram``: options, files and errors."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import modelviz.render.engine as engine
from modelviz import summary, trace
from modelviz.drawing import draw, export
from modelviz.errors import InputError, OutputError
from modelviz.graph import load
from modelviz.render.engine import LayoutError
from tests.render.models import chain, residual

SUFFIXES = ("svg", "png", "pdf", "dot", "gv", "mmd", "mermaid", "html", "json")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_suffix_decides_the_format(suffix: str, tmp_path: Path) -> None:
    path = export(residual(), tmp_path / f"picture.{suffix}")
    assert path == tmp_path / f"picture.{suffix}"
    assert path.stat().st_size > 100
    assert os.listdir(tmp_path) == [path.name]


def test_json_is_the_graph(tmp_path: Path) -> None:
    assert load(export(residual(), tmp_path / "graph.json")) == residual()


def test_a_model_is_traced_with_its_inputs() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    assert "1×8" in draw(model, input_size=(1, 4)).svg
    assert "2×8" in draw(model, input_data=torch.zeros(2, 4)).svg
    assert draw(model).view.traced and "1×8" in draw(model).svg
    assert not draw(model, execution="none").view.traced


@pytest.mark.parametrize("path", ["picture.bmp", "picture", "picture.svg.txt"])
def test_an_unknown_suffix_is_refused(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected one of svg png pdf"):
        export(residual(), tmp_path / path)
    assert not os.listdir(tmp_path)


def test_a_folder_that_is_missing_is_named_before_any_work(tmp_path: Path) -> None:
    def untouchable() -> None:
        raise AssertionError("traced for nothing")

    class Model(nn.Module):
        def forward(self) -> None:
            untouchable()

    with pytest.raises(OutputError, match="does not exist"):
        export(Model(), tmp_path / "nowhere" / "x.svg", input_data=())


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.svg").mkdir()
    with pytest.raises(OutputError):
        export(residual(), tmp_path / "x.svg")
    assert os.listdir(tmp_path) == ["x.svg"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"theme": "neon"}, "light, dark, paper"),
        ({"direction": "BT"}, "TB"),
        ({"color_by": "mood"}, "params, flops, memory"),
        ({"color_by": "time"}, "measure it with modelviz.profile"),
        ({"engine": "magic"}, "bundled"),
        ({"show": "everything"}, "shapes"),
        ({"depth": -2}, "whole number"),
        ({"expand": "nothing.like.this"}, "matches no module"),
    ],
)
def test_an_option_that_is_not_known_says_what_is(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        draw(residual(), **options)  # type: ignore[arg-type]


def test_a_heat_map_of_time_runs_the_model_for_real() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU())
    diagram = draw(model, input_size=(1, 4), color_by="time")
    assert diagram.graph.execution == "real"
    assert all(node.figures.seconds > 0 for node in diagram.view.nodes() if node.path)
    legend = re.search(r">time [0-9.]+ (µs|ms|s|ns)<", diagram.svg)
    assert legend is not None
    # A flowchart has room for the times; cards show them where there is some, and on hovering.
    assert len(re.findall(r"\d (?:µs|ms|s|ns)\b", diagram.mermaid)) == 2
    assert len(re.findall(r"\d (?:µs|ms|s|ns)\b", diagram.svg)) >= 3
    assert diagram.png() and diagram.pdf()


def test_a_heat_map_of_time_needs_a_forward() -> None:
    with pytest.raises(InputError, match="inputs to run"):
        draw(nn.Linear(4, 8), color_by="time", execution="none")
    assert draw(nn.Linear(4, 8), color_by="time").graph.total_seconds is not None


def test_a_layout_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LAYOUT_SECONDS", 0.0)
    with pytest.raises(LayoutError, match="smaller depth"):
        _ = draw(chain(200), depth=1).svg


def test_a_picture_too_large_for_an_image_says_what_would_do() -> None:
    with pytest.raises(InputError, match="dpi="):
        draw(chain(300), depth=1).png(dpi=2000)


def test_a_system_engine_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(LayoutError, match="engine='system'"):
        _ = draw(residual(), engine="system").svg


def test_a_machine_without_fonts_draws_the_same(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = draw(residual()).png(72)
    monkeypatch.setenv("FONTCONFIG_PATH", str(tmp_path))
    monkeypatch.setenv("FONTCONFIG_FILE", str(tmp_path / "none.conf"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert draw(residual()).png(72) == before


def test_a_notebook_shows_the_picture() -> None:
    bundle = draw(residual())._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert "Residual" in bundle["text/plain"]


def test_a_notebook_says_why_there_is_no_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LAYOUT_SECONDS", 0.0)
    bundle = draw(chain(200), depth=1)._repr_mimebundle_()
    assert set(bundle) == {"text/plain"}
    assert "smaller depth" in bundle["text/plain"]


class Scaled(nn.Module):
    def forward(self, x: Any, scale: float = 1.0) -> Any:
        return x * scale


@pytest.mark.parametrize(
    ("name", "advice"), [("direciton", "did you mean 'direction'"), ("zzz", "its options are ")]
)
def test_a_misspelt_option_is_named_and_no_fault_of_the_model(name: str, advice: str) -> None:
    options: dict[str, Any] = {name: "LR"}
    with pytest.raises(InputError, match=f"draw has no option '{name}'.*{advice}"):
        draw(Scaled(), (2, 3), **options)
    with pytest.raises(InputError, match=f"draw has no option '{name}'.*{advice}"):
        draw(trace(Scaled(), (2, 3)), **options)
    assert draw(Scaled(), (2, 3), scale=2.0).graph.ops
    with pytest.raises(InputError, match=r"summary has no option 'dept'.*did you mean 'depth'"):
        summary(Scaled(), (2, 3), dept=2)
