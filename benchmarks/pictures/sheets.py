"""Contact sheets: many pictures on one page, each with its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from modelviz.render.text import FONTS

COLUMNS, ROWS = 4, 5
_CELL = (460, 470)
_MARGIN = 12
_CAPTION = 26
_COLOURS = 256
"""So many are enough for flat colours and soft letters in a third of the size."""


def contact_sheets(pictures: Sequence[tuple[str, Path]], folder: Path) -> list[Path]:
    """The sheets, written into ``folder``, with 20 pictures (name, PNG) on each."""
    many = COLUMNS * ROWS
    font = ImageFont.truetype(FONTS / "LiberationSans-Bold.ttf", 17)
    paths = []
    for first in range(0, len(pictures), many):
        part = pictures[first : first + many]
        rows = -(-len(part) // COLUMNS)
        sheet = Image.new("RGB", (COLUMNS * _CELL[0], rows * _CELL[1]), "white")
        pen = ImageDraw.Draw(sheet)
        for index, (name, path) in enumerate(part):
            left, top = index % COLUMNS * _CELL[0], index // COLUMNS * _CELL[1]
            pen.rectangle((left, top, left + _CELL[0] - 1, top + _CELL[1] - 1), outline="#d0d5dd")
            pen.text((left + _MARGIN, top + 5), name, fill="#1c2430", font=font)
            small = _fitted(path)
            sheet.paste(small, (left + (_CELL[0] - small.width) // 2, top + _CAPTION))
        target = folder / f"sheet-{first // many + 1}.png"
        sheet.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3).save(target, optimize=True)
        paths.append(target)
    return paths


def _fitted(path: Path) -> Image.Image:
    with Image.open(path) as image:
        small = image.convert("RGB")
    small.thumbnail(
        (_CELL[0] - 2 * _MARGIN, _CELL[1] - _CAPTION - _MARGIN), Image.Resampling.LANCZOS
    )
    return small
