"""The kinds of findings that tracing itself has to tell: what a figure is based on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .graph.records import Finding, Level

SIGNS: Mapping[Level, str] = {"error": "✖", "warning": "▲", "info": "●"}
"""How a level is marked; never by colour alone."""

KINDS: dict[str, tuple[str, Level]] = {
    "MV000": ("remark", "info"),
    "MV001": ("ran-for-real", "info"),
    "MV002": ("no-formula", "warning"),
    "MV003": ("opaque-module", "info"),
    "MV004": ("lazy-shapes", "info"),
    "MV005": ("tensors-left-behind", "warning"),
    "MV006": ("not-measured", "info"),
    "MV007": ("proposed-inputs", "info"),
    "MV008": ("no-inputs", "info"),
    "MV009": ("random-weights", "info"),
    "MV010": ("weights-alone", "info"),
    "MV011": ("built-otherwise", "info"),
    "MV012": ("left-changed", "warning"),
    "MV013": ("read-once", "info"),
    "MV014": ("data-left", "info"),
    "MV015": ("value-read", "info"),
    "MV016": ("body-not-run", "warning"),
    "MV017": ("as-if-elsewhere", "info"),
    "MV018": ("branch-assumed", "warning"),
    "MV019": ("other-thread", "warning"),
    "MV020": ("measured", "info"),
    "MV021": ("first-non-finite", "warning"),
    "MV022": ("named-dimensions", "info"),
    "MV023": ("left-whole", "warning"),
    "MV024": ("read-from-a-file", "info"),
    "MV025": ("distributed", "info"),
    "MV026": ("result-unseen", "info"),
    "MV027": ("without-gradients-only", "warning"),
}
"""Name and level by code. A code keeps its meaning for ever; ``modelviz.check`` has its own."""


def name_of(code: str) -> str:
    """The name of the kind or of the rule with a code; empty for one that is not known."""
    if code in KINDS:
        return KINDS[code][0]
    from .checking.rule import RULES

    return RULES[code].name if code in RULES else ""


def counts_text(findings: Iterable[Finding]) -> str:
    """How many there are of each level, the graver first: ``2 warnings, 1 info``."""
    found = Counter(finding.level for finding in findings)
    words = [
        f"{found[level]} {level}{'s' if found[level] != 1 and level != 'info' else ''}"
        for level in SIGNS
        if found[level]
    ]
    return ", ".join(words)


def note(
    code: str,
    message: str,
    *,
    path: str | None = None,
    op: int | None = None,
    file: str | None = None,
    line: int | None = None,
    hint: str | None = None,
) -> Finding:
    """A finding of the kind ``code``, at the level of that kind."""
    return Finding(code, KINDS[code][1], message, path, op, file, line, hint)
