"""How a place in the source reads: a line of a file, or of what was typed."""

from __future__ import annotations

import os
import re

_TORCH = re.compile(r"[\\/](site|dist)-packages[\\/]torch[\\/]")


def place_text(file: str | None, line: int | None) -> str:
    """``/home/me/net.py:12``, or as in a sentence for what was typed; empty for no file."""
    if file and line is not None and not _was_typed(file):
        return f"{file}:{line}"
    return place_in_words(file, line)


def place_in_words(file: str | None, line: int | None) -> str:
    """``/home/me/net.py, line 12``, ``cell 3, line 5``, ``<stdin>, line 2``; empty for no file."""
    if not file:
        return ""
    name = file[1:-1] if file.startswith("<cell ") else file
    return name if line is None else f"{name}, line {line}"


def short_place(file: str | None, line: int | None) -> str:
    """As ``place_text``, without the folder, which is that of one machine."""
    return place_text(file if not file or _was_typed(file) else os.path.basename(file), line)


def is_of_torch(file: str) -> bool:
    """Whether a file, of whichever machine, is PyTorch's own."""
    return _TORCH.search(file) is not None


def cell_name(number: int) -> str:
    """What stands for a file where the code is cell ``number`` of a notebook."""
    return f"<cell {number}>"


def _was_typed(file: str) -> bool:
    return file.startswith("<")
