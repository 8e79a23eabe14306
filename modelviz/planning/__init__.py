"""What a step of a model takes: memory, and on which device it fits."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .devices import DEVICES, Device
    from .probing import probe
    from .result import Plan
    from .run import plan

# Each on first use: an outline of a plan is read where torch is not imported.
_HOME = {
    "DEVICES": ".devices",
    "Device": ".devices",
    "Plan": ".result",
    "plan": ".run",
    "probe": ".probing",
}

__all__ = ["DEVICES", "Device", "Plan", "plan", "probe"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)
