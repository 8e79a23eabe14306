"""What a command names: a model by a text, with the inputs that its options give."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from .errors import InputError, TraceError
from .progress import progress

if TYPE_CHECKING:
    from torch import nn

    from .graph import ModelGraph
    from .sources.base import Source

Mode = Literal["train", "eval"]
Execution = Literal["auto", "fake", "real", "none"]


def named_source(
    text: str, sizes: list[str] | None, dtypes: list[str] | None
) -> tuple[Source, dict[str, Any] | None]:
    """What ``text`` names, and the inputs as arguments of ``trace``; None where none are given."""
    from .graph import ModelGraph
    from .parsing import parse_dtypes, parse_shape
    from .sources import resolve

    shapes = [parse_shape(size) for size in sizes or ()]
    if dtypes and not shapes:
        raise InputError("--dtype says the type of an --input-size: give that as well")
    with progress(f"Loading {text}"):
        source = resolve(text)
    if isinstance(source.model, ModelGraph) and shapes:
        alone = source.model.execution == "none"
        what = (
            "holds modules alone, which cannot be run"
            if alone
            else "is a graph with its inputs in it"
        )
        raise InputError(f"{text!r} {what}: leave out --input-size")
    if not shapes:
        return source, None
    if dtypes:
        return source, {"input_size": shapes, "dtypes": parse_dtypes(dtypes, len(shapes))}
    source, types = _with_types(source, len(shapes), text)
    return source, {"input_size": shapes, "dtypes": types}


def runnable(source: Source, text: str, what: str) -> nn.Module:
    """The model of a source. Raises InputError where it is a graph: there is no ``what`` of it."""
    from .graph import ModelGraph

    if isinstance(source.model, ModelGraph):
        raise InputError(
            f"{text!r} is read as a graph, without code that could run, so there is {what}: name "
            "the model itself, such as net.py:Net or timm:resnet50"
        )
    return source.model


def _with_types(source: Source, count: int, text: str) -> tuple[Source, list[Any] | None]:
    """The types that the first inputs seem to have, and the source that tells of them."""
    from torch import nn

    from .findings import note
    from .parsing import parse_dtype
    from .proposals.types import likely_types
    from .sources.offline import offline

    assert isinstance(source.model, nn.Module)
    with progress(f"Looking at {text}"), offline(text):
        types = likely_types(source.model, count)
    if all(one in (None, "float32") for one in types):
        return source, None
    found = [one or "float32" for one in types]
    message = f"the inputs were taken as {', '.join(found)}; --dtype gives them another type"
    told = (*source.findings, note("MV007", message))
    return replace(source, findings=told), [parse_dtype(one) for one in found]


def named_graph(
    text: str,
    sizes: list[str] | None,
    dtypes: list[str] | None,
    mode: Mode = "eval",
    execution: Execution = "auto",
    method: str = "forward",
    timed: bool | Literal["backward"] = False,
    dims: list[str] | None = None,
) -> tuple[ModelGraph, TraceError | None]:
    """The graph of the model that ``text`` names, up to the failure if its forward failed.

    ``dims`` are names for the sizes of its inputs, which its shapes then have.
    """
    source, inputs = named_source(text, sizes, dtypes)
    from .graph import ModelGraph
    from .sources.forward import Forward, run
    from .sources.offline import offline

    known = source.model
    if timed and not (isinstance(known, ModelGraph) and (known.measures or known.total_seconds)):
        runnable(source, text, "no time to measure")
    forward = Forward(inputs, execution, mode, method, timed)
    with progress(f"Tracing {text}"), offline(text):
        done = run(source, forward)
    if not dims or done.error is not None:
        return done.graph, done.error
    from .growth.named_shapes import name_shapes
    from .parsing import parse_dims

    model = source.model
    if done.graph.execution == "real" and source.with_weights is not None:
        model = source.with_weights()
    if inputs is None:
        inputs = {} if source.inputs is None else {"input_data": source.inputs}
    choices: dict[str, Any] = {"mode": mode, "execution": execution, "method": method}
    with progress(f"Naming the shapes of {text}"), offline(text):
        named = name_shapes(done.graph, model, dims=parse_dims(dims), **inputs, **choices)
    return named, None
