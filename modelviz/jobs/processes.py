"""A child process and whatever it starts: how much memory that takes, and its end.

Memory and descendants are read from ``/proc``; elsewhere only the process itself is known, and
its memory is not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

POSIX = os.name == "posix"
LINUX = sys.platform == "linux"
Process = subprocess.Popen[bytes]
_KEEPER = Path(__file__).with_name("keeper.py")
_KEEPER_SECONDS = 6.0
_PROC = Path("/proc")
_KILL_SECONDS = 2.0
_KILL_PACE = 0.01
_PAGE = os.sysconf("SC_PAGE_SIZE") if POSIX else 4096


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
        self._mark = mark.encode()
        self._known: dict[int, str] = {}

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
        # its leader is gone its number could be another's, but for those that ``/proc`` shows.
        if POSIX and (self.process.returncode is None or not _PROC.is_dir()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        deadline = time.monotonic() + _KILL_SECONDS
        while (left := self._left()) and time.monotonic() < deadline:
            for member in left:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(member, signal.SIGKILL)
            time.sleep(_KILL_PACE)

    def _left(self) -> set[int]:
        """Ids of all that still run although their ancestor does not."""
        return {*self._members(), *_marked(self._mark)} - {self.process.pid}

    def _members(self) -> list[int]:
        """Ids of those that still run."""
        if not _PROC.is_dir():
            return [self.process.pid] if self.process.poll() is None else []
        seen = _processes()
        leader = self.process.pid
        # An id that now belongs to a process that began at another time is somebody else's.
        members = {
            pid for pid, began in self._known.items() if pid in seen and seen[pid].began == began
        }
        members |= {pid for pid, one in seen.items() if one.session == leader}
        grown = True
        while grown:
            more = {pid for pid, one in seen.items() if one.parent in members} - members
            members |= more
            grown = bool(more)
        self._known = {pid: seen[pid].began for pid in members}
        return list(members)


class _Process:
    """One line of the table of processes."""

    __slots__ = ("began", "parent", "session")

    def __init__(self, fields: list[str]) -> None:
        self.parent, self.session, self.began = int(fields[1]), int(fields[3]), fields[19]


def _processes() -> dict[int, _Process]:
    found = {}
    for name in os.listdir(_PROC):
        if name.isdigit():
            # The name of the program, in brackets, may itself hold brackets and spaces.
            with contextlib.suppress(OSError, ValueError, IndexError):
                text = (_PROC / name / "stat").read_text(encoding="utf-8", errors="replace")
                fields = text.rpartition(")")[2].split()
                if fields[0] not in "ZX":  # over, though nobody has asked how it ended
                    found[int(name)] = _Process(fields)
    return found


def _marked(mark: bytes) -> list[int]:
    """The processes with the text in their environment, as far as that can be read."""
    found = []
    for name in os.listdir(_PROC) if _PROC.is_dir() else ():
        if name.isdigit():
            with contextlib.suppress(OSError):
                if mark in (_PROC / name / "environ").read_bytes():
                    found.append(int(name))
    return found


def _resident(pid: int) -> int:
    """Bytes of memory that the process holds for itself; what it shares is not counted."""
    try:
        fields = (_PROC / str(pid) / "statm").read_text(encoding="ascii").split()
        return (int(fields[1]) - int(fields[2])) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
