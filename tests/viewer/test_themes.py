"""The viewer draws with the colours of the exported pictures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "viewer-src"


@pytest.mark.skipif(not SOURCE.is_dir(), reason="the viewer's source is in the repository only")
def test_the_themes_of_the_viewer_are_those_of_the_pictures() -> None:
    command = [sys.executable, str(SOURCE / "scripts" / "themes.py")]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    kept = (SOURCE / "src" / "draw" / "theme.json").read_text(encoding="utf-8")
    assert kept == made, "changed: run `npm run themes` in viewer-src, then build"
