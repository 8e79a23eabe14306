"""Room for functions that call themselves once for each level of a model."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator

from .graph import ModelGraph

FRAMES = 12
"""Frames that any of our functions takes for a level of modules."""
SPARE = 1_000

_lock = threading.Lock()
_wanted: list[int] = []
_before = 0


def deep(graph: ModelGraph) -> contextlib.AbstractContextManager[None]:
    """Python's limit of recursion, raised for a model of many levels, and put back."""
    return room(_levels(graph))


@contextlib.contextmanager
def room(levels: int) -> Iterator[None]:
    """Python's limit of recursion, raised for so many levels inside each other, and put back."""
    global _before
    limit = FRAMES * levels + SPARE
    with _lock:
        if not _wanted:
            _before = sys.getrecursionlimit()
        _wanted.append(limit)
        sys.setrecursionlimit(_before + max(_wanted))
    try:
        yield
    finally:
        with _lock:
            _wanted.remove(limit)
            if not _wanted:
                sys.setrecursionlimit(_before)


def _levels(graph: ModelGraph) -> int:
    """Modules inside each other, and calls inside each other, at most."""
    depths: list[int] = []
    for call in graph.calls:
        depths.append(0 if call.parent is None else depths[call.parent] + 1)
    return max(max(module.depth for module in graph.modules), max(depths, default=0))
