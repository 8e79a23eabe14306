"""A scene as PNG or PDF, drawn by the Cairo that comes with Graphviz's library.

The scene becomes a DOT graph that is laid out already: shapes are its background drawing, and each
text is a node without an outline. Fonts are those of the layout, which are shipped with modelviz,
so a machine without fonts draws the same picture; its own fonts are asked for characters that
those lack.
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Literal
from xml.sax.saxutils import escape

from ..errors import InputError
from .curves import flattened, outline
from .engine import run_graphviz
from .layout_source import listed, quoted
from .scene import Mark, Path, Point, Polygon, Rect, Scene, Text
from .stamps import with_resolution, without_date
from .text import FONTS, in_fonts, with_controls

MAX_SIDE, MAX_PIXELS = 32_000, 150_000_000
"""The longest side of an image that Cairo can draw, and the most pixels (600 MB of memory)."""
_SCALE = 10.0
"""How much larger than life the canvas is: Graphviz rounds widths of letters to whole points."""
_FAMILIES = {"sans": "Liberation Sans", "serif": "Liberation Serif"}
_PIECE = 20
"""Drawing commands in one piece: Graphviz reads at most 16,384 characters between quotes."""


def to_png(scene: Scene, dpi: float) -> bytes:
    """The picture as PNG. Raises InputError where it would be too large for an image."""
    if isinstance(dpi, bool) or not isinstance(dpi, (int, float)) or not 10 <= dpi <= 2400:
        raise InputError(f"dpi={dpi!r}; expected a number from 10 to 2400")
    wide, high = scene.width * dpi / 72, scene.height * dpi / 72
    excess = max(max(wide, high) / MAX_SIDE, math.sqrt(wide * high / MAX_PIXELS))
    if excess > 1:
        raise InputError(
            f"at {dpi:g} dpi the picture would be {wide:,.0f} by {high:,.0f} pixels, more than an "
            f"image can hold: use dpi={int(dpi / excess)} or less, a smaller depth=, or a PDF or "
            "SVG, which have no such limit"
        )
    return with_resolution(_render(scene, "png", dpi), dpi)


def to_pdf(scene: Scene) -> bytes:
    """The picture as a PDF of one page of its own size."""
    return without_date(_render(scene, "pdf", 72))


def _render(scene: Scene, form: Literal["png", "pdf"], dpi: float) -> bytes:
    texts = [mark.text for part in scene.parts for mark in part.marks if isinstance(mark, Text)]
    with tempfile.TemporaryDirectory(prefix="modelviz-") as folder:
        config = FilePath(folder) / "fonts.conf"
        config.write_text(_font_config(folder, all(in_fonts(text) for text in texts)), "utf-8")
        environment = {"FONTCONFIG_FILE": str(config)}
        return run_graphviz(_source(scene, dpi), form, program="nop2", environment=environment)


def _font_config(folder: str, own_fonts_only: bool) -> str:
    """Which fonts there are: ours, and those of the machine when ours lack a character."""
    folders = [str(FONTS)] if own_fonts_only else [str(FONTS), *_system_fonts()]
    entries = "".join(f"<dir>{escape(name)}</dir>" for name in folders)
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">'
        f"<fontconfig>{entries}<cachedir>{escape(folder)}</cachedir></fontconfig>"
    )


def _system_fonts() -> list[str]:
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return ["/System/Library/Fonts", "/Library/Fonts", f"{home}/Library/Fonts"]
    if sys.platform == "win32":
        return [os.path.join(os.environ.get("WINDIR", r"C:\Windows"), "Fonts")]
    return ["/usr/share/fonts", "/usr/local/share/fonts", f"{home}/.local/share/fonts"]


def _source(scene: Scene, dpi: float) -> str:
    """The DOT text of a scene, which is laid out already."""
    marks = [mark for part in scene.parts for mark in part.marks]
    ink = _Ink(scene.height)
    for mark in marks:
        ink.draw(mark)
    graph = {
        "bb": quoted(f"0,0,{_SCALE * scene.width:.1f},{_SCALE * scene.height:.1f}"),
        "pad": "0",
        "margin": "0",
        "dpi": f"{dpi / _SCALE:g}",
        "bgcolor": quoted(scene.background),
        "_background": ink.quoted,
    }
    node = {"shape": "none", "fixedsize": "true", "margin": "0", "label": '""'}
    corner = {"shape": "point", "style": "invis", "width": "0", "height": "0"}
    statements = {
        "graph": graph,
        "node": node,
        "low": corner | {"pos": _place(0.0, 0.0)},
        "high": corner | {"pos": _place(scene.width, scene.height)},
    }
    texts = (mark for mark in marks if isinstance(mark, Text))
    statements |= {f"t{index}": _text_node(text, scene) for index, text in enumerate(texts)}
    return "\n".join(["digraph {", *map(listed, statements.items()), "}\n"])


def _text_node(text: Text, scene: Scene) -> dict[str, str]:
    # Room to spare on both sides: a box that is too narrow would be reported, not cut.
    spare = 0.2 * text.width + 12
    left = {"start": 0.0, "middle": text.width / 2, "end": text.width}[text.anchor]
    middle = text.x - left + text.width / 2
    justify = {"start": "\\l", "middle": "", "end": "\\r"}[text.anchor]
    if text.anchor == "start":
        middle += spare / 2
    elif text.anchor == "end":
        middle -= spare / 2
    family = _FAMILIES[scene.family]
    return {
        "label": quoted(_label(text.text) + justify),
        "fontname": quoted(f"{family} Bold" if text.bold else family),
        "fontsize": f"{_SCALE * text.size:g}",
        "fontcolor": quoted(text.colour),
        "width": f"{_SCALE * (text.width + spare) / 72:.4f}",
        "height": f"{_SCALE * text.size * 1.4 / 72:.4f}",
        "pos": _place(middle, scene.height - text.y + 0.33 * text.size),
    }


def _place(x: float, y: float) -> str:
    return quoted(f"{_SCALE * x:.1f},{_SCALE * y:.1f}")


def _label(text: str) -> str:
    return with_controls(text).replace("\\", "\\\\").replace("&", "&amp;")


class _Ink:
    """Writes shapes in Graphviz's drawing language, in which y grows upwards."""

    def __init__(self, height: float) -> None:
        self._height = height
        self._words: list[str] = []

    @property
    def quoted(self) -> str:
        """Everything that was drawn, as DOT text in pieces that Graphviz's scanner can hold."""
        pieces = [
            " ".join(self._words[start : start + _PIECE]) + " "
            for start in range(0, len(self._words), _PIECE)
        ]
        return " + ".join(f'"{piece}"' for piece in pieces) or '""'

    def draw(self, mark: Mark) -> None:
        """Add a mark; texts are not drawn here."""
        if isinstance(mark, Rect):
            self._rect(mark)
        elif isinstance(mark, Path):
            self._curve(mark.points, mark.stroke, mark.line, (1.2, 2.8) if mark.dotted else None)
        elif isinstance(mark, Polygon):
            self._line(0.3)
            self._colour("c", mark.fill)
            self._colour("C", mark.fill)
            self._points("P", mark.points)

    def _rect(self, rect: Rect) -> None:
        points = outline(rect)
        if rect.fill is not None:
            # A filled shape is stroked as well: without a line of its own, in its own colour.
            self._line(rect.line if rect.stroke else 0.0)
            self._colour("c", rect.stroke or f"{rect.fill}00")
            self._colour("C", rect.fill)
            self._points("b", points)
        elif rect.stroke is not None:
            self._curve(points, rect.stroke, rect.line, (3.0, 2.5) if rect.dashed else None)

    def _curve(
        self,
        points: tuple[Point, ...],
        colour: str,
        line: float,
        dashes: tuple[float, float] | None,
    ) -> None:
        self._line(line)
        self._colour("c", colour)
        for piece in (points,) if dashes is None else _dashes(points, *dashes):
            self._points("B" if dashes is None else "L", piece)

    def _line(self, width: float) -> None:
        word = f"setlinewidth({_SCALE * width:g})"
        self._words.append(f"S {len(word)} -{word}")

    def _colour(self, pen: str, colour: str) -> None:
        self._words.append(f"{pen} {len(colour)} -{colour}")

    def _points(self, shape: str, points: tuple[Point, ...]) -> None:
        places = " ".join(f"{_SCALE * x:.1f} {_SCALE * (self._height - y):.1f}" for x, y in points)
        self._words.append(f"{shape} {len(points)} {places}")


def _dashes(points: tuple[Point, ...], on: float, off: float) -> Iterator[tuple[Point, ...]]:
    """A curve cut into dashes of length ``on``, ``off`` apart."""
    left, drawing, dash = on, True, [points[0]]
    at = points[0]
    for goal in flattened(points):
        length = math.dist(at, goal)
        while length >= left > 0:
            share = left / length
            at = (at[0] + (goal[0] - at[0]) * share, at[1] + (goal[1] - at[1]) * share)
            length -= left
            if drawing:
                yield (*dash, at)
            drawing = not drawing
            left, dash = (on if drawing else off), [at]
        left -= length
        at = goal
        dash.append(at)
