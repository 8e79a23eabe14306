"""The table, laid out: what stands in each line, before it becomes text of any format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .characters import ascii_text
from .symbols import Symbols

Kind = Literal["row", "group", "parameter"]
Tone = Literal["plain", "muted", "warning", "error"]


@dataclass(frozen=True, slots=True)
class FirstCell:
    """The parts of a line's first cell; empty parts are left out.

    ``repeat`` is like ``× 6``, ``number`` like ``2-13`` and ``tags`` are remarks.
    """

    text: str
    name: str = ""
    repeat: str = ""
    number: str = ""
    tags: tuple[str, ...] = ()

    @property
    def plain(self) -> str:
        """The parts in one piece."""
        name = f" ({self.name})" if self.name else ""
        repeat = f" {self.repeat}" if self.repeat else ""
        number = f": {self.number}" if self.number else ""
        return f"{self.text}{name}{repeat}{number}" + "".join(f" [{tag}]" for tag in self.tags)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. ``indent`` is 0 for the model, 1 for what is in it, and so on."""

    kind: Kind
    indent: int
    label: FirstCell
    cells: tuple[str, ...]
    tone: Tone
    path: str
    config: str


@dataclass(frozen=True, slots=True)
class Header:
    """The title of a column, and whether it holds numbers."""

    name: str
    title: str
    numeric: bool


@dataclass(frozen=True, slots=True)
class Table:
    """A table ready to be written: headers, lines, blocks of totals, and notes."""

    title: str
    headers: tuple[Header, ...]
    lines: tuple[Line, ...]
    totals: tuple[tuple[tuple[str, str], ...], ...]
    notes: tuple[str, ...]
    symbols: Symbols


def in_ascii(table: Table) -> Table:
    """The table with every character outside ASCII spelled out."""
    return replace(
        table,
        lines=tuple(
            replace(
                line,
                label=FirstCell(
                    ascii_text(line.label.text),
                    ascii_text(line.label.name),
                    ascii_text(line.label.repeat),
                    ascii_text(line.label.number),
                    tuple(map(ascii_text, line.label.tags)),
                ),
                cells=tuple(map(ascii_text, line.cells)),
            )
            for line in table.lines
        ),
        totals=tuple(
            tuple((ascii_text(label), ascii_text(value)) for label, value in block)
            for block in table.totals
        ),
        notes=tuple(map(ascii_text, table.notes)),
    )
