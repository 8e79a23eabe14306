"""A process that keeps a worker on Linux, and ends all that came of it: nothing outlives a job.

Run as ``python keeper.py FD COMMAND...``, without the rest of this package so that it starts at
once. It ends as the command ends, or when nobody holds the other end of the pipe FD any more:
whoever started it, killed or not, takes its workers along.

Where the system lets a user have namespaces, the command lives in one of processes: it sees and
signals no process outside, and whatever it started ends with it, in the kernel. Elsewhere every
process that loses its parent becomes a child of this one, which ends its children until there
are none.
"""

from __future__ import annotations

import ctypes
import os
import resource
import select
import signal
import sys
import time
from typing import NoReturn

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000

LEAVE_SECONDS = 1.0
KILL_SECONDS = 5.0
_PACE_MS = 50
_C = ctypes.CDLL(None, use_errno=True)


def main() -> NoReturn:
    """Keep the command until it ends, or nobody wants it any more."""
    alive, command = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(alive, False)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _C.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    isolated = _can_isolate()
    reading, writing = os.pipe()
    if isolated:
        _isolate()
    child = os.fork()
    if child == 0:
        _C.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if isolated:
            _be_first(command, writing)
        _become(command)
    os.close(writing)
    _let_go()
    status = _wait(child, alive)
    if isolated:
        # Its word comes before its end; without one it was killed.
        said = os.read(reading, 16)
        status = int(said) if said else signal.SIGKILL
    else:
        _end_children()
    _end_like(status)


def _can_isolate() -> bool:
    """Whether a namespace can be had, tried by a process that nothing depends on."""
    child = os.fork()
    if child == 0:
        try:
            _isolate()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def _isolate() -> None:
    """Have the next child be the first of its own namespace of processes. Raises OSError."""
    user, group = os.getuid(), os.getgid()
    if user == 0 and _C.unshare(CLONE_NEWPID) == 0:
        return
    if _C.unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0:
        raise OSError(ctypes.get_errno(), "no namespaces for this user")
    # As who one is outside.
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
            file.write(text)


def _be_first(command: list[str], writing: int) -> NoReturn:
    """Start the command, wait for it and say how it ended; with this process all others go."""
    child = os.fork()
    if child == 0:
        _become(command)
    _let_go()
    while True:
        ended, status = os.wait()
        if ended == child:
            os.write(writing, str(status).encode())
            os._exit(0)


def _become(command: list[str]) -> NoReturn:
    """Run the command in a session of its own: a signal to its group is for it alone."""
    os.setsid()
    os.execv(command[0], command)


def _let_go() -> None:
    """Close the pipes of the command, which end when it does."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for pipe in (0, 1, 2):
        os.dup2(nothing, pipe)


def _wait(child: int, alive: int) -> int:
    """How the child ended; when the pipe ends first, it has a moment to clear up and is killed."""
    poll = select.poll()
    poll.register(alive, select.POLLIN)
    pace = _PACE_MS
    if hasattr(os, "pidfd_open"):
        try:
            poll.register(os.pidfd_open(child), select.POLLIN)
            pace = -1
        except OSError:  # an old kernel, or one that forbids it
            pace = _PACE_MS
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status
        if any(pipe == alive for pipe, _ in poll.poll(pace)):
            deadline = time.monotonic() + LEAVE_SECONDS
            while time.monotonic() < deadline:
                ended, status = os.waitpid(child, os.WNOHANG)
                if ended:
                    return status
                time.sleep(0.01)
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]


def _end_children() -> None:
    """End every child, and what becomes a child as its parent ends, until there is none."""
    deadline = time.monotonic() + KILL_SECONDS
    while time.monotonic() < deadline:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        try:
            with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
                children = file.read().split()
        except OSError:  # a kernel without this list
            return
        for pid in children:
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.002)


def _end_like(status: int) -> NoReturn:
    """End as a process with this status did."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
