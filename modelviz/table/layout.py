"""How wide the columns are, and what fits where only so much room is given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .characters import clean, cut, pad, pad_left, width
from .table import Table

_LABEL_WIDTH = 40
_LABEL_STEP = 5
_NARROW_LABEL = 32
_NARROW_TEXT = 12
_MOST_SPARE = 4


@dataclass(frozen=True, slots=True)
class FittedTable:
    """A table cut to size. ``cells`` are padded to the ``columns``, one list a line.

    ``label`` and ``columns`` are widths in characters, ``total`` that of a divider. ``hidden`` are
    the titles of columns that do not fit.
    """

    label: int
    columns: tuple[int, ...]
    total: int
    titles: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    hidden: tuple[str, ...]


def fit(table: Table, col_width: int, limit: int | None) -> FittedTable:
    """Columns wide enough for every cell and ``col_width``, as far as ``limit`` allows.

    Where it does not, labels and texts are cut, and the last columns are left out. Numbers are
    never cut.
    """
    titles = [header.title for header in table.headers]
    columns = [
        _aligned([title, *(clean(line.cells[place]) for line in table.lines)], header.numeric)
        for place, (title, header) in enumerate(zip(titles, table.headers, strict=True))
    ]
    labels = [
        len(table.symbols.tree(line.indent)) + width(clean(line.label.plain))
        for line in table.lines
    ]
    label = max([width(table.title), *labels])
    needed = [max(map(width, cells)) for cells in columns]
    wide_label = max(_LABEL_WIDTH, -(-(label + 1) // _LABEL_STEP) * _LABEL_STEP)
    widths = [max(col_width, size) for size in needed]
    total = wide_label + sum(widths)
    if limit is None or total + len(widths) <= limit:
        label = wide_label
    else:
        numeric = [header.numeric for header in table.headers]
        label, widths = _squeeze(label, needed, numeric, limit)
        total = min(limit, _total(label, widths))
    padded = [
        [pad(cut(cell, size, table.symbols.ellipsis), size) for cell in cells]
        for cells, size in zip(columns, widths, strict=False)
    ]
    lines = list(zip(*padded, strict=True)) if padded else [()] * (len(table.lines) + 1)
    return FittedTable(
        label, tuple(widths), total, lines[0], tuple(lines[1:]), tuple(titles[len(widths) :])
    )


def _aligned(cells: list[str], numeric: bool) -> list[str]:
    """The cells, numbers moved to the right so that their digits stand below one another."""
    if not numeric:
        return cells
    size = max(map(width, cells))
    return [pad_left(cell, size) for cell in cells]


def _total(label: int, columns: Sequence[int]) -> int:
    return label + sum(columns) + len(columns)


def _squeeze(
    label: int, columns: Sequence[int], numeric: Sequence[bool], limit: int
) -> tuple[int, list[int]]:
    """Widths of the label and of the columns that are kept."""
    columns = list(columns)
    spare = limit - _total(label, columns)
    if spare >= 0:
        extra = min(spare // (len(columns) + 1), _MOST_SPARE)
        return label + extra, [size + extra for size in columns]
    label = max(min(label, _NARROW_LABEL), label + spare)
    texts = [place for place, is_number in enumerate(numeric) if not is_number]
    while texts and _total(label, columns) > limit:
        widest = max(texts, key=lambda place: columns[place])
        if columns[widest] <= _NARROW_TEXT:
            break
        columns[widest] -= 1
    while columns and _total(label, columns) > limit:
        columns.pop()
    return (label if columns else limit), columns
