"""The first cell of a line: what a row is, how often it repeats, and what is odd about it."""

from __future__ import annotations

from dataclasses import dataclass

from ..analysis.tree import Branch
from ..graph import ModelGraph, Module
from .options import Options
from .rows import Row, Rows
from .symbols import Symbols
from .table import FirstCell, Tone


@dataclass(frozen=True)
class Labels:
    """Writes labels."""

    rows: Rows
    options: Options
    symbols: Symbols

    def row(self, branch: Branch, siblings: int) -> FirstCell:
        """The label of a row, or of the ``siblings`` below one parent that it stands for."""
        first, last = branch.first, branch.nodes[siblings - 1]
        # The modules of a file of weights have no class to tell them apart.
        asked = "var_names" in self.options.rows
        named = asked or first.foreign or not first.module.qualified_class
        return FirstCell(
            text=first.module.class_name,
            name=self._range(first.name, last.name) if named else "",
            repeat=self._repeat(branch),
            number=self._range(self._number(first), self._number(last))
            if self._numbered(first)
            else "",
            tags=self._tags(first),
        )

    def group(self, branch: Branch) -> FirstCell:
        """The label above a unit of several rows that repeats."""
        count = sum(member.copies for member in branch.members)
        number = f"from {self._number(branch.first)}" if self._numbered(branch.first) else ""
        return FirstCell(f"{count} layers", repeat=self._repeat(branch), number=number)

    def tone(self, row: Row) -> Tone:
        """How much a row should stand out."""
        if row.failed:
            return "error"
        if row.unused:
            return "warning"
        quiet = row.repeated or (row.state == "uncalled" and self.rows.has_forward)
        return "muted" if quiet and row.depth else "plain"

    def _numbered(self, row: Row) -> bool:
        return "depth" in self.options.rows and row.depth > 0

    def _range(self, first: str, last: str) -> str:
        return first if first == last else f"{first}{self.symbols.ellipsis}{last}"

    def _repeat(self, branch: Branch) -> str:
        parts = []
        if branch.copies > 1:
            parts.append(f"{self.symbols.times} {branch.copies}")
        if branch.calls > 1:
            what = "" if branch.first.call is None else " calls"
            parts.append(f"{self.symbols.times} {branch.calls}{what}")
        return " ".join(parts)

    def _number(self, row: Row) -> str:
        return f"{row.depth}-{self.rows.numbers[row.id]}"

    def _tags(self, row: Row) -> tuple[str, ...]:
        if row.failed:
            return ("failed here",)
        if row.state == "uncalled" and self.rows.has_forward and row.depth:
            return self._uncalled_tags(row)
        return self._unused_tags(row)

    def _uncalled_tags(self, row: Row) -> tuple[str, ...]:
        """What is said of a module that is never called, at the topmost of several."""
        above = self.rows.all[row.parent]
        uncalled = self.rows.sight.uncalled
        if self.rows.graph.failure is not None:
            return () if above.state == "uncalled" else ("not reached",)
        graph = self.rows.graph
        if _is_opaque(graph, above) or _is_empty(graph, row.module):
            return ()
        if graph.calls_of(row.module.path):  # by another of its names
            return ()
        if _is_parameters(row):
            return self._unused_tags(row)
        if len(row.unused) < len(row.module.parameters):
            return (f"{uncalled}, weights used",)
        if above.state == "uncalled" or self.rows.reads_below[row.id]:
            return ()
        return ("no token came",) if row.path in self.rows.expert_modules else (uncalled,)

    def _unused_tags(self, row: Row) -> tuple[str, ...]:
        if not row.unused:
            return ()
        few = len(row.unused) <= 2
        names = ", ".join(row.unused) if few else f"{len(row.unused)} parameters"
        return (f"{names} {self.rows.sight.unused}",)


def _is_parameters(row: Row) -> bool:
    """Whether the module is PyTorch's list or dict of parameters, which is never called."""
    return row.module.is_container and row.module.class_name.startswith("Parameter")


def _is_empty(graph: ModelGraph, module: Module) -> bool:
    """Whether the module is a container with nothing to call anywhere in it."""
    return (module.no_forward or module.is_container) and all(
        _is_empty(graph, child) for child in graph.children(module.path)
    )


def _is_opaque(graph: ModelGraph, row: Row) -> bool:
    """Whether the row's call is one op of its own name, with its parts run out of sight."""
    call = row.call
    return (
        call is not None
        and not call.children
        and len(call.ops) == 1
        and graph.ops[call.ops[0]].name == row.module.class_name
    )
