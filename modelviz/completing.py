"""What a shell offers where a model is to be named; nothing is imported or run for it."""

from __future__ import annotations

import ast
import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from . import gallery

SUFFIXES = (".py", ".json", ".safetensors", ".pt", ".pth", ".pt2", ".onnx", ".torchscript")


def models(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    """What could complete ``incomplete``: names of the gallery and files, or models of a file.

    Nothing lets the shell offer files of its own.
    """
    place, colon, _ = incomplete.rpartition(":")
    if colon:
        file = Path(place)
        return [f"{place}:{name}" for name in names_in(file)] if file.suffix == ".py" else []
    named = [name for name in gallery.NAMES if name.startswith(incomplete)]
    return [*named, *_files(incomplete)] if named else []


def names_in(file: Path) -> Iterator[str]:
    """Names that the Python file defines and could mean a model, read without running it."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return
    for part in tree.body:
        names: list[Any] = []
        if isinstance(part, (ast.ClassDef, ast.FunctionDef)):
            names = [part.name]
        elif isinstance(part, ast.Assign) and isinstance(part.value, ast.Call):
            names = [target.id for target in part.targets if isinstance(target, ast.Name)]
        yield from (name for name in names if not name.startswith("_"))


@contextlib.contextmanager
def whole_words() -> Iterator[None]:
    """Let Bash complete words with colons, which it takes for several, while the block runs.

    The words are put together before they are looked at, and of what is offered that part is
    printed which Bash puts in.
    """
    if os.environ.get("_MODELVIZ_COMPLETE") != "complete_bash":
        yield
        return
    lead = _join_words()
    offered = io.StringIO()
    try:
        with contextlib.redirect_stdout(offered):
            yield
    finally:
        for line in offered.getvalue().splitlines():
            print(line.removeprefix(lead))


def _join_words() -> str:
    """Join what Bash took apart at colons; what of the last word it will not put in comes back."""
    words = os.environ.get("COMP_WORDS", "").split("\n")
    cursor = int(os.environ.get("COMP_CWORD") or 0)
    words = [*words[:cursor], *(words[cursor : cursor + 1] or [""])]
    joined: list[str] = []
    for place, word in enumerate(words):
        apart = ":" in (word, words[place - 1]) and place > 0
        if apart:
            joined[-1] += word
        else:
            joined.append(word)
    os.environ["COMP_WORDS"], os.environ["COMP_CWORD"] = "\n".join(joined), str(len(joined) - 1)
    last = words[-1].lstrip(":") if joined[-1] != words[-1] else joined[-1]
    return joined[-1].removesuffix(last) if last else joined[-1]


def _files(incomplete: str) -> list[str]:
    """Files in the current folder that may hold a model."""
    return sorted(
        entry.name
        for entry in os.scandir()
        if entry.name.startswith(incomplete)
        and not entry.name.startswith(".")
        and Path(entry.name).suffix in SUFFIXES
    )
