"""Archives from elsewhere, looked at before anything in them is read."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

from ..errors import InputError


def check_archive(path: Path, more: int = 0) -> None:
    """Raise InputError for an archive that holds more than its own size, as compressed ones do.

    ``more`` is how many bytes it may hold beyond that.
    """
    try:
        size = path.stat().st_size
        if not zipfile.is_zipfile(path):
            return
        with zipfile.ZipFile(path) as archive:
            inside = sum(entry.file_size for entry in archive.infolist())
    except OSError as error:
        raise InputError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InputError(f"{path.name!r} is a damaged archive: {error}") from error
    if inside > size + more:
        raise InputError(
            f"{path.name!r} is compressed, {inside:,} bytes in {size:,}, and is not unpacked: "
            "expected a file as torch.save writes it"
        )


def names_in(path: Path) -> list[str]:
    """The names of what an archive holds; none where it is no archive."""
    try:
        if not zipfile.is_zipfile(path):
            return []
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError):
        return []


_UNEXPECTED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@contextlib.contextmanager
def damaged(file: str, what: str) -> Iterator[None]:
    """Turn what goes wrong where a file does not say what it should into an InputError."""
    try:
        yield
    except InputError:
        raise
    except _UNEXPECTED as error:
        raise InputError(
            f"{file!r} is damaged, or an {what} of a release that is not known: {error!r}"
        ) from error
