"""Where in the user's code an op, a class or an error comes from.

Code that was typed has names in place of files: ``<stdin>``, ``<string>`` for ``python -c``, and
``<cell 3>`` for what a notebook calls by a file that is not there.
"""

from __future__ import annotations

import inspect
import linecache
import os
import re
import sys
from collections.abc import Mapping
from functools import partial, partialmethod
from importlib.machinery import BYTECODE_SUFFIXES, EXTENSION_SUFFIXES
from itertools import islice
from types import CodeType, FrameType, TracebackType
from typing import Any

from ..origins import LIBRARY, PERHAPS, TRACER, USER, origin_of
from ..places import cell_name
from .records import FunctionRecord

Place = tuple[str | None, int | None]
"""A file and a line in it."""

# The frames below this function of ours belong to whoever asked for the trace, and those below the
# other one to the call around.
_BOTTOM, _CALL = "run_forward", "call_recorded"

_CELL = re.compile(r"<ipython-input-(\d+)-")
_WITHOUT_TEXT = (*EXTENSION_SUFFIXES, *BYTECODE_SUFFIXES)


class _Origins(dict[str, int]):
    """Whose the code of a file is, found out when it is first asked for."""

    def __missing__(self, filename: str) -> int:
        origin = self[filename] = origin_of(filename)
        return origin


_origin = _Origins()


def caller() -> Place:
    """File and line of the innermost frame outside torch; inside torch when all are.

    An op inside ``nn.Linear`` is located where the user's ``forward`` called the layer.
    """
    return Functions().position(sys._getframe(1), "")[0]


class Functions:
    """The runs of functions that the forward of one call is in, as of the last op or call in it.

    A run is known by its frame. The frames are held until the next op, so that another run has
    another frame; what they hold is then let go of before that op starts. ``outside`` is the line
    of the user's that made the call, ``line`` that of the last op; None where there is none.
    """

    __slots__ = ("_innermost", "_outside", "_run", "_runs", "line")

    def __init__(self, outside: Place | None = None) -> None:
        self._outside = outside
        self.line: Place | None = None
        self._innermost: FrameType | None = None
        self._run: FunctionRecord | None = None
        self._runs: Mapping[FrameType, FunctionRecord] = _NO_RUNS

    def position(self, start: FrameType, method: str) -> tuple[Place, FunctionRecord | None]:
        """Where a frame is in the user's code, and the run of a function that it is in.

        ``method`` is the name of the forward of the call. That is no function of it; nor are what
        decorators put around one, nested scopes, and the frames of PyTorch and of Python.
        """
        frame: FrameType | None = start
        inside_torch: FrameType | None = None
        perhaps: FrameType | None = None
        crossed = False
        while frame is not None:
            code = frame.f_code
            filename = code.co_filename
            origin = _origin[filename]
            if origin == LIBRARY:
                inside_torch = inside_torch or frame
            elif origin == USER:
                if frame is not self._innermost:
                    # What is below the call belongs to those around it.
                    outside = crossed or code.co_name == method
                    self._enter(frame, [] if outside else _functions(frame, method))
                self.line = shown_file(filename), frame.f_lineno
                return self.line, self._run
            elif origin == PERHAPS:
                perhaps = perhaps or frame
            elif code.co_name == _CALL:
                if self._outside is not None:
                    self._enter(None, [])
                    self.line = self._outside
                    return self.line, None
                crossed = True
            elif code.co_name == _BOTTOM:
                break
            frame = frame.f_back
        self._enter(None, [])
        self.line = None
        found = perhaps or inside_torch
        if found is None:
            return (None, None), None
        return (shown_file(found.f_code.co_filename), found.f_lineno), None

    def _enter(self, innermost: FrameType | None, frames: list[FrameType]) -> None:
        """The call is now in these frames of functions, outermost first."""
        run: FunctionRecord | None = None
        runs = _NO_RUNS
        if frames:
            runs = {}
            for frame in frames:
                known = self._runs.get(frame)
                if known is None:
                    code = frame.f_code
                    file = shown_file(code.co_filename)
                    known = FunctionRecord(code.co_name, file, code.co_firstlineno, run)
                runs[frame] = run = known
        self._innermost, self._run, self._runs = innermost, run, runs


_NO_RUNS: dict[FrameType, FunctionRecord] = {}


def _functions(innermost: FrameType, method: str) -> list[FrameType]:
    """The frames of the functions between the forward of a call and a frame, outermost first."""
    frames: list[FrameType] = []
    frame: FrameType | None = innermost
    while frame is not None:
        code = frame.f_code
        origin = _origin[code.co_filename]
        if origin == TRACER and code.co_name in (_CALL, _BOTTOM):
            break
        if origin == USER and not _only_hands_on(code):
            if code.co_name == method:
                break
            frames.append(frame)
        frame = frame.f_back
    if frame is None:
        return []  # a thread, or whatever else no forward is below
    if frame.f_code.co_name != method:
        del frames[-1:]  # the forward has another name
    frames.reverse()
    first: dict[int, FrameType] = {}  # by identity: code is slow to hash
    for frame in frames:
        first.setdefault(id(frame.f_code), frame)
    return list(first.values())


