"""Real models drawn without options: a page, in formats that others read, the same every time."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks.pictures import mermaid
from benchmarks.pictures.formats import MOST_VISIBLE, problems
from benchmarks.pictures.geometry import (
    Box,
    against_the_flow,
    crossings,
    faults,
    page,
    printed_text,
)
from benchmarks.pictures.models import SMALL
from benchmarks.zoo import Entry, missing, zoo
from modelviz import Diagram, draw, trace

QUICK = {
    "torch-lstm-tagger",
    "torch-mixture-of-experts",
    "torch-unet",
    "timm-resnet",
    "transformers-gpt2",
    "transformers-mixtral",
    "diffusers-unet2d-condition",
    "pyg-gat",
}
U_SHAPED = {"torch-unet", "diffusers-unet2d", "diffusers-unet2d-condition"}
DRAWN = [entry for entry in zoo() if entry.full is not None or entry.name in {*SMALL, *QUICK}]


def newly_drawn(entry: Entry) -> Diagram:
    """The model at its small scale, traced and drawn with nothing asked for."""
    if reason := missing(entry.family):
        pytest.skip(reason)
    sample = entry.build()
    return draw(trace(sample.module, **sample.trace_arguments()))


@cache
def drawn(entry: Entry) -> Diagram:
    """The same, once for all tests."""
    return newly_drawn(entry)


@pytest.fixture(scope="module")
def mermaid_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with Mermaid in it."""
    home = tmp_path_factory.mktemp("mermaid")
    try:
        mermaid.install(home)
    except mermaid.NoMermaid as reason:
        pytest.skip(str(reason))
    return home


def models() -> list[Any]:
    return [
        pytest.param(entry, id=entry.name, marks=[] if entry.name in QUICK else [pytest.mark.slow])
        for entry in DRAWN
    ]


def test_the_models_are_many_and_of_every_family() -> None:
    assert len(DRAWN) >= 60
    assert {entry.family for entry in DRAWN} == {entry.family for entry in zoo()}


@pytest.mark.parametrize("entry", models())
def test_a_picture_without_options_is_a_page_in_valid_formats(entry: Entry) -> None:
    diagram = drawn(entry)
    assert 3 <= diagram.view.size <= MOST_VISIBLE
    assert problems(diagram) == []
    assert printed_text(diagram.svg) >= 5.99
    assert faults(diagram.svg) == []
    back, arrows = against_the_flow(diagram.svg)
    # The way up of a U, with a skip for each level, leads upwards.
    assert arrows and (not back or entry.name in U_SHAPED)


VARIED = [
    "torch-transformer-decoder",
    "torch-gru-attention-seq2seq",
    "torch-wavenet",
    "torch-dlrm",
    "torch-vae",
    "torch-siamese",
    "torch-mixture-of-experts",
    "torch-unet",
    "torchvision-googlenet",
    "torchvision-raft",
    "torchvision-deeplabv3",
    "timm-densenet",
    "timm-hrnet",
    "timm-dla",
    "timm-swin",
    "timm-resnest",
    "timm-levit",
    "timm-coatnet",
    "transformers-bert",
    "transformers-mixtral",
    "transformers-t5",
    "transformers-detr",
    "transformers-mask2former",
    "transformers-whisper",
    "transformers-clip",
    "transformers-mamba2",
    "transformers-jamba",
    "transformers-sam",
    "transformers-llava",
    "diffusers-unet2d-condition",
    "diffusers-autoencoder-kl",
    "diffusers-flux",
    "pyg-gat",
]


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in {"torch-vae", "pyg-gat"} else [pytest.mark.slow])
        for name in VARIED
    ],
)
def test_any_direction_and_theme_is_right_to_the_pixel(name: str, direction: str) -> None:
    """What ``faults`` finds: overlaps, spilled text, cut frames, loose ends of lines."""
    graph = drawn(next(entry for entry in zoo() if entry.name == name)).graph
    for theme in ("light", "paper"):
        svg = draw(graph, direction=direction, theme=theme).svg
        assert faults(svg) == []
        assert printed_text(svg) >= 5.99


@pytest.mark.parametrize("name", sorted(QUICK))
def test_a_model_built_and_traced_again_gives_the_same_files(name: str) -> None:
    entry = {entry.name: entry for entry in zoo()}[name]
    first, second = newly_drawn(entry), newly_drawn(entry)
    assert first.source == second.source
    assert first.mermaid == second.mermaid
    assert first.svg == second.svg
    assert first.png(72) == second.png(72)
    assert first.pdf() == second.pdf()


@pytest.mark.slow
def test_mermaid_itself_reads_every_picture(mermaid_home: Path, tmp_path: Path) -> None:
    entries = [entry for entry in DRAWN if not missing(entry.family)]
    assert len(entries) >= 4
    paths = [drawn(entry).save(tmp_path / f"{entry.name}.mmd") for entry in entries]
    assert mermaid.errors(mermaid_home, paths) == {}


