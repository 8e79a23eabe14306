"""An attribute that is another one for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def attribute_set(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Inside, the attribute ``name`` of ``owner`` is ``value``; then what it was before."""
    before = getattr(owner, name)
    inherited = name not in getattr(owner, "__dict__", (name,))
    setattr(owner, name, value)
    try:
        yield
    finally:
        if inherited:
            delattr(owner, name)
        else:
            setattr(owner, name, before)
