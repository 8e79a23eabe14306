"""The lines of the table: rows down to a depth, repeats folded, parameters if asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..analysis.paths import join
from .cells import Cells
from .columns import COLUMNS
from .folding import Folding, Item
from .labels import Labels
from .options import Options
from .rows import Row, Rows
from .symbols import Symbols
from .table import Header, Label, Line, Table, Tone
from .units import shape_text


def lay_out(
    rows: Rows,
    options: Options,
    symbols: Symbols,
    totals: tuple[tuple[tuple[str, str], ...], ...],
    notes: tuple[str, ...],
) -> Table:
    """The table of the rows that the options leave visible, repeats folded."""
    headers = tuple(
        Header(name, COLUMNS[name].title, COLUMNS[name].numeric) for name in options.columns
    )
    lines = tuple(_Layout(rows, options, symbols).lines())
    return Table(_title(options), headers, lines, totals, notes, symbols)


def visible_rows(rows: Rows, options: Options) -> Iterator[tuple[Row, bool]]:
    """Each row that is shown when nothing is folded, and whether what is in it stays hidden."""
    for row in rows.all:
        if options.depth is not None and row.depth > options.depth:
            continue
        if not (options.hide_repeated and row.repeated):
            yield row, options.hides_below(row.depth)


def _title(options: Options) -> str:
    extra = " (var_name)" if options.var_names else ""
    return f"Layer (type{extra}{':depth-idx' if options.numbers else ''})"


@dataclass(frozen=True, slots=True)
class _Task:
    """Rows to show as one line: copies of one another, or the ``members`` of a repeated unit."""

    copies: tuple[Row, ...]
    item: Item
    indent: int
    members: tuple[_Task, ...] = ()


class _Layout:
    def __init__(self, rows: Rows, options: Options, symbols: Symbols) -> None:
        self.rows = rows
        self.options = options
        self.cells = Cells(rows, options, symbols)
        self.labels = Labels(rows, options, symbols)
        self.columns = [COLUMNS[name] for name in options.columns]
        self.folding = Folding(rows) if options.fold else None

    def lines(self) -> Iterator[Line]:
        waiting = [_Task((self.rows.all[0],), Item((0,)), 0)]
        while waiting:
            task = waiting.pop()
            if task.members:
                yield self._group_line(task)
                waiting += reversed(task.members)
                continue
            yield self._row_line(task)
            if self.options.parameters and not task.copies[0].repeated:
                yield from self._parameter_lines(task)
            waiting += reversed(self._below(task))

    def _below(self, task: _Task) -> list[_Task]:
        """What to show below a row."""
        children = [self._children(copy) for copy in task.copies]
        if not children[0]:
            return []
        if self.folding is None:
            items = [Item((position,)) for position in range(len(children[0]))]
        else:
            items = self.folding.items(task.copies[0], children[0])
        places = [_places(children[0], below) for below in children]

        def prepared(item: Item, indent: int) -> _Task:
            copies = tuple(
                below[place[position]]
                for below, place in zip(children, places, strict=True)
                for position in item.positions
                if position in place
            )
            members = tuple(prepared(member, indent + 1) for member in item.members)
            return _Task(copies, item, indent, members)

        return [prepared(item, task.indent + 1) for item in items]

    def _children(self, row: Row) -> list[Row]:
        if self.options.hides_below(row.depth):
            return []
        hide = self.options.hide_repeated
        return [child for child in self.rows.children(row) if not (hide and child.repeated)]

    # -- rows ---------------------------------------------------------------------------------

    def _row_line(self, task: _Task) -> Line:
        first = task.copies[0]
        cells = tuple(self.cells.row(column, task.copies, task.item) for column in self.columns)
        label = self.labels.row(task.copies, task.item)
        tone = self.labels.tone(first)
        return Line("row", task.indent, label, cells, tone, first.path, first.module.config)

    def _group_line(self, task: _Task) -> Line:
        """The line above the rows of a unit that repeats."""
        firsts = [member.copies[0] for member in task.members]
        cells = tuple(self.cells.group(column, firsts, task.item) for column in self.columns)
        label = self.labels.group(firsts[0], task.item)
        return Line("group", task.indent, label, cells, "plain", "", "")

    # -- parameters ---------------------------------------------------------------------------

    def _parameter_lines(self, task: _Task) -> Iterator[Line]:
        """One line for each parameter: the module's own, and those of modules not shown."""
        row = task.copies[0]
        stop = row.stop if self.options.hides_below(row.depth) else row.id + 1
        named = [
            (join(below.path, parameter.name), below, parameter)
            for below in self.rows.all[row.id : stop]
            if not below.repeated
            for parameter in below.module.parameters
        ]
        cut = len(row.path) + 1 if row.path else 0
        has_shape = "kernel_size" in self.options.columns
        for path, below, parameter in named:
            cells = tuple(
                "" if column.parameter is None else column.parameter(parameter)
                for column in self.columns
            )
            shape = "" if has_shape else f" {shape_text((parameter.shape,))}"
            tone: Tone = "warning" if parameter.name in below.unused else "muted"
            yield Line(
                "parameter",
                task.indent + 1,
                Label(f"{path[cut:]}{shape}"),
                cells,
                tone,
                path,
                "",
            )


def _places(first: Sequence[Row], copy: Sequence[Row]) -> dict[int, int]:
    """Where in ``copy`` each of the rows of ``first`` has its like.

    Only the first call of a module has rows for what is never called in it.
    """
    if len(first) == len(copy):
        return {place: place for place in range(len(first))}
    ran = [place for place, row in enumerate(first) if row.state != "uncalled"]
    return {place: like for like, place in enumerate(ran)}
