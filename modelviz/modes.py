"""The words that say how a forward is run, in whatever case they are given."""

from __future__ import annotations

from typing import Any

from .errors import InputError
from .unknown import chosen

MODES = ("train", "eval")
EXECUTIONS = ("auto", "fake", "real", "none")


def known_mode(mode: Any) -> Any:
    """The mode that a word names; None stays. Raises InputError."""
    if mode is None:
        return None
    also = (
        "; an argument of forward that is called mode goes into "
        f"input_data={{'mode': {mode!r}, ...}}, with all others by name"
    )
    return chosen("mode", mode, MODES, also)


def known_execution(execution: Any, timed: bool | str = False) -> Any:
    """The execution that a word names.

    Raises InputError where there is none, or where no time can be measured in it.
    """
    execution = chosen("execution", execution, EXECUTIONS)
    if timed and execution == "fake":
        raise InputError(
            "time is measured on a real forward, and execution='fake' asks for none: "
            "leave out execution, or give execution='real'"
        )
    return execution
