"""Curves of growth as a picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ..errors import InputError, ModelvizError
from ..files import encoded, write_bytes
from ..formats import DEFAULT_DPI
from ..render.canvas import to_pdf, to_png
from ..render.line_chart import Line, Panel, chart_scene
from ..render.scene import Scene
from ..render.svg import to_svg
from ..render.theme import theme_named
from .curves import Curve, part_name, written


@dataclass(frozen=True, repr=False)
class Chart:
    """A chart, in whatever format it is asked for; it shows itself in a notebook."""

    title: str
    scene: Scene

    @cached_property
    def svg(self) -> str:
        """The chart as an SVG document."""
        return to_svg(self.scene)

    def png(self, dpi: float = DEFAULT_DPI) -> bytes:
        """The chart as PNG, at ``dpi`` dots per inch."""
        return to_png(self.scene, dpi)

    def pdf(self) -> bytes:
        """The chart as a PDF of one page of its own size."""
        return to_pdf(self.scene)

    def save(self, path: str | Path, *, dpi: float = DEFAULT_DPI) -> Path:
        """Write the chart to ``path``, an .svg, .png or .pdf; gives the path. Raises InputError."""
        target = Path(path)
        writers: dict[str, Callable[[], str | bytes]] = {
            ".svg": lambda: self.svg,
            ".png": partial(self.png, dpi),
            ".pdf": self.pdf,
        }
        write = writers.get(target.suffix.lower())
        if write is None:
            raise InputError(
                f"cannot write a chart to {str(path)!r}: expected a name that ends in "
                f"{', '.join(writers)}"
            )
        made = write()
        return write_bytes(target, encoded(made) if isinstance(made, str) else made)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg, "text/plain": repr(self)}
        except ModelvizError as error:
            return {"text/plain": f"{self!r}\n{error}"}

    def __repr__(self) -> str:
        return f"Chart({self.title}; .save('growth.svg') writes it)"


def growth_chart(title: str, rows: Sequence[Sequence[Curve]], theme: str) -> Chart:
    """The curves as panels, one row for each figure. Raises InputError for an unknown theme."""
    panels = [[_panel(one) for one in row] for row in rows]
    return Chart(title, chart_scene(title, panels, theme_named(theme)))


def _panel(one: Curve) -> Panel:
    lines = [Line("in all", one.points)]
    lines += [Line(f"{part_name(power)} part", points) for power, points in one.parts.items()]
    return Panel(
        title=one.title,
        setting=one.setting,
        axis=one.dim,
        lines=lines,
        value_text=partial(written, one.figure),
        remark=one.remark,
        mark=one.crossover,
    )
