"""``modelviz app``: the app's script, run by Streamlit."""

from __future__ import annotations

import sys
from pathlib import Path

from .errors import InputError

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def script() -> Path:
    """The app's script: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "app" / "main.py"
    return installed if installed.is_file() else package.parent / "app" / "main.py"


def serve(host: str, port: int | None, allow_code: bool, browser: bool) -> None:
    """Serve the app until it is stopped. Raises InputError where there is none."""
    main = script()
    if not main.is_file():
        raise InputError(f"the app is not installed: there is no {str(main)!r}")
    if allow_code and host not in LOOPBACK:
        print(
            f"modelviz: anyone who can reach {host} and has its token can now run code on this "
            "machine",
            file=sys.stderr,
        )
    _start_first_models(main, allow_code)
    _run(main, flags(host, port, browser), ["--allow-code"] if allow_code else [])


def flags(host: str, port: int | None, browser: bool) -> list[str]:
    """What the command says, as options of ``streamlit run``; the rest is in config.toml."""
    given = {"server.address": host, "server.headless": str(not browser).lower()}
    if port is not None:
        given["server.port"] = str(port)
    return [f"--{name}={value}" for name, value in given.items()]


def _start_first_models(main: Path, allow_code: bool) -> None:
    """Have what the page first shows on its way before the page is asked for."""
    from importlib import import_module

    from .jobs import Pool

    # Before Streamlit is imported, which takes a while: a worker imports torch meanwhile, and no
    # other one takes the processor from what shows the first model.
    pool = Pool(allow_code=allow_code, spares=1)
    pool.keep(0)
    sys.path.insert(0, str(main.parent))
    import_module("parts.server").runs(allow_code, pool)


def _run(main: Path, options: list[str], arguments: list[str]) -> None:
    from streamlit.web import cli

    cli.main(["run", str(main), *options, "--", *arguments], prog_name="modelviz app")
