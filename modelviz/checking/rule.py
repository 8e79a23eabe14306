"""What a rule is, and the list of all of them by code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..graph.records import Level

if TYPE_CHECKING:
    from .subject import Subject

Need = Literal["forward", "batch", "run", "mixing", "weights", "modes", "loss"]
"""What a rule looks at beside the modules: the ops of a forward, the same forward with another
batch size, a run on a copy of the model, two runs that differ in one sample, statistics of the
weights, the modes in which the model was given, the loss that its output goes into."""
NEEDS: Mapping[str, str] = {
    "forward": "no forward was run: give input_size or input_data",
    "batch": "the inputs have no batch that could be changed",
    "run": "",
    "mixing": "",
    "weights": "",
    "modes": "a graph does not hold the modes in which the model was given",
    "loss": "no loss was given",
}
"""Why a rule is skipped where what it needs is not there, unless there is a reason to name."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One place where a rule speaks.

    ``path`` is left out where ``op`` says it. ``level`` is given where it is not the rule's own.
    """

    message: str
    hint: str
    path: str | None = None
    op: int | None = None
    file: str | None = None
    line: int | None = None
    level: Level | None = None


Test = Callable[["Subject"], Iterable[Spot]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its stable code, its name, its level, what it needs, and the function that looks.

    Without what it ``uses``, it still speaks, of less.
    """

    code: str
    name: str
    level: Level
    needs: tuple[Need, ...]
    uses: tuple[Need, ...]
    test: Test


RULES: dict[str, Rule] = {}
"""Every rule by its code, in the order of the codes."""


def rule(
    code: str, name: str, level: Level, *needs: Need, uses: tuple[Need, ...] = ()
) -> Callable[[Test], Test]:
    """Register a function of a ``Subject`` as the rule ``code``."""

    def register(test: Test) -> Test:
        if code in RULES:
            raise ValueError(f"two rules have the code {code}")
        RULES[code] = Rule(code, name, level, needs, uses, test)
        return test

    return register
