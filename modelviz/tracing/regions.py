"""Which bytes of a storage a strided tensor covers, and what is left of them after writes.

A region is a box: bytes are numbered by coordinates along the strides of the tensors involved
(the largest stride first, down to single bytes), as digits number an integer. Slices of one
tensor become boxes in the same coordinates, so overlap and remainder are interval arithmetic.
Where the strides do not nest, answers are conservative: "may overlap", "nothing is covered".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Box = tuple[tuple[int, int], ...]

# Beyond this many pieces the remainder of a region is kept as it is: still correct, less sharp.
_MAX_PIECES = 64


@dataclass(frozen=True, slots=True)
class Geometry:
    """Where a tensor's elements lie in its storage, in bytes; ``axes`` are (stride, size) pairs."""

    start: int
    item: int
    axes: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, tensor: torch.Tensor) -> Geometry:
        """The geometry of a strided tensor; expanded and single-element axes say nothing."""
        item = tensor.element_size()
        axes = sorted(
            (
                (stride * item, size)
                for stride, size in zip(tensor.stride(), tensor.shape, strict=True)
                if size == 0 or (size != 1 and stride != 0)
            ),
            reverse=True,
        )
        return cls(int(tensor.storage_offset()) * item, item, tuple(axes))

    @property
    def empty(self) -> bool:
        """Whether the tensor has no elements at all."""
        return any(size == 0 for _, size in self.axes)

    @property
    def stop(self) -> int:
        """One past the last byte touched."""
        return self.start + self.item + sum(stride * (size - 1) for stride, size in self.axes)

    @property
    def dense(self) -> bool:
        """Whether every byte from ``start`` to ``stop`` belongs to the tensor."""
        expected = self.item
        for stride, size in reversed(self.axes):
            if stride != expected:
                return False
            expected *= size
        return True


def remainder(read: Geometry, writes: Iterable[Geometry]) -> tuple[list[int], bool]:
    """The writes that are visible through ``read``, by index, and whether other bytes are too.

    ``writes`` are ordered from the newest to the oldest; an older one is hidden where a newer
    one lies over it.
    """
    if read.empty:
        return [], False
    relevant: list[tuple[int, Geometry]] = []
    covered = False
    for index, write in enumerate(writes):
        if write.start < read.stop and read.start < write.stop and not write.empty:
            relevant.append((index, write))
            covered = write == read or _spans(write, read)
            if covered:
                break
    if len(relevant) <= covered:
        return [index for index, _ in relevant], not covered
    radices = _radices([read, *(write for _, write in relevant)])
    whole = _box(read, radices)
    left = None if whole is None else [whole]
    visible = []
    for index, write in relevant:
        box = _box(write, radices)
        if left is None or box is None:
            visible.append(index)
        elif any(_meet(piece, box) for piece in left):
            visible.append(index)
            pieces = [rest for piece in left for rest in _subtract(piece, box)]
            if not pieces:
                return visible, False
            left = pieces if len(pieces) <= _MAX_PIECES else left
    return visible, not covered


def _spans(write: Geometry, read: Geometry) -> bool:
    return write.dense and write.start <= read.start and read.stop <= write.stop


def _radices(geometries: list[Geometry]) -> tuple[int, ...]:
    """The nested strides that number bytes for all of these, largest first; empty if they clash."""
    strides = {1}
    for geometry in geometries:
        strides.add(geometry.item)
        strides.update(stride for stride, _ in geometry.axes)
    ordered = sorted(strides, reverse=True)
    nested = all(large % small == 0 for large, small in pairwise(ordered))
    return tuple(ordered) if nested else ()


def _box(geometry: Geometry, radices: tuple[int, ...]) -> Box | None:
    """The geometry as an interval per radix; None when it does not form a box in them."""
    if not radices or len({stride for stride, _ in geometry.axes}) < len(geometry.axes):
        return None
    extents = dict.fromkeys(radices, 1)
    extents[1] = geometry.item
    extents.update(geometry.axes)
    for large, small in zip(radices[-2::-1], radices[:0:-1], strict=True):
        digits = large // small
        if extents[small] > digits:
            # A run over several rows of the larger stride: a box only if it fills whole rows.
            if extents[small] % digits or extents[large] != 1:
                return None
            extents[large], extents[small] = extents[small] // digits, digits
    box: list[tuple[int, int]] = []
    rest, limit = geometry.start, 0
    for position, radix in enumerate(radices):
        digit, rest = divmod(rest, radix)
        if position and digit + extents[radix] > limit // radix:
            return None
        box.append((digit, digit + extents[radix]))
        limit = radix
    return tuple(box)


def _meet(a: Box, b: Box) -> bool:
    return all(low < high2 and low2 < high for (low, high), (low2, high2) in zip(a, b, strict=True))


def _subtract(piece: Box, hole: Box) -> list[Box]:
    """The parts of ``piece`` outside ``hole``, as disjoint boxes."""
    if not _meet(piece, hole):
        return [piece]
    parts: list[Box] = []
    current = list(piece)
    for axis, (low, high) in enumerate(hole):
        start, stop = current[axis]
        if start < low:
            parts.append((*current[:axis], (start, low), *current[axis + 1 :]))
        if high < stop:
            parts.append((*current[:axis], (high, stop), *current[axis + 1 :]))
        current[axis] = (max(start, low), min(stop, high))
    return parts
