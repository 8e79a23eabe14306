"""What a command prints for a program: one JSON document, alone on standard output.

Whatever the model's own code prints meanwhile goes to standard error. ``docs/cli.md`` lists the
keys of each command.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, TextIO

import typer

from .problems import Problem

Json = Annotated[
    bool, typer.Option("--json", help="Print JSON alone, also of an error: see docs/cli.md.")
]

_out: list[TextIO] = []


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the arguments ask for JSON, known before they are parsed: errors are JSON, too."""
    options = list(arguments)
    if "--" in options:
        options = options[: options.index("--")]
    pairs = itertools.pairwise(options)
    return bool({"--json", "--format=json"} & set(options) or ("--format", "json") in set(pairs))


@contextlib.contextmanager
def json_alone(wanted: bool) -> Iterator[None]:
    """Keep standard output for ``print_json`` while the block runs, if that is wanted."""
    if not wanted:
        yield
        return
    _out.append(sys.stdout)
    sys.stdout = sys.stderr
    try:
        yield
    finally:
        sys.stdout = _out.pop()


def print_json(data: Any) -> None:
    """Print data as JSON; a number that is none (NaN, infinity) is written as null."""
    out = _out[-1] if _out else sys.stdout
    # What the encoding lacks is spelled out: a sign like it, as people are shown, is another text.
    plain = (getattr(out, "encoding", None) or "ascii").lower().replace("-", "") != "utf8"
    print(json.dumps(_finite(data), ensure_ascii=plain, indent=2, allow_nan=False), file=out)


def error_json(problem: Problem, commands: Sequence[str] = ()) -> dict[str, Any]:
    """The value of ``error``: what happened, what to try, and the commands that would work."""
    return {**problem.to_dict(), "commands": list(commands)}


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(name): _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return value
