"""What a notebook shows of an error: the lines of whoever called, and those of the model.

The frames of modelviz, PyTorch and Python are left out of what is shown alone: the error keeps
them for ``%debug``, logs and scripts.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from types import TracebackType

from .origins import PERHAPS, USER, origin_of

LEFT_OUT = "(frames of modelviz, PyTorch and Python are not shown; %debug has them)"


def shown(error: BaseException) -> list[str]:
    """The error and those that it came from, in the form and colours that IPython is set to."""
    chain = list(_chain(error))
    whole = [one.__traceback__ for one in chain]
    try:
        for one, part in zip(chain, whole, strict=True):
            one.__traceback__ = _outside(part)
        lines = _rendered(error)
    finally:
        for one, part in zip(chain, whole, strict=True):
            one.__traceback__ = part
    return [*lines[:-1], LEFT_OUT, *lines[-1:]]


def _rendered(error: BaseException) -> list[str]:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is None:
        return traceback.format_exception(type(error), error, error.__traceback__)
    lines: list[str] = shell.InteractiveTB.structured_traceback(
        type(error), error, error.__traceback__, tb_offset=0
    )
    return lines


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it is shown to come from, each once."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _outside(part: TracebackType | None) -> TracebackType | None:
    """The frames of a traceback that are neither modelviz's, nor PyTorch's, nor Python's."""
    kept = []
    while part is not None:
        if origin_of(part.tb_frame.f_code.co_filename) in (USER, PERHAPS):
            kept.append(part)
        part = part.tb_next
    rest: TracebackType | None = None
    for each in reversed(kept):
        rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest
