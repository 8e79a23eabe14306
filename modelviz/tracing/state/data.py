"""Memory that is written without PyTorch seeing it: arrays, bytes, streams; copied at once."""

from __future__ import annotations

import array
import io
import mmap
from typing import Any


class ArrayKeeper:
    """A NumPy array: its numbers, shape and strides. Of objects, the references."""

    __slots__ = ("_copy", "_dtype", "_shape", "_strides", "_writeable", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._writeable = target.flags.writeable
        self._dtype, self._shape, self._strides = target.dtype, target.shape, target.strides
        self._copy = target.copy() if self._writeable else None

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
        elif target.flags.writeable:
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


class RawKeeper:
    """Memory of the system or of C: a mapped file that can be written to, an array, a structure."""

    __slots__ = ("_copy", "_place", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._copy = bytes(memoryview(target))
        self._place = target.tell() if isinstance(target, mmap.mmap) else None

    def restore(self) -> None:
        """Put it back."""
        target = self.target
        with memoryview(target) as window, window.cast("B") as there:
            if there != self._copy:
                there[:] = self._copy
        if self._place is not None:
            target.seek(self._place)


class StreamKeeper:
    """A file or a buffer in memory: where it is read, and what a buffer holds."""

    __slots__ = ("_content", "_place", "target")

    def __init__(self, target: Any) -> None:
        self.target = target
        self._place = target.tell()
        in_memory = isinstance(target, (io.BytesIO, io.StringIO))
        self._content = target.getvalue() if in_memory else None

    def restore(self) -> None:
        """Put it back."""
        target = self.target
        if self._content is not None and target.getvalue() != self._content:
            target.seek(0)
            target.truncate()
            target.write(self._content)
        if target.tell() != self._place:
            target.seek(self._place)
