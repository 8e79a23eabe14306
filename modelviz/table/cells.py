"""The cells of the table: one figure for all the copies that a line stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis.tree import Branch
from ..units import list_text
from .columns import Column, ShownRow, Value
from .options import Options
from .rows import Rows
from .symbols import Symbols


@dataclass(frozen=True)
class Cells:
    """Writes cells."""

    rows: Rows
    options: Options
    symbols: Symbols

    def row(self, column: Column, branch: Branch) -> str:
        """One cell: the figure of one copy, times the copies that it stands for."""
        count = _multiplier(column, branch)
        whole = count > 1 or self.options.hides_below(branch.first.depth)
        copies = branch.nodes[:1] if column.adds == "modules" else branch.nodes
        places = [ShownRow(self.rows, row, whole) for row in copies]
        remark = column.remark(places[0]) if column.remark is not None else None
        text = remark if remark is not None else self._merged_text(column, places)
        return self._times(text, count)

    def _merged_text(self, column: Column, places: Sequence[ShownRow]) -> str:
        """The text of the value that all copies share, or of what stands for them."""
        values = [column.value(place) for place in places]
        first = values[0]
        if isinstance(first, tuple) and first:
            return self._shapes_text(values)
        if all(value == first for value in values):
            return column.text(first)
        numbers = [value for value in values if isinstance(value, (int, float))]
        if len(numbers) == len(values):
            return f"~{column.text(sum(numbers) / len(numbers))}"
        return "varies"

    def _shapes_text(self, values: Sequence[Value]) -> str:
        """The shapes, as many as fit the column, with ``*`` for sizes that differ."""
        shapes = _common_shapes(values)
        if shapes is None:
            return "varies"
        text = list_text(shapes)
        if all(isinstance(value, tuple) and len(value) == len(shapes) for value in values):
            if len(shapes) == 1 or len(text) <= self.options.col_width:
                return text
            return f"{list_text(shapes[:1])} +{len(shapes) - 1}"
        return f"{list_text(shapes[:1])} +{self.symbols.ellipsis}"

    def _times(self, text: str, count: int) -> str:
        """The text with the number of copies before it, if it is a number."""
        is_number = text.lstrip("(~")[:1].isdigit()
        return f"{count:,} {self.symbols.times} {text}" if count > 1 and is_number else text

    def group(self, column: Column, branch: Branch) -> str:
        """The sum over one unit of a branch, times its copies, where figures add up.

        Where units have figures of their own, as measured times, it is the mean of all units.
        """
        if column.adds == "nothing":
            return ""
        total: int | float = 0
        alike = True
        for member in branch.members:
            copies = member.nodes[:1] if column.adds == "modules" else member.nodes
            every = (column.value(ShownRow(self.rows, node, True)) for node in copies)
            values = [value for value in every if isinstance(value, (int, float))]
            if not values:
                continue
            same = len(values) == len(copies) and all(value == values[0] for value in values)
            alike = alike and same
            mean = values[0] if same else sum(values) / len(copies)
            total += mean * _multiplier(column, member)
        text = column.text(total)
        if not alike and text[:1].isdigit():
            text = f"~{text}"
        return self._times(text, _multiplier(column, branch))


def _multiplier(column: Column, branch: Branch) -> int:
    """How many times the figure of one copy counts in the branch."""
    if column.adds == "modules":
        return branch.copies
    return branch.copies * branch.calls if column.adds == "calls" else 1


def _common_shapes(values: Sequence[Value]) -> tuple[tuple[int | str, ...], ...] | None:
    """The shapes that all values begin with, ``*`` for sizes that differ; None if none agree."""
    first = values[0]
    if not isinstance(first, tuple):
        return None
    common: list[list[int | str]] = [list(shape) for shape in first]
    for value in values[1:]:
        if not isinstance(value, tuple):
            return None
        del common[len(value) :]
        if any(len(sizes) != len(shape) for sizes, shape in zip(common, value, strict=False)):
            return None
        for sizes, shape in zip(common, value, strict=False):
            sizes[:] = [a if a == b else "*" for a, b in zip(sizes, shape, strict=True)]
    return tuple(map(tuple, common)) or None
