"""Module paths named by patterns: ``*`` stands for any part of one step, ``**`` for any steps."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence

from ..errors import InputError
from ..graph import ModelGraph


def matching_paths(graph: ModelGraph, patterns: Iterable[str]) -> frozenset[str]:
    """The module paths that match any of the patterns. Raises InputError when one matches none."""
    paths = [module.path for module in graph.modules]
    found: set[str] = set()
    for pattern in patterns:
        expression = re.compile(_regular_expression(pattern), re.DOTALL)
        matches = [path for path in paths if expression.fullmatch(path)]
        if not matches:
            raise InputError(
                f"{pattern!r} matches no module of {graph.name}; {_hint(pattern, paths)}"
            )
        found.update(matches)
    return frozenset(found)


def _regular_expression(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    wild = {"**": ".*", "*": r"[^.]*", "?": r"[^.]"}
    return "".join(wild.get(part, re.escape(part)) for part in parts)


def _hint(pattern: str, paths: Sequence[str]) -> str:
    close = difflib.get_close_matches(pattern, paths[:5000], n=3, cutoff=0.5)
    shown = close or [path for path in paths if path][:3]
    return "such paths are " + ", ".join(repr(path) for path in shown) if shown else "it has none"
