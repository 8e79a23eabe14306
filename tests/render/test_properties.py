"""What holds for the picture of every model."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from modelviz.drawing import draw
from modelviz.render.cards import stacks
from tests.view.programs import PROGRAMS, build

SVG = "{http://www.w3.org/2000/svg}"


@settings(max_examples=25, deadline=None)
@given(PROGRAMS, st.booleans(), st.sampled_from(("TB", "LR")))
def test_every_node_and_group_is_drawn_within_the_page(
    program: tuple[Any, ...], fold: bool, direction: str
) -> None:
    diagram = draw(build(program), depth=4, fold=fold, direction=direction)
    root = ElementTree.fromstring(diagram.svg)
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    drawn = {group.attrib["data-id"] for group in root.iter(f"{SVG}g")}
    chains = stacks(diagram.view, diagram.style)
    assert {chain[0] for chain in chains} | {g.id for g in diagram.view.groups()} <= drawn
    assert sorted(name for chain in chains for name in chain) == sorted(
        node.id for node in diagram.view.nodes()
    )
    for rect in root.iter(f"{SVG}rect"):
        x, y = float(rect.attrib.get("x", 0)), float(rect.attrib.get("y", 0))
        assert x >= 0 and x + float(rect.attrib["width"]) <= width + 0.01
        assert y >= 0 and y + float(rect.attrib["height"]) <= height + 0.01
