"""What a check found, and how it reads."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, overload

from ..findings import SIGNS, counts_text, name_of
from ..graph import Finding, Level, ModelGraph
from ..places import place_text
from ..streams import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType

LEVELS: tuple[Level, ...] = ("error", "warning", "info")
_STYLES: Mapping[str, str] = {"error": "bold red", "warning": "yellow", "info": "blue"}


@dataclass(frozen=True, eq=False, repr=False)
class Report(Sequence[Finding]):
    """The findings of a check, the graver first; in a terminal and a notebook it shows itself.

    ``graph`` is what was looked at. ``skipped`` are the rules that could not look, by code, each
    with the reason.
    """

    graph: ModelGraph
    findings: tuple[Finding, ...]
    skipped: Mapping[str, str] = field(default_factory=dict)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self.findings[index]

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    @property
    def counts(self) -> dict[Level, int]:
        """How many findings there are at each level."""
        found = Counter(finding.level for finding in self.findings)
        return {level: found[level] for level in LEVELS}

    @property
    def exit_code(self) -> int:
        """What a command ends with: 1 if there is an error or a warning, otherwise 0."""
        return int(any(finding.level != "info" for finding in self.findings))

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready data."""
        return {
            "model": self.graph.name,
            "counts": self.counts,
            "findings": [{**asdict(one), "name": name_of(one.code)} for one in self.findings],
            "skipped": dict(self.skipped),
        }

    def to_json(self) -> str:
        """The report as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_sarif(self) -> dict[str, Any]:
        """The report in SARIF 2.1.0, which code hosts and editors read."""
        from .sarif import to_sarif

        return to_sarif(self)

    def to_github(self) -> str:
        """The report as workflow commands, which GitHub shows beside the lines."""
        from .sarif import to_github

        return to_github(self)

    def to_markdown(self) -> str:
        """The report as a table; text from the model is escaped."""
        lines = [f"**{_cell(self.graph.name)}**: {self.summary}", ""]
        if self.findings:
            lines += ["| | code | where | what | to do |", "|:-|:-|:-|:-|:-|"]
        for one in self.findings:
            cells = (f"`{one.code}` {name_of(one.code)}", where(one), one.message, one.hint or "")
            lines.append(f"| {SIGNS[one.level]} | " + " | ".join(map(_cell, cells)) + " |")
        return "\n".join(lines) + "\n"

    @property
    def summary(self) -> str:
        """The counts in words: ``2 errors, 1 warning``."""
        return counts_text(self.findings) or "nothing found"

    def __str__(self) -> str:
        lines = []
        for one in self.findings:
            lines.append(f"{SIGNS[one.level]} {one.code} {name_of(one.code)}: {where(one)}")
            lines.append(f"    {one.message}")
            if one.hint:
                lines.append(f"    → {one.hint}")
        lines.append(f"{self.graph.name}: {self.summary}")
        lines += [f"not checked: {text}" for text in self._skipped_texts()]
        return printable("\n".join(lines))

    def _skipped_texts(self) -> list[str]:
        reasons: dict[str, list[str]] = {}
        for code, reason in self.skipped.items():
            reasons.setdefault(reason, []).append(code)
        return [f"{', '.join(codes)} ({reason})" for reason, codes in reasons.items()]

    def __repr__(self) -> str:
        return f"Report({self.graph.name}: {self.summary})"

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        from rich.padding import Padding
        from rich.text import Text

        for one in self.findings:
            title = Text.assemble(
                (f"{SIGNS[one.level]} {one.code} {name_of(one.code)}", _STYLES[one.level]),
                (f"  {where(one)}", "dim"),
            )
            yield title
            yield Padding(Text(one.message), (0, 0, 0, 4))
            if one.hint:
                yield Padding(Text(f"→ {one.hint}", style="green"), (0, 0, 0, 4))
        yield Text(f"{self.graph.name}: {self.summary}", style="bold")
        for text in self._skipped_texts():
            yield Text(f"not checked: {text}", style="dim")

    def _repr_html_(self) -> str:
        from html import escape

        rows = "".join(
            f"<tr><td>{SIGNS[one.level]}</td><td><code>{one.code}</code> {name_of(one.code)}</td>"
            f"<td>{escape(where(one))}</td><td>{escape(one.message)}</td>"
            f"<td>{escape(one.hint or '')}</td></tr>"
            for one in self.findings
        )
        return f"<p><b>{escape(self.graph.name)}</b>: {self.summary}</p><table>{rows}</table>"


def where(finding: Finding) -> str:
    """The module and the line that a finding is about."""
    path = finding.path if finding.path is None else finding.path or "the model"
    line = place_text(finding.file, finding.line)
    return ", ".join(part for part in (path, line) if part) or "the model"


def _cell(text: str) -> str:
    for sign in "\\`*_|<>[]":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")
