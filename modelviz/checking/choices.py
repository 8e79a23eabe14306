"""Modules that were not called, and that another call may well call."""

from __future__ import annotations

from .subject import Subject


def passed_over(subject: Subject, path: str) -> str:
    """Why a module that was not called may be called with other inputs; empty where it may not."""
    if subject.sight.method != "forward":
        return f", by {subject.sight.method}: other methods may call it"
    if path in subject.mentioned:
        return ", with these inputs: the part of the forward that speaks of it did not run"
    if _is_chosen_by_value(subject, path):
        return ", with these inputs: others beside it are, as values decide"
    if _is_left_to_chance(subject, path):
        return ", this time: the forward draws random numbers, which may pass it over"
    if _is_picked_by_key(subject, path):
        return ", with these inputs: another key is given"
    return ""


def draws(subject: Subject) -> bool:
    """Whether random numbers may decide what runs, as those that force a teacher do."""
    return bool(subject.drawing) or any(
        escape.is_read and _is_drawn(subject, escape.tensor) for escape in subject.graph.escapes
    )


def _is_drawn(subject: Subject, tensor: int) -> bool:
    """Whether a tensor follows from random numbers and from no input."""
    flow = subject.flow
    waiting = [] if flow.from_input[tensor] else [tensor]
    seen = set(waiting)
    while waiting:
        op = flow.producer(waiting.pop())
        if op is not None and op.name in _DRAWN:
            return True
        new = set() if op is None else {*op.inputs} - seen
        seen |= new
        waiting += new
    return False


_DRAWN = frozenset({"rand", "randint", "randn", "randperm", "bernoulli", "bernoulli_", "uniform_"})


def _is_chosen_by_value(subject: Subject, path: str) -> bool:
    """Whether values that Python asks for may choose a module, as a router does its experts."""
    read = any(escape.is_read for escape in subject.graph.escapes) or subject.sight.decided
    asked = read or (subject.watched is not None and subject.watched.syncs)
    return bool(asked) and _is_one_of_many(subject, path)


def _is_left_to_chance(subject: Subject, path: str) -> bool:
    """Whether a forward that draws random numbers may skip a module, as stochastic depth does."""
    holder = subject.module(path).parent
    while holder and subject.class_of(holder) in ("ModuleList", "ModuleDict"):
        holder = subject.module(holder).parent
    return holder in subject.drawing and _is_one_of_many(subject, path)


def _is_one_of_many(subject: Subject, path: str) -> bool:
    """Whether others of its class are beside a module, some of which are called."""
    module = subject.module(path)
    if module.parent is None:
        return False
    beside = subject.graph.children(module.parent)
    alike = all(other.class_name == module.class_name for other in beside)
    return alike and any(other.path in subject.called for other in beside)


def _is_picked_by_key(subject: Subject, path: str) -> bool:
    """Whether a key that came from outside picked another module out of a dict."""
    parent = subject.module(path).parent
    if parent is None or subject.class_of(parent) != "ModuleDict":
        return False
    taken = subject.called.intersection(one.path for one in subject.graph.children(parent))
    # What the code names itself is taken each time.
    return bool(taken) and subject.mentioned.isdisjoint(taken)
