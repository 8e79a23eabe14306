"""The public names: there, typed, and never hidden by a submodule."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import modelviz


def test_every_public_name_is_what_it_says() -> None:
    assert sorted(modelviz.__all__) == sorted(modelviz._HOME)
    for name in modelviz.__all__:
        assert callable(getattr(modelviz, name)), name


def test_no_submodule_takes_the_place_of_a_public_name() -> None:
    submodules = {module.name for module in pkgutil.iter_modules(modelviz.__path__)}
    assert not submodules & set(modelviz.__all__)
    for name in sorted(submodules - {"__main__"}):
        importlib.import_module(f"modelviz.{name}")
    assert callable(modelviz.trace) and callable(modelviz.summary)


@pytest.mark.slow
def test_a_users_file_passes_strict_type_checks(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    names = ", ".join(modelviz.__all__)
    file = tmp_path / "user.py"
    file.write_text(f"from modelviz import {names}\n\nprint({names})\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "does not explicitly export" not in done.stdout, done.stdout
