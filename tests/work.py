"""How much work a function does, counted: the same number on a busy machine as on a quiet one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def work(function: Callable[[], object]) -> int:
    """The calls that ``function`` makes, of Python's and of C's, and the lines that it runs.

    Lines count as well, since a loop that looks at everything once more may call nothing.
    """
    count = 0

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    def trace(frame: FrameType, event: str, arg: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    # A collection would come at any time, and calls the finalisers of what others left.
    collecting, before = gc.isenabled(), (sys.gettrace(), sys.getprofile())
    gc.disable()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])
        if collecting:
            gc.enable()
    return count
