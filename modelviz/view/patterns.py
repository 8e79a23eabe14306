"""Paths named by patterns: ``*`` stands for any part of one step, ``**`` for any steps.

A function has the path of the module whose forward ran it, and its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from ..dotted import join, with_ancestors
from ..errors import InputError
from ..graph import FunctionCall, ModelGraph
from ..unknown import alike


def matching_paths(graph: ModelGraph, patterns: Iterable[str]) -> frozenset[str]:
    """The paths that match any of the patterns: of modules and of functions.

    Raises InputError when a pattern matches none.
    """
    paths = all_paths(graph)
    found: set[str] = set()
    for pattern in patterns:
        matches = [path for path in paths if path_expression(pattern).fullmatch(path)]
        if not matches:
            raise InputError(
                f"{pattern!r} matches no module or function of {graph.name}; "
                f"{_hint(pattern, paths)}"
            )
        found.update(matches)
    return frozenset(found)


def asked_inside(
    opened: Iterable[str], closed: Iterable[str]
) -> Mapping[str, tuple[tuple[str, str], ...]]:
    """What was asked about each module and its inside: a sign, and a path relative to it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for sign, paths in (("+", opened), ("-", closed)):
        for path in sorted(paths):
            for around in with_ancestors(path):
                found.setdefault(around, []).append((sign, path[len(around) :]))
    return {path: tuple(asked) for path, asked in found.items()}


def function_path(graph: ModelGraph, function: FunctionCall) -> str:
    """The path of a function: ``layers.0.attn.apply_rotary``."""
    return join(graph.calls[function.call].module, function.name)


def all_paths(graph: ModelGraph) -> Sequence[str]:
    """The paths of all modules, the root's among them, and of all functions."""
    functions = dict.fromkeys(function_path(graph, function) for function in graph.functions)
    return [*(module.path for module in graph.modules), *functions]


@lru_cache(256)
def path_expression(pattern: str) -> re.Pattern[str]:
    """The regular expression of a pattern of paths."""
    parts = re.split(r"(\*\*|\*|\?)", pattern)
    wild = {"**": ".*", "*": r"[^.]*", "?": r"[^.]"}
    return re.compile("".join(wild.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _hint(pattern: str, paths: Sequence[str]) -> str:
    close = alike(pattern, paths[:5000], cutoff=0.5)
    shown = close or [path for path in paths if path][:3]
    return "such paths are " + ", ".join(repr(path) for path in shown) if shown else "it has none"
