"""A diff of two models, and how it reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ..analysis.figures import Figures
from ..graph import ModelGraph
from ..streams import printable
from ..units import difference_text, exact_text
from .changes import Change
from .own_figures import OwnFigure
from .picture import draw
from .wording import SIGNS, cost_text, lines, remarks, where

if TYPE_CHECKING:
    import pandas
    from rich.console import Console, ConsoleOptions, RenderableType

    from ..diagram import Diagram

_FIGURE_ROWS = 30
"""Modules of a figure in a table of Markdown, which is read in a review."""
_ONE_RAN = "Only one of the two was run: it is compared what they consist of, not what they do."
_WEIGHTS = "One of the two is a file of weights: it is compared what both hold, under which names."
_STYLES = {"added": "green", "removed": "red", "changed": "yellow", "renamed": "cyan"}


@dataclass(frozen=True, slots=True)
class Totals:
    """The figures of both models. ``after - before`` is the sum of the costs of all changes."""

    before: Figures
    after: Figures

    @property
    def difference(self) -> Figures:
        """What the second has more than the first."""
        return self.after - self.before


@dataclass(frozen=True, eq=False, repr=False)
class Diff:
    """What changed from one model to another; false when nothing did.

    ``changes`` are causes: what follows from one is named in its ``consequences``. ``names`` are
    what the models are called: by their class, or as they were given on the command line.
    ``figures`` are those that were put on the graphs (``graph.with_figures``), of both sides; they
    are no changes of the model.
    """

    before: ModelGraph
    after: ModelGraph
    changes: tuple[Change, ...]
    totals: Totals
    names: tuple[str, str]
    figures: tuple[OwnFigure, ...] = ()
    one_ran: bool = False
    one_is_weights: bool = False

    def __bool__(self) -> bool:
        return bool(self.changes)

    @property
    def _remark(self) -> str:
        """What was compared, where that is not all of both."""
        return _WEIGHTS if self.one_is_weights else _ONE_RAN if self.one_ran else ""

    def to_dict(self) -> dict[str, Any]:
        """The diff as JSON-ready data."""
        return {
            "before": self.names[0],
            "after": self.names[1],
            "changes": [_change_dict(change) for change in self.changes],
            "totals": asdict(self.totals),
            "figures": [figure.to_dict() for figure in self.figures],
        }

    def to_json(self) -> str:
        """The diff as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each detail of each change."""
        import pandas

        rows = [
            {
                "kind": change.kind,
                "before": change.before,
                "after": change.after,
                "class": change.class_name,
                "field": None if detail is None else detail.field,
                "old": None if detail is None else detail.before,
                "new": None if detail is None else detail.after,
                "params": change.cost.params if first else 0,
                "flops": change.cost.flops if first else 0,
            }
            for change in self.changes
            for first, detail in _with_first(change.details or (None,))
        ]
        columns = ["kind", "before", "after", "class", "field", "old", "new", "params", "flops"]
        frame: pandas.DataFrame = pandas.DataFrame(rows, columns=columns)
        return frame

    def draw(self, **options: Any) -> Diagram:
        """One picture: the second model with its changes marked by colour and sign.

        What is gone stands beside what is left. ``options`` are those of ``modelviz.draw``.
        """
        return draw(self, **options)

    def to_markdown(self) -> str:
        """The diff as a table, for a review; text from the models is escaped."""
        if not self:
            text = f"**{_cell(self.both)}**: nothing differs.\n"
            return text + self._remark_markdown() + self._figures_markdown()
        rows = [f"**{_cell(self.title)}**", "", "| | where | what | params | FLOPs |"]
        rows.append("|:-:|:-|:-|-:|-:|")
        for change in self.changes:
            what = "<br>".join(map(_cell, lines(change)))
            figures = _differences(change.cost)
            rows.append(f"| {SIGNS[change.kind]} | {_cell(where(change))} | {what} | {figures} |")
        before, after = self.totals.before, self.totals.after
        rows.append(
            f"| | **total** | {before.params:,} → {after.params:,} parameters, "
            f"{before.flops:,} → {after.flops:,} FLOPs | "
            f"{_differences(self.totals.difference)} |"
        )
        return "\n".join(rows) + "\n" + self._remark_markdown() + self._figures_markdown()

    def _remark_markdown(self) -> str:
        return f"\n{self._remark}\n" if self._remark else ""

    def _figures_markdown(self) -> str:
        """A table for each figure of which modules have other numbers, the first of them."""
        rows: list[str] = []
        for figure in self.figures:
            name, found = _cell(figure.name), figure.differing
            rows += ["", f"**{name}**: {len(found)} of {len(figure.rows)} modules differ"]
            if found:
                rows += ["", "| module | before | after | |", "|:-|-:|-:|-:|"]
            for row in found[:_FIGURE_ROWS]:
                values = map(figure.value_text, (row.old, row.new))
                cells = (row.after or "the model", *values, figure.change_text(row))
                rows.append(f"| {' | '.join(map(_cell, cells))} |")
            if len(found) > _FIGURE_ROWS:
                rows.append(f"| and {len(found) - _FIGURE_ROWS} more | | | |")
        return "\n".join(rows) + "\n" if rows else ""

    @property
    def title(self) -> str:
        """What is compared, and how many changes there are."""
        count = len(self.changes)
        return f"{self.both}: {count} change{'' if count == 1 else 's'}"

    @property
    def both(self) -> str:
        """What is compared: ``resnet18 → resnet34``, or the one name that both have."""
        before, after = self.names
        return before if before == after else f"{before} → {after}"

    def __str__(self) -> str:
        if not self:
            remark = (self._remark,) if self._remark else ()
            lines = (f"{self.both}: nothing differs", *remark, *self._figure_lines())
            return printable("\n".join(lines))
        return printable("\n".join(line for line, _ in self._lines()))

    def _lines(self) -> Iterator[tuple[str, str]]:
        """Each line of the text, and its style."""
        yield self.title, "bold"
        for change in self.changes:
            cost = cost_text(change.cost)
            style = _STYLES.get(change.kind, "magenta")
            yield f"{SIGNS[change.kind]} {where(change)}{f'  [{cost}]' if cost else ''}", style
            known = tuple(remarks(change))
            for line in lines(change):
                yield f"    {line}", "dim" if line in known else ""
        before, after = self.totals.before, self.totals.after
        yield f"Parameters: {before.params:,} → {after.params:,}", ""
        if before.ops or after.ops:
            yield f"FLOPs: {before.flops:,} → {after.flops:,}", ""
            yield f"Memory of activations: {before.memory:,} → {after.memory:,} bytes", ""
        if self._remark:
            yield self._remark, ""
        for line in self._figure_lines():
            yield line, ""

    def _figure_lines(self) -> Iterator[str]:
        for figure in self.figures:
            yield from figure.lines()

    def __repr__(self) -> str:
        return f"Diff({self.title if self else f'{self.both}: nothing differs'})"

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        from rich.text import Text

        if not self:
            yield Text(str(self))
            return
        for line, style in self._lines():
            yield Text(line, style=style)

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(f"<div>{escape(line)}</div>" for line in str(self).splitlines())
        return f'<div style="font-family: monospace; white-space: pre-wrap">{rows}</div>'


def _change_dict(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "class": change.class_name,
        "details": [asdict(detail) for detail in change.details],
        "also": list(change.also),
        "consequences": list(change.consequences),
        "cost": asdict(change.cost),
    }


def _with_first(values: Any) -> Iterator[tuple[bool, Any]]:
    for place, value in enumerate(values):
        yield place == 0, value


def _differences(cost: Figures) -> str:
    """The cells of what parameters and FLOPs a change adds."""
    return " | ".join(difference_text(value, exact_text) for value in (cost.params, cost.flops))


def _cell(text: str) -> str:
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
