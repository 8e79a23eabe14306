"""``modelviz app``: what it hands to Streamlit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelviz import serve
from modelviz.cli import app

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

Started = list[tuple[list[str], list[str]]]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Started:
    """What would have been run: options of Streamlit, and arguments of the script."""
    calls: Started = []
    monkeypatch.setattr(serve, "_start_first_models", lambda main, allow_code: None)
    monkeypatch.setattr(
        serve, "_run", lambda main, options, arguments: calls.append((options, arguments))
    )
    return calls


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["app", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_it_listens_on_this_machine_alone_and_runs_no_code(started: Started) -> None:
    run()
    ((options, arguments),) = started
    assert "--server.address=127.0.0.1" in options
    assert "--server.headless=false" in options
    assert arguments == []


def test_options_are_handed_on(started: Started) -> None:
    run("--host", "0.0.0.0", "--port", "9000", "--no-browser")
    ((options, _),) = started
    assert options == [
        "--server.address=0.0.0.0",
        "--server.headless=true",
        "--server.port=9000",
    ]


def test_code_is_allowed_only_when_asked_for_and_with_a_warning_on_open_hosts(
    started: Started,
) -> None:
    assert "run code" not in run("--allow-code")
    assert started[-1][1] == ["--allow-code"]
    assert "can now run code on this machine" in run("--allow-code", "--host", "0.0.0.0")


def test_the_settings_lie_beside_the_script() -> None:
    main = serve.script()
    assert main.is_file()
    settings = tomllib.loads((main.parent / ".streamlit" / "config.toml").read_text())
    assert settings["server"] == {
        "address": "127.0.0.1",
        "maxUploadSize": 100,
        "enableXsrfProtection": True,
        "showEmailPrompt": False,
        "fileWatcherType": "none",
    }
    assert settings["logger"] == {"hideWelcomeMessage": True}
    assert settings["browser"] == {"gatherUsageStats": False}


def test_a_missing_app_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(serve, "script", lambda: tmp_path / "main.py")
    result = CliRunner().invoke(app, ["app"])
    assert "the app is not installed" in str(result.exception)


def test_what_pages_need_is_imported_and_no_longer_looked_through() -> None:
    code = """
import gc, sys
from parts import server
server.prepare()
print({"pandas", "pyarrow", "altair"} <= set(sys.modules), gc.get_freeze_count() > 50_000)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (root / "app", root)))},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.split() == ["True", "True"], done.stderr
