"""A child process and whatever it starts: how much memory that takes, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

POSIX = os.name == "posix"
LINUX = sys.platform == "linux"
Process = subprocess.Popen[bytes]
_KEEPER = Path(__file__).with_name("keeper.py")
_KEEPER_SECONDS = 6.0
_KILL_SECONDS = 2.0
_KILL_PACE = 0.01


def start(command: list[str], folder: str, environment: dict[str, str]) -> tuple[Process, int]:
    """The process, in a session of its own, with pipes for what it reads and writes.

    The number is that of a pipe that keeps it alive, on Linux where a keeper starts it; elsewhere
    it is -1.
    """
    if not LINUX:
        return _popen(command, folder, environment, ()), -1
    reading, writing = os.pipe()
    try:
        kept = [sys.executable, "-I", "-S", str(_KEEPER), str(reading), *command]
        return _popen(kept, folder, environment, (reading,)), writing
    except BaseException:
        os.close(writing)
        raise
    finally:
        os.close(reading)


def _popen(
    command: list[str], folder: str, environment: dict[str, str], passed: tuple[int, ...]
) -> Process:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # without effect on Windows
        pass_fds=passed,
    )


class Family:
    """A process and all that it started, and that they started.

    Members that left the group of their ancestor are remembered from ``look`` to ``look``, so
    look at it now and then while it runs. ``mark`` is a text in the environment of all of them;
    ``alive`` is what ``start`` gave with the process.
    """

    def __init__(self, process: Process, alive: int, mark: str) -> None:
        self.process = process
        self._alive = alive
        self._mark = mark
        self._known: set[psutil.Process] = set()

    def look(self) -> tuple[int, int]:
        """How many processes there are, and the bytes of memory that they hold."""
        members = self._members()
        return len(members), sum(map(_resident, members))

    def kill(self) -> None:
        """End all of them, and wait for that."""
        if self._alive >= 0:
            os.close(self._alive)
            self._alive = -1
            # Its keeper ends them, and then itself, unless it was tampered with.
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_KEEPER_SECONDS)
        # The group first: a process that starts others faster than they are found is in it. Once
        # its leader is gone its number could be another's.
        if POSIX and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + _KILL_SECONDS
        while (left := self._left()) and time.monotonic() < deadline:
            for member in left:
                with contextlib.suppress(psutil.Error):
                    member.kill()
            time.sleep(_KILL_PACE)

    def _left(self) -> set[psutil.Process]:
        """All that still run although their ancestor does not."""
        running = self._members() | set(filter(self._is_marked, psutil.process_iter()))
        return {member for member in running if member.pid != self.process.pid}

    def _is_marked(self, process: psutil.Process) -> bool:
        with contextlib.suppress(psutil.Error, OSError):
            return any(self._mark in value for value in process.environ().values())
        return False

    def _members(self) -> set[psutil.Process]:
        """Those that still run."""
        parents = {one: parent for one in psutil.process_iter() if (parent := _parent(one)) >= 0}
        # An id that now belongs to a process that began at another time is somebody else's.
        members = {one for one in self._known if one in parents}
        members |= {one for one in parents if _session(one.pid) == self.process.pid}
        grown = True
        while grown:
            ids = {one.pid for one in members}
            more = {one for one, parent in parents.items() if parent in ids} - members
            members |= more
            grown = bool(more)
        self._known = members
        return members


def _parent(process: psutil.Process) -> int:
    """The id of its parent; -1 if it is over, though nobody may have asked how it ended."""
    try:
        with process.oneshot():
            # Asking for the parent fails where the id is another process's now.
            return -1 if process.status() in _OVER else process.ppid()
    except psutil.Error:
        return -1


_OVER = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)


def _session(pid: int) -> int:
    """The leader of its session; on Windows, which has none, the process itself."""
    if not POSIX:
        return pid
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return -1


def _resident(process: psutil.Process) -> int:
    """Bytes of memory that the process holds for itself; what it shares is left out if known."""
    try:
        memory = process.memory_info()
    except psutil.Error:
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))
