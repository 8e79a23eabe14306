"""See what a PyTorch model really is: layers, data flow, shapes, parameters, compute, memory."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checking import Report, check
    from .comparing import Diff, diff
    from .diagram import Diagram
    from .drawing import draw, export
    from .errors import GraphFileError, InputError, ModelvizError, OutputError, TraceError
    from .graph import ModelGraph, load
    from .growth import Formulas, formulas
    from .planning import Plan, plan
    from .profiling import profile, stats
    from .table.summary import Summary, summary
    from .tracing import register_flops, trace

# No submodule may bear one of these names: importing it would put it in the function's place.
_HOME = {
    "Diagram": ".diagram",
    "Diff": ".comparing",
    "Formulas": ".growth",
    "GraphFileError": ".errors",
    "InputError": ".errors",
    "ModelGraph": ".graph",
    "ModelvizError": ".errors",
    "OutputError": ".errors",
    "Plan": ".planning",
    "Report": ".checking",
    "Summary": ".table.summary",
    "TraceError": ".errors",
    "check": ".checking",
    "diff": ".comparing",
    "draw": ".drawing",
    "export": ".drawing",
    "formulas": ".growth",
    "load": ".graph",
    "plan": ".planning",
    "profile": ".profiling",
    "register_flops": ".tracing",
    "stats": ".profiling",
    "summary": ".table.summary",
    "trace": ".tracing",
}
_PARTS = ("planning", "proposals", "testing")
"""Packages of functions beside these, such as ``modelviz.testing.assert_architecture``."""

# Spelled out, since type checkers do not run the line that would derive it.
__all__ = [
    "Diagram",
    "Diff",
    "Formulas",
    "GraphFileError",
    "InputError",
    "ModelGraph",
    "ModelvizError",
    "OutputError",
    "Plan",
    "Report",
    "Summary",
    "TraceError",
    "check",
    "diff",
    "draw",
    "export",
    "formulas",
    "load",
    "plan",
    "profile",
    "register_flops",
    "stats",
    "summary",
    "trace",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _PARTS:
        return import_module(f".{name}", __name__)
    if name not in _HOME:
        raise AttributeError(f"module 'modelviz' has no attribute {name!r}")
    from .collecting import collecting_seldom

    with collecting_seldom():
        value = getattr(import_module(_HOME[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
