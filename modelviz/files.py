"""Writing files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path

from .errors import InputError, OutputError

_TRIES = 100
_LINKS = 40
_SHOWN = 200


def write_text(path: Path, text: str) -> Path:
    r"""Write ``text`` as UTF-8 to ``path``, halves of characters spelled out: ``\ud800``.

    Raises OutputError, leaving no partial file.
    """
    return write_bytes(path, encoded(text))


def encoded(text: str) -> bytes:
    r"""The text in UTF-8, which has no half of a character (a lone surrogate): ``\ud800``."""
    return text.encode("utf-8", "backslashreplace")


def write_bytes(path: Path, data: bytes) -> Path:
    """Write ``data`` to ``path``, and give ``path``. Raises OutputError, leaving no partial file.

    A file that is there is replaced and keeps its permissions; a symbolic link stays one, and what
    it leads to is replaced. A pipe or a device is written to.
    """
    check_folder(path)
    with _told(path):
        mode = _mode(path)
        if mode is not None and stat.S_ISDIR(mode):
            raise OutputError(f"cannot write {str(path)!r}: it is a folder; name a file in it")
        if _is_open_elsewhere(path) or not (mode is None or stat.S_ISREG(mode)):
            _pass_on(path, data)
        else:
            # Where a chain of links ends, which need not exist.
            _replace(Path(os.path.realpath(path)), data, mode)
    return path


def named_path(path: object) -> Path:
    """The path that was given. Raises InputError for what is none."""
    try:
        return Path(path)  # type: ignore[arg-type]
    except TypeError:
        raise InputError(
            f"expected the path of a file, such as 'model.json', got {path!r}"
        ) from None


def check_folder(path: Path) -> None:
    """Raise OutputError unless the folder of the path is there."""
    with _told(path):
        if not Path(os.path.realpath(path.parent)).is_dir():
            raise OutputError(
                f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist"
            )


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn what the system says of the path into an OutputError."""
    try:
        yield
    except OutputError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or error
        shown = str(path) if len(str(path)) < _SHOWN else f"{str(path)[:_SHOWN]}…"
        raise OutputError(f"cannot write {shown!r}: {reason}") from error


def _mode(path: Path) -> int | None:
    """The kind and the permissions of what is there; None where nothing is."""
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _is_open_elsewhere(path: Path) -> bool:
    """Whether it stands for something that is open already, as ``/dev/stdout`` does."""
    for _ in range(_LINKS):
        if os.path.abspath(path).startswith(("/dev/", "/proc/")):
            return True
        if not path.is_symlink():
            return False
        path = path.parent / os.readlink(path)
    return False


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    """Put a file with the data in the place of the target, all at once."""
    descriptor, temporary = _new_file(target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _new_file(folder: Path) -> tuple[int, Path]:
    """A file that was not there, with the permissions that any new file gets.

    Its name is short, since the name of the target may be as long as the system allows.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    for _ in range(_TRIES):
        path = folder / f".{secrets.token_hex(4)}"
        with contextlib.suppress(FileExistsError):
            return os.open(path, flags, 0o666), path
    raise FileExistsError(f"no free name in {str(folder)!r}")


def _pass_on(path: Path, data: bytes) -> None:
    """Write the data into what is there, such as a pipe or a terminal."""
    with open(path, "wb", buffering=0) as file:
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