def _only_hands_on(code: CodeType) -> bool:
    """Whether a frame says nothing by its name: a nested scope, or a decorator's wrapper.

    A wrapper takes whatever it gets, and knows from outside what to hand that on to.
    """
    if code.co_name.startswith("<"):
        return True
    takes_all = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    return bool(code.co_freevars) and code.co_flags & takes_all == takes_all


def is_written_by_a_user(filename: str) -> bool:
    """Whether the code of a file is neither torch's, Python's nor the tracer's."""
    return origin_of(filename) in (USER, PERHAPS)


def raised_in(error: BaseException) -> TracebackType | None:
    """The innermost part of the traceback that lies in the user's code; None where none does."""
    best: TracebackType | None = None
    rank = PERHAPS
    part = error.__traceback__
    while part is not None:
        origin = origin_of(part.tb_frame.f_code.co_filename)
        if origin <= rank:
            best, rank = part, origin
        part = part.tb_next
    return best


def raised_at(error: BaseException) -> Place:
    """The innermost line of the user's code on the way to the error."""
    part = raised_in(error)
    if part is None:
        return None, None
    return shown_file(part.tb_frame.f_code.co_filename), part.tb_lineno


def line_text(part: TracebackType) -> str:
    """The text of the line that a part of a traceback stands at; empty where it is not at hand."""
    return linecache.getline(part.tb_frame.f_code.co_filename, part.tb_lineno).strip()


def expression_text(part: TracebackType) -> str:
    """The expression that a part of a traceback stands at, on one line; empty if not at hand."""
    code = part.tb_frame.f_code
    positions = getattr(code, "co_positions", None)  # from Python 3.11 on
    if positions is None:
        return ""
    first, last, start, stop = next(islice(positions(), part.tb_lasti // 2, None), (None,) * 4)
    if first is None or last is None or start is None or stop is None:
        return ""
    lines = [linecache.getline(code.co_filename, n).encode() for n in range(first, last + 1)]
    if not all(lines):
        return ""
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    return " ".join(b" ".join(lines).decode(errors="replace").split())


def class_place(kind: type) -> Place:
    """The file of a class and the line where its ``forward`` begins, for an editor to open.

    The code of its methods knows them wherever it was written. A class without methods of its own
    lies where its module does, if that has a file.
    """
    codes = [code for value in vars(kind).values() if (code := _code(value, kind.__module__))]
    codes.sort(key=lambda code: _origin[code.co_filename] == PERHAPS)
    file = codes[0].co_filename if codes else _module_file(kind.__module__)
    if file is None:
        return None, None
    forward = _code(inspect.getattr_static(kind, "forward", None))
    here = forward is not None and forward.co_filename == file
    return shown_file(file), forward.co_firstlineno if forward is not None and here else None


def shown_file(filename: str) -> str:
    """The whole path of a file, or what stands for one where the code was typed."""
    shown = _shown.get(filename)
    if shown is None:
        cell = _cell_of(filename)
        if cell is not None:
            # Not kept: a cell that runs again has another number then.
            return cell_name(cell)
        shown = filename if filename.startswith("<") else os.path.abspath(filename)
        _shown[filename] = shown
    return shown


_shown: dict[str, str] = {}


def file_of_cell(shown: str) -> str:
    """What Python calls the source of a notebook's cell, as ``shown_file`` shows that."""
    for filename in list(linecache.cache):
        cell = _cell_of(filename)
        if cell is not None and cell_name(cell) == shown:
            return filename
    return shown


def _cell_of(filename: str) -> int | None:
    """The number of the notebook's cell that the code is from; None where it is from none."""
    get_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if get_shell is None else get_shell()
    named = getattr(getattr(shell, "compile", None), "format_code_name", None)
    # A pair such as ``("Cell", "In[3]")``, or None for code of a file.
    label = named(filename) if callable(named) else None
    found = re.fullmatch(r"In\[(\d+)\]", label[1]) if label else _CELL.match(filename)
    return int(found.group(1)) if found else None


def _code(value: Any, module: str | None = None) -> CodeType | None:
    """The code behind a method, decorated or not; only if written in ``module``, where given."""
    for _ in range(100):  # as deep as decorators go
        inner = None
        if isinstance(value, (staticmethod, classmethod)):
            inner = value.__func__
        elif isinstance(value, property):
            inner = value.fget
        elif isinstance(value, (partial, partialmethod)):
            inner = value.func
        elif callable(value) and not isinstance(value, type):
            inner = getattr(value, "__wrapped__", None)
        if inner is None:
            break
        value = inner
    code = getattr(value, "__code__", None)
    if not isinstance(code, CodeType):
        return None
    # Code that was run without a name for its module says None.
    return code if module is None or getattr(value, "__module__", None) in (module, None) else None


def _module_file(name: str) -> str | None:
    """The Python file of a module that is loaded."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file if isinstance(file, str) and not file.endswith(_WITHOUT_TEXT) else None
