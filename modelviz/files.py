"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import OutputError


def write_text(path: Path, text: str) -> Path:
    r"""Write ``text`` as UTF-8 to ``path``, halves of characters spelled out: ``\ud800``.

    Raises OutputError, leaving no partial file.
    """
    return write_bytes(path, encoded(text))


def encoded(text: str) -> bytes:
    r"""The text in UTF-8, which has no half of a character (a lone surrogate): ``\ud800``."""
    return text.encode("utf-8", "backslashreplace")


def write_bytes(path: Path, data: bytes) -> Path:
    """Write ``data`` to ``path``. Raises OutputError, leaving no partial file."""
    if not path.parent.is_dir():
        raise OutputError(
            f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist"
        )
    if path.is_dir():
        raise OutputError(f"cannot write {str(path)!r}: it is a folder; name a file in it")
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
    return path


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