@pytest.mark.slow
def test_mermaid_refuses_what_is_no_flowchart(mermaid_home: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.mmd"
    wrong.write_text("flowchart TB\n  a[unbalanced", encoding="utf-8")
    assert wrong in mermaid.errors(mermaid_home, [wrong])


def test_without_node_it_is_said_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(mermaid.NoMermaid, match="node is not installed"):
        mermaid.install(tmp_path)


# -- what looks for faults does find them ---------------------------------------------------------


def svg(*parts: str) -> str:
    """A picture of 200 by 100 points."""
    body = "".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100">{body}</svg>'


def card(x: float, y: float, words: str, long: float = 30, name: str = "c") -> str:
    """A card of 50 by 20 points with a text of ``long`` points."""
    return (
        f'<g class="node linear" data-id="{name}"><title>{words}</title>'
        f'<rect x="{x}" y="{y}" width="50" height="20"/>'
        f'<text x="{x + 5}" y="{y + 14}" font-size="10" textLength="{long}">{words}</text></g>'
    )


def frame(x: float, y: float, name: str) -> str:
    """A frame of 80 by 60 points."""
    rect = f'<rect x="{x}" y="{y}" width="80" height="60"/>'
    return f'<g class="group" data-id="{name}"><title>{name}</title>{rect}</g>'


def header(x: float, y: float, name: str) -> str:
    return (
        f'<g class="header" data-id="{name}-header"><rect x="{x}" y="{y - 8}" width="40" '
        f'height="10"/><text x="{x}" y="{y}" font-size="8" textLength="40">Head</text></g>'
    )


def line(x1: float, y1: float, x2: float, y2: float, name: str = "a-b") -> str:
    return (
        f'<g class="edge" data-id="{name}">'
        f'<path d="M{x1},{y1}C{x1},{y1} {x2},{y2} {x2},{y2}"/>'
        f'<polygon points="{x2 - 2},{y2 - 5} {x2},{y2} {x2 + 2},{y2 - 5}"/></g>'
    )


def label(x: float, y: float, name: str) -> str:
    return (
        f'<g class="label" data-id="{name}"><rect x="{x}" y="{y}" width="30" height="10"/>'
        f'<text x="{x + 2}" y="{y + 8}" font-size="8" textLength="26">2×3</text></g>'
    )


def test_a_tidy_picture_has_no_faults() -> None:
    cards = card(0, 0, "a", name="a"), card(0, 60, "b", name="b")
    tidy = svg(*cards, line(25, 20, 25, 60), label(27, 35, "a-b-label"))
    assert faults(tidy) == []
    assert crossings(tidy) == []
    assert page(tidy) == (200, 100)
    assert against_the_flow(tidy) == (0, 1)


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (svg(card(0, 0, "a"), card(30, 10, "b")), "cards overlap"),
        (svg(card(0, 0, "a", long=80)), "text wider than its box"),
        (svg(card(180, 0, "a")), "cut off"),
        (svg(card(0, 0, "a"), label(30, 5, "x")), "label on a card"),
        (svg(label(0, 0, "x"), label(10, 2, "y")), "texts overlap"),
        (
            svg(card(0, 0, "a", name="a"), card(100, 0, "b", name="b"), line(25, 20, 25, 90)),
            "arrow to nowhere",
        ),
        (
            svg(card(0, 0, "a", name="a"), card(0, 60, "b", name="b"), line(90, 20, 25, 60)),
            "line from nowhere",
        ),
        (svg(card(0, 0, "a", name="a"), frame(20, -10, "g")), "frame cuts what is in it"),
        (svg(frame(0, 0, "g"), frame(40, 5, "h")), "frames overlap"),
        (svg(frame(0, 0, "g"), header(70, 15, "g")), "header out of its frame"),
    ],
)
def test_what_overlaps_is_found(picture: str, fault: str) -> None:
    assert any(found.startswith(fault) for found in faults(picture))


def test_lines_behind_something_are_found() -> None:
    behind_card = svg(card(0, 40, "a"), line(25, 0, 25, 100))
    behind_label = svg(label(0, 40, "c-d-label"), line(15, 0, 15, 100))
    assert crossings(behind_card) == ["line behind a card: a-b behind 'a' (c)"]
    assert crossings(behind_label) == ["line behind a label: a-b behind c-d-label"]


def test_arrows_that_point_back_are_found() -> None:
    up = '<g class="edge" data-id="a"><polygon points="8,55 10,50 12,55"/></g>'
    assert against_the_flow(svg(up)) == (1, 1)


def test_boxes_that_only_touch_do_not_meet() -> None:
    assert not Box(0, 0, 10, 10).meets(Box(10, 0, 20, 10))
    assert Box(0, 0, 10, 10).meets(Box(8, 8, 20, 20))
