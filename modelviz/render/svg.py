"""A scene as SVG text: plain elements, no script, no fonts inside.

Every text carries the width that it had in the layout, so it fits whatever font a viewer has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from .scene import Mark, MarkGroup, Path, Point, Polygon, Rect, Scene, Text, number

_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML cannot hold."""


def to_svg(scene: Scene) -> str:
    """The SVG document of a scene; the same scene gives the same text."""
    width, height = number(scene.width), number(scene.height)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" '
        f'viewBox="0 0 {width} {height}" role="img" font-family={quoteattr(scene.css_family)}>',
        f"<title>{_escaped(scene.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="{scene.background}"/>',
    ]
    for part in scene.parts:
        lines += _part(part)
    lines.append("</svg>\n")
    return "\n".join(lines)


def _part(part: MarkGroup) -> Iterator[str]:
    yield f"<g class={quoteattr(part.kind)} data-id={quoteattr(legal(part.id))}>"
    if part.about:
        yield f"<title>{_escaped(part.about)}</title>"
    for mark in part.marks:
        yield _mark(mark)
    yield "</g>"


def _mark(mark: Mark) -> str:
    if isinstance(mark, Rect):
        return _rect(mark)
    if isinstance(mark, Text):
        return _text(mark)
    if isinstance(mark, Polygon):
        corners = " ".join(_point(point) for point in mark.points)
        return f'<polygon points="{corners}" fill="{mark.fill}"/>'
    return _path(mark)


def _rect(rect: Rect) -> str:
    paint = f'fill="{rect.fill or "none"}"'
    if rect.stroke is not None:
        paint += f' stroke="{rect.stroke}" stroke-width="{number(rect.line)}"'
    if rect.dashed:
        paint += ' stroke-dasharray="3 2.5"'
    if rect.corners == (True, True) or not rect.radius:
        radius = f' rx="{number(rect.radius)}"' if rect.radius else ""
        return (
            f'<rect x="{number(rect.x)}" y="{number(rect.y)}" width="{number(rect.width)}" '
            f'height="{number(rect.height)}"{radius} {paint}/>'
        )
    return f'<path d="{_partly_round(rect)}" {paint}/>'


def _partly_round(rect: Rect) -> str:
    upper, lower = (rect.radius if round_ else 0.0 for round_ in rect.corners)
    n = number
    left, top, right, bottom = rect.x, rect.y, rect.x + rect.width, rect.y + rect.height
    return (
        f"M{n(left)} {n(top + upper)}"
        f"q0 {n(-upper)} {n(upper)} {n(-upper)}H{n(right - upper)}"
        f"q{n(upper)} 0 {n(upper)} {n(upper)}V{n(bottom - lower)}"
        f"q0 {n(lower)} {n(-lower)} {n(lower)}H{n(left + lower)}"
        f"q{n(-lower)} 0 {n(-lower)} {n(-lower)}Z"
    )


def _path(path: Path) -> str:
    first, *rest = path.points
    dashes = ' stroke-dasharray="1 3" stroke-linecap="round"' if path.dotted else ""
    curve = f"C{' '.join(_point(point) for point in rest)}" if rest else ""
    return (
        f'<path d="M{_point(first)}{curve}" fill="none" stroke="{path.stroke}" '
        f'stroke-width="{number(path.line)}"{dashes}/>'
    )


def _text(text: Text) -> str:
    weight = ' font-weight="bold"' if text.bold else ""
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    text = text.trimmed()
    if not text.text:
        return ""
    return (
        f'<text x="{number(text.x)}" y="{number(text.y)}" font-size="{number(text.size)}" '
        f'fill="{text.colour}" textLength="{number(text.width)}" '
        f'lengthAdjust="spacingAndGlyphs"{weight}{anchor}>{_escaped(text.text)}</text>'
    )


def _point(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"


def _escaped(text: str) -> str:
    return escape(legal(text))


def legal(text: str) -> str:
    """Text that XML can hold: control characters as their pictures, lone surrogates as marks."""
    return text if text.isprintable() else _UNFIT.sub(_stand_in, text)


def _stand_in(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 32 else "\ufffd"
