"""The notebook of a step: every block of memory, from the kernel that made it to its end."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import torch

from ..tracing.mode_internals import disable_current_modes
from ..tracing.structure import inner_tensors
from ..tracing.torch_internals import sparse_parts, storage_key
from .kernel_times import Kernel

Phase = Literal["forward", "loss", "backward", "optimizer"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "optimizer")

RESIDENT = -1
"""The birth of what was there before the step."""


@dataclass(frozen=True, slots=True)
class Spot:
    """What a kernel was part of: the module at ``path`` (None outside of all), a line of source."""

    path: str | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What a collective moves: its kind, the process group, the ranks in it, the whole message.

    ``bytes`` is what all ranks have together, or what each has in an all-reduce.
    """

    kind: str
    group: str
    ranks: int
    bytes: int


@dataclass(slots=True)
class Event:
    """One kernel: its name, when in the step it ran, and for what.

    ``flops`` and ``moved`` are its work: FLOPs, and bytes read and written. ``dtype`` is what it
    computes in. ``recomputes`` says that it belongs to a forward that a backward pass repeats.
    ``sent`` is what it moves between devices. ``calls`` are the calls of modules that began since
    the kernel before, ``kernel`` what could be run again to measure it.
    """

    op: str
    phase: Phase
    spot: Spot
    flops: int = 0
    moved: int = 0
    dtype: str = ""
    recomputes: bool = False
    sent: Sent | None = None
    calls: int = 0
    kernel: Kernel | None = None


@dataclass(slots=True)
class Block:
    """A block of memory: bytes, and the ticks of the clock at which it was made and freed.

    ``event`` is the kernel that made it, None for what was there before. ``category`` is known
    for what is named: parameters, buffers, inputs, gradients, optimizer, kv_cache. ``transient``
    is what a kernel takes while it runs.
    """

    bytes: int
    born: int
    event: int | None
    freed: int | None = None
    category: str | None = None
    name: str | None = None
    transient: bool = False


class Reference(weakref.ref[Any]):
    """A weak reference to a storage that finds its block when the storage is gone."""

    __slots__ = ("block", "key")

    block: Block
    key: int


@dataclass(slots=True)
class Ledger:
    """Blocks and kernels in the order of their making; holds no tensor alive.

    The clock ticks whenever memory is taken or given back; ``ticks[i]`` is the clock when kernel
    ``i`` ended. ``rounding`` is the size of which the allocator gives multiples.
    """

    rounding: int = 1
    blocks: list[Block] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    clock: int = 0
    closed: bool = False
    _live: dict[int, Reference] = field(default_factory=dict)

    def size(self, wanted: int) -> int:
        """The bytes that the allocator takes for a block of ``wanted`` bytes."""
        return -(-wanted // self.rounding) * self.rounding

    def block_of(self, tensor: torch.Tensor) -> Block | None:
        """The block behind a tensor, if it has been met."""
        return next(iter(self.blocks_of(tensor)), None)

    def blocks_of(self, tensor: torch.Tensor) -> list[Block]:
        """The blocks behind a tensor, several where it is made of several, as far as met."""
        live = [self._live.get(storage_key(storage)) for storage in _storages(tensor)]
        return [reference.block for reference in live if reference is not None]

    def resident(self, tensor: torch.Tensor, category: str, name: str | None = None) -> None:
        """Take note of a tensor that is there before the step."""
        for storage in _storages(tensor):
            if storage_key(storage) not in self._live:
                self._add(storage, Block(0, RESIDENT, None, category=category, name=name))

    def hidden(self, size: int, category: str, name: str | None) -> None:
        """Take note of bytes that are there all the time, behind no tensor that can be seen."""
        self.blocks.append(Block(self.size(size), RESIDENT, None, category=category, name=name))

    def begin(self, event: Event) -> int:
        """A kernel starts; its number."""
        self.events.append(event)
        self.starts.append(self.clock)
        return len(self.events) - 1

    def made(self, tensors: Iterable[torch.Tensor], event: int) -> int:
        """Take note of what a kernel returned; the bytes of it that are new memory."""
        fresh = 0
        for storage in (storage for tensor in tensors for storage in _storages(tensor)):
            if storage_key(storage) in self._live:
                continue
            self.clock += 1
            block = Block(0, self.clock, event)
            self._add(storage, block)
            fresh += block.bytes
        return fresh

    def extra(self, size: int, event: int, until: torch.Tensor) -> None:
        """Bytes that a kernel keeps unseen, as long as ``until`` lives."""
        storage = next(_storages(until), None)
        if storage is None or size <= 0:
            return
        self.clock += 1
        block = Block(self.size(size), self.clock, event)
        self.blocks.append(block)
        weakref.finalize(storage, self._end, block).atexit = False

    def workspace(self, size: int, event: int) -> None:
        """Bytes that a kernel takes while it runs, beside its results, and gives back."""
        if size > 0:
            block = Block(self.size(size), self.clock + 1, event, self.clock + 2, transient=True)
            self.clock += 2
            self.blocks.append(block)

    def grown(self, tensor: torch.Tensor) -> None:
        """Follow a block that may have been resized."""
        for block, storage in zip(self.blocks_of(tensor), _storages(tensor), strict=False):
            size = self.size(storage.nbytes())
            if size > block.bytes and block.born != RESIDENT:
                block.bytes = size

    def resized(self, storage: torch.UntypedStorage) -> None:
        """Follow memory that was given back, or taken anew, while its tensor lives."""
        reference = self._live.get(storage_key(storage))
        if reference is None or self.closed:
            return
        before, size = reference.block, self.size(storage.nbytes())
        if size == before.bytes:
            return
        self._end(before)
        self.clock += 1
        event = len(self.events) - 1 if self.events else None
        block = Block(size, self.clock, event, category=before.category, name=before.name)
        reference.block = block
        self.blocks.append(block)

    def close(self) -> None:
        """Take no more notes."""
        self.closed = True
        self._live.clear()

    def _add(self, storage: torch.UntypedStorage, block: Block) -> None:
        block.bytes = self.size(storage.nbytes())
        reference = Reference(storage, self._freed)
        reference.block, reference.key = block, storage_key(storage)
        self._live[reference.key] = reference
        self.blocks.append(block)

    def _freed(self, reference: Reference) -> None:
        if self._live.get(reference.key) is reference:
            del self._live[reference.key]
        self._end(reference.block)

    def _end(self, block: Block) -> None:
        if not self.closed:
            self.clock += 1
            block.freed = self.clock


def _storages(tensor: torch.Tensor) -> Iterator[torch.UntypedStorage]:
    """The memory behind a tensor, of each that it is made of where it has none of its own."""
    parts = inner_tensors(tensor)
    if tensor.layout is not torch.strided and not parts:
        with disable_current_modes():  # no work of the step
            coordinates = tensor.layout is torch.sparse_coo
            held = (tensor._indices(), tensor._values()) if coordinates else sparse_parts(tensor)
            parts = list(held)
    if parts:
        for part in parts:
            yield from _storages(part)
        return
    try:
        yield tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):
        return  # tensors in other layouts have none of their own
