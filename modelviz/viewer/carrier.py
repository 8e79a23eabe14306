"""Which cell of a notebook has the viewer's code, for all others."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Execution:
    """A run of a cell; ``cell`` stays the same when it is run again."""

    cell: str
    count: int


_carrier: Execution | None = None
"""The run whose output has the code, in this kernel."""


def carries_code() -> bool:
    """Whether what is shown now is to have the code.

    That is the first figure of the first cell that shows one, each time that cell is run, since
    its output is then another. Where no kernel runs, or cells see nothing of one another, every
    figure has it.
    """
    global _carrier
    now = _execution()
    if now is None:
        return True
    if _carrier is not None and (_carrier.cell != now.cell or _carrier == now):
        return False
    _carrier = now
    return True


def _execution() -> Execution | None:
    """The run of a cell that asks; None outside of a notebook whose cells share one page."""
    ipython = sys.modules.get("IPython")
    # Each output of Colab is a page of its own.
    shell = ipython.get_ipython() if ipython and "google.colab" not in sys.modules else None
    parent: Any = getattr(shell, "get_parent", dict)()
    if not isinstance(parent, dict) or not parent.get("content"):
        return None
    return Execution(_cell(parent), getattr(shell, "execution_count", 0))


def _cell(request: dict[str, Any]) -> str:
    """What a front end calls the cell, or else what is in it."""
    name = request.get("metadata", {}).get("cellId")
    return str(name or request["content"].get("code", ""))
