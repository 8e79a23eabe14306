"""The axes of a mesh of devices, by name: what each splits, and how many devices it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import prod
from typing import Any, Literal

from ..errors import InputError
from ..unknown import nearest

Shapes = tuple[tuple[int, ...], ...]


@dataclass(slots=True)
class CallShapes:
    """What one call of a module takes and gives on one device, and what functions it calls give.

    ``functions`` are known where a step is followed function by function.
    """

    given: Shapes
    made: Shapes = ()
    functions: list[tuple[str, Shapes]] = field(default_factory=list)


Role = Literal["shard", "replicate", "tensor"]

ROLES: Mapping[str, Role] = {
    "dp": "shard",
    "fsdp": "shard",
    "dp_shard": "shard",
    "dp_replicate": "replicate",
    "tp": "tensor",
}
"""What an axis is for, by its name."""

_STAGES = (
    "the model into stages: plan one stage as a model of its own, with what the stage before "
    "sends it as input and accumulate= for its micro-batches (with 1F1B it also holds the "
    "activations of as many as there are stages from it to the last, with GPipe of all)"
)
_LENGTH = (
    "the sequence: plan one part of it as the input; attention over all parts takes more, which "
    "depends on how keys and values are passed on"
)
_OTHERS = {
    **dict.fromkeys(("pp", "pipeline", "pipe", "stage", "stages"), _STAGES),
    **dict.fromkeys(("cp", "sp", "context", "sequence", "seq"), _LENGTH),
    **dict.fromkeys(
        ("ep", "expert", "experts"),
        "experts over devices: tp splits the features of each expert, dp shards all of them, and "
        "parallelize= can do it another way",
    ),
}
"""What axes that are not planned are for, and what can be planned in their place."""

MOST = 2**16
"""Devices of a mesh."""


@dataclass(frozen=True, slots=True)
class Mesh:
    """The axes in order, each with its number of devices; ``apply`` is the caller's own way.

    ``apply(model, mesh)`` is called with the model, whose parameters have shapes and no data, and
    PyTorch's ``DeviceMesh`` of those axes.
    """

    axes: Mapping[str, int]
    apply: Callable[[Any, Any], Any] | None = None

    @property
    def applied(self) -> str:
        """The name of the caller's own way, none without one."""
        if self.apply is None:
            return ""
        return str(getattr(self.apply, "__qualname__", type(self.apply).__qualname__))

    @property
    def devices(self) -> int:
        """All devices together."""
        return prod(self.axes.values())

    def axis(self, role: Role) -> str | None:
        """The axis of that role, None if there is none; all are the caller's with ``apply``."""
        if self.apply is not None:
            return None
        return next((name for name in self.axes if ROLES[name] == role), None)

    def size(self, role: Role) -> int:
        """The devices of the axis of that role, 1 without one."""
        name = self.axis(role)
        return 1 if name is None else self.axes[name]

    @property
    def batches(self) -> int:
        """How many parts the batch of a step has: each device is given its own inputs."""
        return self.size("shard") * self.size("replicate")

    def __str__(self) -> str:
        return ", ".join(f"{name}={size}" for name, size in self.axes.items())


@dataclass(frozen=True, slots=True)
class Shard:
    """One parameter: what all devices have together, and what one of them stores of it.

    ``placements`` says how, by axis: ``{"dp": "Shard(0)"}``; none where it is whole.
    ``bytes`` are those of this device, what pads it to equal parts included.
    """

    path: str
    shape: tuple[int, ...]
    local_shape: tuple[int, ...]
    dtype: str
    placements: Mapping[str, str]
    global_bytes: int
    bytes: int

    def to_dict(self) -> dict[str, Any]:
        """The parameter as JSON-ready data."""
        return {**asdict(self), "placements": dict(self.placements)}


@dataclass(frozen=True, slots=True)
class Spread:
    """How a model lies on its devices: its parameters, and the process group of each axis.

    ``calls`` are the shapes on one device in the calls of each module, by path.
    """

    mesh: Mesh | None
    shards: tuple[Shard, ...]
    groups: Mapping[str, str]
    calls: Mapping[str, Sequence[CallShapes]] = field(default_factory=dict, repr=False)


def make_mesh(given: Any, parallelize: Any) -> Mesh | None:
    """The mesh of ``{"dp": 64, "tp": 8}``; None for none. Raises InputError."""
    if given is None:
        if parallelize is not None:
            raise InputError(
                "parallelize= is how a model is spread over a mesh: give mesh={'dp': 8} with it"
            )
        return None
    if parallelize is not None and not callable(parallelize):
        raise InputError(
            f"parallelize={parallelize!r}: expected a function of the model and the DeviceMesh, "
            "which applies parallelize_module and fully_shard"
        )
    if not isinstance(given, Mapping) or not given:
        raise InputError(
            f"mesh={given!r}: expected the axes with their sizes, such as {{'dp': 64, 'tp': 8}}"
        )
    for name, size in given.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise InputError(f"mesh: {name}={size!r}: expected a whole number of at least 1")
        if parallelize is None and str(name).lower() in _OTHERS:
            raise InputError(
                f"mesh={dict(given)!r}: {name!r} is not planned, which splits "
                f"{_OTHERS[str(name).lower()]}; axes that are: {', '.join(ROLES)}"
            )
        if not isinstance(name, str) or (parallelize is None and name not in ROLES):
            raise InputError(
                f"mesh={dict(given)!r}: {name!r} is no axis that is known; expected "
                f"{', '.join(ROLES)}, or parallelize=, a function that knows what it is for"
                f"{nearest(name, ROLES)}"
            )
    mesh = Mesh(dict(given), parallelize)
    if mesh.devices > MOST:
        raise InputError(f"mesh: {mesh.devices:,} devices, expected at most {MOST:,}")
    _require_one_of_each(mesh)
    return mesh


def _require_one_of_each(mesh: Mesh) -> None:
    if mesh.apply is not None:
        return
    for role in ("shard", "replicate", "tensor"):
        names = [name for name in mesh.axes if ROLES[name] == role]
        if len(names) > 1:
            raise InputError(
                f"mesh: {' and '.join(names)} are for the same, which one axis is: give one"
            )
    if mesh.axis("replicate") is not None and mesh.axis("shard") is None:
        raise InputError("mesh: dp_replicate repeats what another axis shards: give dp_shard too")
