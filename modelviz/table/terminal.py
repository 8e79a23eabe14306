"""The table in colour, for rich: as wide as the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from .characters import clean, cut, pad, width
from .layout import FittedTable, fit
from .table import Line, Table
from .text import all_notes, wrapped

_TONES = {"plain": "", "muted": "dim", "warning": "yellow", "error": "bold red"}


def styled_lines(table: Table, col_width: int, limit: int) -> Iterator[Text]:
    """The lines of the table, none longer than ``limit`` characters."""
    layout = fit(table, col_width, limit)
    rule = "=" if table.symbols.branch.isascii() else "─"
    divider = Text(rule * layout.total, "dim", no_wrap=True)
    yield divider
    title = pad(cut(table.title, layout.label, table.symbols.ellipsis), layout.label)
    yield Text(" ".join((title, *layout.titles)).rstrip(), "bold", no_wrap=True)
    yield divider
    for line, cells in zip(table.lines, layout.cells, strict=True):
        yield _styled(table, layout, line, cells)
    for block in table.totals:
        yield divider
        for label, value in block:
            yield Text.assemble((f"{label}: ", "dim"), (clean(value), "bold"))
    yield divider
    notes = all_notes(table, layout)
    for note in notes:
        style = "red" if note.startswith("Failed") else "italic"
        yield from (Text(part, style) for part in wrapped(note, layout.total))
    if notes:
        yield divider


def _styled(table: Table, layout: FittedTable, line: Line, cells: tuple[str, ...]) -> Text:
    text = _label(table, layout, line)
    for header, cell in zip(table.headers, cells, strict=False):
        text.append(" ")
        style = "dim" if cell.strip() == "--" else "green" if header.numeric else ""
        text.append(cell, style)
    text.rstrip()
    if line.tone in ("muted", "error"):
        text.stylize(_TONES[line.tone])
    return text


def _label(table: Table, layout: FittedTable, line: Line) -> Text:
    """The first cell, padded to its width."""
    label = line.label
    text = Text(table.symbols.tree(line.indent), no_wrap=True)
    text.stylize("dim")
    text.append(clean(label.text), "bold" if line.kind == "row" else "")
    if label.name:
        text.append(f" ({clean(label.name)})", "cyan")
    if label.repeat:
        text.append(f" {label.repeat}", "bold magenta")
    if label.number:
        text.append(f": {label.number}", "dim")
    for tag in label.tags:
        text.append(f" [{clean(tag)}]", "bold red" if line.tone == "error" else "yellow")
    plain = text.plain
    shown = cut(plain, layout.label, table.symbols.ellipsis)
    if shown != plain:
        kept = len(shown) - len(table.symbols.ellipsis)
        text = text[:kept]
        text.append(table.symbols.ellipsis, "dim")
    text.append(" " * (layout.label - width(text.plain)))
    return text
