"""What a notebook shows of an error: the lines of whoever called, and those of the model.

The frames of modelviz, PyTorch and Python are left out of what is shown alone: the error keeps
them for ``%debug``, logs and scripts.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from types import TracebackType

_PACKAGE = __name__.partition(".")[0]
_PYTHON = sysconfig.get_path("stdlib") + os.sep
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


def _is_inside(file: str) -> bool:
    """Whether code is modelviz's, PyTorch's, Python's, or what IPython runs a cell by."""
    loaded = (sys.modules.get(name) for name in (_PACKAGE, "torch", "IPython", "ipykernel"))
    places = [os.path.dirname(one.__file__) for one in loaded if one and one.__file__]
    if file.startswith(tuple(place + os.sep for place in places)):
        return os.sep + "examples" + os.sep not in file  # the gallery's are a user's
    # Packages that were installed may lie below Python's own.
    of_python = {"site-packages", "dist-packages"}.isdisjoint(file.split(os.sep))
    return file.startswith("<frozen ") or (file.startswith(_PYTHON) and of_python)


def _outside(part: TracebackType | None) -> TracebackType | None:
    """The frames of a traceback that are neither modelviz's, nor PyTorch's, nor Python's."""
    kept = []
    while part is not None:
        if not _is_inside(part.tb_frame.f_code.co_filename):
            kept.append(part)
        part = part.tb_next
    rest: TracebackType | None = None
    for each in reversed(kept):
        rest = TracebackType(rest, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return rest
