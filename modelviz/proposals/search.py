"""Trying inputs until the forward runs."""

from __future__ import annotations

import heapq
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from inspect import Parameter
from itertools import count, zip_longest
from math import prod
from typing import TYPE_CHECKING

from torch import nn
from torch.nn.utils.rnn import PackedSequence

from ..errors import InputError, TraceError
from ..told_numbers import sizes_in
from ..tracing.members import is_container
from ..tracing.modules import walk
from ..tracing.torch_internals import ConvNd
from ..tracing.twins import reachable
from .accidents import taken_apart
from .areas import Areas
from .arguments import by_name, needed, places, takes_any_number
from .described import described, fitted, packed, parts_of
from .guess import EMPTY, ArgumentPart, Guess
from .layers import FRAMES, SEQUENCE, Option, electrodes, float_dtype, options, told
from .measuring import Measuring
from .meeting import Meeting, meeting
from .misfit_kinds import Dimensions
from .misfits import misfits
from .presets import presets
from .proposal import InputProposal, InputSpec
from .refining import refined
from .repairs import counts, otherwise, repaired
from .slices import sliced
from .states import made_state
from .texts import says_texts, several_texts
from .trial import Trial
from .unpacking import axes_of, is_class

if TYPE_CHECKING:
    from ..graph import Failure, ModelGraph

MAX_TRIALS = 140
# Of processor time: on a busy machine as much is tried as on an idle one.
SECONDS = 10.0
REAL_SECONDS = 2.0
"""As much for what was meant by inputs that only a real forward takes, which computes."""
MAX_NUMBERS = 2**24
"""Numbers in the inputs up to which a forward runs for real to see whether they fit."""
MEASURE = 4
"""What it costs to find out which axes led to a failure, in guesses that are likelier."""
IDLE = 8
"""What a change costs that changed nothing about the failure."""

# Raised by forwards that look at values: the inputs are fine, fake tensors are not enough.
_VALUES_NEEDED = (
    "DataDependent",
    "DynamicOutputShape",
    "GuardOnDataDependent",
    "UnsupportedFake",
    "UnsupportedOperator",
    "ValueNeeded",
)


