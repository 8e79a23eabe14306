"""Graphviz in a process of its own: it can be stopped, and cannot take ours down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

from ..errors import ModelvizError
from .style import Engine

LAYOUT_SECONDS = 30.0
"""How long a layout may take before it is given up."""
_WORKER = Path(__file__).with_name("graphviz_worker.py")


class LayoutError(ModelvizError, RuntimeError):
    """Graphviz could not lay out or draw a picture; the message says what to do."""


def run_graphviz(
    source: str,
    form: str,
    engine: Engine = "bundled",
    program: Literal["dot", "nop2"] = "dot",
    seconds: float | None = None,
    environment: dict[str, str] | None = None,
) -> bytes:
    """What Graphviz makes of DOT text, in one of its formats. Raises LayoutError."""
    seconds = LAYOUT_SECONDS if seconds is None else seconds
    command = _system_command(form) if engine == "system" else _bundled_command(program, form)
    try:
        done = subprocess.run(
            command,
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=seconds,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise LayoutError(
            f"Graphviz did not finish within {seconds:g} s: there is too much in this picture. "
            "Show less of the model: a smaller depth=, fold=True, or collapse= for a part of it"
        ) from error
    except OSError as error:
        raise LayoutError(f"cannot start {command[0]!r} for Graphviz: {error}") from error
    if done.returncode or not done.stdout:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise LayoutError(
            f"Graphviz failed (exit status {done.returncode}): "
            f"{reason[-1] if reason else 'no message'}. "
            "A smaller depth= shows less of the model; format 'mmd' and 'dot' need no layout"
        )
    return done.stdout


def _bundled_command(program: str, form: str) -> list[str]:
    if not sys.executable:
        raise LayoutError(
            "this process does not know its Python interpreter (sys.executable is empty), which "
            "runs Graphviz; engine='system' uses the dot of the machine instead"
        )
    return [sys.executable, "-I", "-S", str(_WORKER), json.dumps(sys.path), program, form]


def _system_command(form: str) -> list[str]:
    dot = shutil.which("dot")
    if dot is None:
        raise LayoutError(
            "engine='system' needs Graphviz's dot on the PATH, and there is none; "
            "leave engine out to use the library that comes with modelviz"
        )
    return [dot, f"-T{form}"]
