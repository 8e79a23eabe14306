"""The table as LaTeX, in a ``tabular`` that needs no package."""

from __future__ import annotations

from collections.abc import Iterable

from ..tex import SPECIAL
from .characters import clean
from .table import Table

_ESCAPES = {
    **SPECIAL,
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
    "'": r"\textquotesingle{}",
    "-": r"{-}",
    "[": r"{[}",
    "]": r"{]}",
    "*": r"{*}",
}
_TABLE = str.maketrans(_ESCAPES)


def to_latex(table: Table) -> str:
    """A ``tabular`` with the rows and the totals below them; names are escaped."""
    size = len(table.headers)
    columns = "l" + "".join("r" if header.numeric else "l" for header in table.headers)
    lines = [
        rf"\begin{{tabular}}{{{columns}}}",
        r"\hline",
        _row([table.title, *(header.title for header in table.headers)]),
        r"\hline",
    ]
    lines += [
        rf"\hspace*{{{line.indent}em}}{_row([line.label.plain, *line.cells])}"
        for line in table.lines
    ]
    for block in table.totals:
        lines.append(r"\hline")
        lines += [
            rf"\multicolumn{{{size + 1}}}{{l}}{{{escape(f'{label}: {value}')}}} \\"
            for label, value in block
        ]
    lines += [r"\hline", r"\end{tabular}"]
    lines += [f"% {clean(note)}" for note in table.notes]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """The text so that LaTeX prints it as it is."""
    return clean(text).translate(_TABLE)


def _row(cells: Iterable[str]) -> str:
    return rf"{' & '.join(escape(cell) for cell in cells)} \\"
