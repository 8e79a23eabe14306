"""Random models: programs that a ``GraphBuilder`` runs, with everything a view must cope with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from modelviz.graph import ModelGraph
from tests.graphs import GraphBuilder


@dataclass(frozen=True)
class Op:
    """An op on one or two of the tensors that are at hand, by how far back they are."""

    name: str
    back: tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """A layer with a weight, run once or several times."""

    times: int


@dataclass(frozen=True)
class Block:
    """A module with a program of its own, ``copies`` of it one after the other or side by side."""

    body: tuple[Any, ...]
    copies: int
    chained: bool


@dataclass(frozen=True)
class Function:
    """A function of the forward with a program of its own, run several times in a row."""

    body: tuple[Any, ...]
    times: int


@dataclass(frozen=True)
class Unused:
    """A layer that is never called."""


@dataclass(frozen=True)
class Direct:
    """An op that reads a parameter of the module itself."""


@dataclass(frozen=True)
class Constant:
    """A tensor made from nothing."""


VIEWS = ("view", "transpose", "identity")
STEPS = st.recursive(
    st.one_of(
        st.builds(
            Op,
            st.sampled_from(("relu", "add", "cat", "mul", *VIEWS)),
            st.lists(st.integers(0, 3), min_size=1, max_size=2).map(tuple),
        ),
        st.builds(Layer, st.integers(1, 3)),
        st.just(Unused()),
        st.just(Direct()),
        st.just(Constant()),
    ),
    lambda steps: st.one_of(
        st.builds(
            Block,
            st.lists(steps, min_size=1, max_size=4).map(tuple),
            st.integers(1, 4),
            st.booleans(),
        ),
        st.builds(Function, st.lists(steps, min_size=1, max_size=4).map(tuple), st.integers(1, 3)),
    ),
    max_leaves=12,
)
PROGRAMS = st.lists(STEPS, min_size=1, max_size=6).map(tuple)


def build(program: tuple[Any, ...]) -> ModelGraph:
    """The graph of the model that the program describes."""
    builder = GraphBuilder()
    x = builder.input(2, 4)
    _declare(builder, "", program)
    with builder.call("", x) as outputs:
        result = _run(builder, "", program, x)
        outputs.append(result)
    return builder.graph(result)


def _declare(builder: GraphBuilder, path: str, body: tuple[Any, ...]) -> None:
    steps = list(_numbered(body))
    own = {f"w{number}": (4, 4) for number, step in steps if isinstance(step, Direct)}
    builder.module(path, f"Block{len(body)}" if path else "Net", weights=own)
    for number, step in steps:
        if isinstance(step, (Layer, Unused)):
            builder.module(_at(path, f"layer{number}"), "Linear", "4, 4", {"weight": (4, 4)})
        elif isinstance(step, Block):
            for copy in range(step.copies):
                _declare(builder, _at(path, f"part{number}.{copy}"), step.body)


def _numbered(body: tuple[Any, ...], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The steps of a module, those of its functions included, each with a number of its own."""
    for index, step in enumerate(body):
        yield f"{prefix}{index}", step
        if isinstance(step, Function):
            yield from _numbered(step.body, f"{prefix}{index}_")


def _run(builder: GraphBuilder, path: str, body: tuple[Any, ...], x: int, prefix: str = "") -> int:
    tensors = [x]
    for index, step in enumerate(body):
        number = f"{prefix}{index}"
        if isinstance(step, Op):
            inputs = [tensors[-1 - min(back, len(tensors) - 1)] for back in step.back]
            tensors.append(builder.op(step.name, *inputs, view=step.name in VIEWS, flops=0))
        elif isinstance(step, Layer):
            for _ in range(step.times):
                tensors.append(builder.layer(_at(path, f"layer{number}"), tensors[-1], flops=32))
        elif isinstance(step, Direct):
            weight = builder.weight(_at(path, f"w{number}"))
            tensors.append(builder.op("matmul", tensors[-1], weight, flops=64))
        elif isinstance(step, Constant):
            tensors.append(builder.op("arange", shape=(2, 4)))
        elif isinstance(step, Function):
            for _ in range(step.times):
                with builder.function(f"function{number}"):
                    tensors.append(_run(builder, path, step.body, tensors[-1], f"{number}_"))
        elif isinstance(step, Block):
            start, given = tensors[-1], tensors[-1]
            for copy in range(step.copies):
                inside = _at(path, f"part{number}.{copy}")
                with builder.call(inside, given) as outputs:
                    outputs.append(_run(builder, inside, step.body, given))
                tensors.append(outputs[0])
                given = outputs[0] if step.chained else start
    return tensors[-1]


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
