"""What a forward shows that ran by accident: one thing where several are meant.

Each function gives guesses to try in place of one that ran, and says of the graph of such a guess
whether it shows that it is what was meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import NamedTuple

from torch import nn

from ..graph import ModelGraph
from ..tracing.modules import walk
from .guess import ArgumentPart, Guess
from .layers import SEQUENCE, Option, float_dtype, options
from .meeting import input_names

Step = Iterator[tuple[Guess, Callable[[ModelGraph], bool]]]
"""Guesses to try, each with what its graph shows where it is what was meant."""

Run = Callable[[Guess], ModelGraph | None]
"""The graph of the forward with a guess; None where it does not run."""


class Ran(NamedTuple):
    """A guess that ran, the graph of that forward, and what runs another guess."""

    guess: Guess
    graph: ModelGraph
    model: nn.Module
    run: Run


_JOINS = frozenset(["cat", "concat", "concatenate", "hstack", "vstack", "stack", "column_stack"])
_VIEWS = frozenset(["view", "reshape", "unsqueeze", "squeeze", "expand", "repeat", "getitem"])
_INDEXES = frozenset(
    [
        *("getitem", "index_select", "index_add", "index_add_", "index_reduce", "gather"),
        *("scatter_add", "scatter_add_", "scatter", "scatter_", "scatter_reduce"),
        "scatter_reduce_",
    ]
)
_MEETING = frozenset(
    [
        *("add", "sub", "mul", "div", "rsub", "rdiv", "where", "matmul", "rmatmul"),
        "scaled_dot_product_attention",
    ]
)
_COMPARISONS = frozenset(["gt", "ge", "lt", "le", "eq", "ne", "masked_fill"])
_PRODUCTS = frozenset(["matmul", "mm", "spmm"])
_MOST = 16


def joined_with_floats(graph: ModelGraph, name: str) -> bool:
    """Whether the whole numbers of the input ``name`` are put beside floats as they are, or unread.

    That makes floats of them; where they are meant as whole numbers, a forward converts them.
    """
    of_it = {tensor for tensor in graph.inputs if graph.tensors[tensor].name == name}
    read = False
    for op in graph.ops:
        if of_it.isdisjoint(op.inputs):
            continue
        read = True
        if op.name in _VIEWS and len(op.inputs) == 1:
            of_it.update(op.outputs)
        elif op.name in _JOINS and any(_is_float(graph, tensor) for tensor in op.inputs):
            return True
    return not read


def several(ran: Ran) -> Step:
    """As many positional arguments (``*inputs``) as more of the model's layers run with.

    Likewise for an argument that the forward goes over: a list with one part for each layer.
    """
    guess, graph, model = ran.guess, ran.graph, ran.model
    stems = [name.removesuffix("[0]") for name in guess.parts if name.endswith("[0]")]
    stems += [name for name in guess.parts if taken_apart(graph, name)]
    for stem in stems[:1]:
        yield from _one_for_each(guess, stem, graph, model)


def _one_for_each(guess: Guess, stem: str, graph: ModelGraph, model: nn.Module) -> Step:
    before = called(graph)
    dtype = float_dtype(model)
    for path, layers in walk(model):
        if not isinstance(layers, nn.ModuleList) or not 1 < len(layers) <= _MOST:
            continue
        inside = {}
        for place, layer in enumerate(layers):
            one = f"{path}.{place}".lstrip(".")
            found = options(layer, one, dtype) or _first_options(layer, one, dtype)
            if found:
                inside[f"{stem}[{place}]"] = ArgumentPart.of(found, one)
        if len(inside) == len(layers):
            kept = {
                name: part
                for name, part in guess.parts.items()
                if name != stem and not name.startswith(f"{stem}[")
            }
            yield Guess({**inside, **kept}), lambda new: called(new) > before


def _first_options(layer: nn.Module, path: str, dtype: str) -> list[Option]:
    for inner, part in walk(layer):
        if inner and (found := options(part, f"{path}.{inner}", dtype)):
            return found
    return []


def attended(ran: Ran) -> Step:
    """Sequences in place of vectors, where attention is over a single one of them."""
    guess, graph = ran.guess, ran.graph
    lonely = list(_lonely(graph))
    if not lonely:
        return
    leading = input_names(graph, [tensor for met in lonely for tensor in met])
    longer = {
        name: part.shaped((1, SEQUENCE, part.now.shape[1]), "attention is over several of them")
        for name, part in guess.tensors()
        if name in leading and len(part.now.shape) == 2 and part.now.shape[0] == 1
        if "float" in part.now.dtype
    }
    for changed in [longer] if len(longer) < 2 else [longer, *({k: v} for k, v in longer.items())]:
        if changed:
            yield guess.having(changed), lambda new: len(list(_lonely(new))) < len(lonely)


def _lonely(graph: ModelGraph) -> Iterator[tuple[int, ...]]:
    """What meets in attention over a single key: a softmax of one number, and what it weighs."""
    for op in graph.ops:
        if op.name == "scaled_dot_product_attention":
            if graph.tensors[op.inputs[1]].shape[-2] == 1:
                yield op.inputs
        elif op.name == "softmax" and op.outputs:
            shape = graph.tensors[op.outputs[0]].shape
            given = dict(op.args)
            dim = given.get("dim", given.get("arg1", -1))
            over_one = isinstance(dim, int) and -len(shape) <= dim < len(shape) and shape[dim] == 1
            if over_one and (weighed := _weighed(graph, op.outputs[0])):
                yield (*op.inputs, *weighed)


def _weighed(graph: ModelGraph, weights: int) -> list[int]:
    """What is computed and multiplied by the tensor, as it is or seen otherwise."""
    same = {weights}
    for op in graph.ops:
        if same.isdisjoint(op.inputs):
            continue
        others = [tensor for tensor in op.inputs if tensor not in same]
        if any(graph.tensors[tensor].producer is not None for tensor in others):
            return others
        same.update(op.outputs)
    return []


def rows(ran: Ran) -> Step:
    """Several rows, where whole numbers that are given pick some of the rows that are given."""
    guess, graph = ran.guess, ran.graph
    of_ints = _derived(graph, "int")
    of_floats = _derived(graph, "float")
    picks = any(
        op.name in _INDEXES
        and len(op.inputs) > 1
        and dict(op.args).get("dim", 0) == 0
        and not of_ints.isdisjoint(op.inputs)
        and not of_floats.isdisjoint(op.inputs)
        for op in graph.ops
    )
    if not picks:
        return
    more: dict[str, ArgumentPart] = {}
    for name, part in guess.tensors():
        shape = part.now.shape
        if "int" in part.now.dtype and len(shape) <= 2:
            wide = tuple(SEQUENCE if size == 1 else size for size in shape)
            if len(shape) == 2 and shape[0] == 2:  # the two ends of edges
                wide = (2, SEQUENCE)
        elif len(shape) == 2 and shape[0] == 1:
            wide = (SEQUENCE, shape[1])
        else:
            continue
        if wide != shape:
            more[name] = part.shaped(wide, "several rows, as some are picked")
    if more:
        yield guess.having(more), lambda new: called(new) == called(graph)


def squares(ran: Ran) -> Step:
    """A number for each two rows, where a table is only compared, or multiplied from the left."""
    guess, graph = ran.guess, ran.graph
    tensors = dict(guess.tensors())
    for name, part in tensors.items():
        shape = part.now.shape
        if len(shape) == 2 and "float" in part.now.dtype and _relates(graph, name):
            square = part.shaped((SEQUENCE, SEQUENCE), "a number for each two rows")
            others = {
                other: known.shaped((SEQUENCE, known.now.shape[1]), "several rows")
                for other, known in tensors.items()
                if other != name and len(known.now.shape) == 2
            }
            if others and shape[0] != shape[1]:
                yield guess.having({**others, name: square}), lambda new: True


def _relates(graph: ModelGraph, name: str) -> bool:
    of_it = [tensor for tensor in graph.inputs if graph.tensors[tensor].name == name]
    uses = [op for op in graph.ops if not set(of_it).isdisjoint(op.inputs)]
    return bool(uses) and all(
        op.name in _COMPARISONS or (op.name in _PRODUCTS and op.inputs[0] in of_it) for op in uses
    )


def longer(ran: Ran) -> Step:
    """Several numbers in place of one, where the forward then has more to do."""
    guess, graph = ran.guess, ran.graph
    for name, part in guess.tensors():
        if part.now.shape == (1, 1) and "float" in part.now.dtype:
            several_steps = part.shaped((1, SEQUENCE), "it goes over them one by one")
            yield guess.having({name: several_steps}), lambda new: len(new.ops) > len(graph.ops)


def singles(ran: Ran) -> Step:
    """One whole number for each sample, where their count had to be the width of a table."""
    guess, graph, model = ran.guess, ran.graph, ran.model
    widths = {layer.embedding_dim for _, layer in walk(model) if isinstance(layer, nn.Embedding)}
    single = {
        name: part.shaped((1,), "a whole number for each sample")
        for name, part in guess.tensors()
        if part.now.dtype == "int64" and len(part.now.shape) == 2
        if part.now.shape[0] == 1 and part.now.shape[1] in widths - {SEQUENCE}
    }
    if single:
        yield guess.having(single), lambda new: called(new) == called(graph)


def ranked(ran: Ran) -> Step:
    """One dimension more, where what comes of two inputs meets in different numbers of them."""
    guess, graph = ran.guess, ran.graph
    met = list(_uneven(graph))
    for name, part in guess.tensors():
        shape = part.now.shape
        if len(shape) != 2 or shape[0] != 1 or name not in input_names(graph, met):
            continue
        whole = "int" in part.now.dtype
        more = (1, SEQUENCE // 8, SEQUENCE) if whole else (1, SEQUENCE, shape[1])
        longer = {name: part.shaped(more, "several of them for each sample")}
        # A number that stands for each of them has as many.
        beside = {
            other: known.shaped((1, SEQUENCE), "a number for each of them")
            for other, known in guess.tensors()
            if other != name and known.now.shape == shape and not whole
        }
        for changed in [{**longer, **beside}, longer] if beside else [longer]:
            yield guess.having(changed), lambda new: len(list(_uneven(new))) < len(met)


def _uneven(graph: ModelGraph) -> Iterator[int]:
    """The tensor of fewer dimensions, where two that come of inputs meet in different numbers."""
    given = _derived(graph, "")
    for op in graph.ops:
        if op.name not in _MEETING or len(op.inputs) < 2:
            continue
        met = [one for one in op.inputs if one in given and "int" not in graph.tensors[one].dtype]
        sizes = {tensor: len(graph.tensors[tensor].shape) for tensor in met}
        if len(sizes) > 1 and min(sizes.values()) > 1 and len(set(sizes.values())) > 1:
            low = min(sizes, key=sizes.__getitem__)
            if prod(graph.tensors[low].shape) > 1:
                yield low
        # A single vector beside a table with a row for each step of a sequence.
        tables = [graph.tensors[one].shape for one in op.inputs if one not in given]
        if [*sizes.values()] == [2] and any(len(s) == 3 and s[0] == 1 < s[1] for s in tables):
            yield from sizes


def taken_apart(graph: ModelGraph, name: str) -> bool:
    """Whether the forward goes over the first axis of an input, as a loop does."""
    return any(
        op.name == "unbind"
        and dict(op.args).get("dim") == 0
        and graph.tensors[op.inputs[0]].name == name
        for op in graph.ops
    )


def called(graph: ModelGraph) -> set[str]:
    """The paths of the modules that were called."""
    return {call.module for call in graph.calls}


def _is_float(graph: ModelGraph, tensor: int) -> bool:
    return "float" in graph.tensors[tensor].dtype


def _derived(graph: ModelGraph, kind: str) -> set[int]:
    """The tensors that come of inputs whose dtype has ``kind`` in its name, themselves too."""
    found = {tensor for tensor in graph.inputs if kind in graph.tensors[tensor].dtype}
    for op in graph.ops:
        if not found.isdisjoint(op.inputs):
            found.update(out for out in op.outputs if kind in graph.tensors[out].dtype)
    return found
