"""What is given to each argument in one attempt, and what else it may be."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from .layers import Option
from .proposal import InputProposal

EMPTY = "dict"
"""The dtype of a part that stands for an empty dict."""

Trail = tuple[float, float]
"""The side of an image, and how many numbers came of it where they did not fit."""


@dataclass(frozen=True)
class ArgumentPart:
    """An argument, or a part of one: what is given now, and the options it was chosen from.

    ``path`` is the layer for which it was chosen; ``trail`` the last attempt at fitting its sides.
    ``certain`` says that nothing about it has to be guessed.
    """

    now: Option
    options: tuple[Option, ...] = ()
    turn: int = 0
    path: str | None = None
    trail: Trail | None = None
    certain: bool = False

    @classmethod
    def of(cls, options: list[Option], path: str | None = None) -> ArgumentPart:
        """The first of the options."""
        return cls(options[0], tuple(options), 0, path)

    def next(self) -> ArgumentPart | None:
        """The next option, or None when there is none left."""
        turn = self.turn + 1
        if turn >= len(self.options):
            return None
        return replace(self, now=self.options[turn], turn=turn, trail=None)

    def shaped(self, shape: tuple[int, ...], why: str, trail: Trail | None = None) -> ArgumentPart:
        """The same with another shape."""
        return replace(self, now=replace(self.now, shape=shape, why=why), trail=trail)

    def typed(self, dtype: str, why: str) -> ArgumentPart:
        """The same with another dtype."""
        return replace(self, now=replace(self.now, dtype=dtype, why=why))


@dataclass(frozen=True)
class Guess:
    """The parts by name, in the order of the arguments: ``x``, ``batch.image``, ``pair[0]``."""

    parts: Mapping[str, ArgumentPart] = field(default_factory=dict)

    @property
    def key(self) -> tuple[object, ...]:
        """What tells this attempt from others."""
        return tuple((name, part.now.given) for name, part in self.parts.items())

    @property
    def proposals(self) -> list[InputProposal]:
        """The parts as proposals."""
        return [
            InputProposal(name, now.shape, now.dtype, now.why, now.value, now.filled)
            for name, now in ((name, part.now) for name, part in self.parts.items())
        ]

    def tensors(self) -> Iterator[tuple[str, ArgumentPart]]:
        """The parts that are tensors and may have to be others."""
        for name, part in self.parts.items():
            if part.now.value is None and part.now.dtype != EMPTY and not part.certain:
                yield name, part

    def having(self, changed: Mapping[str, ArgumentPart]) -> Guess:
        """The same with some parts changed."""
        return Guess({**self.parts, **changed})

    def split(self, name: str, inside: Mapping[str, ArgumentPart]) -> Guess:
        """The same with other parts in place of the one called ``name``."""
        parts: dict[str, ArgumentPart] = {}
        for known, part in self.parts.items():
            parts.update(inside if known == name else {known: part})
        return Guess(parts)


def argument(name: str) -> str:
    """The argument that a part belongs to."""
    return re.split(r"[.\[]", name, maxsplit=1)[0]
