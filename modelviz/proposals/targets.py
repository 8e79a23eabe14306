"""Targets of a loss inside the forward, and numbers for each sample: as what they are held against.

A loss broadcasts, and takes probabilities in place of classes: much runs that is not meant.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..graph import ModelGraph
from ..tracing.modules import walk
from .accidents import Ran, Step, called
from .arguments import relates_nodes
from .guess import ArgumentPart, Guess
from .layers import SEQUENCE

_OF_CLASSES = frozenset(["cross_entropy", "nll_loss", "multi_margin_loss"])
_OF_NUMBERS = frozenset(
    [
        *("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy"),
        *("binary_cross_entropy_with_logits", "gaussian_nll_loss", "poisson_nll_loss"),
    ]
)
_TARGETS = frozenset(["target", "targets", "y_true", "y", "gt", "label", "labels", "ground_truth"])
_DIFFERENCES = frozenset(["sub", "rsub"])


def targets(ran: Ran) -> Step:
    """The classes, or the numbers, that a loss compares a prediction with."""
    guess, graph = ran.guess, ran.graph
    parts = dict(guess.tensors())
    for name, shape, classes in _compared(graph):
        part = parts.get(name)
        if part is None:
            continue
        if classes and "float" in part.now.dtype:
            new = part.typed("int64", "a class for each prediction")
            new = new.shaped((*shape[:1], *shape[2:]), new.now.why)
        elif not classes and part.now.shape != shape:
            new = part.shaped(shape, "as the prediction that it is compared with")
        else:
            continue
        yield guess.having({name: new}), lambda new: called(new) == called(graph)


def _compared(graph: ModelGraph) -> Iterator[tuple[str, tuple[int, ...], bool]]:
    """Inputs that are targets as they are, with the shape of the prediction, and if of classes."""
    names = {tensor: graph.tensors[tensor].name for tensor in graph.inputs}
    for op in graph.ops:
        if len(op.inputs) < 2:
            continue
        first, second = op.inputs[:2]
        if op.name in _OF_CLASSES | _OF_NUMBERS and first not in names:
            if name := names.get(second):
                yield name, graph.tensors[first].shape, op.name in _OF_CLASSES
        elif op.name in _DIFFERENCES:
            for one, other in ((first, second), (second, first)):
                name = names.get(one)
                if name in _TARGETS and other not in names:
                    yield name, graph.tensors[other].shape, False


def samples(ran: Ran) -> Step:
    """Sequences of vectors, where the width of a single one was taken for a length.

    The batch of one then grows to as many as a vector has numbers.
    """
    guess, graph = ran.guess, ran.graph
    grown = first_sizes(graph)
    single = {
        name: part
        for name, part in guess.tensors()
        if len(part.now.shape) == 2 and part.now.shape[0] == 1 and "float" in part.now.dtype
        if part.now.shape[1] in grown and part.now.shape[1] != 1
    }
    for name, part in single.items():
        width = part.now.shape[1]
        changed = {name: part.shaped((1, SEQUENCE, width), "one of them would be a batch")}
        yield (
            guess.having({**changed, **_steps(guess, name)}),
            lambda new: set(first_sizes(new)) <= {1},
        )


def _steps(guess: Guess, name: str) -> dict[str, ArgumentPart]:
    """The others that are as wide as one that becomes a sequence: a number for each step."""
    shape = guess.parts[name].now.shape
    return {
        other: part.shaped((1, SEQUENCE), "a number for each step")
        for other, part in guess.tensors()
        if other != name and part.now.shape == shape and "float" in part.now.dtype
    }


def first_sizes(graph: ModelGraph) -> set[int]:
    """The first sizes of what the forward returns."""
    shapes = [graph.tensors[tensor].shape for tensor in graph.outputs]
    return {shape[0] for shape in shapes if len(shape) > 1}


def single_sequences(ran: Ran) -> Step:
    """Batches of sequences for a recurrent layer that was given a single step, without a batch."""
    guess, graph = ran.guess, ran.graph
    layers = dict(walk(ran.model))
    for call in graph.calls:
        layer = layers.get(call.module)
        batch_first = getattr(layer, "batch_first", None)
        given = [t for t in call.inputs[:1] if graph.tensors[t].kind == "input"]
        if batch_first is None or not given or len(graph.tensors[given[0]].shape) != 2:
            continue
        name = graph.tensors[given[0]].name or ""
        part = dict(guess.tensors()).get(name)
        if part is None or part.now.shape[0] != 1:
            continue
        width = part.now.shape[1]
        shape = (1, SEQUENCE, width) if batch_first else (SEQUENCE, 1, width)
        changed = {name: part.shaped(shape, "several steps, of one sample")}
        changed |= {
            other: one.shaped((1, *one.now.shape), "one sample")
            for other, one in guess.tensors()
            if len(one.now.shape) == 1 and "float" in one.now.dtype
        }
        for beside in (_steps(guess, name), {}):
            yield guess.having({**changed, **beside}), lambda new: called(new) == called(graph)
        return


def numbers(ran: Ran) -> Step:
    """A number for each sample in as many dimensions as what it is added to has."""
    guess, graph = ran.guess, ran.graph
    columns = {
        name: part.shaped((1, 1), "a number for each sample")
        for name, part in guess.tensors()
        if part.now.shape == (1,) and "float" in part.now.dtype and _meets_columns(graph, name)
    }
    if columns:
        yield guess.having(columns), lambda new: called(new) == called(graph)


def _meets_columns(graph: ModelGraph, name: str) -> bool:
    """Whether what is made of an input alone, in its shape, is joined with a column."""
    own = {tensor for tensor in graph.inputs if graph.tensors[tensor].name == name}
    for op in graph.ops:
        if own.isdisjoint(op.inputs):
            continue
        others = [graph.tensors[one].shape for one in op.inputs if one not in own]
        if (1, 1) in others:
            return True
        if set(others) <= {(), (1,)}:
            own.update(out for out in op.outputs if graph.tensors[out].shape == (1,))
    return False


def square(ran: Ran) -> Step:
    """As many rows as columns for the edges of a graph, and rows for its nodes."""
    guess, graph = ran.guess, ran.graph
    tables = {n: p for n, p in guess.tensors() if len(p.now.shape) == 2 and "float" in p.now.dtype}
    for name, part in tables.items():
        count, columns = part.now.shape
        if not relates_nodes(name, ran.model) or count == columns:
            continue
        for size in (count, columns):
            changed = {
                other: one.shaped((size, one.now.shape[1]), "a row for each node")
                for other, one in tables.items()
                if other != name and one.now.shape[0] == columns
            }
            changed[name] = part.shaped((size, size), "a number for each two nodes")
            yield guess.having(changed), lambda new: called(new) == called(graph)


def states(ran: Ran) -> Step:
    """The same shape for both parts of a state; what is beside them makes up for it."""
    guess, graph = ran.guess, ran.graph
    parts = {n: p for n, p in guess.tensors() if len(p.now.shape) == 4}
    for name, part in parts.items():
        twin = parts.get(f"{name[:-3]}[1]")
        if not name.endswith("[0]") or twin is None or twin.now.shape == part.now.shape:
            continue
        more = twin.now.shape[1] - part.now.shape[1]
        same = {name: part.shaped(twin.now.shape, "as both parts of a state are alike")}
        for beside, one in parts.items():
            channels = one.now.shape[1] - more
            if beside.partition("[")[0] != name[:-3] and channels > 0:
                shape = (1, channels, *one.now.shape[2:])
                rest = one.shaped(shape, f"{channels:,} is the size that is needed")
                yield guess.having({**same, beside: rest}), lambda new: called(new) == called(graph)


def paired(ran: Ran) -> Step:
    """The same shape for a state and the next one; what is beside them makes up for it."""
    guess, graph = ran.guess, ran.graph
    parts = {n: p for n, p in guess.tensors() if len(p.now.shape) == 2}
    for name, part in parts.items():
        for other in (f"next_{name}", f"{name}_next", f"{name}_prime", f"{name}_", f"{name}2"):
            twin = parts.get(other)
            if twin is None or twin.now.shape == part.now.shape:
                continue
            for from_one, to in ((twin, name), (part, other)):
                more = from_one.now.shape[1] - parts[to].now.shape[1]
                new = {to: parts[to].shaped(from_one.now.shape, f"as {name} and {other} are alike")}
                for beside, one in parts.items():
                    width = one.now.shape[1] - more
                    if beside not in (name, other) and width > 0:
                        rest = one.shaped((1, width), f"{width:,} is the size that is needed")
                        yield (
                            guess.having({**new, beside: rest}),
                            lambda new: called(new) == called(graph),
                        )
