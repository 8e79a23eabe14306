"""A scene as TikZ, for LaTeX: a document of its own, or a picture to be put into one.

Texts are set in the fonts of the document, and made narrower where those are wider than the fonts
of the layout. The package ``tikz`` is all that a document needs for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..tex import SPECIAL
from .curves import outline
from .scene import Mark, MarkGroup, Point, Polygon, Rect, Scene, Text, number

_DOCUMENT = r"""\documentclass{article}
\usepackage{fix-cm}
\usepackage[utf8]{inputenc}
\usepackage{tikz}
\usepackage[paperwidth=%sbp,paperheight=%sbp,margin=0pt]{geometry}
\pagestyle{empty}
\setlength{\parindent}{0pt}
\setlength{\topskip}{0pt}
\begin{document}
%s\end{document}
"""
_MACROS = r"""% \mvtext{width}{text}: a text that is no wider than in the layout.
\providecommand{\mvbox}{}\let\mvbox\relax\newbox\mvbox
\providecommand{\mvtext}[2]{\setbox\mvbox\hbox{#2}%
  \ifdim\wd\mvbox>#1\resizebox{#1}{\height}{\box\mvbox}\else\box\mvbox\fi}
% \mvchar{character}: one that pdfTeX has no font for.
\providecommand{\mvchar}[1]{\ifdefined\pdftexversion?\else#1\fi}
"""
_SPECIAL = {
    **SPECIAL,
    '"': "''",
    "÷": r"$\div$",
    "→": r"$\rightarrow$",
    "·": r"$\cdot$",
    "–": "--",
    "≥": r"$\geq$",
    "≤": r"$\leq$",
    "±": r"$\pm$",
}
_ANCHORS = {"start": "base west", "middle": "base", "end": "base east"}
_HEX = re.compile("#[0-9a-f]{6}")


def to_tikz(scene: Scene, standalone: bool = True) -> str:
    """The TikZ text of a scene; the same scene gives the same text.

    Not ``standalone``, it is a ``tikzpicture`` with the macros and colours that it needs, to be
    read by a document that loads ``tikz``.
    """
    body = [line for part in scene.parts for line in _part(part)]
    text = "\n".join(body)
    colours = sorted({scene.background, *_HEX.findall(text)})
    head = [f"\\definecolor{{mv{c[1:]}}}{{HTML}}{{{c[1:].upper()}}}" for c in colours]
    corner = f"({number(scene.width)},{number(scene.height)})"
    picture = [
        f"\\begin{{tikzpicture}}[x=1bp,y=-1bp,inner sep=0pt,outer sep=0pt,font={_family(scene)}]",
        f"\\path[use as bounding box,fill=mv{scene.background[1:]}] (0,0) rectangle {corner};",
        _HEX.sub(lambda found: f"mv{found[0][1:]}", text),
        "\\end{tikzpicture}%",
    ]
    made = "\n".join([_MACROS.rstrip("\n"), *head, *picture]) + "\n"
    if not standalone:
        return f"% {_plain(scene.title)}: \\input this where the package tikz is loaded.\n{made}"
    # A little more than the picture, so that rounding makes no second page.
    return _DOCUMENT % (number(scene.width), number(scene.height + 0.5), made)


def _family(scene: Scene) -> str:
    return "\\sffamily" if scene.family == "sans" else "\\rmfamily"


def _part(part: MarkGroup) -> Iterator[str]:
    yield f"% {part.kind} {_plain(part.id)}"
    yield from map(_mark, part.marks)


def _mark(mark: Mark) -> str:
    if isinstance(mark, Rect):
        return _rect(mark)
    if isinstance(mark, Text):
        return _text(mark)
    if isinstance(mark, Polygon):
        return f"\\fill[{mark.fill}] {' -- '.join(map(_point, mark.points))} -- cycle;"
    dots = ",line cap=round,dash pattern=on 0bp off 3bp" if mark.dotted else ""
    return f"\\draw[{mark.stroke},line width={number(mark.line)}bp{dots}] {_curve(mark.points)};"


def _rect(rect: Rect) -> str:
    paint = []
    if rect.fill is not None:
        paint.append(f"fill={rect.fill}")
    if rect.stroke is not None:
        paint += [f"draw={rect.stroke}", f"line width={number(rect.line)}bp"]
    if rect.dashed:
        paint.append("dash pattern=on 3bp off 2.5bp")
    if not rect.radius:
        ends = ((rect.x, rect.y), (rect.x + rect.width, rect.y + rect.height))
        return f"\\path[{','.join(paint)}] {' rectangle '.join(map(_point, ends))};"
    return f"\\path[{','.join(paint)}] {_curve(outline(rect))} -- cycle;"


def _curve(points: tuple[Point, ...]) -> str:
    pieces = [_point(points[0])]
    for index in range(1, len(points) - 2, 3):
        start, a, b, end = points[index - 1 : index + 3]
        if a == start and b == end:
            pieces.append(f"-- {_point(end)}")
        else:
            pieces.append(f".. controls {_point(a)} and {_point(b)} .. {_point(end)}")
    return " ".join(pieces)


def _text(text: Text) -> str:
    text = text.trimmed()
    if not text.text:
        return ""
    bold = "\\bfseries " if text.bold else ""
    size = f"\\fontsize{{{number(text.size)}bp}}{{{number(text.size * 1.2)}bp}}\\selectfont"
    return (
        f"\\node[anchor={_ANCHORS[text.anchor]},text={text.colour}] at {_point((text.x, text.y))} "
        f"{{{size}\\mvtext{{{number(text.width)}bp}}{{{bold}{_escaped(text.text)}}}}};"
    )


def _point(point: Point) -> str:
    return f"({number(point[0])},{number(point[1])})"


def _escaped(text: str) -> str:
    return "".join(map(_character, text))


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character in "-'`,":
        # Kept apart from what follows, which it would be joined with.
        return f"{character}{{}}"
    if ord(character) < 32 or ord(character) == 127:
        return "?"
    if ord(character) < 127 or 0xC0 <= ord(character) <= 0x17E:
        return character
    return f"\\mvchar{{{character}}}"


def _plain(text: str) -> str:
    """Text for a comment: one line of characters that every TeX reads."""
    return "".join(c if 32 <= ord(c) < 127 else "?" for c in text)
