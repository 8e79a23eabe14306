"""An input of a forward, and one that is proposed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A tensor to give to the forward: by position, or as the argument ``name``."""

    shape: tuple[int, ...]
    dtype: str = "float32"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class InputProposal:
    """An input that a model seems to take, and why; ``name`` is the argument of ``forward``."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    why: str
