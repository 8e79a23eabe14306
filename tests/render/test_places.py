"""Where headers, labels and dotted lines stand, so that none hides or misleads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.pictures.geometry import faults
from modelviz.drawing import draw
from modelviz.graph import ModelGraph
from modelviz.render.edge_labels import EdgeLabel, edge_lines
from modelviz.render.header_places import header_places
from modelviz.render.headers import Header
from modelviz.render.layout import Box, Curve, Layout
from modelviz.render.layout_source import dot_lines
from modelviz.render.lines import Run
from modelviz.render.links import link_lanes
from modelviz.render.pagination import in_columns, in_rows
from modelviz.render.placing import place_labels
from modelviz.render.plan import plan
from modelviz.render.style import Style
from modelviz.view.document import Link, TensorLabel
from modelviz.view.model import View, ViewEdge
from tests.graphs import GraphBuilder
from tests.view.test_view import decoder


def line(source: str, target: str, *points: tuple[float, float]) -> Curve:
    """A straight edge through two points."""
    first, last = points
    return Curve(source, target, (first, first, last, last), last)


# -- headers ---------------------------------------------------------------------------------------


def placed(crossed: Sequence[float], width: float = 300.0, frames=None):  # type: ignore[no-untyped-def]
    head = Header(
        (Run("Block", 10.5, bold=True), Run("  layers.0", 8.5)), "× 12", "to the next: 2×8", 0, 15
    )
    curves = tuple(line("a", "b", (x, -20.0), (x, 200.0)) for x in crossed)
    layout = Layout(width, 200, {"g": Box(0, 0, width, 150)}, curves, frames or {})
    return header_places({"g": head}, layout, "sans")["g"]


def test_a_name_stays_beside_its_class_where_there_is_room() -> None:
    together = placed(()).runs
    for crossed in ((60.0,), (30.0,)):
        place = placed(crossed, 400.0)
        assert place.runs[1] - place.runs[0] == pytest.approx(together[1] - together[0])


def test_a_header_without_room_stands_before_one_line_and_not_before_more() -> None:
    place = placed((30.0, 100.0), 170.0)
    hidden = [x for x in (30.0, 100.0) if any(box.left < x < box.right for box in place.boxes)]
    assert len(hidden) == 1
    assert max(box.right for box in place.boxes) <= 170


@pytest.mark.parametrize("crossed", [(), (20.0,), (60.0,), (30.0, 150.0), (90.0, 100.0)])
def test_no_line_passes_through_a_header_that_has_room(crossed: tuple[float, ...]) -> None:
    place = placed(crossed)
    top = [box for box in place.boxes if box.top < 20]
    assert not any(box.left < x < box.right for box in top for x in crossed)
    assert all(box.right <= 300 for box in top)
    ordered = [*place.runs, place.badge]
    assert ordered == sorted(ordered)


def test_a_note_without_room_beside_the_header_stands_at_the_foot() -> None:
    assert placed((), 300).note[1] < 20
    assert placed((), 150).note[1] > 130
    assert placed((40.0, 80.0, 120.0), 150).note is None
    assert placed((), 150, {"g": (Box(0, 0, 150, 75), Box(160, 0, 310, 75))}).note is None


def test_a_note_at_the_foot_stands_beside_the_last_card_and_what_leaves_it_aslant() -> None:
    head = Header((Run("A name that is long", 10.5, bold=True),), "", "to the next: 2×8", 0, 15)
    layout = Layout(
        160,
        200,
        {"g": Box(0, 0, 160, 150), "card": Box(5, 100, 45, 139)},
        (line("card", "out", (40.0, 139.0), (52.0, 147.0)),),
    )
    place = header_places({"g": head}, layout, "sans")["g"]
    assert place.note[1] > 130 and place.note[0] > 52  # type: ignore[index]
    crowded = replace(layout, boxes={**layout.boxes, "card": Box(5, 100, 155, 139)})
    assert header_places({"g": head}, crowded, "sans")["g"].note is None


# -- labels ----------------------------------------------------------------------------------------


def test_a_label_stands_on_the_edge_where_it_hides_nothing() -> None:
    label = EdgeLabel(("2×8",), 24, 12, others=("c",))
    crowd = [line("x", f"y{i}", (x, 0), (x, 60)) for i, x in enumerate(range(60, 140, 3))]
    curves = [line("a", "b", (100, 0), (100, 60)), line("a", "c", (300, 0), (300, 60)), *crowd]
    (place,) = place_labels({("a", "b"): label}, curves, (), True)
    assert place.ends == ("a", "c")


def test_a_label_that_would_hide_lines_is_left_out_where_its_neighbour_says_the_same() -> None:
    label = EdgeLabel(("2×8",), 24, 12)
    crowd = [line("x", f"y{i}", (x, 100), (x, 160)) for i, x in enumerate(range(60, 140, 3))]
    curves = [line("a", "b", (100, 0), (100, 60)), line("b", "c", (100, 100), (100, 160)), *crowd]
    labels = {("a", "b"): label, ("b", "c"): label}
    assert [place.ends for place in place_labels(labels, curves, (), True)] == [("a", "b")]
    other = {("a", "b"): label, ("b", "c"): EdgeLabel(("4×8",), 24, 12)}
    assert len(place_labels(other, curves, (), True)) == 2


def test_no_label_stands_on_a_header() -> None:
    label = EdgeLabel(("2×8",), 24, 12)
    curves = [line("a", "b", (100, 0), (100, 60))]
    header = Box(0, 0, 200, 15)
    (place,) = place_labels({("a", "b"): label}, curves, [header], True)
    assert place.box.top >= header.bottom


def test_a_label_stays_on_the_page() -> None:
    label = EdgeLabel(("2×8",), 60, 12)
    curves = [line("a", "b", (5, 0), (0, 60))]
    (place,) = place_labels({("a", "b"): label}, curves, (), True, (0, 100))
    assert place.box.left >= 0
    assert place_labels({("a", "b"): label}, curves, (), True, (0, 40)) == []


@pytest.mark.parametrize("downwards", [True, False])
def test_a_label_goes_further_along_its_line_to_hide_no_other(downwards: bool) -> None:
    label = EdgeLabel(("2×8",), 24, 12)
    crowd = [line("x", f"y{i}", (60, y), (140, y)) for i, y in enumerate(range(0, 60, 4))]
    curves = [line("a", "b", (100, 0), (100, 300)), *crowd]
    if not downwards:
        curves = list(Layout(0, 0, {}, tuple(curves)).turned().curves)
    (place,) = place_labels({("a", "b"): label}, curves, (), downwards)
    assert (place.box.top if downwards else place.box.left) > 56


def carries(*shapes: tuple[int, ...]) -> tuple[str, ...]:
    return edge_lines(ViewEdge("a", "b", tuple(TensorLabel(shape) for shape in shapes)))


def test_shapes_that_differ_in_one_size_leave_it_open() -> None:
    assert carries((33, 64), (26, 64), (40, 64)) == ("?×64",)
    assert carries((33, 64), (26, 64)) == ("33×64", "26×64")
    assert carries((33, 64), (26, 32), (40, 64)) == ("33×64", "+ 2 more")


# -- dotted lines ----------------------------------------------------------------------------------

BOXES = {"a": Box(40, 0, 80, 20), "b": Box(100, 0, 140, 20), "c": Box(60, 100, 100, 120)}


def test_a_dotted_line_takes_the_side_where_nothing_stands_in_its_way() -> None:
    for source, at in (("a", -6.0), ("b", 206.0)):
        lanes = link_lanes([Link(source, "c", "shared weights")], BOXES, 200, "#000", True)
        (part,) = lanes.parts
        assert {point[0] for point in part.marks[0].points} == {at}  # type: ignore[union-attr]
        assert (lanes.before > 0, lanes.after > 0) == (at < 0, at > 0)
        assert lanes.reasons == {"shared weights"}


def test_a_dotted_line_that_would_pass_behind_a_card_is_left_out() -> None:
    boxes = {**BOXES, "left": Box(0, 0, 20, 20)}
    lanes = link_lanes([Link("a", "c", "shared weights")], boxes, 200, "#000", True)
    assert (lanes.parts, lanes.before, lanes.after, lanes.reasons) == ((), 0, 0, frozenset())


def test_cards_that_share_weights_say_with_which() -> None:
    svg = draw(decoder(), depth=1).svg
    assert "= head" in svg and "= embed" in svg


# -- columns ---------------------------------------------------------------------------------------


def ladder(skips: int, size: int = 30) -> Layout:
    """A long chain of cards with edges from the first ones to the last ones."""
    boxes = {f"n{i}": Box(0, 40.0 * i, 80, 40.0 * i + 20) for i in range(size)}
    pairs = [(i, i + 1) for i in range(size - 1)] + [(i, size - 1 - i) for i in range(skips)]
    curves = tuple(
        line(f"n{a}", f"n{b}", (40, boxes[f"n{a}"].bottom), (40, boxes[f"n{b}"].top))
        for a, b in pairs
    )
    return Layout(80, 40.0 * size, boxes, curves)


def test_a_long_chain_is_cut_into_columns() -> None:
    assert in_columns(ladder(0), {}, {}).height < ladder(0).height


def test_a_chain_with_skips_over_the_cut_stays_one_column_where_it_can_be_read() -> None:
    assert in_columns(ladder(4, 20), {}, {}) == ladder(4, 20)
    assert in_columns(ladder(4, 40), {}, {}).height < ladder(4, 40).height


def test_a_long_chain_to_the_right_is_cut_into_rows() -> None:
    strip = ladder(0).turned()
    rows = in_rows(strip, {}, {})
    assert rows.width < strip.width * 0.6 and rows.height > strip.height
    assert rows.boxes["n0"].left < rows.boxes["n1"].left
    assert rows.boxes["n29"].top > rows.boxes["n0"].bottom
    assert in_rows(ladder(4, 20).turned(), {}, {}) == ladder(4, 20).turned()


def test_each_piece_of_a_group_has_room_for_its_header() -> None:
    strip = ladder(0).turned()
    strip = replace(strip, boxes={**strip.boxes, "g": Box(-5, -30, strip.width + 5, 90)})
    rows = in_rows(strip, {"g": 2.0}, {"g": 200.0})
    assert len(rows.frames["g"]) > 1
    assert all(frame.width >= 200 for frame in rows.frames["g"])


def experts() -> ModelGraph:
    build = GraphBuilder("Experts")
    for index in range(4):
        build.module(f"experts.{index}", "Expert", weights={"weight": (8, 8)})
    x = build.input(64, 8)
    with build.call("", x):
        y = x
        for index in range(4):
            rows = build.op("masked_select", x, shape=(10 + index, 8))
            y = build.op("index_add_", y, build.layer(f"experts.{index}", rows))
    return build.graph(y)


def test_the_number_of_tokens_that_an_expert_gets_is_left_open() -> None:
    assert "?×8" in draw(experts()).svg


def test_nodes_without_any_line_stand_below_one_another() -> None:
    build = GraphBuilder("Alone")
    for name in ("first", "second", "used"):
        build.module(name, "Linear", "8, 8", {"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        for name in ("first", "second"):
            with build.call(name):
                build.op("ones", shape=(2, 8))
        y = build.layer("used", x)
    drawing = plan(*_viewed(build.graph(y)))
    order = [(line.source, line.target) for line in dot_lines(drawing) if line.kind == "order"]
    names = {card.rows[0].node.name: drawing.names[card.id] for card in drawing.cards.values()}
    assert order == [(names["first"], names["second"])]


def _viewed(graph: ModelGraph) -> tuple[View, Style]:
    diagram = draw(graph, show=("constants", "unread"))
    return diagram.view, diagram.style


@pytest.mark.parametrize(
    ("count", "residual", "straight"), [(2, False, 1), (4, False, 0), (4, True, 1)]
)
def test_where_branches_meet_none_of_them_is_straighter(
    count: int, residual: bool, straight: int
) -> None:
    """The last of two, or what comes after the others, is below its source; of four, none is."""
    build = GraphBuilder("Branches")
    for index in range(count):
        build.module(f"b{index}", f"Branch{index}", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        every = [x]
        for index in range(count):
            every.append(build.layer(f"b{index}", every[-1] if residual else x))
        y = build.op("cat", *every[1:])
    drawing = plan(draw(build.graph(y)).view, Style())
    (join,) = [node.id for node in drawing.view.nodes() if node.title == "cat"]
    lines = [line for line in dot_lines(drawing) if line.edge and line.edge[1] == join]
    assert len(lines) == count
    assert sum(line.kind == "main" for line in lines) == straight


@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_a_group_that_goes_on_is_in_each_piece_as_wide_as_what_is_in_it(direction: str) -> None:
    """Branches at the beginning, and then one layer after another: the second piece is narrow."""
    build = GraphBuilder("Cut")
    build.module("stage", "Stage")
    names = [*(f"branch{index}" for index in range(6)), *(f"layer{index}" for index in range(12))]
    for size, name in enumerate(names):
        build.module(f"stage.{name}", "Mix", weights={"weight": (8 + size, 8)})
    x = build.input(2, 8)
    with build.call("", x), build.call("stage", x) as outputs:
        x = build.op("cat", *(build.layer(f"stage.{name}", x) for name in names[:6]))
        for name in names[6:]:
            x = build.layer(f"stage.{name}", x)
        outputs.append(x)
    diagram = draw(build.graph(x), depth=2, columns=3, direction=direction)
    (group,) = diagram.view.groups()
    pieces = diagram.regions[group.id]
    across = [box.width if direction == "TB" else box.height for box in pieces]
    assert len(pieces) == 3 and across[2] < 0.6 * across[0]
    cards = [diagram.regions[node.id][0] for node in group.children]
    for card in cards:
        assert any(
            piece.left < card.left
            and card.right < piece.right
            and piece.top < card.top
            and card.bottom < piece.bottom
            for piece in pieces
        )
    assert not faults(diagram.svg)
