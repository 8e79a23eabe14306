"""Whether each format of a picture is one that others can read, and how many things it shows."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from xml.etree import ElementTree

from modelviz import Diagram

MOST_VISIBLE = 60


def problems(diagram: Diagram) -> list[str]:
    """What other programs find wrong with the picture's formats; empty when all read them.

    Mermaid is not here, since its own parser needs node: see ``mermaid.py``.
    """
    return [
        *_too_much(diagram),
        *_dot(diagram),
        *_svg(diagram.svg),
        *_png(diagram.png()),
        *_pdf(diagram.pdf()),
    ]


def _too_much(diagram: Diagram) -> Iterator[str]:
    if diagram.view.size > MOST_VISIBLE:
        yield f"{diagram.view.size} nodes and groups are visible, over {MOST_VISIBLE}"


def _dot(diagram: Diagram) -> Iterator[str]:
    """Read back by Graphviz, with the class of every module that is shown on some node.

    A long one may be in two lines, as in the picture.
    """
    import pygraphviz

    try:
        read = pygraphviz.AGraph().from_string(diagram.source)
    except (ValueError, pygraphviz.DotError) as error:
        yield f"DOT: {error}"
        return
    shown = "\n".join(str(node.attr["label"]).replace("\\n", "") for node in read.nodes())
    for title in sorted({node.title for node in diagram.view.nodes() if node.path is not None}):
        if title not in shown:
            yield f"DOT: no node is labelled {title!r}"


def _svg(svg: str) -> Iterator[str]:
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        yield f"SVG: {error}"
        return
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        yield f"SVG: the root is {root.tag}"


def _png(png: bytes) -> Iterator[str]:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(png)) as image:
            image.load()
            colours = image.convert("RGB").getcolors(maxcolors=8)
    except (OSError, SyntaxError) as error:
        yield f"PNG: {error}"
        return
    if colours is not None:
        yield f"PNG: only {len(colours)} colours: the picture is blank"


def _pdf(pdf: bytes) -> Iterator[str]:
    """One page with text in it, as poppler reads it where it is installed."""
    if not pdf.startswith(b"%PDF-"):
        yield "PDF: it does not begin with %PDF-"
        return
    if shutil.which("pdfinfo") is None:
        return
    done = subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=False)
    fields = dict(
        line.split(":", 1) for line in done.stdout.decode("utf-8", "replace").splitlines()
    )
    if done.returncode or done.stderr:
        yield f"PDF: {done.stderr.decode('utf-8', 'replace').strip()}"
    elif fields["Pages"].strip() != "1":
        yield f"PDF: {fields['Pages'].strip()} pages"
