"""What an author of a figure says: title, labels, colours, what is left out; and TikZ, draw.io."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from modelviz import export
from modelviz.diagram import Diagram
from modelviz.drawing import draw
from modelviz.errors import InputError
from modelviz.graph import ModelGraph
from modelviz.render.drawio_lines import ways
from modelviz.render.scene import MarkGroup, Scene
from modelviz.render.scene import Path as Curve
from modelviz.view import Node
from tests.graphs import GraphBuilder
from tests.render.models import oddly_named, residual


@cache
def forked() -> ModelGraph:
    """Two branches of unlike layers, a stacked card before a skip, and a cache handed out."""
    build = GraphBuilder("Forked")
    build.module("stem", "Stem")
    stem = {"conv": "conv2d", "norm": "batch_norm", "act": "relu"}
    for (name, op), cls in zip(stem.items(), ("Conv2d", "BatchNorm2d", "ReLU"), strict=True):
        build.module(f"stem.{name}", cls, weights={"weight": (8, 8)} if op != "relu" else {})
    build.module("left", "Attention", weights={"weight": (8, 8)})
    build.module("right", "MLP", weights={"weight": (16, 8)})
    x = build.input(2, 8, name="x")
    with build.call("", x):
        with build.call("stem", x) as outputs:
            for name, op in stem.items():
                x = build.layer(f"stem.{name}", x, op, flops=64 if name == "conv" else 0)
            outputs.append(x)
        y = build.layer("right", build.layer("left", x, flops=512), flops=99)
        y = build.op("add", x, y)
    return build.graph(y, x)


def texts(diagram: Diagram) -> list[str]:
    found = ElementTree.fromstring(diagram.svg).iter("{http://www.w3.org/2000/svg}text")
    return [text.text or "" for text in found]


def cards(svg: str) -> list[tuple[str, ...]]:
    """The boxes and curves of a picture, without their colours."""
    kept = re.compile(r'(?:\b(?:x|y|width|height|d)="[^"]*")')
    body = svg[: svg.index('<g class="legend"')]
    return [
        tuple(kept.findall(line)) for line in body.splitlines() if line.startswith(("<r", "<p"))
    ]


def test_a_title_and_a_legend_are_as_the_author_says() -> None:
    assert "Ours" in texts(draw(forked(), title="Ours"))
    assert "Forked" not in texts(draw(forked(), title="Ours"))
    plain = texts(draw(forked(), title=False, legend=False))
    assert not {"Forked", "Ours", "linear", "convolution"} & set(plain)
    assert "convolution" in texts(draw(forked(), legend=True, show="-legend"))


def test_labels_are_by_path_pattern_and_class() -> None:
    shown = texts(draw(forked(), label={"left": "Cross attention", "M?P": "Feed forward"}))
    assert {"Cross attention", "Feed forward"} <= set(shown)
    assert not {"Attention", "MLP"} & set(shown)
    assert "Layers" in texts(draw(residual(), depth=2, label={"blocks.*": "Layers"}))
    assert "Cross attention" in draw(forked(), label={"left": "Cross attention"}).mermaid


def test_a_notebook_shows_the_viewer_of_what_an_author_says() -> None:
    told = {"label": {"left": "Cross attention"}, "color": {"MLP": "#aabbcc"}, "title": "Ours"}
    diagram = draw(forked(), hide="x", **told)
    shown = diagram._repr_mimebundle_()
    assert "text/html" in shown and "Cross attention" in shown["image/svg+xml"]
    author = diagram.to_dict()["author"]
    assert author["title"] == "Ours" and author["labels"] == {"left": "Cross attention"}
    assert author["colours"] == {"right": "#aabbcc"} and author["classes"] == [
        ["MLP", "MLP", "#aabbcc"]
    ]
    assert "author" not in draw(forked()).to_dict()


def test_colours_are_by_path_and_class_and_the_legend_names_the_class() -> None:
    diagram = draw(forked(), color={"Attention": "#aabbcc", "right": "#123"})
    assert 'fill="#aabbcc"' in diagram.svg and 'fill="#112233"' in diagram.svg
    assert "Attention" in texts(diagram)[-4:]
    # White on what is dark.
    assert 'fill="#ffffff"' in diagram.svg.rpartition("#112233")[2][:600]
    assert "#ddeeff" in draw(residual(), depth=2, color={"Block": "#ddeeff"}).source


def test_what_is_hidden_is_gone_and_its_way_stays() -> None:
    view = draw(forked(), depth=2, hide=("left", "x")).view
    titles = {node.title: node.id for node in view.nodes()}
    assert not {"Attention", "input"} & set(titles)
    assert (titles["ReLU"], titles["MLP"]) in {(edge.source, edge.target) for edge in view.edges}
    everything = draw(forked(), depth=2).view
    gone = draw(forked(), depth=2, hide="Stem").view
    assert sum(n.kind == "convolution" for n in everything.nodes()) == 1
    assert not any(n.kind == "convolution" for n in gone.nodes())


def test_a_function_of_the_module_opens_and_closes() -> None:
    view = draw(residual(), depth=1, fold=False, expand=lambda one: one.path == "blocks.1").view
    assert [item.path for item in view.items if not isinstance(item, Node)] == ["blocks.1"]
    closed = draw(residual(), depth=2, collapse=lambda one: one.class_name == "Block").view
    assert not list(closed.groups())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": {"lefft": "x"}}, "label names 'lefft', .* did you mean 'left'"),
        ({"color": {"Atention": "#fff"}}, "did you mean 'Attention'"),
        ({"hide": "nothing*"}, "hide names 'nothing\\*'"),
        ({"color": {"left": "blueish"}}, "expected a colour such as '#aabbcc'"),
        ({"label": "Stem"}, "label='Stem'; expected a mapping"),
        ({"label": {"left": 3}}, "expected texts"),
        ({"title": 3}, "expected a text"),
        ({"fold": "no"}, "fold='no'; expected True or False"),
        ({"expand": lambda one: one.gone}, "as expand= failed for '.*' .*: AttributeError: .*gone"),
        ({"collapse": lambda: True}, "as collapse= failed for '.*' .*: TypeError"),
        ({"legend": "no"}, "legend='no'; expected True or False"),
        ({"font": "Helvetika"}, "did you mean 'Helvetica'"),
        ({"hide": 3}, "is text"),
        ({"title": "x", "direciton": "LR"}, "no option 'direciton', .* did you mean 'direction'"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        draw(forked(), **options)
    with pytest.raises(InputError, match=message):
        export(forked(), tmp_path / "x.svg", **options)


def test_fonts_with_the_widths_of_the_layout() -> None:
    assert "Liberation Serif" in draw(forked(), font="Times").svg
    assert "Liberation Sans" in draw(forked(), theme="paper", font="sans").svg


@pytest.mark.parametrize("figure", ["flops", "params"])
def test_colouring_by_a_figure_changes_no_place(figure: str) -> None:
    assert cards(draw(forked(), color_by=figure).svg) == cards(draw(forked()).svg)


def test_the_greys_of_the_paper_theme_are_explained() -> None:
    shown = texts(draw(forked(), theme="paper"))
    assert {"convolution", "attention"} <= set(shown)


def test_an_edge_leaves_a_stacked_card_at_its_last_layer() -> None:
    diagram = draw(forked(), depth=2, direction="TB")
    (stack,) = [card for card in diagram._plan.cards.values() if len(card.rows) == 3]
    last = diagram.regions[stack.rows[-1].node.id][0]
    starts = re.findall(
        rf'<g class="edge" data-id="{stack.id}-[^>]*>\s*<path d="M([\d.]+),([\d.]+)', diagram.svg
    )
    assert len(starts) >= 2
    assert all(float(y) >= last.bottom - 0.5 for _, y in starts)


def test_tikz_has_every_text_and_can_be_included(tmp_path: Path) -> None:
    diagram = draw(forked(), width="4in")
    alone = diagram.save(tmp_path / "a.tex").read_text("utf-8")
    part = diagram.save(tmp_path / "b.tex", standalone=False).read_text("utf-8")
    assert "\\documentclass" in alone and "\\documentclass" not in part
    assert "paperwidth=288bp" in alone
    assert part.count("\\begin{tikzpicture}") == 1
    assert part.count("\\node[") == len(texts(diagram))
    odd = draw(oddly_named(), depth=1).tikz()
    assert "\\mvchar{漢}" in odd and "C:\\" not in odd
    # Whatever a model is called, no brace is left open.
    bare = re.sub(r"\\[{}%]", "", re.sub(r"(?m)(?<!\\)%.*$", "", odd))
    assert bare.count("{") == bare.count("}")


@pytest.mark.slow
@pytest.mark.parametrize("graph", [forked, oddly_named])
def test_latex_makes_one_page_of_it(graph: Any, tmp_path: Path) -> None:
    latex = shutil.which("pdflatex")
    if latex is None:
        pytest.skip("pdflatex is not installed")
    diagram = draw(graph(), depth=1)
    diagram.save(tmp_path / "alone.tex")
    diagram.save(tmp_path / "part.tex", standalone=False)
    head = "\\documentclass{article}\\usepackage{tikz}\\begin{document}"
    (tmp_path / "both.tex").write_text(head + "\\input{part}\\input{part}\\end{document}")
    for name in ("alone", "both"):
        command = [latex, "-halt-on-error", "-interaction=nonstopmode", f"{name}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        assert name == "both" or "(1 page" in done.stdout


@pytest.mark.parametrize("graph", [forked, oddly_named])
def test_drawio_has_the_boxes_in_their_places_and_the_arrows(graph: Any, tmp_path: Path) -> None:
    diagram = draw(graph(), depth=2)
    root = ElementTree.fromstring(diagram.save(tmp_path / "x.drawio").read_bytes())
    cells = {cell.attrib["id"]: cell for cell in root.iter("mxCell")}
    boxes = [cell for cell in cells.values() if cell.get("vertex")]
    arrows = [cell for cell in cells.values() if cell.get("edge")]
    words = [box for box in boxes if box.attrib["id"].startswith("w")]
    assert len(boxes) - len(words) == diagram.view.size
    assert words and words[0].get("value")
    assert len(arrows) == len(diagram.view.edges) + len(diagram.view.links)
    for arrow in arrows:
        assert arrow.attrib["source"] in cells and arrow.attrib["target"] in cells
    lines = [arrow for arrow in arrows if "exitX" in arrow.attrib["style"]]
    assert len(lines) == diagram.svg.count('class="edge"') + len(diagram.view.links)
    found = [box for box in boxes if not box.attrib["id"].startswith("w")]
    corners = [corner(cells, cell) for cell in found]
    for place in (one for places in diagram.regions.values() for one in places):
        assert any(abs(x - place.left) < 0.1 and abs(y - place.top) < 0.1 for x, y in corners)


def corner(cells: dict[str, ElementTree.Element], cell: ElementTree.Element) -> tuple[float, float]:
    """Where the corner of a cell is, as draw.io adds it up: in its parent, and that in its own."""
    place = cell.find("mxGeometry")
    if place is None:
        return 0.0, 0.0
    x, y = corner(cells, cells[cell.attrib["parent"]])
    return x + float(place.get("x", 0)), y + float(place.get("y", 0))


@pytest.mark.parametrize("columns", [None, 2])
def test_what_is_in_a_group_of_drawio_moves_with_it(columns: int | None) -> None:
    diagram = draw(nested(), depth=3, columns=columns)
    root = ElementTree.fromstring(diagram.drawio)
    cells = {cell.attrib["id"]: cell for cell in root.iter("mxCell")}
    order = list(cells)
    groups = [cell for cell in cells.values() if "container=1" in cell.get("style", "")]
    pieces = sum(len(diagram.regions[group.id]) for group in diagram.view.groups())
    assert len(groups) == pieces >= 4
    parents = {cell.get("parent") for cell in cells.values() if cell.get("vertex")}
    assert {group.attrib["id"] for group in groups} <= parents
    for cell in cells.values():
        parent = cell.get("parent")
        assert parent is None or order.index(parent) < order.index(cell.attrib["id"])
    found: set[tuple[float, float]] = set()
    for edge in (cell for cell in cells.values() if cell.get("edge")):
        ends = [ancestors(cells, edge.attrib[end]) for end in ("source", "target")]
        shared = [name for name in ends[0] if name in ends[1]]
        assert edge.attrib["parent"] == shared[0]
        # Where it bends is counted from the cell that it is in.
        left, top = corner(cells, cells[edge.attrib["parent"]])
        bends = [point for point in edge.iter("mxPoint") if point.get("as") is None]
        found |= {(left + float(p.attrib["x"]), top + float(p.attrib["y"])) for p in bends}
    drawn = [point for way in ways(diagram._scene).values() for point in way.points[1:-1]]
    assert drawn
    for x, y in drawn:
        assert any(abs(x - a) < 0.1 and abs(y - b) < 0.1 for a, b in found)


def ancestors(cells: dict[str, ElementTree.Element], name: str) -> list[str]:
    """The cells around one, the innermost first."""
    parent = cells[name].get("parent")
    return [] if parent is None else [parent, *ancestors(cells, parent)]


@cache
def nested() -> ModelGraph:
    """Blocks in stages, each block with a skip around its layers."""
    build = GraphBuilder("Nested")
    x = build.input(2, 8)
    for stage in ("down", "up"):
        build.module(stage, f"{stage.title()}Stage")
        for index, size in enumerate((8, 16)):
            build.module(f"{stage}.{index}", f"Block{size}")
            for name in ("fc", "proj"):
                build.module(f"{stage}.{index}.{name}", "Linear", weights={"weight": (size, 8)})
    with build.call("", x):
        for stage in ("down", "up"):
            with build.call(stage, x) as results:
                for index in range(2):
                    with build.call(f"{stage}.{index}", x) as result:
                        y = build.layer(f"{stage}.{index}.fc", x)
                        x = build.op("add", x, build.layer(f"{stage}.{index}.proj", y))
                        result.append(x)
                results.append(x)
    return build.graph(x)


def test_a_group_that_goes_on_says_so_inside_its_frame() -> None:
    build = GraphBuilder("Cut")
    build.module("stage", "StageOfAVeryLongNameThatNoFrameHasRoomForInOneLine")
    for index in range(9):
        build.module(f"stage.{index}", "Mix", weights={"weight": (8 + index, 8)})
    x = build.input(2, 8)
    with build.call("", x), build.call("stage", x) as outputs:
        for index in range(9):
            x = build.op("add", build.layer(f"stage.{index}", x), x)
        outputs.append(x)
    svg = draw(build.graph(x), depth=2, columns=3).svg
    root = ElementTree.fromstring(svg)
    (group,) = [part for part in root if part.get("class") == "group"]
    frames = [part.attrib for part in group if part.tag.endswith("rect")]
    (header,) = [part for part in root if part.get("class") == "header"]
    notes = [t for t in header if (t.text or "").endswith(("(continued)", "…"))]
    assert len(frames) == 3 and len(notes) == 2
    for note in notes:
        left, long = float(note.attrib["x"]), float(note.attrib["textLength"])
        inside = [
            float(f["x"]) <= left and left + long <= float(f["x"]) + float(f["width"])
            for f in frames
        ]
        assert any(inside)


def test_lines_of_drawio_run_where_those_of_the_picture_do() -> None:
    diagram = draw(forked(), depth=2)
    root = ElementTree.fromstring(diagram.drawio)
    cells = list(root.iter("mxCell"))
    for edge in (cell for cell in cells if cell.get("edge") and "exitX" in cell.attrib["style"]):
        look = dict(part.split("=", 1) for part in edge.attrib["style"].split(";") if "=" in part)
        for end in ("exit", "entry"):
            x, y = float(look[f"{end}X"]), float(look[f"{end}Y"])
            assert min(x, 1 - x, y, 1 - y) == pytest.approx(0, abs=0.2)


def test_a_line_has_as_few_points_as_it_needs() -> None:
    straight = tuple((0.0, float(10 * step)) for step in range(4))
    around = ((0.0, 0.0), (90.0, 0.0), (90.0, 60.0), (0.0, 60.0))
    parts = [MarkGroup("a-b", "edge", (Curve(points, "#000000"),)) for points in (straight, around)]
    found = [ways(Scene(1, 1, "", "", "", "", (part,)))["a-b"].points for part in parts]
    assert len(found[0]) == 2 and 4 < len(found[1]) < 12
