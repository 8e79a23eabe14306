"""Several U in a row, as in a W-Net, stand side by side, or one below the other."""

from __future__ import annotations

import pytest

from benchmarks.pictures.geometry import crossings, faults, printed_text
from modelviz.diagram import Diagram
from modelviz.drawing import draw
from modelviz.graph import ModelGraph
from tests.graphs import GraphBuilder
from tests.render.test_u_shape import run, skips


def w_net(beside: bool = False) -> ModelGraph:
    """Two nets that shrink and grow, one on what the other gives, which may be an output, too."""
    count, sizes = 2, (64, 32, 16)
    build = GraphBuilder("Net")
    levels = len(sizes) - 1
    blocks = 2 * levels + 1
    for index in range(count * blocks):
        build.module(f"b{index:02}", "Block", weights={"weight": (8 + index, 8)})
    x = build.input(1, 8, sizes[0], sizes[0], name="x")
    given = []
    with build.call("", x):
        for net in range(count):
            down = []
            for index, size in enumerate(sizes):
                x = run(build, f"b{net * blocks + index:02}", size, x)
                down.append(x)
            for index, size in enumerate(sizes[:-1][::-1]):
                x = build.op("interpolate", x, shape=(1, 8, size, size))
                x = build.op("cat", x, down[levels - 1 - index], shape=(1, 16, size, size))
                x = run(build, f"b{net * blocks + levels + 1 + index:02}", size, x)
            given += [x] if beside and net == 0 else []
    return build.graph(*given, x)


def lefts(diagram: Diagram, prefix: str) -> float:
    boxes = (diagram.regions[n.id][0] for n in diagram.view.nodes() if n.name == prefix)
    return next(boxes).left


@pytest.mark.parametrize("beside", [False, True])
def test_two_are_side_by_side_with_level_skips(beside: bool) -> None:
    diagram = draw(w_net(beside=beside))
    levels = skips(diagram)
    assert len(levels) == 4
    assert all(a == pytest.approx(b, abs=0.5) for a, b in levels)
    ways = [lefts(diagram, name) for name in ("b00", "b04", "b05", "b09")]
    assert ways == sorted(ways) and ways[2] > ways[1] + 60
    assert faults(diagram.svg) == [] and crossings(diagram.svg) == []
    assert printed_text(diagram.svg) >= 5.99


def test_those_too_wide_together_are_one_below_the_other() -> None:
    diagram = draw(w_net(), width="4in", font_size=7)
    assert all(a == pytest.approx(b, abs=0.5) for a, b in skips(diagram))
    tops = {n.name: diagram.regions[n.id][0].top for n in diagram.view.nodes()}
    assert tops["b05"] > tops["b02"]
    assert faults(diagram.svg) == [] and crossings(diagram.svg) == []
