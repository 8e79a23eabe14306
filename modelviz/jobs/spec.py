"""What a job is to do: which model, with which inputs, within which limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from ..errors import InputError
from ..proposals import InputSpec
from ..unknown import chosen

Kind = Literal["gallery", "library", "config", "file", "code", "stored", "graph"]
Mode = Literal["eval", "train"]
Execution = Literal["auto", "fake", "real"]

CODE_KINDS = ("file", "code")
"""The kinds that run code of the user's."""

MEBIBYTE = 2**20


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds and bytes that a job may take, and the bytes that it may send back."""

    seconds: float = 60.0
    memory: int = 4096 * MEBIBYTE
    result: int = 64 * MEBIBYTE
    upload: int = 200 * MEBIBYTE


Find = Literal["", "batch", "seq", "peaks", "growth"]
"""What to look for beside the plan: the largest batch or sequence that fits, the peaks of other
sizes, or formulas."""

PATIENCE = 5
"""How many times longer a plan may take than a trace: it runs a step, and may run it often."""


@dataclass(frozen=True, slots=True)
class PlanSpec:
    """What to plan, as ``modelviz.plan`` takes it, at a ``batch`` and a ``seq`` of one's own.

    ``dp`` and ``tp`` are the devices along the axes of a mesh.
    """

    optimizer: str | None = "adamw"
    precision: str = "float32"
    device: str = "cpu"
    batch: int | None = None
    seq: int | None = None
    checkpoint: tuple[str, ...] = ()
    lora: tuple[str, ...] = ()
    lora_rank: int = 8
    decode: bool = False
    dp: int = 1
    tp: int = 1
    find: Find = ""

    @property
    def choices(self) -> dict[str, Any]:
        """The arguments of ``modelviz.plan``."""
        names = ("optimizer", "precision", "device", "checkpoint", "lora", "lora_rank", "decode")
        axes = {axis: getattr(self, axis) for axis in ("dp", "tp") if getattr(self, axis) > 1}
        return {**{name: getattr(self, name) for name in names}, "mesh": axes or None}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> PlanSpec:
        """The plan that ``asdict`` described."""
        globs = {name: tuple(values[name]) for name in ("checkpoint", "lora")}
        return cls(**{**values, **globs})


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A model, named or given, and how to trace it; see ``modelviz.jobs`` for the kinds.

    ``data`` is the content of a file that was uploaded, and ``source`` then its name.
    ``inputs`` are the inputs of the forward; None takes those that come with the model, or that
    can be proposed for it, and ``()`` runs no forward at all. ``factory`` is the class or function
    to take from ``file`` and ``code``, by its plain name; without one, the only candidate there is.
    ``timed`` measures how long each op takes, for which the forward runs for real. With ``plan``, a
    step is planned and there is no graph.
    """

    kind: Kind
    source: str = ""
    data: bytes | None = None
    factory: str | None = None
    inputs: tuple[InputSpec, ...] | None = None
    execution: Execution = "auto"
    mode: Mode = "eval"
    timed: bool = False
    plan: PlanSpec | None = None

    def limits(self, limits: Limits) -> Limits:
        """The limits of a job as they are for this one."""
        return limits if self.plan is None else replace(limits, seconds=PATIENCE * limits.seconds)

    def checked(self) -> JobSpec:
        """The same, its values known to be of the right kind. Raises InputError."""
        for name, value, choices in (
            ("kind", self.kind, get_args(Kind)),
            ("execution", self.execution, get_args(Execution)),
            ("mode", self.mode, get_args(Mode)),
        ):
            chosen(name, value, choices)
        if not self.source and self.data is None:
            raise InputError(f"the job of kind {self.kind!r} names no model: give its source")
        if self.kind in CODE_KINDS and self.factory is not None and not _is_name(self.factory):
            raise InputError(
                f"factory={self.factory!r}: expected the name of a class, a function or a model in "
                "the code, such as Net"
            )
        return self

    def to_dict(self) -> dict[str, Any]:
        """The job as JSON-ready data, without ``data``."""
        return asdict(replace(self, data=None))

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> JobSpec:
        """The job that ``to_dict`` described."""
        inputs = values.pop("inputs")
        made = None if inputs is None else tuple(input_from_dict(value) for value in inputs)
        plan = values.pop("plan")
        return cls(**values, inputs=made, plan=None if plan is None else PlanSpec.from_dict(plan))


def _is_name(text: str) -> bool:
    """Whether the text is a plain name: nothing is reached through one, as through ``os.abort``."""
    return text.isidentifier() and not text.startswith("__")


def input_from_dict(values: dict[str, Any]) -> InputSpec:
    """The input with these fields."""
    name = None if values["name"] is None else str(values["name"])
    return InputSpec(tuple(map(int, values["shape"])), str(values["dtype"]), name)
