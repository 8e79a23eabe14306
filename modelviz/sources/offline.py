"""Nothing goes out while a model is built, whatever its code or its configuration asks for.

The libraries of Hugging Face are told that they are offline, in the environment for those that are
still to be imported and in the constants of those that are; what is left, connections and look-ups
of names, is refused. Afterwards all of it is as it was: a library that was imported meanwhile
behaves as if it had been imported before.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ..errors import InputError, TraceError

VARIABLES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""What the libraries read from the environment when they are imported."""

_CONSTANTS = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "_is_offline_mode")
"""What they made of it; many modules have a copy."""

_TRUE = ("1", "ON", "YES", "TRUE")
_SENDING = ("connect", "connect_ex", "sendto", "sendmsg")
_LOOKING_UP = ("getaddrinfo", "gethostbyname", "gethostbyname_ex")
_ABSENT = ("OfflineModeIsEnabled", "LocalEntryNotFoundError")
"""Errors of huggingface_hub for what would have to be fetched."""

_URL = re.compile(r"https?://[^\s'\"]*[^\s'\",.:;)]")


@contextlib.contextmanager
def offline(what: str) -> Iterator[None]:
    """Refuse whatever would leave this machine; ``what`` is called so in the InputError.

    It holds for this thread and for those that are started meanwhile.
    """
    guard = _Guard()
    with _LOCK:
        _open.append(guard)
        if len(_open) == 1:
            _state.begin()
    try:
        yield
    except TraceError:  # has a graph to show
        raise
    except Exception as error:
        if (asked := _asked(error)) is None:
            raise
        raise InputError(
            f"{what} asks the network for {asked}, and modelviz downloads nothing: fetch it first, "
            "or make the model in Python and give that to modelviz"
        ) from error
    finally:
        with _LOCK:
            _open.remove(guard)
            if not _open:
                _state.end()


class _Refusal(ConnectionRefusedError):
    """A connection or a look-up of ``asked`` that was not made."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"modelviz refuses a connection to {asked}")
        self.asked = asked


class _Guard:
    """The threads of one use of ``offline``."""

    def __init__(self) -> None:
        me = threading.get_ident()
        self._others = {thread.ident for thread in threading.enumerate()} - {me}

    def covers(self, thread: int) -> bool:
        """Whether the thread may send nothing."""
        return thread not in self._others


class _State:
    """What is changed in this process while anything is offline, and how it was before."""

    def __init__(self) -> None:
        self._environment: dict[str, str | None] = {}
        self._constants: dict[tuple[str, str], bool] = {}
        self._default = False
        self._undo: list[Callable[[], None]] = []

    def begin(self) -> None:
        given = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
        self._default = given.upper() in _TRUE
        self._environment = {name: os.environ.get(name) for name in VARIABLES}
        os.environ.update(VARIABLES)
        self._constants = {}
        for module, name in _constants():
            values = vars(sys.modules[module])
            self._constants[module, name] = values[name]
            values[name] = True
        self._undo = [
            *(_replace(socket.socket, name, _refusing_sender(name)) for name in _SENDING),
            *(_replace(socket, name, _refusing_look_up(name)) for name in _LOOKING_UP),
        ]

    def end(self) -> None:
        for undo in self._undo:
            undo()
        for name, before in self._environment.items():
            if before is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = before
        for module, name in _constants():
            vars(sys.modules[module])[name] = self._constants.get((module, name), self._default)


_LOCK = threading.RLock()
_open: list[_Guard] = []
_state = _State()


def _constants() -> list[tuple[str, str]]:
    """The modules that know whether they are offline, and the name under which they do."""
    return [
        (place, name)
        for place, module in list(sys.modules.items())
        for name in _CONSTANTS
        if isinstance(getattr(module, "__dict__", {}).get(name), bool)
    ]


def _replace(owner: Any, name: str, value: object) -> Callable[[], None]:
    """Set an attribute; the result puts it back as it was."""
    inherited = name not in vars(owner)
    before = getattr(owner, name, None)
    if before is None:  # a system without it
        return lambda: None
    setattr(owner, name, value)
    return lambda: delattr(owner, name) if inherited else setattr(owner, name, before)


def _refusing_sender(name: str) -> Callable[..., Any]:
    real = getattr(socket.socket, name, None)

    def send(self: socket.socket, *args: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse(args[-1] if args else None)
        assert real is not None
        return real(self, *args)

    return send


def _refusing_look_up(name: str) -> Callable[..., Any]:
    real = getattr(socket, name)

    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        if host:
            _refuse((host, *args[:1]))
        return real(host, *args, **options)

    return look_up


def _refuse(address: Any) -> None:
    """Raise ConnectionError where the thread that asks is one that may send nothing."""
    if not any(guard.covers(threading.get_ident()) for guard in list(_open)):
        return
    parts = address if isinstance(address, tuple) else (address,)
    named = (part.decode() if isinstance(part, bytes) else str(part) for part in parts[:2])
    raise _Refusal(":".join(named))


def _asked(error: BaseException) -> str | None:
    """The address that could not be reached, as the error or one that led to it says."""
    seen: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        one = pending.pop()
        if one is not None and one not in seen:
            seen.append(one)
            pending += [one.__context__, one.__cause__]
    refused = [one for one in seen if type(one).__name__ in _ABSENT or isinstance(one, _Refusal)]
    for one in refused:
        if found := _URL.search(str(one)):
            return found.group()
    for one in refused:
        if isinstance(one, _Refusal):
            return one.asked
    return "files that are not on this machine" if refused else None
