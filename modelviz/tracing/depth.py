"""Room for the frames that tracing adds between those of the model."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# A call of a module is 2 frames of Python where the class has a ``__call__`` of its own, and 3 or 4
# of PyTorch's otherwise; of ours come 3 more.
_TIMES = 3
# Inside the innermost call, for an op.
_MORE = 200


@contextmanager
def deeper_recursion() -> Iterator[None]:
    """What runs within Python's limit by itself does so while every call of a module is seen."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_TIMES * limit + _MORE)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)
