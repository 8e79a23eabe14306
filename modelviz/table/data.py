"""The rows as plain data: dicts, CSV, a pandas DataFrame. Nothing in them is folded."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..units import list_text
from .columns import ShownRow, columns_of
from .lines import visible_rows
from .options import Options
from .rows import Row, Rows

if TYPE_CHECKING:
    import pandas

_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""How a cell begins that a spreadsheet takes for a formula; the wide ones in East Asian locales."""
FIXED = ("depth", "number", "path", "class_name", "call", "state", "repeated")
"""What every record starts with."""


def data_columns(rows: Rows, columns: Iterable[str] | None) -> tuple[str, ...]:
    """The columns of the data: those asked for, or all that mean something for this graph."""
    if columns is not None:
        return tuple(columns)
    return tuple(
        name
        for name, column in columns_of(rows.graph).items()
        if name != "path" and (rows.has_forward or not column.forward)
    )


def records(rows: Rows, options: Options, columns: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One dict a row, with plain figures: shapes are lists, sizes are in bytes."""
    columns = tuple(columns)
    known = columns_of(rows.graph)
    for row, whole in visible_rows(rows, options):
        place = ShownRow(rows, row, whole)
        yield {
            **_fixed(rows, row),
            **{name: _plain(known[name].value(place)) for name in columns},
        }


def _fixed(rows: Rows, row: Row) -> dict[str, Any]:
    return {
        "depth": row.depth,
        "number": rows.numbers[row.id],
        "path": row.path,
        "class_name": row.module.class_name,
        "call": None if row.call is None else row.call.index,
        "state": "failed" if row.failed else row.state,
        "repeated": row.repeated,
    }


def _plain(value: Any) -> Any:
    return [list(shape) for shape in value] if isinstance(value, tuple) else value


def to_csv(rows: Rows, options: Options, columns: Iterable[str]) -> str:
    """The rows as CSV with a header; shapes read like ``[1, 3, 224, 224]``."""
    columns = tuple(columns)
    lines: list[str] = []
    # With this line end the writer puts quotes around each kind of line break in a name.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    writer.writerow(dict.fromkeys((*FIXED, *columns)))
    for record in records(rows, options, columns):
        writer.writerow([_cell(value) for value in record.values()])
    return "".join(f"{line[:-2]}\n" for line in lines)


def _cell(value: Any) -> Any:
    """What stands in the cell; text that a spreadsheet would compute begins with an apostrophe."""
    if isinstance(value, list):
        return list_text(tuple(map(tuple, value)))
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def to_pandas(rows: Rows, options: Options, columns: Iterable[str]) -> pandas.DataFrame:
    """The rows as a DataFrame. Raises ImportError, with what to do, where pandas is missing."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError("to_pandas() needs pandas: pip install pandas") from error
    columns = tuple(columns)
    frame: pandas.DataFrame = pandas.DataFrame(
        list(records(rows, options, columns)), columns=list(dict.fromkeys((*FIXED, *columns)))
    )
    return frame
