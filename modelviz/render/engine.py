"""Graphviz in a process of its own: it can be stopped, and cannot take ours down."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import Literal

from ..errors import ModelvizError
from .style import Engine
from .workers import WorkerDied, WorkerLate, answer

# What the system's loader says where the library of Graphviz needs one that is not installed.
_MISSING_LIBRARY = re.compile(r"ImportError: (\S+): cannot open shared object file")

LAYOUT_SECONDS = 30.0
"""How long a layout may take before it is given up."""


class LayoutError(ModelvizError, RuntimeError):
    """Graphviz could not lay out or draw a picture; the message says what to do."""


def run_graphviz(
    source: str,
    form: str,
    engine: Engine = "bundled",
    program: Literal["dot", "nop2"] = "dot",
    environment: dict[str, str] | None = None,
) -> bytes:
    """What Graphviz makes of DOT text, in one of its formats. Raises LayoutError."""
    seconds = LAYOUT_SECONDS
    try:
        if engine == "system":
            return _by_system(form, source.encode("utf-8"), seconds)
        if not sys.executable:
            raise LayoutError(
                "this process does not know its Python interpreter (sys.executable is empty), "
                "which runs Graphviz; engine='system' uses the dot of the machine instead"
            )
        return answer(program, form, source.encode("utf-8"), seconds, environment or {})
    except (WorkerLate, subprocess.TimeoutExpired) as error:
        raise LayoutError(
            f"Graphviz did not finish within {seconds:g} s: there is too much in this picture. "
            "Show less of the model: a smaller depth=, fold=True, or collapse= for a part of it"
        ) from error
    except OSError as error:
        raise LayoutError(f"cannot start a process for Graphviz: {error}") from error
    except WorkerDied as error:
        missing = _MISSING_LIBRARY.search(str(error))
        if missing is not None:
            raise LayoutError(
                f"the library of Graphviz that came with modelviz needs {missing[1]}, which this "
                "machine lacks. The system's package graphviz brings it, and fonts: "
                "apt-get install graphviz, or dnf install graphviz. "
                "Formats 'mmd' and 'dot' need no layout"
            ) from error
        raise LayoutError(
            f"Graphviz failed {error}. "
            "A smaller depth= shows less of the model; format 'mmd' and 'dot' need no layout"
        ) from error


def _by_system(form: str, source: bytes, seconds: float) -> bytes:
    """What the ``dot`` of the machine makes of DOT text."""
    done = subprocess.run(
        _system_command(form), input=source, capture_output=True, timeout=seconds, check=False
    )
    if done.returncode or not done.stdout:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise WorkerDied(f"(exit status {done.returncode}): {said[-1] if said else 'no message'}")
    return done.stdout


def _system_command(form: str) -> list[str]:
    dot = shutil.which("dot")
    if dot is None:
        raise LayoutError(
            "engine='system' needs Graphviz's dot on the PATH, and there is none; "
            "leave engine out to use the library that comes with modelviz"
        )
    return [dot, f"-T{form}"]
