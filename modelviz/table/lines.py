"""The lines of the table: rows down to a depth, repeats folded, parameters if asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..analysis.tree import Branch, below_all
from ..dotted import join
from ..units import list_text
from .cells import Cells
from .columns import columns_of
from .labels import Labels
from .options import Options
from .rows import Row, Rows
from .symbols import Symbols
from .table import FirstCell, Header, Line, Table, Tone


def lay_out(
    rows: Rows,
    options: Options,
    symbols: Symbols,
    totals: tuple[tuple[tuple[str, str], ...], ...],
    notes: tuple[str, ...],
) -> Table:
    """The table of the rows that the options leave visible, repeats folded."""
    columns = columns_of(rows.graph)
    headers = tuple(
        Header(name, columns[name].title, columns[name].numeric) for name in options.columns
    )
    lines = tuple(_Layout(rows, options, symbols).lines())
    return Table(_title(options), headers, lines, totals, notes, symbols)


def visible_rows(rows: Rows, options: Options) -> Iterator[tuple[Row, bool]]:
    """Each row that is shown when nothing is folded, and whether what is in it stays hidden."""
    for row in rows.all:
        if options.depth is not None and row.depth > options.depth:
            continue
        if not ("hide_recursive_layers" in options.rows and row.repeated):
            yield row, options.hides_below(row.depth)


def _title(options: Options) -> str:
    extra = " (var_name)" if "var_names" in options.rows else ""
    return f"Layer (type{extra}{':depth-idx' if 'depth' in options.rows else ''})"


@dataclass(frozen=True, slots=True)
class _Task:
    """A branch to show, in ``around`` copies of a unit."""

    branch: Branch
    indent: int
    around: int = 1


class _Layout:
    def __init__(self, rows: Rows, options: Options, symbols: Symbols) -> None:
        self.rows = rows
        self.options = options
        self.cells = Cells(rows, options, symbols)
        self.labels = Labels(rows, options, symbols)
        columns = columns_of(rows.graph)
        self.columns = [columns[name] for name in options.columns]

    def lines(self) -> Iterator[Line]:
        waiting = [_Task(Branch((self.rows.all[0],)), 0)]
        while waiting:
            task = waiting.pop()
            branch = task.branch
            if branch.members:
                yield self._group_line(task)
                around = task.around * branch.copies * branch.calls
                waiting += [
                    _Task(member, task.indent + 1, around) for member in reversed(branch.members)
                ]
                continue
            yield self._row_line(task)
            if self.options.parameters and not branch.first.repeated:
                yield from self._parameter_lines(task)
            waiting += [_Task(below, task.indent + 1) for below in reversed(self._below(branch))]

    def _below(self, branch: Branch) -> list[Branch]:
        """What to show below a row."""
        if self.options.hides_below(branch.first.depth):
            return []
        hides = "hide_recursive_layers" in self.options.rows
        shown = (lambda row: not row.repeated) if hides else None
        return below_all(branch.nodes, self.options.fold, shown)

    # -- rows ---------------------------------------------------------------------------------

    def _row_line(self, task: _Task) -> Line:
        branch = task.branch
        first = branch.first
        siblings = task.around * branch.copies * branch.calls
        return Line(
            "row",
            task.indent,
            self.labels.row(branch, min(siblings, len(branch.nodes))),
            tuple(self.cells.row(column, branch) for column in self.columns),
            self.labels.tone(first),
            first.path,
            first.module.config,
        )

    def _group_line(self, task: _Task) -> Line:
        """The line above the rows of a unit that repeats."""
        cells = tuple(self.cells.group(column, task.branch) for column in self.columns)
        label = self.labels.group(task.branch)
        return Line("group", task.indent, label, cells, "plain", "", "")

    # -- parameters ---------------------------------------------------------------------------

    def _parameter_lines(self, task: _Task) -> Iterator[Line]:
        """One line for each parameter: the module's own, and those of modules not shown."""
        row = task.branch.first
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
            shape = "" if has_shape else f" {list_text((parameter.named_shape,))}"
            tone: Tone = "warning" if parameter.name in below.unused else "muted"
            yield Line(
                "parameter",
                task.indent + 1,
                FirstCell(f"{path[cut:]}{shape}"),
                cells,
                tone,
                path,
                "",
            )
