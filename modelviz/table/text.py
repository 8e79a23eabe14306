"""The table as plain text, in the look of torchinfo's."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from .characters import clean, cut, pad
from .layout import FittedTable, fit
from .table import Table


def to_text(table: Table, col_width: int, limit: int | None = None) -> str:
    """The table as lines of text, no wider than ``limit`` if one is given."""
    return "\n".join(_lines(table, fit(table, col_width, limit)))


def _lines(table: Table, layout: FittedTable) -> Iterator[str]:
    divider = "=" * layout.total
    yield divider
    yield _joined(table, layout, table.title, layout.titles)
    yield divider
    for line, cells in zip(table.lines, layout.cells, strict=True):
        label = f"{table.symbols.tree(line.indent)}{clean(line.label.plain)}"
        yield _joined(table, layout, label, cells)
    for block in table.totals:
        yield divider
        for label, value in block:
            yield f"{label}: {clean(value)}"
    yield divider
    notes = all_notes(table, layout)
    for note in notes:
        yield from wrapped(note, layout.total)
    if notes:
        yield divider


def _joined(table: Table, layout: FittedTable, label: str, cells: tuple[str, ...]) -> str:
    label = pad(cut(label, layout.label, table.symbols.ellipsis), layout.label)
    return " ".join((label, *cells)).rstrip()


def all_notes(table: Table, layout: FittedTable) -> tuple[str, ...]:
    """The table's notes, and one on the columns that do not fit."""
    if not layout.hidden:
        return table.notes
    return (*table.notes, f"Too narrow to show: {', '.join(layout.hidden)}")


def wrapped(note: str, size: int) -> list[str]:
    """The note as lines, all but the first indented."""
    return wrap(clean(note), max(size, 3), subsequent_indent="  ")
