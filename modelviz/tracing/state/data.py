"""Memory that is written without PyTorch seeing it: arrays, bytes, streams; copied at once."""

from __future__ import annotations

import array
import io
import mmap
import os
from typing import Any

from .keepers import LeftChanged

MAX_LOCKED = 2**24
"""Bytes up to which what is locked is copied, too: it is hardly ever unlocked."""


class ArrayKeeper:
    """A NumPy array: its numbers, shape and strides. Of objects, the references."""

    __slots__ = ("_copy", "_dtype", "_shape", "_strides", "_writeable", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._writeable = target.flags.writeable
        self._dtype, self._shape, self._strides = target.dtype, target.shape, target.strides
        # Whoever owns the memory may unlock it, and lock it again.
        unlocks = target.flags.owndata and target.nbytes <= MAX_LOCKED
        self._copy = target.copy() if self._writeable or unlocks else None

    def restore(self) -> None:
        """Put it back."""
        target = self.target
        if target.dtype is not self._dtype and target.dtype != self._dtype:
            target.dtype = self._dtype
        if target.shape != self._shape or target.strides != self._strides:
            self._reshape(target)
        if self._copy is not None:
            if not target.flags.writeable:
                target.flags.writeable = True
            target[...] = self._copy
        if not self._writeable and target.flags.writeable:
            target.flags.writeable = False

    def _reshape(self, target: Any) -> None:
        size = self._copy.size if self._copy is not None else target.size
        if target.size != size:
            target.resize(self._shape, refcheck=False)
        if target.shape != self._shape:
            target.shape = self._shape
        if target.strides != self._strides:
            target.strides = self._strides


class BytesKeeper:
    """A bytearray, an ``array.array`` or a memoryview that can be written to."""

    __slots__ = ("_copy", "target")

    def __init__(self, target: bytearray | array.array[Any] | memoryview) -> None:
        self.target: Any = target
        self._copy = target.tobytes() if not isinstance(target, bytearray) else bytes(target)

    def restore(self) -> None:
        """Put it back."""
        target = self.target
        if isinstance(target, bytearray):
            if target != self._copy:
                target[:] = self._copy
        elif target.tobytes() != self._copy:
            if isinstance(target, memoryview):
                target.cast("B")[:] = self._copy
            else:
                target[:] = array.array(target.typecode, self._copy)


class ReferenceKeeper:
    """A text or an object that C points to: set again only where it points to something else.

    A text is a new object each time that it is asked for, and set, it is a copy.
    """

    __slots__ = ("_address", "_before", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._address = bytes(memoryview(target))
        self._before = target.value

    def restore(self) -> None:
        """Put it back."""
        if bytes(memoryview(self.target)) != self._address:
            self.target.value = self._before


class RawKeeper:
    """Memory of the system or of C: a mapped file that can be written to, an array, a structure."""

    __slots__ = ("_copy", "_held", "_place", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._held = self._holds()
        self._copy = bytes(memoryview(target))
        self._place = target.tell() if isinstance(target, mmap.mmap) else None

    def _holds(self) -> Any:
        """The objects that addresses in it belong to: the memory does not keep them alive."""
        held = getattr(self.target, "_objects", None)
        return dict(held) if isinstance(held, dict) else held

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where it would hold addresses of what is gone."""
        target = self.target
        if self._holds() != self._held:
            raise LeftChanged(f"a {type(target).__name__} of C points to something else")
        with memoryview(target) as window, window.cast("B") as there:
            if there != self._copy:
                there[:] = self._copy
        if self._place is not None:
            target.seek(self._place)


class StreamKeeper:
    """A file or a buffer in memory that has a place: that, and what is held in memory.

    ``memory`` is what a stream around others reads from and writes to, if that is in memory.
    """

    __slots__ = ("_content", "_file", "_place", "memory", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self.memory = _memory_of(target)
        self._file = _size_of(target)
        self._content = None if self.memory is None else self.memory.getvalue()
        self._place = _place(target)

    def restore(self) -> None:
        """Put it back. Raises LeftChanged where a file was written to."""
        target, memory = self.target, self.memory
        if target.closed:
            raise LeftChanged(f"a {type(target).__name__} was closed")
        place = _place(target)
        if memory is not None and memory.getvalue() != self._content:
            # The methods of the base class: those of a subclass may do more.
            base: Any = io.BytesIO if isinstance(memory, io.BytesIO) else io.StringIO
            base.seek(memory, 0)
            base.truncate(memory)
            base.write(memory, self._content)
            place = None
        if self._file is not None and _size_of(target) != self._file:
            raise LeftChanged(f"{getattr(target, 'name', 'a file')} was written to")
        if self._place is not None and place != self._place:
            if memory is not target:
                target.seek(0, 2)  # what was read ahead is forgotten
            target.seek(self._place)


def _place(target: Any) -> int | None:
    """Where a stream is; None where it does not say, as while a text is read line by line."""
    try:
        place: int = target.tell()
    except OSError:
        return None
    return place


def _memory_of(target: Any) -> Any:
    inner = target
    while inner is not None and not isinstance(inner, (io.BytesIO, io.StringIO)):
        inner = getattr(inner, "buffer", None) or getattr(inner, "raw", None)
    return inner


def _size_of(target: Any) -> tuple[int, int] | None:
    """Size and time of the last change of a file that can be written to."""
    try:
        if not target.writable():
            return None
        target.flush()
        found = os.fstat(target.fileno())
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns
