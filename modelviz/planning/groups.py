"""What tensor parallelism splits: groups of layers, embeddings, heads of logits, experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .beside import Beside
from .experts import Experts

Kind = Literal["wide", "attention"]


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that are split together: ``columns``, then ``rows`` that take what they give.

    ``owner`` is the innermost module with all of them. ``features`` are how many each column
    gives, ``heads`` the numbers of heads that it gives, where the layers belong to attention.
    ``parts`` are, for a column that gives several things one after the other (queries, keys and
    values, or a gate and what passes it), the features of each: its rows are then those of the
    first device, then those of the second, and so on; empty for any other. ``transposed`` are the
    layers whose weight is (inputs, features). ``beside`` is what all devices have and meets what is
    split, so that its gradient is the sum of theirs.
    """

    kind: Kind
    owner: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    features: tuple[int, ...]
    heads: tuple[tuple[int, ...], ...] = ()
    parts: tuple[tuple[int, ...], ...] = ()
    transposed: tuple[str, ...] = ()
    beside: tuple[Beside, ...] = ()

    @property
    def layers(self) -> tuple[str, ...]:
        """All of them by path."""
        return (*self.columns, *self.rows)

    @property
    def counts(self) -> frozenset[int]:
        """The numbers of heads."""
        return frozenset(count for counts in self.heads for count in counts)

    @property
    def widths(self) -> frozenset[int]:
        """The numbers of features, of the layers and of their parts."""
        return frozenset((*self.features, *(size for parts in self.parts for size in parts)))


@dataclass(frozen=True, slots=True)
class Split:
    """What can be split: groups, embeddings of tokens by rows, what gives logits, and experts.

    ``refused`` are layers of attention that cannot be, ``alone`` linear layers that are split with
    no other, each with the reason.
    """

    groups: tuple[Group, ...] = ()
    embeddings: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    experts: tuple[Experts, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()
    alone: Mapping[str, str] = field(default_factory=dict)
