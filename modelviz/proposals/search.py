"""Trying inputs until the forward runs."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from torch import nn

from ..errors import InputError, TraceError
from ..tracing.leaks import caches_looked_for_once
from ..tracing.members import is_container
from ..tracing.modules import walk
from ..tracing.torch_internals import ConvNd
from .arguments import by_name, needed, places
from .described import described, fitted, parts_of
from .guess import EMPTY, ArgumentPart, Guess
from .layers import SEQUENCE, Option, float_dtype, options, told
from .meeting import Meeting, meeting
from .misfits import misfits
from .presets import presets
from .proposal import InputProposal
from .refining import refined
from .repairs import counts, repaired
from .states import made_state
from .trial import Trial

if TYPE_CHECKING:
    from ..graph import ModelGraph

MAX_TRIALS = 80
# Of processor time: on a busy machine as much is tried as on an idle one.
SECONDS = 10.0

# Raised by forwards that look at values: the inputs are fine, fake tensors are not enough.
_VALUES_NEEDED = (
    "DataDependent",
    "DynamicOutputShape",
    "GuardOnDataDependent",
    "UnsupportedFake",
    "ValueNeeded",
)


@dataclass(frozen=True, slots=True)
class Found:
    """The inputs found, and the graph of the forward that they made run (None: it did not)."""

    inputs: tuple[InputProposal, ...]
    graph: ModelGraph | None = None
    error: TraceError | None = None


@caches_looked_for_once()
def search(model: nn.Module, trial: Trial, confirm: Trial | None = None) -> Found:
    """Inputs with which ``trial`` succeeds; if none does, the likeliest, with its failure.

    Where the forward looks at values, which ``trial`` has not, ``confirm`` says whether it runs.

    What the model names itself is tried first. Then comes a search led by the errors: each guess
    that fails gives others, and those are taken up first that come of a guess with which the
    forward got farthest.
    """
    best = Found(())
    deadline = time.thread_time() + SECONDS
    for inputs in presets(model):
        if time.thread_time() > deadline:
            break
        found = _tried(inputs, trial, confirm)
        if found.graph is not None:
            return found
        best = best if best.inputs else found
    if is_container(model):
        return best
    first = _first_guess(model)
    waiting: list[tuple[int, int, int, Guess]] = [(0, 0, 0, first)]
    # A guess costs its step, and the likelier ones beside it, at each step that led there.
    seen = set()
    order = count(1)
    trials = 0
    while waiting and trials < MAX_TRIALS and time.thread_time() < deadline:
        _, cost, _, guess = heapq.heappop(waiting)
        if guess.key in seen:
            continue
        seen.add(guess.key)
        trials += 1
        found = _tried(guess.proposals, trial, confirm)
        if found.error is None and found.graph is not None:
            return _refined(found, guess, model, trial)
        if found.graph is not None:
            return found
        best = best if best.inputs else found
        ran = () if found.error is None else found.error.graph.ops
        reached = sum(not op.failed for op in ran)
        for rank, other in enumerate(_others(guess, found.error, model)):
            if other.key not in seen:
                heapq.heappush(waiting, (-reached, cost + rank + 1, next(order), other))
    return best


def _tried(inputs: Sequence[InputProposal], trial: Trial, confirm: Trial | None = None) -> Found:
    tensors = tuple(given for given in inputs if given.dtype != EMPTY)
    try:
        return Found(tensors, trial(inputs))
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):  # somebody interrupts
            raise
        failure = error.graph.failure
        if failure is not None and failure.error.startswith(_VALUES_NEEDED):
            confirmed = Found(()) if confirm is None else _tried(inputs, confirm)
            if confirmed.error is None:
                return Found(tensors, error.graph, error)
            return confirmed
        return Found(tensors, None, error)
    except InputError:  # a shape that cannot be made
        return Found(tensors)


def _refined(found: Found, guess: Guess, model: nn.Module, trial: Trial) -> Found:
    """What ran, or what was meant where that ran by accident."""

    def run(other: Guess) -> ModelGraph | None:
        tried = _tried(other.proposals, trial)
        if tried.graph is not None and tried.error is None:
            runs[other.key] = tried
            return tried.graph
        return None

    assert found.graph is not None
    runs = {guess.key: found}
    return runs[refined(guess, found.graph, model, run).key]


def _first_guess(model: nn.Module) -> Guess:
    """For each argument what its name says, or else what the first layers take, in their order."""
    parts: dict[str, ArgumentPart] = {}
    for name, annotation in needed(model).items():
        inside = parts_of(annotation, counts(model)[0])
        if inside is None:
            parts.update(_first_part(name, annotation, model))
        elif inside:
            for place in inside:
                own = place.strip(".[]")
                for key, part in _first_part(own, None, model).items():
                    parts[name + place + key.removeprefix(own)] = part
        else:
            parts[name] = ArgumentPart.of([Option((), EMPTY, "it is a dict")])
    return Guess(parts)


def _first_part(name: str, annotation: object, model: nn.Module) -> dict[str, ArgumentPart]:
    """An argument, or its parts where it is a pair."""
    dtype = float_dtype(model)
    named = made_state(name, model) or by_name(name, annotation, model, dtype)
    layers = _layers(model, dtype)
    if not named:
        if layers:
            path, found = layers[0]
            part = ArgumentPart.of([*found, *places(name, model, dtype)], path)
        else:
            own = next(filter(None, (told(part, dtype) for _, part in walk(model))), [])
            part = ArgumentPart.of([*own, *_nothing_known(dtype)])
        named = {name: part}
    sizes = described(model, name, annotation)
    if sizes is not None and name in named and named[name].now.value is None:
        named[name] = fitted(named[name], sizes)
    return named


def _layers(model: nn.Module, dtype: str) -> list[tuple[str, list[Option]]]:
    return [(path, found) for path, layer in walk(model) if (found := options(layer, path, dtype))]


def _nothing_known(dtype: str) -> list[Option]:
    image = Option((1, 3, 224, 224), dtype, "nothing says what it is: an image, as a guess")
    return [image, Option((1, 16), dtype, "nothing says what it is: a vector, as a guess")]


def _others(guess: Guess, error: TraceError | None, model: nn.Module) -> Iterator[Guess]:
    """Guesses to try after a failure, the likeliest first."""
    met = None if error is None else meeting(error.graph)
    touched = [] if met is None else met.inputs
    if error is not None and error.graph.failure is not None:
        source = dict(error.graph.failure.facts).get("source", "")
        named = [name for name in guess.parts if re.search(rf"\b{re.escape(name)}\b", source)]
        touched = list(dict.fromkeys([*touched, *named]))
    if met is not None:
        yield from _for_the_layer(guess, met, model)
        yield from _as_sequences(guess, met, model)
    failure = None if error is None else error.graph.failure
    if failure is not None:
        for misfit in misfits(failure):
            yield from repaired(guess, misfit, touched, model)
    names = [name for name in guess.parts if name in touched] or list(guess.parts)
    yield from _advanced(guess, names)
    yield from _advanced(guess, list(guess.parts))


def _for_the_layer(guess: Guess, met: Meeting, model: nn.Module) -> Iterator[Guess]:
    """The input that went straight into the failing layer, now made for that layer."""
    if met.direct is None or met.module is None or met.direct not in guess.parts:
        return
    part = guess.parts[met.direct]
    found = options(dict(walk(model))[met.module], met.module, float_dtype(model))
    fits = part.path == met.module or part.certain
    if found and not fits and part.now.value is None:
        yield guess.having({met.direct: ArgumentPart.of(found, met.module)})


def _as_sequences(guess: Guess, met: Meeting, model: nn.Module) -> Iterator[Guess]:
    """Sequences in place of all the vectors that reached a layer which takes sequences."""
    layer = dict(walk(model)).get(met.module or "")
    if not isinstance(layer, (nn.RNNBase, nn.MultiheadAttention, ConvNd)):
        return
    longer = {
        name: part.shaped((1, SEQUENCE, part.now.shape[1]), "a sequence is needed")
        for name, part in guess.tensors()
        if name in met.inputs and len(part.now.shape) == 2 and "float" in part.now.dtype
    }
    if longer:
        yield guess.having(longer)


def _advanced(guess: Guess, names: Sequence[str]) -> Iterator[Guess]:
    """The next options: of all the parts together, then of each alone."""
    further = {name: part for name in names if (part := guess.parts[name].next()) is not None}
    if further:
        yield guess.having(further)
    if len(further) > 1:
        for name, part in further.items():
            yield guess.having({name: part})
