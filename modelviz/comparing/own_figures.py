"""Figures that were put on graphs (``graph.with_figures``), side by side for what is matched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ..analysis.alignment import Pair
from ..graph import Measure, ModelGraph
from ..graph.measures import MeasureTable
from ..units import difference_text, measure_text

_SHOWN = 8
"""Modules of a figure that text names; ``to_dict`` has them all."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a figure is of one module: ``old`` at its path ``before``, ``new`` at ``after``.

    A number is None where that side has none.
    """

    before: str
    after: str
    old: float | None
    new: float | None

    @property
    def differ(self) -> bool:
        """Whether the two numbers are not the same."""
        return self.old != self.new


@dataclass(frozen=True, slots=True)
class OwnFigure:
    """A figure of both models: a row for each module that is in both and has a number in one."""

    name: str
    unit: str
    rows: tuple[Numbers, ...]

    @property
    def differing(self) -> tuple[Numbers, ...]:
        """The rows whose numbers differ."""
        return tuple(row for row in self.rows if row.differ)

    def of(self, path: str) -> Numbers | None:
        """The numbers of the module at a path of the second model, where there are any."""
        return next((row for row in self.rows if row.after == path), None)

    def numbers_text(self, row: Numbers) -> str:
        """``50% → 90%``, with ``--`` where there is no number."""
        return f"{self.value_text(row.old)} → {self.value_text(row.new)}"

    def value_text(self, value: float | None) -> str:
        """A number of the figure as it reads."""
        return "--" if value is None else measure_text(value, self.unit)

    def change_text(self, row: Numbers) -> str:
        """What the second has more than the first: ``+40%``; empty where a side has none."""
        if row.old is None or row.new is None:
            return ""
        return difference_text(row.new - row.old, lambda value: measure_text(value, self.unit))

    def lines(self) -> Iterator[str]:
        """What differs, a line for each module, the first of them."""
        found = self.differing
        yield f"{self.name}: {len(found)} of {len(self.rows)} modules differ"
        for row in found[:_SHOWN]:
            yield f"    {row.after or 'the model'}: {self.numbers_text(row)}"
        if len(found) > _SHOWN:
            yield f"    and {len(found) - _SHOWN} more"

    def to_dict(self) -> dict[str, Any]:
        """The figure as JSON-ready data, all rows."""
        return {
            "name": self.name,
            "unit": self.unit,
            "modules": [
                {"before": row.before, "after": row.after, "old": row.old, "new": row.new}
                for row in self.rows
            ],
        }


def own_figures(
    before: ModelGraph, after: ModelGraph, pairs: Iterable[Pair]
) -> tuple[OwnFigure, ...]:
    """The figures that were put on either graph, for the modules that are in both."""
    matched = tuple(pairs)
    one, other = ({(m.name, m.unit): m for m in graph.measures} for graph in (before, after))
    kinds = list(dict.fromkeys((*other, *one)))
    names = [name for name, _ in kinds]
    found = []
    for name, unit in kinds:
        key = name, unit
        of_old, of_new = _table(before, one.get(key)), _table(after, other.get(key))
        rows = [
            Numbers(
                pair.before,
                pair.after,
                None if of_old is None else of_old.of_module(pair.before),
                None if of_new is None else of_new.of_module(pair.after),
            )
            for pair in matched
        ]
        known = tuple(row for row in rows if row.old is not None or row.new is not None)
        # Numbers in two units are two figures: they cannot be compared.
        shown = name if names.count(name) == 1 else f"{name} ({unit or 'without a unit'})"
        found.append(OwnFigure(shown, unit, known))
    return tuple(found)


def _table(graph: ModelGraph, measure: Measure | None) -> MeasureTable | None:
    return None if measure is None else MeasureTable(graph, measure)
