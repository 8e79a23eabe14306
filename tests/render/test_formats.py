"""Every format says what the view says, in text that its readers can read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pygraphviz
import pytest
from PIL import Image

from modelviz.diagram import Diagram
from modelviz.drawing import draw
from modelviz.errors import InputError
from modelviz.render.text import text_width
from tests.graphs import GraphBuilder
from tests.render.models import NAMES, chain, oddly_named, residual

SVG = "{http://www.w3.org/2000/svg}"


def svg_texts(diagram: Diagram) -> list[str]:
    root = ElementTree.fromstring(diagram.svg)
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def entities_read(text: str) -> str:
    """Mermaid text as it is shown: its numbered entities replaced."""
    return re.sub(r"#(\d+);", lambda match: chr(int(match.group(1))), text)


def test_svg_shows_titles_names_and_shapes() -> None:
    texts = svg_texts(draw(residual(), show="params"))
    assert {"Residual", "Block", "LayerNorm", "blocks.0 – blocks.2", "× 3", "2×8"} <= set(texts)
    assert "64 params" in texts


def test_svg_needs_nothing_from_outside() -> None:
    svg = draw(residual()).svg
    assert "<script" not in svg and "href" not in svg and "@import" not in svg


@pytest.mark.parametrize("name", NAMES)
def test_svg_shows_any_name_as_it_is(name: str) -> None:
    assert set(name.split("\n")) <= set(svg_texts(draw(oddly_named(), fold=False)))


@pytest.mark.parametrize("name", NAMES)
def test_mermaid_shows_any_name_as_it_is(name: str) -> None:
    shown = entities_read(draw(oddly_named(), fold=False).mermaid)
    assert "<br/>".join(name.split("\n")) in shown


def test_mermaid_leaves_no_character_that_it_would_read() -> None:
    for line in draw(oddly_named(), fold=False).mermaid.splitlines():
        if match := re.search(r'\["(.*)"\]$', line):
            inside = re.sub(r"</?b>|<br/>|#\d+;", "", match.group(1))
            assert not set(inside) & set('"#<>&`')


@pytest.mark.parametrize("name", NAMES)
def test_dot_shows_any_name_as_it_is(name: str) -> None:
    graph = pygraphviz.AGraph().from_string(draw(oddly_named(), fold=False).source)
    labels = [graph.get_node(node).attr["label"] for node in graph.nodes()]
    read = [label.replace("&amp;", "&") for label in labels]
    expected = "\\n".join(line.replace("\\", "\\\\") for line in name.split("\n"))
    assert any(expected in label for label in read)


def test_dot_is_what_graphviz_reads() -> None:
    graph = pygraphviz.AGraph().from_string(draw(residual()).source)
    assert graph.number_of_nodes() >= 5
    assert any(sub.name.startswith("cluster_") for sub in graph.subgraphs())


def test_png_has_the_size_that_dpi_says() -> None:
    import io

    diagram = draw(residual())
    small = Image.open(io.BytesIO(diagram.png(72)))
    large = Image.open(io.BytesIO(diagram.png(144)))
    assert abs(large.width - 2 * small.width) <= 2
    colours = small.convert("RGB").getcolors(maxcolors=1_000_000)
    assert colours is not None and len(colours) > 20


@pytest.mark.parametrize("dpi", ["300", None, True, 1])
def test_a_resolution_that_is_none_is_refused(dpi: Any) -> None:
    with pytest.raises(InputError, match=r"dpi=.*; expected a number from 10 to 2400"):
        draw(residual()).png(dpi=dpi)


def test_pdf_is_one_page_with_its_fonts() -> None:
    pdf = draw(residual()).pdf()
    assert pdf.startswith(b"%PDF")
    assert b"LiberationSans" in pdf


def test_html_holds_the_picture() -> None:
    diagram = draw(residual())
    assert diagram.html.startswith("<!DOCTYPE html>")
    assert diagram.svg in diagram.html


@pytest.mark.parametrize("text", ["svg", "source", "mermaid", "html"])
def test_the_same_model_gives_the_same_bytes(text: str) -> None:
    first, second = (getattr(draw(residual()), text) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
@pytest.mark.parametrize("direction", ["TB", "LR"])
def test_every_text_lies_within_the_picture(theme: str, direction: str) -> None:
    for graph in (residual(), oddly_named(), chain(30)):
        root = ElementTree.fromstring(draw(graph, theme=theme, direction=direction).svg)
        _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
        for element in root.iter(f"{SVG}text"):
            x, y = float(element.attrib["x"]), float(element.attrib["y"])
            long = float(element.attrib["textLength"])
            left = x - {"middle": long / 2, "end": long}.get(
                element.attrib.get("text-anchor", ""), 0.0
            )
            assert left >= 0 and left + long <= width
            assert 0 <= y <= height


def test_texts_of_cards_do_not_overlap() -> None:
    root = ElementTree.fromstring(draw(residual(), depth=3, show="all").svg)
    boxes = []
    for group in root.iter(f"{SVG}g"):
        if group.attrib["class"].startswith(("node", "label")):
            for element in group.iter(f"{SVG}text"):
                x, y = float(element.attrib["x"]), float(element.attrib["y"])
                long, size = float(element.attrib["textLength"]), float(element.attrib["font-size"])
                left = x - long / 2 if element.attrib.get("text-anchor") == "middle" else x
                boxes.append((left, y - 0.7 * size, left + long, y))
    for index, a in enumerate(boxes):
        for b in boxes[index + 1 :]:
            assert not (a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]), (a, b)


def test_a_long_chain_becomes_columns() -> None:
    root = ElementTree.fromstring(draw(chain(40), depth=1).svg)
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    assert height < 3 * width


def test_widths_are_those_of_the_fonts() -> None:
    # 2048 units to the em: "i" is 455 wide, "m" 1706; the bold "i" is 569.
    assert text_width("im", 2048) == pytest.approx(455 + 1706)
    assert text_width("i", 2048, bold=True) == pytest.approx(569)
    assert text_width("漢", 10) == pytest.approx(10)


def test_a_heat_map_says_where_the_scale_ends() -> None:
    texts = svg_texts(draw(residual(), color_by="flops"))
    assert "768 FLOPs in all 3 copies" in texts


def test_tied_cards_are_joined_by_a_line() -> None:
    from tests.view.test_view import decoder

    root = ElementTree.fromstring(draw(decoder(), depth=1).svg)
    assert any(group.attrib["class"] == "link" for group in root.iter(f"{SVG}g"))


@pytest.mark.parametrize("theme", ["light", "dark", "paper"])
def test_an_input_that_no_output_depends_on_has_a_dashed_line(theme: str) -> None:
    build = GraphBuilder("Masked")
    x, mask = build.input(2, 4), build.input(4, 4, name="<mask>")
    with build.call("", x, mask):
        y = build.op("relu", x)
    diagram = draw(build.graph(y), theme=theme)
    assert diagram.svg.count("stroke-dasharray") == 1
    assert diagram.source.count("dashed") == 1
    assert diagram.mermaid.count("stroke-dasharray") == 1
    assert "never read" in diagram.svg and "never read" in diagram.mermaid
    assert "&lt;mask&gt;" in diagram.svg and "<mask>" not in diagram.svg
    assert diagram.png(72) and diagram.pdf()
