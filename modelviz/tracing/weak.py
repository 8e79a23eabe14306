"""Weak references to parts of a model."""

from __future__ import annotations

import weakref
from typing import Any

PROXIES = frozenset(weakref.ProxyTypes)


def behind(value: Any) -> Any:
    """What a weak proxy stands for, None where that is gone; every other thing itself."""
    if type(value) not in PROXIES:
        return value
    try:
        return value.__dir__.__self__  # a method that every object has leads to whose it is
    except ReferenceError:
        return None