@dataclass(order=True, slots=True)
class _Waiting:
    """A guess to try: those first that come of one with which the forward got farthest.

    ``reached`` is how many ops ran then, negative. ``parent`` is how that one failed. Where the
    axes that led to the failure of ``guess`` itself are to be found, ``failed`` is that failure,
    with the parts it concerns.
    """

    reached: int
    cost: int
    order: int
    guess: Guess = field(compare=False)
    parent: Failure | None = field(default=None, compare=False)
    failed: tuple[Failure, list[str]] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The inputs found, and the graph of the forward that they made run (None: it did not)."""

    inputs: tuple[InputProposal, ...]
    graph: ModelGraph | None = None
    error: TraceError | None = None


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
    return _searched(_first_guess(model), best, model, trial, confirm, deadline)


def _searched(
    first: Guess,
    best: Found,
    model: nn.Module,
    trial: Trial,
    confirm: Trial | None,
    deadline: float,
) -> Found:
    """What is found from the first guess on; ``best`` where nothing is, if it has inputs."""
    # A guess costs its step, and the likelier ones beside it, at each step that led there.
    waiting = [_Waiting(0, 0, 0, first)]
    seen = set()
    order = count(1)
    trials = count()

    def failing(guess: Guess) -> Failure | None:
        next(trials)
        error = _tried(guess.proposals, trial).error
        return None if error is None else error.graph.failure

    def push(guesses: Iterable[Guess], reached: int, cost: int, parent: Failure | None) -> None:
        for rank, other in enumerate(guesses):
            if other.key not in seen:
                heapq.heappush(waiting, _Waiting(reached, cost + rank, next(order), other, parent))

    measuring, areas = Measuring(failing), Areas()
    while waiting and next(trials) < MAX_TRIALS and time.thread_time() < deadline:
        now = heapq.heappop(waiting)
        if now.failed is not None:
            solved = measuring.solved(now.guess, *now.failed)
            push(solved, now.reached, now.cost, now.failed[0])
            continue
        if now.guess.key in seen:
            continue
        seen.add(now.guess.key)
        found = _tried(now.guess.proposals, trial, confirm)
        if found.error is None and found.graph is not None:
            return _refined(found, now.guess, model, trial)
        if found.graph is not None:  # it looks at values
            return found if confirm is None else _confirmed(found, now.guess, model, confirm)
        best = best if best.inputs else found
        failure = None if found.error is None else found.error.graph.failure
        met = None if found.error is None else meeting(found.error.graph)
        touched = [] if failure is None else _touched(now.guess, failure, met)
        ran = () if found.error is None else found.error.graph.ops
        reached = -sum(not op.failed for op in ran)
        cost = now.cost + (IDLE if _alike(failure, now.parent) else 0)
        others = _others(now.guess, found.error, met, touched, model, areas)
        push(others, reached, cost + 1, failure)
        if failure is not None:
            # One size that is mended may need another, of a layer that ran before.
            names = [one for one in touched if one in now.guess.parts] or list(now.guess.parts)
            place = min(now.reached, reached), cost + MEASURE, next(order)
            heapq.heappush(waiting, _Waiting(*place, now.guess, None, (failure, names)))
    return best


def _alike(failure: Failure | None, other: Failure | None) -> bool:
    """Whether a forward failed just as another did."""
    if failure is None or other is None:
        return False
    return (failure.op, failure.message) == (other.op, other.message)


def _tried(inputs: Sequence[InputProposal], trial: Trial, confirm: Trial | None = None) -> Found:
    tensors = tuple(given for given in inputs if given.dtype != EMPTY)
    try:
        return Found(tensors, trial(inputs))
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):  # somebody interrupts
            raise
        failure = error.graph.failure
        if failure is not None and (failure.error.startswith(_VALUES_NEEDED) or _of_torch(failure)):
            if confirm is not None and _numbers(tensors) > MAX_NUMBERS:
                return Found(tensors, None, error)
            confirmed = Found(()) if confirm is None else _tried(inputs, confirm)
            if confirmed.error is None:
                return Found(tensors, error.graph, error)
            return confirmed
        return Found(tensors, None, error)
    except InputError:  # a shape that cannot be made
        return Found(tensors)


def _numbers(inputs: Sequence[InputSpec | InputProposal]) -> int:
    return sum(prod(given.shape) for given in inputs)


def _of_torch(failure: Failure) -> bool:
    """Whether fake tensors broke a promise of PyTorch's own: one that no line of the model states.

    What speaks of sizes is about the inputs.
    """
    stated = "assert" in dict(failure.facts).get("source", "") or bool(sizes_in(failure.message))
    return failure.error == "AssertionError" and not stated


def _confirmed(found: Found, guess: Guess, model: nn.Module, confirm: Trial) -> Found:
    """What ran for real alone, or what was meant where that ran by accident."""
    deadline = time.thread_time() + REAL_SECONDS

    def limited(inputs: Sequence[InputSpec | InputProposal]) -> ModelGraph:
        if time.thread_time() > deadline or _numbers(inputs) > MAX_NUMBERS:
            raise InputError("too much to compute for a guess")
        return confirm(inputs)

    ran = _tried(guess.proposals, limited)
    if ran.graph is None:  # it runs for some values
        return found
    return replace(_refined(ran, guess, model, limited), error=found.error)


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
        several = takes_any_number(model)
        inside = ["[0]"] if several else parts_of(annotation, counts(model)[0])
        if says_texts(annotation):
            parts.update(several_texts(name, "its annotation says texts"))
        elif inside is None:
            parts.update(_first_part(name, annotation, model))
        elif annotation is PackedSequence:
            parts.update(packed(name, _first_part(name, None, model)[name]))
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
            several = electrodes(model, dtype)
            part = ArgumentPart.of([*several, *found, *places(name, model, dtype)], path)
        else:
            own = next(filter(None, (told(part, dtype) for _, part in walk(model))), [])
            part = ArgumentPart.of([*own, *_nothing_known(dtype)])
        named = {name: part}
    chosen = named.get(name)
    if chosen is not None and chosen.now.value is not None and annotation is Parameter.empty:
        # The name alone says that it is no tensor.
        named = {
            name: replace(chosen, options=(*chosen.options, *(layers[0][1] if layers else ())))
        }
    axes = described(model, name, annotation) or sliced(model, name) or axes_of(model, name)
    if axes is None and name in named and is_class(model, name):
        classes = Option((1,), "int64", "one_hot is made of it: a class for each sample")
        named[name] = ArgumentPart.of([classes, *named[name].options])
    elif axes is not None and name in named and named[name].now.value is None:
        named[name] = fitted(named[name], axes)
    return named


def _layers(model: nn.Module, dtype: str) -> list[tuple[str, list[Option]]]:
    """What the layers take; where the model has none, those that lists, dicts and closures hold."""

    def known(places: Iterable[tuple[str, nn.Module]]) -> list[tuple[str, list[Option]]]:
        return [(path, found) for path, one in places if (found := options(one, path, dtype))]

    layers = known(walk(model))
    return layers or known(
        [(type(one).__name__, one) for one in reachable(model) if isinstance(one, nn.Module)]
    )


def _nothing_known(dtype: str) -> list[Option]:
    image = Option((1, 3, 224, 224), dtype, "nothing says what it is: an image, as a guess")
    return [image, Option((1, 16), dtype, "nothing says what it is: a vector, as a guess")]


def _others(
    guess: Guess,
    error: TraceError | None,
    met: Meeting | None,
    touched: Sequence[str],
    model: nn.Module,
    areas: Areas,
) -> Iterator[Guess]:
    """Guesses to try after a failure, the likeliest first."""
    if met is not None and error is not None:
        yield from _with_steps(guess, met, error.graph)
        yield from _for_the_layer(guess, met, error.graph, model)
        yield from _as_sequences(guess, met, model)
    failure = None if error is None else error.graph.failure
    if error is not None and failure is not None:
        found = misfits(failure)
        yield from areas.solved(guess, error.graph, found, touched)
        for misfit in found:
            yield from otherwise(guess, misfit, touched)
        several = [misfit for misfit in found if isinstance(misfit, Dimensions)]
        yield from _by_turns([repaired(guess, misfit, touched, model) for misfit in several])
        for misfit in found:
            if misfit not in several:
                yield from repaired(guess, misfit, touched, model)
    names = [name for name in guess.parts if name in touched] or list(guess.parts)
    yield from _advanced(guess, names)
    yield from _advanced(guess, list(guess.parts))
    for name, part in guess.tensors():
        if name in names and len(part.now.shape) == 2 and part.now.shape[0] == 1:
            yield guess.having(
                {name: part.shaped(part.now.shape[1:], "one of them, without a batch")}
            )


def _by_turns(guesses: Sequence[Iterator[Guess]]) -> Iterator[Guess]:
    """The first of each, the second of each, and so on: more dimensions here, or fewer there."""
    for row in zip_longest(*guesses):
        yield from (guess for guess in row if guess is not None)


def _touched(guess: Guess, failure: Failure, met: Meeting | None) -> list[str]:
    """The parts whose data met where the forward failed, and those that its line names."""
    source = dict(failure.facts).get("source", "")
    named = [name for name in guess.parts if re.search(rf"\b{re.escape(name)}\b", source)]
    return list(dict.fromkeys([*([] if met is None else met.inputs), *named]))


def _with_steps(guess: Guess, met: Meeting, graph: ModelGraph) -> Iterator[Guess]:
    """More steps of what was made for a layer, where that got one step of it alone."""
    for name, part in guess.tensors():
        shape = part.now.shape
        got = _given_to(graph, part.path)
        if name in met.inputs and got is not None and len(shape) > 1:
            missing = len(shape) - len(got)
            if 0 < missing <= 2:
                first = not taken_apart(graph, name)
                longer = _longer(shape, missing, 1 if first else 0)
                yield guess.having({name: part.shaped(longer, "several steps of it are needed")})


def _longer(shape: tuple[int, ...], count: int, place: int) -> tuple[int, ...]:
    inner = (FRAMES if len(shape) > 3 else SEQUENCE,) * count
    return (*shape[:place], *inner, *shape[place:])


def _given_to(graph: ModelGraph, path: str | None) -> tuple[int, ...] | None:
    """The shape of what the layer at ``path`` first worked on; None where it was not called."""
    calls = [call for call in graph.calls if call.module == path and call.inputs]
    return graph.tensors[calls[0].inputs[0]].shape if calls else None


def _for_the_layer(
    guess: Guess, met: Meeting, graph: ModelGraph, model: nn.Module
) -> Iterator[Guess]:
    """The input that went straight into the failing layer, now made for that layer."""
    if met.direct is None or met.module is None or met.direct not in guess.parts:
        return
    part = guess.parts[met.direct]
    found = options(dict(walk(model))[met.module], met.module, float_dtype(model))
    fits = part.path == met.module or part.certain
    if found and not fits and part.now.value is None:
        made = ArgumentPart.of(found, met.module)
        got = _given_to(graph, met.module)
        lost = 0 if got is None else len(part.now.shape) - len(got)
        if 0 < lost <= 2 and len(part.now.shape) > 1:  # an axis was picked from or summed over
            longer = _longer(made.now.shape, lost, 1)
            yield guess.having({met.direct: made.shaped(longer, made.now.why)})
        yield guess.having({met.direct: made})


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
