"""The parameters that a function declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters in their order; empty where Python does not tell, as for built-in functions.

    Python 3.14 evaluates annotations for this, which may name what was never imported.
    """
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError, NameError, AttributeError):
        return []
