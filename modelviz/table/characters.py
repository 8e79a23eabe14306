"""Text in a terminal: what it may hold and how wide it is."""

from __future__ import annotations

import re
import unicodedata

_NOT_NARROW = re.compile("[\u0300-\u036f\u0483-\u0489\u0591-\u1fff\u20d0-\u20ff\u2e80-\U0010ffff]")


def clean(text: str) -> str:
    """The text on one line, control characters spelled out: a name cannot break the table."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def ascii_text(text: str) -> str:
    """The text in ASCII, other characters spelled out."""
    return text.encode("ascii", "backslashreplace").decode()


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    if text.isascii() or not _NOT_NARROW.search(text):
        return len(text)
    return sum(map(_char_width, text))


def _char_width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def pad(text: str, size: int) -> str:
    """The text with spaces after it."""
    return text + " " * (size - width(text))


def pad_left(text: str, size: int) -> str:
    """The text with spaces before it."""
    return " " * (size - width(text)) + text


def cut(text: str, size: int, ellipsis: str) -> str:
    """The text, or its beginning and an ellipsis where it does not fit."""
    if width(text) <= size:
        return text
    kept, taken = 0, len(ellipsis)
    for char in text:
        taken += _char_width(char)
        if taken > size:
            break
        kept += 1
    return text[:kept] + ellipsis[:size]
