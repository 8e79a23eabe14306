"""Garbage collection, while a stage makes its data."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collection_paused() -> Iterator[None]:
    """No cycles are looked for inside; as a decorator, while the function runs.

    A stage makes many small objects in one go and keeps nearly all of them, in which Python would
    look for garbage again and again.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
