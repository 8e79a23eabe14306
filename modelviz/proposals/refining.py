"""Inputs that run by accident, made those that a person would give.

With a batch of one, and with zeros for values, much runs that is not meant: a vector where a
sequence is meant is broadcast, whole numbers become floats. Each refinement is tried, and taken
where the forward shows that it is meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from torch import nn

from ..graph import ModelGraph
from ..tracing.modules import walk
from .accidents import (
    Ran,
    Run,
    Step,
    attended,
    called,
    joined_with_floats,
    longer,
    ranked,
    rows,
    several,
    singles,
    squares,
)
from .arguments import by_name
from .guess import ArgumentPart, Guess
from .layers import SEQUENCE, float_dtype
from .media import alike, even, pictures, single, sounds
from .targets import numbers, paired, samples, single_sequences, square, states, targets

# What takes whole numbers as places in something.
_LOOKS_UP = re.compile(r"embedding|index|gather|scatter|take|one_hot|bincount|getitem|where")


def refined(guess: Guess, graph: ModelGraph, model: nn.Module, run: Run) -> Guess:
    """The guess with what was meant in place of what ran by accident; each step runs."""
    ran = Ran(guess, graph, model, run)
    for step in _STEPS:
        for other, meant in step(ran):
            new = run(other)
            if new is not None and meant(new):
                ran = ran._replace(guess=other, graph=new)
                break
    return ran.guess


def _floats(ran: Ran) -> Step:
    """Floats in place of whole numbers that nothing is looked up with."""
    guess, graph, model = ran.guess, ran.graph, ran.model
    dtype = float_dtype(model)
    changed = {
        name: part.typed(dtype, f"{dtype}, as nothing is looked up with it")
        for name, part in guess.tensors()
        if part.now.dtype == "int64"
        and part.now.filled is None
        and name in _names(graph)
        and not _looked_up(graph, name)
        and (not _said(name, model, dtype) or joined_with_floats(graph, name))
    }
    if changed:
        yield guess.having(changed), lambda new: True


def _said(name: str, model: nn.Module, dtype: str) -> bool:
    """Whether the name itself says that it is whole numbers."""
    named = by_name(name, None, model, dtype).get(name)
    return named is not None and "int" in named.now.dtype


def _names(graph: ModelGraph) -> set[str | None]:
    return {graph.tensors[tensor].name for tensor in graph.inputs}


def _looked_up(graph: ModelGraph, name: str) -> bool:
    """Whether an op looks something up with whole numbers that come of the input ``name``."""
    of_it = {tensor for tensor in graph.inputs if graph.tensors[tensor].name == name}
    for op in graph.ops:
        if not of_it.isdisjoint(op.inputs):
            whole = any(graph.tensors[tensor].dtype == "int64" for tensor in op.inputs)
            if whole and _LOOKS_UP.search(op.name) and not _only_selects(op.name, len(op.inputs)):
                return True
            of_it |= {out for out in op.outputs if "int" in graph.tensors[out].dtype}
    return False


def _only_selects(name: str, inputs: int) -> bool:
    """Whether an op only takes a part of its one tensor."""
    return name == "getitem" and inputs == 1


def _columns(ran: Ran) -> Step:
    """A column for each table in a list of them, where one column less does not run."""
    guess, model, run = ran.guess, ran.model, ran.run
    tables = {
        len(part)
        for _, part in walk(model)
        if isinstance(part, nn.ModuleList)
        and len(part)
        and all(isinstance(layer, nn.Embedding) for layer in part)
    }
    for name, part in guess.tensors():
        if part.now.dtype != "int64" or part.now.shape[1:] != (SEQUENCE,):
            continue
        for count in sorted(tables):
            if count > 1 and run(_wide(guess, name, part, count - 1)) is None:
                yield _wide(guess, name, part, count), lambda new: True


def _wide(guess: Guess, name: str, part: ArgumentPart, count: int) -> Guess:
    shape = (*part.now.shape[:-1], count)
    return guess.having({name: part.shaped(shape, f"a column for each of {count} tables")})


def _turned(ran: Ran) -> Step:
    """Sequences along the first axis, where more of the model runs with them."""
    guess, graph, model = ran.guess, ran.graph, ran.model
    turned = {
        name: part.shaped(part.now.shape[::-1], "the sequence comes first")
        for name, part in guess.tensors()
        if part.now.shape == (1, SEQUENCE) and part.now.dtype == "int64"
    }
    before = called(graph)
    if turned and any(
        getattr(layer, "batch_first", True) is False and path not in before
        for path, layer in walk(model)
    ):
        yield guess.having(turned), lambda new: len(called(new)) > len(before)


def _sequences(ran: Ran) -> Step:
    """Sequences of vectors in place of single ones that are added to sequences."""
    guess, graph = ran.guess, ran.graph
    lengths = {part.now.shape[1] for _, part in guess.tensors() if len(part.now.shape) == 3}
    if len(lengths) != 1:
        return
    (length,) = lengths
    longer = {
        name: part.shaped((1, length, part.now.shape[1]), "a vector for each step of the sequence")
        for name, part in guess.tensors()
        if len(part.now.shape) == 2 and part.now.shape[0] == 1 and "float" in part.now.dtype
    }
    before = _outputs(graph)
    for changed in [longer] if len(longer) < 2 else [longer, *({k: v} for k, v in longer.items())]:
        if changed:
            yield guess.having(changed), lambda new: _outputs(new) == before
    stepwise = {
        name: part.shaped((1, length), "a number for each step of the sequence")
        for name, part in guess.tensors()
        if part.now.shape == (1, 1) and "float" in part.now.dtype
    }
    if stepwise:
        yield (
            guess.having(stepwise),
            lambda new: (
                _outputs(new) == before
                and all(_one_each(new, name, (1, length, 1)) for name in stepwise)
            ),
        )


def _one_each(graph: ModelGraph, name: str, shape: tuple[int, ...]) -> bool:
    """Whether what is made of an input at first is a vector of one number for each step."""
    return any(
        graph.tensors[made].shape == shape
        for op in graph.ops
        if any(graph.tensors[one].name == name for one in op.inputs)
        for made in op.outputs
    )


def _outputs(graph: ModelGraph) -> list[object]:
    return [graph.tensors[tensor].shape for tensor in graph.outputs]


_STEPS: tuple[Callable[[Ran], Step], ...] = (
    several,
    _floats,
    _columns,
    _turned,
    rows,
    square,
    squares,
    pictures,
    single,
    even,
    sounds,
    alike,
    attended,
    longer,
    singles,
    ranked,
    _sequences,
    samples,
    single_sequences,
    states,
    paired,
    numbers,
    targets,
    targets,  # of a second loss
)
"""In the order in which they are tried."""
