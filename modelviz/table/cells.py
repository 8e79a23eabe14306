"""The cells of the table: one figure for all the copies that a line stands for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..analysis.tree import Branch
from ..units import list_text
from .columns import Column, ShownRow, Value
from .options import Options
from .rows import Row, Rows
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
        copies = branch.nodes[:1] if column.adds in ("modules", "parts") else branch.nodes
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

        Of parameters it is the sum over all units where not each has as many, as where one layer
        is called after each of several. Where units have figures of their own, as measured times,
        it is the mean of all units.
        """
        if column.adds == "nothing":
            return ""
        if column.adds == "calls":
            return self._mean(column, branch)
        members = list(_leaves(branch))
        units = branch.copies * branch.calls
        firsts = [node for one in members for node in one.nodes[: len(one.nodes) // units]]
        each, count = self._held(column, firsts), _multiplier(column, branch)
        total = self._held(column, [node for one in members for node in one.nodes])
        if math.isclose(each * count, total):
            return self._times(column.text(each), count)
        return column.text(total)

    def _held(self, column: Column, nodes: Sequence[Row]) -> float:
        """What the modules of some rows hold, each once."""
        # What a row adds to the model is nothing where the module has counted before.
        once = column.adds == "modules"
        kept = (
            list({node.module.path: node for node in reversed(nodes)}.values()) if once else nodes
        )
        values = (column.value(ShownRow(self.rows, node, True)) for node in kept)
        return sum(value for value in values if isinstance(value, (int, float)))

    def _mean(self, column: Column, branch: Branch) -> str:
        total: int | float = 0
        alike = True
        for member in branch.members:
            every = (column.value(ShownRow(self.rows, node, True)) for node in member.nodes)
            values = [value for value in every if isinstance(value, (int, float))]
            if not values:
                continue
            same = len(values) == len(member.nodes) and all(v == values[0] for v in values)
            alike = alike and same
            mean = values[0] if same else sum(values) / len(member.nodes)
            total += mean * _multiplier(column, member)
        text = column.text(total)
        if not alike and text[:1].isdigit():
            text = f"~{text}"
        return self._times(text, _multiplier(column, branch))


def _leaves(branch: Branch) -> Iterator[Branch]:
    """The members of a unit, and those of the units among them."""
    for member in branch.members:
        if member.members:
            yield from _leaves(member)
        else:
            yield member


def _multiplier(column: Column, branch: Branch) -> int:
    """How many times the figure of one copy counts in the branch."""
    if column.adds == "calls":
        return branch.copies * branch.calls
    return 1 if column.adds == "nothing" else branch.copies


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
