"""What the recorder writes down while a forward runs; turned into the data model afterwards."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

import torch

from ..graph import Shape, TensorKind
from .bounds import Bounds
from .regions import Geometry

# Records that have defaults have no slots: what is at its default need not be set for each.


@dataclass(eq=False)
class StoreRecord:
    """A block of memory. ``maker`` is the op that allocated it; None when it was there before.

    ``shape`` is that of the first tensor that showed it; ``viewed`` says whether one of another
    shape may have.
    """

    bytes: int
    device: str
    maker: OpRecord | None
    id: int | None = field(default=None, init=False)
    freed: int | None = field(default=None, init=False)
    last_write: int = field(default=0, init=False)
    writes: list[tuple[int, Geometry, int]] | None = field(default=None, init=False)
    shape: torch.Size | None = field(default=None, init=False)
    viewed: bool = field(default=False, init=False)
    reference: StoreReference | None = field(default=None, init=False)


@dataclass(slots=True, eq=False)
class FunctionRecord:
    """One run of a Python function; ``id`` is set when the graph is built, if it is needed."""

    name: str
    file: str
    line: int
    parent: FunctionRecord | None
    id: int | None = None


@dataclass(eq=False)
class OpRecord:
    """One op while it runs (``id`` is None) and after, and the run of a function that made it."""

    name: str
    function: Any
    call: int
    arguments: tuple[tuple[int | str, Any], ...]
    file: str | None
    line: int | None
    run: FunctionRecord | None = None
    id: int | None = field(default=None, init=False)
    inputs: dict[int, None] = field(default_factory=dict, init=False)
    outputs: list[int] = field(default_factory=list, init=False)
    flops: int = field(default=0, init=False)
    bytes_read: int = field(default=0, init=False)
    bytes_written: int = field(default=0, init=False)
    moved_data: bool = field(default=False, init=False)
    in_place: bool = field(default=False, init=False)
    writes: int = field(default=0, init=False)
    repeatable: bool = field(default=True, init=False)
    # By what a kernel inside it looked something up, by ``id``, and what of it is in bounds.
    bounds: tuple[tuple[int, Bounds], ...] = field(default=(), init=False)
    error: BaseException | None = field(default=None, init=False)
    # What a kernel inside it said, where its caller does not hand that on.
    said: str = field(default="", init=False)
    shapes: tuple[Shape, ...] = field(default=(), init=False)
    extremes: tuple[int, int] | None = field(default=None, init=False)
    allocated: int = field(default=0, init=False)
    allocated_peak: int = field(default=0, init=False)
    workspace: int = field(default=0, init=False)
    backward: bool = field(default=False, init=False)
    made: list[StoreRecord] = field(default_factory=list, init=False)


@dataclass(frozen=True, slots=True)
class EscapeRecord:
    """Tensors whose data left with a function that gave none; ``whole``, more than one value."""

    tensors: tuple[int, ...]
    how: str
    call: int
    whole: bool
    file: str | None
    line: int | None


@dataclass(eq=False)
class CallRecord:
    """One call of a module, open until ``stop`` is set."""

    id: int
    module: str
    index: int
    parent: int | None
    method: str
    start: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...] = field(default=(), init=False)
    stop: int | None = field(default=None, init=False)
    ops: list[int] = field(default_factory=list, init=False)
    children: list[int] = field(default_factory=list, init=False)
    failed: bool = field(default=False, init=False)
    run: FunctionRecord | None = field(default=None, init=False)


Facts = tuple[Shape, str, str, int]
"""What a tensor is: its shape, dtype, device and bytes."""


@dataclass(slots=True, eq=False)
class TensorRecord:
    """A tensor at one moment; ``maker`` is None for what came from outside the forward."""

    facts: Facts
    kind: TensorKind
    maker: OpRecord | None
    store: StoreRecord
    name: str | None


class Known(weakref.ref[Any]):
    """What is known of a live tensor object.

    ``tensor`` is the id whose data it shows, or None while it is private to the op ``maker``.
    ``time`` is the write clock as of which that holds: later writes to the storage come on top.
    ``seen_in`` is the op during which the object first appeared.
    """

    __slots__ = ("key", "maker", "seen_in", "store", "tensor", "time")

    key: int
    tensor: int | None
    maker: OpRecord | None
    time: int
    store: StoreRecord
    seen_in: OpRecord | None


class StoreReference(weakref.ref[Any]):
    """A weak reference to a storage that finds its record when the storage is gone."""

    __slots__ = ("key", "store")

    key: int
    store: StoreRecord
