"""What Cairo leaves out of an image file or puts in too much: resolution, the time of day."""

from __future__ import annotations

import re
import struct
import zlib

_HEADER_END = 33
"""Where the first chunk of a PNG ends: 8 bytes of signature, 25 of IHDR."""
_DATE = re.compile(rb"\(D:\d{14}[^)]*\)")
_FIXED_DATE = b"(D:20000101000000Z)"


def with_resolution(png: bytes, dpi: float) -> bytes:
    """The PNG with its dots per inch, so that a text program places it in its true size."""
    metre = round(dpi / 0.0254)
    body = b"pHYs" + struct.pack(">IIB", metre, metre, 1)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:_HEADER_END] + chunk + png[_HEADER_END:]


def without_date(pdf: bytes) -> bytes:
    """The PDF with a fixed date of creation, so that the same picture gives the same bytes."""
    # The length must stay: a PDF says where each of its objects begins.
    return _DATE.sub(lambda match: _FIXED_DATE.ljust(len(match.group())), pdf, count=1)
