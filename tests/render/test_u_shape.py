"""A model that shrinks and grows again, joined by skips, is drawn as a U."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest

from benchmarks.pictures.geometry import against_the_flow, crossings, faults, printed_text
from modelviz import trace
from modelviz.diagram import Diagram
from modelviz.drawing import draw
from modelviz.graph import ModelGraph
from tests.graphs import GraphBuilder
from tests.render.u_nets import U_NETS, UNet

OTHER = {"w-net", "stacked-hourglass", "wrapped", "unet++", "v-net"}
"""Nets that are drawn in another way: several U in a row, or one that is too high for a page."""
QUICK = {"hourglass", "late-skips", "predictor", "dynunet-2d"}


def u_net(
    sizes: Sequence[int] = (64, 32, 16, 8),
    classes: str = "Block",
    nested: bool = True,
    time: int = 0,
) -> ModelGraph:
    """Blocks on a way down, a lowest one, and blocks on a way up that take what went down.

    ``time`` blocks before feed all others.
    """
    build = GraphBuilder("Net")
    levels = len(sizes) - 1
    for index in range(2 * levels + 1):
        build.module(f"b{index}", classes, weights={"weight": (8 + index, 8)})
    for index in range(time):
        build.module(f"t{index}", "Embed", weights={"weight": (4, 4 + index)})
    x, t = build.input(1, 8, sizes[0], sizes[0], name="x"), build.input(1, 4, name="t")
    with build.call("", x, t):
        for index in range(time):
            t = build.layer(f"t{index}", t)
        skips = []
        for index, size in enumerate(sizes):
            x = run(build, f"b{index}", size, x, *((t,) if time else ()))
            skips.append(x)
        order = skips[:-1][::-1] if nested else skips[:-1]
        for index, (skip, size) in enumerate(zip(order, sizes[:-1][::-1], strict=True)):
            x = build.op("interpolate", x, shape=(1, 8, size, size))
            x = build.op("cat", x, skip, shape=(1, 16, size, size))
            x = run(build, f"b{levels + 1 + index}", size, x, *((t,) if time else ()))
    return build.graph(x)


def run(build: GraphBuilder, path: str, size: int, *inputs: int) -> int:
    with build.call(path, *inputs) as outputs:
        weight = build.weight(f"{path}.weight")
        outputs.append(build.op("conv2d", *inputs, weight, shape=(1, 8, size, size)))
    return outputs[0]


def skips(diagram: Diagram) -> list[tuple[float, float]]:
    """The middles of the cards that each ``cat`` joins to the way down."""
    view, places = diagram.view, diagram.regions
    names = {node.id: node.name for node in view.nodes()}
    found = []
    for node in view.nodes():
        if node.title == "cat":
            first, last = [edge.source for edge in view.edges if edge.target == node.id]
            early = max(first, last, key=names.__getitem__)
            found.append((places[early][0].centre[1], places[node.id][0].centre[1]))
    return found


@pytest.mark.parametrize("classes", ["Block", "Attention", "Whatever"])
def test_skips_are_level_and_the_way_up_runs_upwards(classes: str) -> None:
    diagram = draw(u_net(classes=classes))
    levels = skips(diagram)
    assert len(levels) == 3
    assert all(a == pytest.approx(b, abs=0.5) for a, b in levels)
    assert all(low > high for (low, _), (high, _) in pairwise(levels))
    boxes = [diagram.regions[node.id][0] for node in diagram.view.nodes()]
    assert boxes[-1].left > boxes[0].right
    assert faults(diagram.svg) == [] and crossings(diagram.svg) == []


def test_what_feeds_every_block_stands_above_and_leads_down_between_the_ways() -> None:
    diagram = draw(u_net(time=2))
    assert all(a == pytest.approx(b, abs=0.5) for a, b in skips(diagram))
    tops = {node.name: diagram.regions[node.id][0] for node in diagram.view.nodes()}
    assert tops["t1"].bottom < min(tops["b0"].top, tops["b6"].top)
    assert faults(diagram.svg) == [] and crossings(diagram.svg) == []


@pytest.mark.parametrize(
    "graph",
    [
        u_net((64, 64, 64, 64)),
        u_net(nested=False),
        u_net((64, 8)),
    ],
    ids=["nothing shrinks", "skips are not nested", "one skip"],
)
def test_other_models_are_no_u(graph: ModelGraph) -> None:
    levels = skips(draw(graph, direction="TB", columns=None))
    assert any(abs(a - b) > 20 for a, b in levels)


@pytest.mark.parametrize("opened", ["downs.1", "bottleneck", "convs.1"])
def test_a_u_stays_one_where_what_is_opened_makes_it_too_high_for_a_page(opened: str) -> None:
    diagram = draw(UNet().eval(), (1, 1, 32, 32), expand=[opened, f"{opened}.net"])
    assert not diagram.fits
    assert against_the_flow(diagram.svg)[0] >= 4
    assert faults(diagram.svg) == [] and crossings(diagram.svg) == []


def test_columns_that_are_asked_for_are_columns() -> None:
    levels = skips(draw(u_net(), columns=1))
    assert all(abs(a - b) > 20 for a, b in levels)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow])
        for name in sorted(U_NETS.keys() - OTHER)
    ],
)
def test_a_net_that_people_write_is_a_u(name: str) -> None:
    model, inputs = U_NETS[name]()
    svg = draw(trace(model, input_data=inputs)).svg
    assert against_the_flow(svg)[0] >= 4
    assert faults(svg) == [] and crossings(svg) == []
    assert printed_text(svg) >= 5.99


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OTHER))
def test_the_others_can_be_read(name: str) -> None:
    model, inputs = U_NETS[name]()
    svg = draw(trace(model, input_data=inputs)).svg
    assert faults(svg) == [] and crossings(svg) == []
    assert printed_text(svg) >= 5.99
