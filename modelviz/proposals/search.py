"""Trying inputs until the forward runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from torch import nn

from ..errors import InputError, TraceError
from ..tracing.modules import walk
from .arguments import by_name, needed
from .layers import Option, float_dtype, options
from .meeting import Meeting, meeting
from .presets import presets
from .proposal import InputProposal
from .trial import Trial

if TYPE_CHECKING:
    from ..graph import ModelGraph

MAX_TRIALS = 60
SECONDS = 10.0

# Raised by forwards that look at values: the inputs are fine, fake tensors are not enough.
_VALUES_NEEDED = ("DataDependent", "DynamicOutputShape", "GuardOnDataDependent", "UnsupportedFake")


@dataclass(frozen=True, slots=True)
class Found:
    """The inputs found, and the graph of the forward that they made run (None: it did not)."""

    inputs: tuple[InputProposal, ...]
    graph: ModelGraph | None = None
    error: TraceError | None = None


@dataclass(frozen=True, slots=True)
class _Guess:
    """What an argument may be: options in turn, from the layer at ``path``."""

    name: str
    options: list[Option]
    turn: int = 0
    path: str | None = None

    @property
    def proposal(self) -> InputProposal:
        option = self.options[self.turn]
        return InputProposal(self.name, option.shape, option.dtype, option.why)

    def next(self) -> _Guess | None:
        turn = self.turn + 1
        return replace(self, turn=turn) if turn < len(self.options) else None


def search(model: nn.Module, trial: Trial) -> Found:
    """Inputs with which ``trial`` succeeds; if none does, the likeliest, with its failure."""
    best = Found(())
    deadline = time.monotonic() + SECONDS
    for inputs in presets(model):
        if time.monotonic() > deadline:
            break
        found = _tried(inputs, trial)
        if found.graph is not None:
            return found
        best = best if best.inputs else found
    guesses = _first_guesses(model)
    trials = 0
    while guesses and trials < MAX_TRIALS and time.monotonic() < deadline:
        trials += 1
        found = _tried([guess.proposal for guess in guesses], trial)
        if found.graph is not None:
            return found
        best = best if best.inputs else found
        changed = _changed(guesses, found.error, model)
        if changed is None:
            break
        guesses = changed
    return best


def _tried(inputs: Sequence[InputProposal], trial: Trial) -> Found:
    try:
        return Found(tuple(inputs), trial(inputs))
    except TraceError as error:
        failure = error.graph.failure
        if failure is not None and failure.error.startswith(_VALUES_NEEDED):
            return Found(tuple(inputs), error.graph, error)
        return Found(tuple(inputs), None, error)
    except InputError:  # a shape that cannot be made
        return Found(tuple(inputs))


def _first_guesses(model: nn.Module) -> list[_Guess]:
    """For each argument what its name says, or else what the first layers take, in their order."""
    dtype = float_dtype(model)
    layers = [
        (path, found) for path, layer in walk(model) if (found := options(layer, path, dtype))
    ]
    fallback = Option((1, 3, 224, 224), dtype, "nothing says what it is: an image, as a guess")
    guesses = []
    for name in needed(model):
        if named := by_name(name, dtype):
            guesses.append(_Guess(name, named))
        elif layers:
            path, found = layers[0]
            guesses.append(_Guess(name, found, path=path))
        else:
            flat = Option((1, 16), dtype, "nothing says what it is: a vector, as a guess")
            guesses.append(_Guess(name, [fallback, flat]))
    return guesses


def _changed(
    guesses: list[_Guess], error: TraceError | None, model: nn.Module
) -> list[_Guess] | None:
    """Other guesses, after the failure; None when there are no more."""
    met = None if error is None else meeting(error.graph)
    if met is not None:
        corrected = _corrected(guesses, met, model)
        if corrected is not None:
            return corrected
    touched = met.inputs if met is not None and met.inputs else {g.name for g in guesses}
    return _advanced(guesses, touched)


def _corrected(guesses: list[_Guess], met: Meeting, model: nn.Module) -> list[_Guess] | None:
    """The guess for an input that went straight into the failing layer, now made for that layer."""
    if met.direct is None or met.module is None:
        return None
    layer = model.get_submodule(met.module)
    found = options(layer, met.module, float_dtype(model))
    for place, guess in enumerate(guesses):
        if guess.name == met.direct and guess.path != met.module and found:
            return [
                *guesses[:place],
                _Guess(guess.name, found, 0, met.module),
                *guesses[place + 1 :],
            ]
    return None


def _advanced(guesses: list[_Guess], touched: set[str]) -> list[_Guess] | None:
    """The next option of each input that the failure concerns, then of the others."""
    for names in (touched, {guess.name for guess in guesses}):
        moved = [guess.next() or guess if guess.name in names else guess for guess in guesses]
        if moved != guesses:
            return moved
    return None
