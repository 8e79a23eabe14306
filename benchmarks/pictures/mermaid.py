"""Mermaid files parsed by Mermaid itself, under node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

PACKAGES = ("mermaid@11.17.2", "jsdom@26.1.0")
_SCRIPT = Path(__file__).with_name("parse_mermaid.mjs")
_INSTALL_SECONDS = 180
_PARSE_SECONDS = 120


class NoMermaid(RuntimeError):
    """Mermaid cannot be had here; the message says why."""


def install(folder: Path) -> None:
    """Put Mermaid and what it needs into ``folder``, unless it is there. Raises NoMermaid."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise NoMermaid(f"{program} is not installed")
    folder.mkdir(parents=True, exist_ok=True)
    # Beside node_modules, since node looks for packages from where the script is.
    shutil.copy(_SCRIPT, folder)
    if (folder / "node_modules" / "mermaid").is_dir():
        return
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", *PACKAGES]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise NoMermaid(f"npm did not finish in {_INSTALL_SECONDS} s") from error
    if done.returncode:
        raise NoMermaid(f"npm failed: {done.stderr.strip()[-300:]}")


def errors(folder: Path, paths: Sequence[Path]) -> dict[Path, str]:
    """What Mermaid's parser says against each of the files that it does not read."""
    done = subprocess.run(
        ["node", str(folder / _SCRIPT.name)],
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        text=True,
        timeout=_PARSE_SECONDS,
        check=False,
    )
    if done.returncode:
        raise NoMermaid(f"node failed: {done.stderr.strip()[-300:]}")
    verdicts: dict[str, str | None] = json.loads(done.stdout)
    return {Path(path): error for path, error in verdicts.items() if error is not None}
