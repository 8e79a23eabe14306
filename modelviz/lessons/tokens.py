"""Python code cut into pieces that a page can colour."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Iterator
from typing import Literal

Tone = Literal["", "keyword", "string", "number", "comment", "name"]
Piece = tuple[Tone, str]

_TONES: dict[int, Tone] = {
    tokenize.STRING: "string",
    tokenize.NUMBER: "number",
    tokenize.COMMENT: "comment",
}
_STRINGS = tuple(
    getattr(tokenize, name)
    for name in ("FSTRING_START", "FSTRING_MIDDLE", "FSTRING_END")
    if hasattr(tokenize, name)
)


def coloured(source: str) -> list[list[Piece]]:
    """The lines of the source, each as pieces that together are its text.

    ``name`` is what a ``class`` or a ``def`` defines. Text that is no Python has no tones from
    where it stops being some.
    """
    lines = source.split("\n")
    made: list[list[Piece]] = [[] for _ in lines]
    ends = [0] * len(lines)
    for tone, (row, start), (last, stop) in _toned(source):
        for line in range(row, min(last, len(lines)) + 1):
            text = lines[line - 1]
            begin = start if line == row else 0
            end = stop if line == last else len(text)
            at = ends[line - 1]
            if begin < at:
                continue
            made[line - 1] += [("", text[at:begin]), (tone, text[begin:end])]
            ends[line - 1] = end
    for pieces, text, end in zip(made, lines, ends, strict=True):
        pieces.append(("", text[end:]))
    return [[piece for piece in pieces if piece[1]] for pieces in made]


def _toned(source: str) -> Iterator[tuple[Tone, tuple[int, int], tuple[int, int]]]:
    """What has a tone, with where it starts and ends: lines from 1, columns from 0."""
    defines = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            tone = _TONES.get(token.type, "string" if token.type in _STRINGS else "")
            if token.type == tokenize.NAME:
                tone = "name" if defines else "keyword" if keyword.iskeyword(token.string) else ""
                defines = token.string in ("def", "class")
            if tone:
                yield tone, token.start, token.end
    except (tokenize.TokenError, SyntaxError):
        return
