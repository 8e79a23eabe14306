"""What a diff is made of: changes, each with its details."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..analysis.figures import NOTHING, Figures
from ..units import MINUS

Kind = Literal["added", "removed", "renamed", "moved", "changed"]
Field = Literal[
    "class", "config", "parameters", "buffers", "dtype", "trainable", "training", "shapes", "ops",
    "flow", "copies", "sharing",
]  # fmt: skip
Value = str | int | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that differs; ``before`` or ``after`` is None where one side has nothing."""

    field: Field
    before: Value
    after: Value

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.field}: + {self.after}"
        if self.after is None:
            return f"{self.field}: {MINUS} {self.before}"
        return f"{self.field}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class Change:
    """One cause: a module that was added, removed, renamed, moved or changed.

    ``before`` and ``after`` are its paths; None where a side does not have it. ``class_name`` is
    its class, after where it is there. ``also`` are the modules, by path, in which the very same
    change was made, and ``consequences`` those that differ because of it. ``cost`` is what the
    change, with all that, adds to the figures of the model.
    """

    kind: Kind
    before: str | None
    after: str | None
    details: tuple[Detail, ...] = ()
    class_name: str = ""
    also: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()
    cost: Figures = NOTHING

    @property
    def path(self) -> str:
        """Where it is: after, or before if it is gone."""
        path = self.after if self.after is not None else self.before
        return path or ""
