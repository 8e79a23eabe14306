"""What a page shows of a plan, as plain data that another process can make and send.

A plan holds the model and every kernel of the step; its outline holds texts and numbers, and is
read without torch. ``outlining`` makes it.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the peak: its name, its bytes, and its share from 0 to 1."""

    name: str
    bytes: int
    share: float


@dataclass(frozen=True, slots=True)
class Row:
    """A holder: its bytes at the peak, what it is, who holds it, and the line of the source."""

    bytes: int
    what: str
    where: str
    place: str


@dataclass(frozen=True, slots=True)
class Spot:
    """What the step holds while kernel number ``kernel`` runs, in which phase and module."""

    kernel: int
    phase: str
    bytes: int
    where: str


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds of a step on a device: a bound from the data sheet, and an estimate."""

    device: str
    ideal: float
    estimate: float


@dataclass(frozen=True, slots=True)
class Answer:
    """The largest size of a dimension that fits, 0 for none, and why it ends there."""

    what: str
    size: int
    reason: str


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure grows with a dimension: its formula, and ``(size, value)`` for some sizes."""

    title: str
    figure: str
    dim: str
    setting: str
    formula: str
    remark: str
    sizes: tuple[int, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """A row of a table, as text."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of a plan over several devices: its title and its rows."""

    title: str
    rows: tuple[Cells, ...]


@dataclass(frozen=True, slots=True)
class Rise:
    """The peaks of a step, and the most that its forward holds, by sizes of one dimension.

    ``ends`` says why there are no larger sizes; empty where there could be.
    """

    dim: str
    title: str
    sizes: tuple[int, ...]
    peaks: tuple[int, ...]
    forwards: tuple[int, ...]
    ends: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan in texts and numbers. Sizes are in bytes.

    ``batch`` and ``seq`` are None where the inputs have none. ``blocks`` are globs of the repeated
    parts of the model, to compute them again, and ``layers`` globs of its linear layers, to put
    adapters on. Over several devices, ``spread`` says what one of them has, ``sending`` how long it
    sends at best on the device of the plan, and ``grids`` its parameters and what it sends.
    ``answer``, ``trends`` and ``rises`` are there where they were asked for.
    """

    name: str
    title: str
    peak: int
    when: str
    steps: str
    parts: tuple[Part, ...]
    rows: tuple[Row, ...]
    rest: int
    curve: tuple[Spot, ...]
    kernels: int
    paces: tuple[Pace, ...]
    basis: str
    batch: int | None
    seq: int | None
    kv_cache: int
    notes: tuple[str, ...]
    blocks: tuple[str, ...]
    layers: tuple[str, ...]
    answer: Answer | None = None
    trends: tuple[Trend, ...] = ()
    proven: str = ""
    rises: tuple[Rise, ...] = ()
    spread: str = ""
    sending: str = ""
    grids: tuple[Grid, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The outline as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> Outline:
        """The outline that ``to_dict`` described. Raises ValueError where it described none."""
        return _built(cls, values)  # type: ignore[no-any-return]


# -- reading what another process sent ------------------------------------------------------------


def _built(kind: Any, value: Any) -> Any:
    """The value as an object of that kind. Raises ValueError."""
    if isinstance(kind, type) and is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        if missing := [name for name in names if name not in value]:
            raise ValueError(f"{kind.__name__} without {', '.join(missing)}")
        return kind(**{name: _built(hints[name], value[name]) for name in names})
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        given = [one for one in get_args(kind) if one is not type(None)]
        return None if value is None else _built(given[0], value)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"expected a list, got {type(value).__name__}")
        return tuple(_built(get_args(kind)[0], one) for one in value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise ValueError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
