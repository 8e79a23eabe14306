"""What may be wrong with inputs, as an error tells it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..graph import Shape


@dataclass(frozen=True, slots=True)
class Sizes:
    """A size that came of the inputs, and the one that was needed."""

    got: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Dimensions:
    """How many dimensions a tensor has (None: not told), and how many it needs."""

    got: int | None
    wanted: int


@dataclass(frozen=True, slots=True)
class Exact:
    """The shape of a tensor, and the shape that it should have."""

    got: Shape
    wanted: Shape


@dataclass(frozen=True, slots=True)
class Kind:
    """Another kind is needed: a dtype, ``"float"``, or Python's ``"int"`` or ``"bool"``.

    ``each`` says that one number for each sample is likelier than several.
    """

    wanted: Literal["int64", "complex64", "quint8", "float", "int", "bool"]
    each: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Text is needed, where the forward reads ``owner`` (None: not told)."""

    owner: str | None


@dataclass(frozen=True, slots=True)
class Several:
    """A tuple of so many tensors is needed (None: not told)."""

    count: int | None


@dataclass(frozen=True, slots=True)
class Key:
    """A dict is needed, with this key (None: not told)."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Larger:
    """Something is too small: ``batch``, or the sides and lengths."""

    batch: bool = False


Misfit = Sizes | Dimensions | Exact | Kind | Words | Several | Key | Larger
