"""Every format that modelviz writes: one list, from which all that offers formats takes them.

A new format is a file with its writer, and a line here: the command line, ``Diagram.save``, the
downloads of the app and the error for an unknown suffix then have it. Nothing is imported before
something is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from .checking import Report
    from .comparing import Diff
    from .diagram import Diagram
    from .table.summary import Summary

Written = TypeVar("Written")

DEFAULT_DPI = 150.0
"""Dots per inch of a picture made of pixels."""


@dataclass(frozen=True, slots=True)
class Format(Generic[Written]):
    """One format: its name, the suffix of its files, what it is called, its media type.

    ``write`` makes text, or bytes where a format is no text, of what is shown; a picture's takes
    the dots per inch, too. ``aliases`` are further suffixes.
    """

    name: str
    suffix: str
    title: str
    mime: str
    write: Callable[..., str | bytes]
    aliases: tuple[str, ...] = ()


PICTURES: tuple[Format[Diagram], ...] = (
    Format("svg", "svg", "SVG picture", "image/svg+xml", lambda it, dpi: it.svg),
    Format("png", "png", "PNG picture", "image/png", lambda it, dpi: it.png(dpi)),
    Format("pdf", "pdf", "PDF page", "application/pdf", lambda it, dpi: it.pdf()),
    Format("html", "html", "HTML page to open and click", "text/html", lambda it, dpi: it.html),
    Format("tikz", "tex", "TikZ for LaTeX", "text/x-tex", lambda it, dpi: it.tikz()),
    Format(
        "drawio", "drawio", "Diagram for draw.io", "application/vnd.jgraph.mxfile",
        lambda it, dpi: it.drawio,
    ),
    Format("dot", "dot", "Graphviz DOT", "text/vnd.graphviz", lambda it, dpi: it.source, ("gv",)),
    Format(
        "mermaid", "mmd", "Mermaid", "text/plain", lambda it, dpi: it.mermaid, ("mermaid",)
    ),
    Format(
        "json", "json", "Whole graph as JSON", "application/json",
        lambda it, dpi: it.graph.to_json(),
    ),
)  # fmt: skip
"""Of a ``Diagram``."""


TABLES: tuple[Format[Summary], ...] = (
    Format("text", "txt", "Table as text", "text/plain", lambda it: it.to_text()),
    Format("csv", "csv", "Table as CSV", "text/csv", lambda it: it.to_csv()),
    Format("markdown", "md", "Table as Markdown", "text/markdown", lambda it: it.to_markdown()),
    Format("latex", "tex", "Table as LaTeX", "text/x-tex", lambda it: it.to_latex()),
    Format("json", "json", "Table as JSON", "application/json", lambda it: it.to_json()),
)
"""Of a ``Summary``."""


CHANGES: tuple[Format[Diff], ...] = (
    Format("markdown", "md", "Changes as Markdown", "text/markdown", lambda it: it.to_markdown()),
    Format("json", "json", "Changes as JSON", "application/json", lambda it: it.to_json()),
)
"""Of a ``Diff``."""


def _sarif(report: Report) -> str:
    import json

    return json.dumps(report.to_sarif(), indent=2)


REPORTS: tuple[Format[Report], ...] = (
    Format("text", "txt", "Report as text", "text/plain", str),
    Format("json", "json", "Report as JSON", "application/json", lambda it: it.to_json()),
    Format("markdown", "md", "Report as Markdown", "text/markdown", lambda it: it.to_markdown()),
    Format("sarif", "sarif", "Report as SARIF", "application/sarif+json", _sarif),
    Format("github", "txt", "Annotations for GitHub", "text/plain", lambda it: it.to_github()),
)
"""Of a ``Report``."""


def names(formats: Iterable[Format[Any]]) -> list[str]:
    """What the formats are called, for a command line to offer."""
    return [one.name for one in formats]


def by_name(formats: Iterable[Format[Written]], name: str) -> Format[Written]:
    """The format of a name. Raises KeyError where there is none."""
    return {one.name: one for one in formats}[name]


def by_suffix(formats: Iterable[Format[Written]]) -> Mapping[str, Format[Written]]:
    """The formats by the suffixes of their files, without the dot, aliases included."""
    return {suffix: one for one in formats for suffix in (one.suffix, *one.aliases)}
