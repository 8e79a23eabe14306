"""Numbers in what an error says."""

from __future__ import annotations

import re

_SIZE = re.compile(r"(?<![\w.])\d+(?!\w|\.\d)")


def numbers_in(text: str) -> tuple[int, ...]:
    """All whole numbers of a text: ``[2, -1]`` gives ``(2, -1)``."""
    return tuple(map(int, re.findall(r"-?\d+", text)))


def sizes_in(message: str) -> list[int]:
    """The whole numbers that stand by themselves, once each: no part of a name or of a fraction."""
    return list(dict.fromkeys(map(int, _SIZE.findall(message))))
