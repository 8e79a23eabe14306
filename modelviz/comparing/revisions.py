"""A model as it was in a revision of git."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

from ..errors import InputError
from ..graph import ModelGraph, load

_NAMED = re.compile(r"(?P<revision>[^:]+):(?P<file>[^:]+\.(?:py|json))(?P<factory>:.+)?")


def graph_at_revision(
    text: str,
    sizes: list[str] | None,
    dtypes: list[str] | None,
    mode: str,
    execution: str,
    method: str,
) -> ModelGraph | None:
    """The graph of ``REVISION:net.py:Net``; None where the text names no file in a revision.

    The files of the revision are laid out in a folder of their own and traced in a process of
    their own, so that modules of the same name do not meet. Raises InputError.
    """
    named = _NAMED.fullmatch(text)
    revision, _, inside = text.partition(":")
    if named is None and ":" in inside and _is_revision(revision):
        raise InputError(
            f"{text}: a side in a revision is a file, such as '{revision}:src/net.py:Net', and "
            f"{inside!r} is none"
        )
    if (
        named is None
        or Path(text).exists()
        or Path(f"{named['revision']}:{named['file']}").exists()
    ):
        return None
    if not _is_revision(named["revision"]):
        raise InputError(
            f"{text}: there is no revision {named['revision']!r} in a git repository here; a side "
            f"is a file, such as {named['file']!r}, or one in a revision, such as "
            f"'HEAD~1:{named['file']}'"
        )
    revision, file = named["revision"], named["file"]
    with tempfile.TemporaryDirectory() as folder:
        prefix = _git("rev-parse", "--show-prefix").decode().strip()
        archive = _git(
            "archive", revision, cwd=_git("rev-parse", "--show-toplevel").decode().strip()
        )
        with tarfile.open(fileobj=BytesIO(archive)) as tar:
            _extract(tar, folder)
        place = Path(folder) / prefix
        if not (place / file).is_file():
            raise InputError(f"there is no file {file!r} in the revision {revision!r}")
        saved = Path(folder) / "modelviz-graph.json"
        command = [sys.executable, "-m", "modelviz", "export", file + (named["factory"] or "")]
        command += ["-o", str(saved), "--mode", mode, "--execution", execution, "--method", method]
        for size in sizes or ():
            command += ["-i", size]
        for name in dtypes or ():
            command += ["--dtype", name]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True)
        if done.returncode or not saved.is_file():
            raise InputError(f"{text}: {_reason(done.stderr, folder)}")
        return load(saved)


def _reason(printed: str, folder: str) -> str:
    """What the command said of its failure, the files named as in the revision."""
    said = printed.rpartition("modelviz: ")[2].strip() or "it ended without a graph"
    return said.replace(f"{Path(folder).resolve()}{os.sep}", "")


def _is_revision(text: str) -> bool:
    try:
        _git("rev-parse", "--verify", "--quiet", f"{text}^{{commit}}")
    except InputError:
        return False
    return True


def _git(*arguments: str, cwd: str | None = None) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True)
    except OSError as error:
        raise InputError(f"cannot run git: {error}") from error
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise InputError(f"git {arguments[0]} failed: {message}")
    return done.stdout


def _extract(tar: tarfile.TarFile, folder: str) -> None:
    # Python 3.10 and 3.11 have the filter only from their later releases on.
    if hasattr(tarfile, "data_filter"):
        tar.extractall(folder, filter="data")
    else:
        tar.extractall(folder)
