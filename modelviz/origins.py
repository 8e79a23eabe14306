"""Whose the code of a file is: the user's, a library's or modelviz's own.

Asked of frames and tracebacks, so that an op, an error or a notebook shows the user's lines.
"""

from __future__ import annotations

import os
import re
import sys
import sysconfig

USER, PERHAPS, LIBRARY, TRACER = range(4)
"""Code without a file that may be the user's (``python -c``, ``exec``) or a library's (what
``namedtuple`` makes) is ``PERHAPS``: taken for the user's where nothing better is there."""

_PYTHON = sysconfig.get_path("stdlib") + os.sep
_NUMPY = os.sep + "numpy" + os.sep
_OURS = os.path.dirname(__file__) + os.sep
# The gallery lies inside the package once that is installed, and is read as a user's code is.
_GALLERY = _OURS + "examples" + os.sep
# PyTorch, and what runs the cells of a notebook. Not imported for this: what is not loaded has no
# frames.
_RUNNING = ("torch", "IPython", "ipykernel")

# What people type into: shells, IPython and its magics, doctest, debuggers, hosted notebooks; and
# torch.package, whose files are in an archive.
_TYPED = re.compile(
    r"<(stdin|python-input-|ipython-input-|doctest |console>|input>|timed exec>|command-"
    r"|torch_package_)"
)
# Code that Python or torch.fx writes, never a person.
_WRITTEN_BY_MACHINES = ("<frozen ", "<eval_with_key>", "<__array_function__", "<attrs generated")


def origin_of(filename: str) -> int:
    """``USER``, ``PERHAPS``, ``LIBRARY`` or ``TRACER``, of a file as the code in it names it."""
    if filename.startswith("<"):
        if _TYPED.match(filename):
            return USER
        return LIBRARY if filename.startswith(_WRITTEN_BY_MACHINES) else PERHAPS
    if filename.startswith(_OURS) and not filename.startswith(_GALLERY):
        return TRACER
    if _NUMPY in filename or filename.startswith(_running()):
        return LIBRARY
    # The folder of the standard library may hold that of installed packages.
    installed = not {"site-packages", "dist-packages"}.isdisjoint(filename.split(os.sep))
    return LIBRARY if filename.startswith(_PYTHON) and not installed else USER


def _running() -> tuple[str, ...]:
    files = [getattr(sys.modules.get(name), "__file__", None) for name in _RUNNING]
    return tuple(os.path.dirname(file) + os.sep for file in files if file)
