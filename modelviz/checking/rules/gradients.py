"""Gradients that do not arrive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...graph.records import Level
from ..followers import targets
from ..kinds import has_gradients
from ..rule import Spot, rule
from ..subject import Subject, cut_off_parameters, trainable_parameters

if TYPE_CHECKING:
    from ..watched import Stop, Watched


@rule("MV301", "no-gradient", "error", "forward", "run")
def no_gradient(subject: Subject) -> Iterator[Spot]:
    """A trainable parameter takes part in the output, and no gradient can reach it."""
    watched = subject.watched
    assert watched is not None
    cut = cut_off_parameters(subject)
    if not cut or not subject.sight.results_known:
        return
    left = set(cut)
    # A prediction of whole numbers, in NumPy or in words is for use: another call may well train.
    outputs = [subject.graph.tensors[tensor].dtype for tensor in subject.graph.outputs]
    level: Level | None = None if any(map(has_gradients, outputs)) else "info"
    trains = not watched.reached.isdisjoint(trainable_parameters(subject))
    # Where gradients are switched off, what was not given is not what keeps them away.
    if not trains and watched.omitted and not all(stop.off for stop in watched.stops):
        yield _asked_for_no_training(watched)
        return
    whole = not trains and bool(watched.stops)
    if whole and all(stop.off for stop in watched.stops) and cut <= _cut_by(watched.stops):
        yield _meant(set(cut), watched.stops[-1], whole)
        return
    # The last stop on the way is the nearest to the output: it cuts off the most.
    for stop in sorted(watched.stops, key=lambda stop: -len(stop.parameters & cut)):
        here = left & stop.parameters
        left -= here
        if stop.off or stop.name == "detach":
            alone = whole and stop.off
            meant = here if alone else targets(subject, here, watched.reached, stop.off)
            if meant:
                yield _meant(meant, stop, alone)
            here = here - meant
        kept = {name for name in here if name in watched.kept}
        if kept:
            yield _kept(kept, stop, watched.kept)
        if here - kept:
            yield replace(_cut(here - kept, stop), level=level)
    if left:
        yield Spot(
            f"no gradient reaches {_names(left)} from any output",
            "compute it outside of torch.no_grad(), with functions that have a gradient",
            path=min(left).rpartition(".")[0],
            level=level,
        )


def _cut_by(stops: Iterable[Stop]) -> frozenset[str]:
    return frozenset().union(*[stop.parameters for stop in stops])


def _asked_for_no_training(watched: Watched) -> Spot:
    """What is said where nothing is trained, and what was not given may well train."""
    omitted = " and ".join(watched.omitted[:3])
    return replace(
        _cut(set(), watched.stops[-1]),
        message=f"without {omitted}, no gradient reaches any parameter: right for a prediction, "
        "and not for training",
        hint=f"to check what trains, give {omitted}, too",
        level="info",
    )


def _meant(parameters: set[str], stop: Stop, whole: bool) -> Spot:
    """What is said where gradients may well be switched off on purpose."""
    text = (
        "the forward runs without gradients, and trains nothing: right for a sampler or a "
        "prediction, and not for training"
        if whole
        else f"{_names(parameters)} are used without gradients, beside what is trained: right for "
        "a target or a teacher"
    )
    hint = (
        "leave torch.no_grad() out of what is to be trained"
        if whole
        else "freeze them, so that no optimizer takes them: requires_grad_(False)"
    )
    return replace(_cut(parameters, stop), message=text, hint=hint, level="info")


def _kept(parameters: set[str], stop: Stop, kept: Mapping[str, str]) -> Spot:
    """What is said where a loss may yet be taken from an attribute with a history."""
    attribute = f"self.{kept[min(parameters)].rpartition('.')[2]}"
    return replace(
        _cut(parameters, stop),
        message=f"{stop.name} ends the way of the gradient: {_names(parameters)} can be trained "
        f"by a loss of {attribute} alone, which the forward leaves in the model",
        hint=f"where no loss is taken from {attribute}, leave {stop.name} out",
        level="info",
    )


def _cut(parameters: set[str], stop: Stop) -> Spot:
    return Spot(
        f"{stop.name} ends the way of the gradient: {_names(parameters)} cannot be trained",
        "leave it out on the way to the loss, or freeze the parameters if that is meant",
        path=stop.path,
        file=stop.file,
        line=stop.line,
    )


@rule("MV307", "freezing-without-effect", "warning")
def freezing_without_effect(subject: Subject) -> Iterator[Spot]:
    """An attribute that was to freeze parameters is none that PyTorch reads."""
    for slip in subject.slips:
        what = subject.class_of(slip.path) if slip.path else "the model"
        if slip.on_parameters:
            text = f"parameters of {what} have an attribute {slip.name} that is False, and PyTorch reads requires_grad: they are trained"  # fmt: skip  # noqa: E501
            hint = "write parameter.requires_grad = False, or module.requires_grad_(False)"
        else:
            text = f"requires_grad = False on {what} itself freezes nothing: it is an attribute that nobody reads"  # fmt: skip  # noqa: E501
            hint = "call its method: module.requires_grad_(False)"
        yield Spot(text, hint, path=slip.path)


@rule("MV110", "half-read-recurrence", "warning", "forward", "run")
def half_read_recurrence(subject: Subject) -> Iterator[Spot]:
    """A layer or direction of a recurrence is computed, and no output depends on it."""
    watched = subject.watched
    assert watched is not None
    for part in watched.silent if subject.sight.results_known else ():
        if part.whole:
            text = f"{part.name} is computed and never read: its parameters cannot be trained"
            hint = "read all features of the output, which are those of both directions; of the states, the last of each direction: torch.cat([h[-2], h[-1]], -1), or h[-1]"  # fmt: skip  # noqa: E501
        elif _steps(subject, part.path) > 1:
            text = f"of {part.name} only the first step is read, which has seen one element of the sequence"  # fmt: skip  # noqa: E501
            hint = "take its last state, h[-1] of both directions, or a mean over all steps: the last place of the output is where the backward direction begins"  # fmt: skip  # noqa: E501
        else:
            continue
        yield Spot(text, hint, path=part.path)


def _steps(subject: Subject, path: str) -> int:
    """How many steps a recurrence runs over at most."""
    graph = subject.graph
    module = subject.module(path)
    found = 0
    for call in graph.calls_of(path):
        shape = graph.tensors[call.inputs[0]].shape if call.inputs else ()
        batched = len(shape) > 2 and "batch_first=True" in module.config
        found = max(found, *shape[1 if batched else 0 :][:1], 0)
    return found


@rule("MV308", "history-kept", "warning", "run")
def history_kept(subject: Subject) -> Iterator[Spot]:
    """A state is kept from one forward to the next with its history of autograd."""
    assert subject.watched is not None
    told: set[str] = set()
    for seen in subject.watched.carried:
        if seen.what not in told:
            told.add(seen.what)
            yield seen.spot(
                f"{seen.what} comes from the forward before, with its history: backward() goes "
                "back into that one, whose graph is gone, and without it memory grows at each call",
                f"keep it without its history: self.{seen.what.rpartition('.')[2]} = "
                "state.detach()",
            )


def _names(names: set[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - 2
    return ", ".join(ordered[:2]) + (f" and {more} more parameters" if more > 0 else "")
