"""What one real forward showed, as the rules read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..graph.records import Level
from .rule import Spot

if TYPE_CHECKING:  # it runs models, and imports torch
    from .silence import Silent


@dataclass(frozen=True, slots=True)
class Stop:
    """An op that no gradient passes, though its inputs ask for one; and the weights before it.

    ``off`` says that gradients were switched off where it ran, as under ``torch.no_grad``.
    """

    name: str
    path: str
    file: str | None
    line: int | None
    parameters: frozenset[str]
    off: bool = False


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A line of the user's code, the module that ran it, and what was met there."""

    what: str
    path: str
    file: str | None
    line: int | None

    def spot(self, message: str, hint: str, level: Level | None = None) -> Spot:
        """A place for a rule to speak of."""
        return Spot(message, hint, self.path, None, self.file, self.line, level)


@dataclass(frozen=True, slots=True)
class Watched:
    """What one forward did.

    ``hidden`` are modules with parameters that were called and are registered nowhere,
    ``contained`` the plain containers, by name, in which such ones were, ``made``
    the layers and parameters that each forward creates and ``built`` those that only the first
    one does, ``carried`` the tensors with a history that a second forward reads from attributes
    in which the first has put them, ``loose`` the tensors of no parameter or
    buffer that it read from attributes (``what`` is the name), ``untrained`` those of them that ask
    for a gradient, ``direct`` the modules whose
    ``forward`` was called past their hooks, ``syncs`` the values that Python asked for.
    ``reached`` are the parameters that a gradient reaches from the outputs, or to which the forward
    gives values itself, and ``kept`` those that it reaches from the named attribute alone, whose
    value goes on without a history; ``met`` are those that it read, as far as that was seen.
    ``sized`` are the positions of the inputs whose shape the forward asked for. ``redrawn`` are the
    parameters that it filled with random values, and ``silent`` the parts of recurrences that
    change no output.
    ``omitted`` are arguments that were not given, such as targets, with which it may train.
    """

    hidden: tuple[Occurrence, ...] = ()
    contained: tuple[Occurrence, ...] = ()
    made: tuple[Occurrence, ...] = ()
    built: tuple[Occurrence, ...] = ()
    carried: tuple[Occurrence, ...] = ()
    loose: tuple[Occurrence, ...] = ()
    untrained: tuple[Occurrence, ...] = ()
    redrawn: tuple[Occurrence, ...] = ()
    direct: tuple[Occurrence, ...] = ()
    syncs: tuple[Occurrence, ...] = ()
    stops: tuple[Stop, ...] = ()
    reached: frozenset[str] = frozenset()
    kept: Mapping[str, str] = field(default_factory=dict)
    met: frozenset[str] = frozenset()
    sized: frozenset[int] = frozenset()
    silent: tuple[Silent, ...] = ()
    omitted: tuple[str, ...] = ()
