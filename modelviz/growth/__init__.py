"""How the figures of a model grow with the sizes of its inputs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .ranges import Range, Valid
    from .result import Formulas
    from .run import formulas

# Each on first use: what was found is read where torch is not imported.
_HOME = {"Formulas": ".result", "Range": ".ranges", "Valid": ".ranges", "formulas": ".run"}

__all__ = ["Formulas", "Range", "Valid", "formulas"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
