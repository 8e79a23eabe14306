"""The app as a person starts it: ``modelviz app`` in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 90


@dataclass(frozen=True)
class Server:
    """A running app: its address without a token, and the process."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def entrance(self) -> str:
        """The address that it printed, with its token if it has one."""
        return re.findall(r"http://\S+", self.log.read_text())[0]

    def workers(self) -> list[int]:
        """Process ids of its workers, and of what they started."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        own = {str(self.process.pid)}
        for pid, parent, _ in rows:
            if parent in own:
                own.add(pid)
        return [int(pid) for pid, _, args in rows if pid in own and "jobs.worker" in args]


@contextlib.contextmanager
def serving(log: Path, *options: str) -> Iterator[Server]:
    """The app, with further options of the command."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "modelviz", "app", "--no-browser", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options],
            cwd=log.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_it_answers(server: Server) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{server.url}/_stcore/health", timeout=2)
            return
        time.sleep(0.2)
    raise AssertionError(f"the app did not start:\n{server.log.read_text()}")
