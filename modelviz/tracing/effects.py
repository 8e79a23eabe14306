"""What a forward does to files, to other processes and to the network: it stays, and is told.

The functions of Python for that are wrapped while the forward runs. What writes by other means (a
library of C that opens a file itself, a file that was open before) is not seen.
"""

from __future__ import annotations

import atexit
import builtins
import functools
import io
import os
import pathlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch

from ..findings import note
from ..graph import Finding
from .source import Place, caller

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SHOWN = 3
"""How many names of one kind and line are told."""
_FORKS = hasattr(os, "fork")
_FOLDERS = ("dir_fd", "src_dir_fd", "dst_dir_fd")
_HINT = "each run does it again: do it outside of the forward, or where a flag says so"

_WRITTEN, _MADE, _REMOVED, _MOVED = (
    "opened for writing:",
    "made the folder:",
    "removed:",
    "moved a file to:",
)
_STARTED, _CONNECTED = "started a process:", "connected to:"
_LATER = "registered for the end of the process:"
_OF_FILES = frozenset({_WRITTEN, _MADE, _REMOVED, _MOVED})

Said = tuple[str, str] | None
"""What is done, and to what; None where nothing stays."""
Say = Callable[[tuple[Any, ...], dict[str, Any]], Said]
"""What a call with these arguments does, if it does not fail."""


class Effects:
    """What was done by all forwards of one trace, by what it was and its line."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Place], dict[str, str]] = {}
        self._own: set[str] = set()

    def add(self, what: str, name: str, new: bool) -> None:
        """Note what the code that called this did, to what; ``new``: nothing was at that path."""
        path = os.path.abspath(name) if what in _OF_FILES else ""
        if new:
            self._own.add(path)
        self._found.setdefault((what, caller()), {})[name] = path

    def _stays(self, what: str, path: str) -> bool:
        """Nothing stays of a file that was there for a time."""
        if what in (_WRITTEN, _MADE, _MOVED):
            return os.path.lexists(path) or path not in self._own
        return path not in self._own

    def findings(self) -> Iterator[Finding]:
        """One for each kind and line."""
        for (what, (file, line)), found in self._found.items():
            names = [name for name, path in found.items() if self._stays(what, path)]
            if not names:
                continue
            more = len(names) - _SHOWN
            listed = ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
            message = f"left as the forward made it: {what} {listed}"
            yield note("MV012", message, file=file, line=line, hint=_HINT)


class _Hearing(NamedTuple):
    """Who hears of what is done: in one thread, but for what is no part of the forward."""

    effects: Effects
    thread: int
    aside: Callable[[], bool]


_hearing: _Hearing | None = None


@contextmanager
def effects_noted(effects: Effects, aside: Callable[[], bool]) -> Iterator[None]:
    """Inside, ``effects`` hears what this thread does, but for what is no part of the forward."""
    global _hearing
    around, _hearing = _hearing, _Hearing(effects, threading.get_ident(), aside)
    before = [vars(owner).get(name) for owner, name, _ in _WAYS]
    if around is None:
        for owner, name, say in _WAYS:
            setattr(owner, name, _telling(getattr(owner, name), say))
    try:
        yield
    finally:
        _hearing = around
        if around is None:
            for (owner, name, _), own in zip(_WAYS, before, strict=True):
                if own is None:
                    delattr(owner, name)
                else:
                    setattr(owner, name, own)


@functools.cache
def _telling(function: Callable[..., Any], say: Say) -> Callable[..., Any]:
    """The function, which also tells what it did when it did not fail."""

    @functools.wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        hearing = _hearing
        elsewhere = hearing is None or threading.get_ident() != hearing.thread or hearing.aside()
        said = None if elsewhere else say(args, kwargs)
        if hearing is None or said is None:
            return function(*args, **kwargs)
        new = said[0] in _OF_FILES and not os.path.lexists(said[1])
        result = function(*args, **kwargs)
        hearing.effects.add(*said, new)
        return result

    return told


def _opened(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said:
    mode = str(_given(args, kwargs, 1, "mode"))
    writes = not set(mode).isdisjoint("wax+") and kwargs.get("opener") is None
    return _to_file(_WRITTEN, 0, "file")(args, kwargs) if writes else None


def _opened_by_flags(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said:
    flags = _given(args, kwargs, 1, "flags")
    writes = isinstance(flags, int) and flags & _WRITING
    return _to_file(_WRITTEN, 0, "path")(args, kwargs) if writes else None


def _to_file(what: str, index: int, name: str) -> Say:
    """``what`` is done to the path that is given at ``index`` or as ``name``."""

    def say(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said:
        path = _given(args, kwargs, index, name)
        # An open file; or a path inside of an open folder, which is taken away as a whole.
        inside = any(kwargs.get(folder) is not None for folder in _FOLDERS)
        if inside or not isinstance(path, (str, bytes, os.PathLike)):
            return None
        shown = os.fsdecode(path)
        return None if shown == os.devnull or shown.startswith("/dev/") else (what, shown)

    return say


def _started(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said:
    command = _given(args, kwargs, 1, "args")
    first = command[0] if isinstance(command, (list, tuple)) and command else command
    return _STARTED, os.fsdecode(first) if isinstance(first, (bytes, os.PathLike)) else str(first)


def _registered(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said:
    function = _given(args, kwargs, 0, "func")
    return _LATER, str(getattr(function, "__qualname__", type(function).__name__))


def _connected(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Said:
    address = _given(args, kwargs, 1, "address")
    parts = address[:2] if isinstance(address, tuple) else (address,)
    return _CONNECTED, ":".join(map(str, parts))


def _given(args: tuple[Any, ...], kwargs: dict[str, Any], index: int, name: str) -> Any:
    return args[index] if len(args) > index else kwargs.get(name)


class _Way(NamedTuple):
    owner: Any
    name: str
    say: Say


_WAYS = (
    _Way(builtins, "open", _opened),
    _Way(io, "open", _opened),
    _Way(pathlib.Path, "open", _opened),
    _Way(os, "open", _opened_by_flags),
    _Way(torch, "save", _to_file(_WRITTEN, 1, "f")),
    _Way(os, "remove", _to_file(_REMOVED, 0, "path")),
    _Way(os, "unlink", _to_file(_REMOVED, 0, "path")),
    _Way(os, "rmdir", _to_file(_REMOVED, 0, "path")),
    _Way(os, "mkdir", _to_file(_MADE, 0, "path")),
    _Way(os, "rename", _to_file(_MOVED, 1, "dst")),
    _Way(os, "replace", _to_file(_MOVED, 1, "dst")),
    *([_Way(os, "fork", lambda *_: (_STARTED, "a copy of this one"))] if _FORKS else []),
    _Way(os, "system", lambda args, kwargs: (_STARTED, str(_given(args, kwargs, 0, "command")))),
    _Way(subprocess.Popen, "__init__", _started),
    _Way(socket.socket, "connect", _connected),
    _Way(atexit, "register", _registered),
)
