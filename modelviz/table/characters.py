"""Text in a terminal: what it may hold and how wide it is."""

from __future__ import annotations


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
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # most tables need no rich

    return cell_len(text)


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
    from rich.cells import set_cell_size

    kept = size - len(ellipsis)
    return set_cell_size(text, kept).rstrip() + ellipsis if kept > 0 else ellipsis[:size]
