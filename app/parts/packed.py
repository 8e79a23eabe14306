"""Text made short enough for an address, and back."""

from __future__ import annotations

import base64
import zlib

LIMIT = 4_000
"""Characters of packed text that an address takes. Browsers and chat programs cut longer ones."""
UNPACKED_LIMIT = 2**20
"""Bytes that packed text may unfold to."""


def pack(text: str) -> str | None:
    """The text for an address; None where it is too long for one."""
    packed = base64.urlsafe_b64encode(zlib.compress(text.encode("utf-8", "replace"), 9))
    return packed.decode("ascii").rstrip("=") if len(packed) <= LIMIT else None


def unpack(packed: str) -> str | None:
    """The text that was packed; None where that is no packed text, or one of absurd size."""
    try:
        data = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        reader = zlib.decompressobj()
        text = reader.decompress(data, UNPACKED_LIMIT)
        return text.decode("utf-8") if reader.eof else None
    except (ValueError, zlib.error):
        return None
