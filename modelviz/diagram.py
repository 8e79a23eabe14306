"""``modelviz.draw`` and ``modelviz.export``: a model as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .depth import deep
from .errors import InputError, ModelvizError
from .files import check_folder, encoded, named_path, write_bytes
from .formats import DEFAULT_DPI, PICTURES, by_suffix
from .graph import ModelGraph
from .render.canvas import to_pdf, to_png
from .render.compose import compose, on_paper
from .render.dot import dot_source
from .render.drawio import to_drawio
from .render.first_places import first_places
from .render.layout import Box, lay_out
from .render.mermaid import to_mermaid
from .render.page import to_html
from .render.plan import Plan, plan
from .render.regions import regions
from .render.scene import Scene
from .render.shapes import shapes
from .render.sizes import TINY
from .render.style import Style
from .render.svg import to_svg
from .render.tikz import to_tikz
from .view import Document, View, ViewOptions
from .view.marks import finding_marks, marked
from .view.visible import visible
from .viewer.notebook import notebook_html
from .viewer.options import viewer_options

if TYPE_CHECKING:
    from .viewer.widget import DiagramWidget


@dataclass(frozen=True)
class Diagram:
    """A picture of a model, in whatever format it is asked for.

    It shows itself in a notebook. ``view`` is what it shows of the ``document``, ``graph`` where
    that comes from, and ``options`` what was asked of it. The viewer tells of the parts what the
    marks of the document say; without them, the findings of the graph.
    """

    graph: ModelGraph
    document: Document
    view: View
    style: Style
    options: ViewOptions = field(default_factory=ViewOptions)

    @cached_property
    def source(self) -> str:
        """The picture as DOT, for Graphviz."""
        return dot_source(self._plan)

    @cached_property
    def svg(self) -> str:
        """The picture as an SVG document."""
        return to_svg(self._scene)

    @cached_property
    def regions(self) -> Mapping[str, tuple[Box, ...]]:
        """Where the nodes and groups of the view are in the picture, by id, in points."""
        return regions(self._plan, self._scene)

    @cached_property
    def mermaid(self) -> str:
        """The picture as a Mermaid flowchart."""
        with deep(self.graph):
            return to_mermaid(self.view, self.style)

    @cached_property
    def drawio(self) -> str:
        """The picture as a diagram of draw.io, whose boxes and arrows can be moved."""
        with deep(self.graph):
            factor = self.style.paper.factor(*self._laid_out)
            return to_drawio(self._plan, self._scene, self.regions, factor)

    def tikz(self, *, standalone: bool = True) -> str:
        """The picture as TikZ: a LaTeX document, or what another one can read by its input."""
        return to_tikz(self._scene, standalone)

    @cached_property
    def html(self) -> str:
        """The model as an HTML page that needs nothing else: the interactive viewer.

        Without scripts it shows the picture.
        """
        try:
            static = self.svg
        except ModelvizError as error:
            static = f"<p>{escape(str(error))}</p>"
        return self._page(static, url=True)

    def png(self, dpi: float = DEFAULT_DPI) -> bytes:
        """The picture as PNG, at ``dpi`` dots per inch."""
        return to_png(self._scene, dpi)

    def pdf(self) -> bytes:
        """The picture as a PDF of one page of its own size."""
        return to_pdf(self._scene)

    def to_dict(self) -> dict[str, Any]:
        """All that the picture could show, and what is open in it, as JSON-ready data."""
        with deep(self.graph):
            document = self.document
            if document.marks is None:
                marks = finding_marks(self.graph.findings)
                document = marked(document, self.graph, marks)
            places = first_places(visible(document), self.style)
            return document.to_dict() | ({} if places is None else {"places": places})

    def save(self, path: str | Path, *, dpi: float = DEFAULT_DPI, standalone: bool = True) -> Path:
        """Write the picture to ``path``, whose suffix decides the format; gives the path.

        The formats are those of ``modelviz.formats.PICTURES``: svg, png, pdf, html, tex (TikZ, a
        document of its own, or not ``standalone``, to be included in one), drawio, dot (also gv),
        mmd (also mermaid) and json, which is the whole graph, as ``modelviz.load`` reads it.
        """
        target = checked_path(path)
        one = by_suffix(PICTURES)[_suffix(target)]
        if one.name == "tikz" and not standalone:
            written: str | bytes = self.tikz(standalone=False)
        else:
            written = one.write(self, dpi)
        return write_bytes(target, encoded(written) if isinstance(written, str) else written)

    @property
    def fits(self) -> bool:
        """Whether all text is large enough where the picture is printed: ``style.paper``."""
        return self.style.paper.fits(*self._laid_out)

    @property
    def rails(self) -> int:
        """How many lines lead from one column or row to the next, where it is most."""
        return self._composed.rails

    @property
    def has_form(self) -> bool:
        """Whether it reads downwards and has a form of its own, such as a U."""
        with deep(self.graph):
            return self.style.direction == "TB" and next(shapes(self._plan), None) is not None

    @property
    def smallest_text(self) -> float:
        """How large the smallest text is where the picture is printed, in points."""
        return self.style.paper.scale(*self._laid_out) * TINY

    @property
    def laid_out_width(self) -> float:
        """How wide the picture is before it is fitted to its paper, in points."""
        return self._laid_out[0]

    @cached_property
    def _plan(self) -> Plan:
        with deep(self.graph):
            return plan(self.view, self.style)

    @cached_property
    def _scene(self) -> Scene:
        with deep(self.graph):
            return on_paper(self._plan, self._composed)

    @cached_property
    def _composed(self) -> Scene:
        with deep(self.graph):
            return compose(self._plan, lay_out(self._plan))

    @property
    def _laid_out(self) -> tuple[float, float]:
        return self._composed.width, self._composed.height

    def _page(self, static: str, url: bool, whole: bool = True) -> str:
        options = {**viewer_options(self.style), "url": url, "framed": not url}
        with deep(self.graph):
            return to_html(self.to_dict(), options, static, self.view.name, whole=whole)

    def widget(self) -> DiagramWidget:
        """The viewer as a Jupyter widget, whose ``selected`` is what is selected in it.

        Needs ``pip install 'torch-modelviz[notebook]'``; raises InputError without. A diagram at
        the end of a cell needs nothing, and stays interactive in a saved notebook, where a widget
        is a picture at most.
        """
        try:
            from .viewer.widget import diagram_widget
        except ImportError as error:
            raise InputError(
                f"a widget needs the package anywidget ({error}): "
                "pip install 'torch-modelviz[notebook]'; the diagram itself shows without"
            ) from error
        return diagram_widget(self.to_dict(), viewer_options(self.style), self.svg)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """What a notebook shows: the viewer, the picture, or why there is none."""
        try:
            svg = self.svg
        except ModelvizError as error:
            return {"text/plain": f"{self!r}\n{error}"}
        page = self._page("", url=False, whole=False)
        return {
            "text/html": notebook_html(page, svg, self.view.name),
            "image/svg+xml": svg,
            "text/plain": repr(self),
        }

    def __repr__(self) -> str:
        return (
            f"Diagram({self.view.name}: {self.view.size} nodes and groups, "
            f"depth {self.view.depth}; .save('model.svg') writes it)"
        )


def checked_path(path: str | Path) -> Path:
    """The path, when something could be written there in a format that its suffix names."""
    target = named_path(path)
    known = by_suffix(PICTURES)
    if _suffix(target) not in known:
        given = f"the suffix {target.suffix!r}" if target.suffix else "no suffix"
        raise InputError(
            f"cannot tell the format of {str(target)!r}: it has {given}; expected one of "
            f"{' '.join(known)}"
        )
    check_folder(target)
    return target


def _suffix(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")
