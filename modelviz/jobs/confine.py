"""Limits that a worker sets itself, where the system has such limits.

The parent watches time and memory as well; these stop what would be over before it looks.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

if os.name == "posix":  # on Windows the parent alone watches
    import resource

MAX_FILE = 256 * 2**20
"""Bytes of a file that a job may write."""
MAX_TASKS = 256
"""Processes and threads that a job may have, beyond those that the user has already."""


def confine(seconds: float, memory: int) -> None:
    """Limit the time, memory, files and processes of this process from now on."""
    if os.name != "posix":
        return
    processor = int(seconds * (os.cpu_count() or 1)) + 10
    _lower(resource.RLIMIT_CPU, processor)
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, MAX_FILE)
    if (size := _address_space()) is not None:
        _lower(resource.RLIMIT_AS, size + memory)
    if (tasks := _tasks()) is not None:
        _lower(resource.RLIMIT_NPROC, tasks + MAX_TASKS)


def _lower(what: int, limit: int) -> None:
    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        limit = min(limit, most)
    with contextlib.suppress(ValueError, OSError):  # a system without this limit
        resource.setrlimit(what, (limit, limit))


def _address_space() -> int | None:
    """Bytes of address space that this process has now; None where that is not known."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return None
    return pages * resource.getpagesize()


def _tasks() -> int | None:
    """Threads of all processes of this user; None where that is not known."""
    user = os.getuid()
    count = 0
    try:
        for process in os.scandir("/proc"):
            if process.name.isdigit():
                with contextlib.suppress(OSError):
                    if process.stat().st_uid == user:
                        count += len(os.listdir(f"/proc/{process.name}/task"))
    except OSError:
        return None
    return count or None
