"""Pictures made small enough to keep, and put side by side."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from modelviz.render.text import FONTS

Image.MAX_IMAGE_PIXELS = None  # some of the pictures have hundreds of millions of pixels

MOST_BYTES = 290_000
_LONGEST = 9000
_COLOURS = 256
_SHEET = (540, 764)
"""A sheet of A4 at 65 dots per inch."""
_GAP = 24
_CAPTION = 54


def size(path: Path) -> tuple[int, int]:
    """Width and height in pixels."""
    with Image.open(path) as image:
        return image.width, image.height


def size_on_paper(path: Path, dpi: float) -> tuple[float, float]:
    """Width and height in centimetres, at the file's resolution, or at ``dpi`` if it has none."""
    with Image.open(path) as image:
        across, down = image.info.get("dpi", (dpi, dpi))
        return image.width / across * 2.54, image.height / down * 2.54


def keep(path: Path, target: Path) -> None:
    """Write the picture as PNG of less than 290 kB, smaller than it was where it has to be."""
    with Image.open(path) as image:
        picture = _on_white(image)
    longest = min(_LONGEST, max(picture.size))
    while True:
        small = picture.copy()
        small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
        data = _encoded(small)
        if len(data) < MOST_BYTES:
            target.write_bytes(data)
            return
        longest = int(longest * 0.85)


def side_by_side(pictures: Sequence[tuple[str, str, Path | None]], target: Path) -> None:
    """Each picture (tool, caption, file) as large as it is on a sheet of A4, in one image."""
    width = len(pictures) * (_SHEET[0] + _GAP) + _GAP
    page = Image.new("RGB", (width, _SHEET[1] + _CAPTION + 2 * _GAP), "#eef0f3")
    pen = ImageDraw.Draw(page)
    bold = ImageFont.truetype(FONTS / "LiberationSans-Bold.ttf", 22)
    plain = ImageFont.truetype(FONTS / "LiberationSans-Regular.ttf", 16)
    for index, (tool, caption, path) in enumerate(pictures):
        left, top = _GAP + index * (_SHEET[0] + _GAP), _GAP + _CAPTION
        pen.text((left, _GAP - 6), tool, fill="#1c2430", font=bold)
        pen.text((left, _GAP + 22), caption, fill="#3a4555", font=plain)
        pen.rectangle((left, top, left + _SHEET[0], top + _SHEET[1]), fill="white")
        if path is None:
            continue
        with Image.open(path) as image:
            small = _on_white(image)
        small.thumbnail((_SHEET[0] - 20, _SHEET[1] - 20), Image.Resampling.LANCZOS)
        at = (left + (_SHEET[0] - small.width) // 2, top + (_SHEET[1] - small.height) // 2)
        page.paste(small, at)
    target.write_bytes(_encoded(page))


def _on_white(image: Image.Image) -> Image.Image:
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    white = Image.new("RGB", clear.size, "white")
    white.paste(clear, mask=clear.getchannel("A"))
    return white


def _encoded(picture: Image.Image) -> bytes:
    """The picture as PNG, with a palette where it would be too large without."""
    for image in (picture, picture.quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3)):
        buffer = io.BytesIO()
        image.save(buffer, "PNG", optimize=True)
        if buffer.tell() < MOST_BYTES:
            break
    return buffer.getvalue()
