"""A picture has the size that it is printed in, and text that can be read there."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from benchmarks.pictures.geometry import against_the_flow, faults, page, printed_text
from modelviz import fitting, trace
from modelviz.drawing import draw
from modelviz.errors import InputError
from modelviz.graph import ModelGraph
from tests.graphs import GraphBuilder
from tests.render.models import residual


@cache
def ladder(levels: int = 5, inside: int = 3) -> ModelGraph:
    """Blocks of layers on a way down and a way up, each joined to its partner."""
    build = GraphBuilder("Ladder")
    names = [*(f"down.{i}" for i in range(levels)), *(f"up.{i}" for i in range(levels))]
    for name in names:
        build.module(name, "Stage")
        for index in range(inside):
            # No two are equal, so that nothing is folded.
            size = 8 + len(name) + index + names.index(name)
            build.module(f"{name}.{index}", "Linear", f"8, {size}", {"weight": (size, 8)})
    x = build.input(2, 8)
    skips = []
    with build.call("", x):
        for place, name in enumerate(names):
            if place >= levels:
                x = build.op("add", x, skips.pop())
            with build.call(name, x) as outputs:
                for index in range(inside):
                    x = build.layer(f"{name}.{index}", x)
                outputs.append(x)
            if place < levels:
                skips.append(x)
    return build.graph(x)


def smallest(svg: str) -> float:
    return min(float(size) for size in re.findall(r'font-size="([\d.]+)"', svg))


@pytest.mark.parametrize("direction", [None, "TB", "LR"])
def test_a_picture_without_options_can_be_read_in_print(direction: str | None) -> None:
    diagram = draw(ladder(), direction=direction)
    assert printed_text(draw(ladder(), direction=direction, depth=2).svg) < 5
    assert printed_text(diagram.svg) >= 5.99
    assert diagram.view.size > 10
    assert faults(diagram.svg) == []
    assert smallest(diagram.svg) >= 8


def test_a_direction_is_chosen_where_only_one_can_be_read() -> None:
    assert draw(residual()).style.direction == "TB"
    ways = {way: draw(ladder(), direction=way, width="7in", font_size=8) for way in ("TB", "LR")}
    chosen = draw(ladder(), width="7in", font_size=8)
    assert chosen.view.size == max(diagram.view.size for diagram in ways.values())


@pytest.mark.parametrize("direction", ["TB", "LR"])
@pytest.mark.parametrize(
    ("width", "points"), [("3.3in", 237.6), ("17 cm", 481.9), ("85mm", 240.9), ("400px", 300)]
)
def test_a_figure_has_the_width_of_its_column(width: str, points: float, direction: str) -> None:
    svg = draw(ladder(), width=width, direction=direction).svg
    wide, high = page(svg)
    assert wide == pytest.approx(points, abs=0.05)
    assert high <= 648.1
    assert smallest(svg) >= 5.99
    assert faults(svg) == []


def test_a_small_picture_is_not_blown_up() -> None:
    svg = draw(residual(), width="6in").svg
    assert page(svg)[0] == pytest.approx(432)
    assert smallest(svg) == smallest(draw(residual()).svg)


def test_text_has_the_size_that_is_asked_for() -> None:
    plain, large = draw(residual()), draw(residual(), font_size=12)
    assert smallest(large.svg) == pytest.approx(12, abs=0.01)
    assert page(large.svg)[0] > page(plain.svg)[0] * 1.3
    assert smallest(draw(residual(), width="6in", font_size=9).svg) >= 9


@pytest.mark.parametrize("sheet", ["A4", "Letter"])
def test_a_page_holds_the_picture_within_its_margins(sheet: str) -> None:
    wide, high = page(draw(ladder(), page=sheet, font_size=7).svg)
    room = {"A4": (451.28, 697.89), "Letter": (468.0, 648.0)}[sheet]
    assert (wide <= room[0] and high <= room[1]) or (wide <= room[1] and high <= room[0])


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_columns_are_as_many_as_asked_for(direction: str) -> None:
    one, two, three = (
        draw(ladder(), depth=1, direction=direction, columns=count) for count in (1, 2, 3)
    )
    long = 1 if direction == "TB" else 0
    sizes = [page(diagram.svg)[long] for diagram in (one, two, three)]
    assert sizes[0] > sizes[1] * 1.4 > sizes[2] * 1.4
    assert not against_the_flow(one.svg)[0] or direction == "LR"


def test_more_columns_than_there_can_be_are_refused() -> None:
    with pytest.raises(InputError, match=r"columns=9, and there are places .* columns="):
        _ = draw(residual(1), columns=9).svg


def test_what_was_asked_for_and_does_not_fit_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(InputError, match=r"smaller than font_size=6: .*depth=.*width='.*in'"):
        draw(ladder(), depth=2, width="2in")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": "wide"}, "width='wide' is no length; expected a number and a unit, in, cm"),
        ({"width": 3.3}, "width=3.3 is no length"),
        ({"width": "3 parsecs"}, "is no length"),
        ({"width": "0.1in"}, "from 0.5in to 100in"),
        ({"page": "A9"}, "page='A9': expected one of A4, Letter"),
        ({"font_size": "big"}, "font_size='big'; expected the size"),
        ({"font_size": -1}, "from 2 to 72"),
        ({"columns": 0}, "columns=0; expected a whole number"),
        ({"columns": True}, "columns=True"),
    ],
)
def test_sizes_that_are_none_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        draw(residual(), **options)


@cache
def many_ends(count: int = 6) -> ModelGraph:
    """A model that reads many inputs at one place, and hands out three, with long names."""
    build = GraphBuilder("Ends")
    build.module("first", "QuiteALongNameOfAModule", weights={"weight": (8, 8)})
    names = [f"head_with_a_name_{index}" for index in range(2)]
    for index, name in enumerate(names):
        build.module(name, "Linear", f"8, {index + 8}", {"weight": (index + 8, 8)})
    inputs = [build.input(2, 8, name=f"input_{index}") for index in range(count)]
    with build.call("", *inputs):
        with build.call("first", *inputs) as outputs:
            outputs.append(build.op("addcmul", *inputs, build.weight("first.weight"), shape=(2, 8)))
        found = [build.layer(name, outputs[0]) for name in names]
    return build.graph(*found, *outputs)


def test_many_inputs_and_outputs_come_into_one_card_where_a_column_is_narrow() -> None:
    diagram = draw(many_ends(), width="3.3in")
    wide, _ = page(diagram.svg)
    assert wide == pytest.approx(237.6, abs=0.05)
    assert smallest(diagram.svg) >= 5.99
    assert faults(diagram.svg) == []
    ends = [node.id for node in diagram.view.nodes() if node.kind in ("input", "output")]
    assert len(ends) == 9
    assert len({diagram.regions[name][0].left for name in ends}) == 2
    assert all(word in diagram.source for word in ("input_0", "input_5"))
    assert draw(many_ends()).style.narrow == 0


def test_long_names_are_broken_rather_than_parts_summarised() -> None:
    """Towers of long names, too wide for a column in any other way."""

    class ExtraordinarilyLongEncoderBlock(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.second(self.first(x).relu())

    class Towers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image_tower_of_the_model = ExtraordinarilyLongEncoderBlock()
            self.text_tower_of_the_model = ExtraordinarilyLongEncoderBlock()
            self.sound_tower_of_the_model = ExtraordinarilyLongEncoderBlock()

        def forward(self, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> torch.Tensor:
            found = (
                self.image_tower_of_the_model(a),
                self.text_tower_of_the_model(b.tanh()),
                self.sound_tower_of_the_model(c.exp()),
            )
            return torch.cat(found, 1)

    graph = trace(Towers(), [(2, 4)] * 3)
    figure = draw(graph, width="4.2in", depth=1)
    assert figure.smallest_text >= 6
    assert "Extraordinarily" in figure.svg and ">ExtraordinarilyLongEncoderBlock<" not in figure.svg
    assert faults(figure.svg) == []
    wide = draw(graph, width="6.8in", depth=1)
    assert ">ExtraordinarilyLongEncoderBlock<" in wide.svg


def test_a_pyramid_is_laid_out_closer_rather_than_summarised() -> None:
    class Pyramid(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            wide = (8, 16, 32, 64)
            self.stem = nn.Conv2d(3, 8, 3, 2, 1)
            self.stages = nn.ModuleList(
                nn.Sequential(nn.Conv2d(a, b, 3, 2, 1), nn.BatchNorm2d(b), nn.ReLU())
                for a, b in zip((8, *wide), wide, strict=False)
            )
            self.lateral = nn.ModuleList(nn.Conv2d(width, 8, 1) for width in wide)
            self.smooth = nn.ModuleList(nn.Conv2d(8, 8, 3, padding=1) for _ in wide)
            self.classes, self.boxes = nn.Conv2d(8, 5, 1), nn.Conv2d(8, 4, 1)

        def forward(self, x: torch.Tensor) -> Any:
            x, found = self.stem(x), []
            for stage, lateral in zip(self.stages, self.lateral, strict=True):
                x = stage(x)
                found.append(lateral(x))
            for at in (2, 1, 0):
                size = found[at].shape[-2:]
                found[at] = found[at] + nn.functional.interpolate(found[at + 1], size=size)
            found = [layer(one) for layer, one in zip(self.smooth, found, strict=True)]
            return [self.classes(one) for one in found], [self.boxes(one) for one in found]

    diagram = draw(trace(Pyramid().eval(), (1, 3, 64, 64)))
    assert diagram.smallest_text >= 5.99 and faults(diagram.svg) == []
    assert all(node.kind != "several" for node in diagram.view.nodes())
    ends = [(node.title, node.name) for node in diagram.view.nodes() if node.kind == "output"]
    assert ends == [("4 outputs", "[0]"), ("4 outputs", "[1]")]


class Chains(nn.Module):
    """Chains of layers beside one another, none of them like another."""

    def __init__(self, count: int, length: int) -> None:
        super().__init__()
        widths = [[8, *(8 + 3 * step + one for step in range(length))] for one in range(count)]
        self.chains = nn.ModuleList(
            nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(one)) for one in widths
        )

    def forward(self, x: Tensor) -> Tensor:
        found = []
        for chain in self.chains:
            y = x
            for layer in chain:
                y = layer(y)
            found.append(y)
        return torch.cat(found, -1)


def test_a_picture_reads_to_the_right_unasked_where_few_lines_lead_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wide, long = (trace(Chains(*size), input_data=torch.zeros(2, 8)) for size in ((8, 3), (3, 12)))
    assert not draw(wide, font_size=7, direction="TB", depth=2).fits
    assert draw(wide, font_size=7).style.direction == "LR"
    # Three chains in three rows: three lines lead from each row into the one below.
    rows = draw(long, direction="LR", depth=2)
    assert fitting._lines_back(rows) == 6 > fitting._BACK
    monkeypatch.setattr(fitting, "_lines_back", lambda diagram: fitting._BACK + 1)
    turned = draw(wide, font_size=7)
    assert turned.style.direction == "TB" or turned.options.page.limit is not None
    assert draw(wide, font_size=7, direction="LR").style.direction == "LR"
