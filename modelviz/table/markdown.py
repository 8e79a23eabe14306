"""The table as Markdown, as GitHub reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .characters import clean
from .table import Table

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$!])")
_LIST_MARK = re.compile(r"^(\s*\d*)([-+.)])")
_SPACE = "\N{NO-BREAK SPACE}"


def to_markdown(table: Table) -> str:
    """A pipe table, then the totals and the notes as lists; names are escaped."""
    headers = [table.title, *(header.title for header in table.headers)]
    rules = [":--", *("--:" if header.numeric else ":--" for header in table.headers)]
    rows = [
        [_SPACE * 4 * line.indent + escape(line.label.plain), *map(escape, line.cells)]
        for line in table.lines
    ]
    lines = [_row(map(escape, headers)), _row(rules), *(_row(row) for row in rows)]
    for block in table.totals:
        lines += ["", *(f"- {escape(label)}: {escape(value)}" for label, value in block)]
    if table.notes:
        lines += ["", *(f"- {_item(note)}" for note in table.notes)]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """The text so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def _item(text: str) -> str:
    """The text of a list item, which must not start a list of its own."""
    return _LIST_MARK.sub(r"\1\\\2", escape(text))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
