"""How wide text is, from the tables of the fonts that are shipped beside this file.

Nothing here asks the machine for its fonts, so a picture has the same layout everywhere. The
fonts have the metrics of Helvetica, Arial and Times, which a viewer of an SVG is likely to have.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"
_FILES = {
    ("sans", False): "LiberationSans-Regular.ttf",
    ("sans", True): "LiberationSans-Bold.ttf",
    ("serif", False): "LiberationSerif-Regular.ttf",
    ("serif", True): "LiberationSerif-Bold.ttf",
}
_WIDE = 1.0
"""Width, in ems, of a wide character that the fonts lack: an ideogram or an emoji."""
_NARROW = 0.7
"""Width, in ems, of any other character that the fonts lack."""


@lru_cache(1 << 14)
def text_width(text: str, size: float, bold: bool = False, family: str = "sans") -> float:
    """The width of one line of text, in the unit of ``size``."""
    font = _font(family, bold)
    return size * sum(font.advance(character) for character in text)


def with_controls(text: str, kept: str = "") -> str:
    """The text with pictures in the place of control characters, but for those that are kept."""
    return "".join(chr(0x2400 + ord(c)) if ord(c) < 32 and c not in kept else c for c in text)


def in_fonts(text: str) -> bool:
    """Whether the shipped fonts have every character of the text."""
    font = _font("sans", False)
    return all(font.has(character) for character in text)


@dataclass(frozen=True, slots=True)
class _Font:
    """Advance widths, in ems, by character code."""

    widths: dict[int, float]

    def has(self, character: str) -> bool:
        return ord(character) in self.widths

    def advance(self, character: str) -> float:
        width = self.widths.get(ord(character))
        if width is not None:
            return width
        if unicodedata.combining(character) or unicodedata.category(character) == "Cf":
            return 0.0
        return _WIDE if unicodedata.east_asian_width(character) in "WF" else _NARROW


@cache
def _font(family: str, bold: bool) -> _Font:
    data = (FONTS / _FILES[family, bold]).read_bytes()
    tables = {
        data[at : at + 4]: struct.unpack_from(">II", data, at + 8)
        for at in range(12, 12 + 16 * struct.unpack_from(">H", data, 4)[0], 16)
    }
    units = struct.unpack_from(">H", data, tables[b"head"][0] + 18)[0]
    count = struct.unpack_from(">H", data, tables[b"hhea"][0] + 34)[0]
    metrics = struct.unpack_from(f">{2 * count}H", data, tables[b"hmtx"][0])
    glyphs = _glyphs(data, tables[b"cmap"][0])
    last = count - 1
    return _Font({code: metrics[2 * min(glyph, last)] / units for code, glyph in glyphs.items()})


def _glyphs(data: bytes, cmap: int) -> dict[int, int]:
    """The glyph of each character of the basic plane, from a format 4 character map."""
    for index in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        offset = struct.unpack_from(">I", data, cmap + 4 + 8 * index + 4)[0]
        table = cmap + offset
        if struct.unpack_from(">H", data, table)[0] == 4:
            return _format_4(data, table)
    raise ValueError("the font has no format 4 character map")


def _format_4(data: bytes, table: int) -> dict[int, int]:
    size = struct.unpack_from(">H", data, table + 6)[0] // 2
    ends = struct.unpack_from(f">{size}H", data, table + 14)
    starts = struct.unpack_from(f">{size}H", data, table + 16 + 2 * size)
    deltas = struct.unpack_from(f">{size}H", data, table + 16 + 4 * size)
    offsets_at = table + 16 + 6 * size
    offsets = struct.unpack_from(f">{size}H", data, offsets_at)
    result: dict[int, int] = {}
    for segment in range(size):
        for code in range(starts[segment], min(ends[segment], 0xFFFE) + 1):
            if offsets[segment] == 0:
                glyph = (code + deltas[segment]) & 0xFFFF
            else:
                at = offsets_at + 2 * segment + offsets[segment] + 2 * (code - starts[segment])
                glyph = struct.unpack_from(">H", data, at)[0]
                if glyph:
                    glyph = (glyph + deltas[segment]) & 0xFFFF
            if glyph:
                result[code] = glyph
    return result
