"""What is installed: light to import, complete, and as documented."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import modelviz
from modelviz import gallery

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python(code: str, *paths: Path, cwd: Path | None = None) -> str:
    """What a new interpreter prints for ``code``, with only ``paths`` to import modelviz from."""
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths or (ROOT,)))},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_import_brings_in_nothing_else() -> None:
    added = python(
        "import sys; before = set(sys.modules); import modelviz;"
        "print(*sorted(set(sys.modules) - before))"
    ).split()
    names = {name.partition(".")[0] for name in added}
    standard = sys.stdlib_module_names
    assert names - standard == {"modelviz"}


def test_import_after_torch_adds_only_modelviz() -> None:
    added = python(
        "import sys, torch; before = set(sys.modules); import modelviz;"
        "print(*sorted(set(sys.modules) - before))"
    ).split()
    assert added == ["modelviz"]


def test_help_of_the_command_does_not_wait_for_torch() -> None:
    heavy = {"torch", "streamlit", "pygraphviz", "networkx", "torchinfo", "pandas"}
    loaded = python(
        "import sys, contextlib, io\n"
        "from modelviz.cli import app\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    app(['--help'])\n"
        "print(*sys.modules)"
    ).split()
    assert not heavy & set(loaded)


def test_every_public_name_is_there_and_listed() -> None:
    for name in modelviz.__all__:
        assert getattr(modelviz, name).__name__ == name
    assert set(modelviz.__all__) <= set(dir(modelviz))


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'modelviz' has no attribute 'nothing'"):
        modelviz.nothing  # noqa: B018


def test_readme_names_every_public_function() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    functions = [name for name in modelviz.__all__ if name.islower()]
    assert [name for name in functions if f"modelviz.{name}(" not in readme] == []


def requirements(*extras: str) -> set[str]:
    listed = [*PROJECT["dependencies"]]
    for extra in extras:
        listed += PROJECT["optional-dependencies"][extra]
    return {normal(re.split(r"[<>=!~\[; ]", requirement)[0]) for requirement in listed}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def constraints() -> dict[str, set[str]]:
    """Pinned versions by distribution, leaving out markers and comments."""
    pins: dict[str, set[str]] = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, pinned = line.partition(";")[0].strip().split("==")
            pins.setdefault(normal(name), set()).add(pinned)
    return pins


def test_constraints_pin_every_direct_requirement() -> None:
    assert requirements(*PROJECT["optional-dependencies"]) - constraints().keys() == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_carries_the_package_the_examples_the_app_and_the_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "modelviz").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    examples = {f"modelviz/examples/{name}.py" for name in gallery.NAMES}
    app = {
        f"modelviz/{path.relative_to(ROOT).as_posix()}"
        for path in (ROOT / "app").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    info = f"torch_modelviz-{modelviz.__version__}.dist-info"
    about = {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt")} | {
        f"{info}/licenses/{name}" for name in PROJECT["license-files"]
    }
    assert names == package | examples | app | about
    assert "modelviz/py.typed" in names


def test_wheel_works_away_from_the_checkout(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path)
    printed = python(
        "from modelviz.sources import resolve; source = resolve('gpt');"
        "import modelviz; print(modelviz.__file__); print(type(source.model).__name__)",
        tmp_path,
        cwd=tmp_path,
    ).split()
    assert printed == [str(tmp_path / "modelviz" / "__init__.py"), "GPT"]
