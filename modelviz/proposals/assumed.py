"""The graph of a forward for which no inputs were given: with the first that run, and saying so."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from torch import nn

from ..errors import TraceError
from ..explaining.explain import explain
from ..findings import note
from ..tracing.members import is_container
from ..tracing.state.locks import locks_remembered
from .arguments import needed
from .guess import argument
from .proposal import InputProposal
from .proposing import found_inputs
from .slices import calls_itself
from .trial import MAX_WEIGHTS, call_arguments

if TYPE_CHECKING:
    from ..graph import Finding, ModelGraph

_NO_ATTRIBUTE = re.compile(
    r"'(?:(?:Fake)?Tensor|int|float|bool|str|list|Row)' object has no attribute '(\w+)'"
)
_GIVE = "give yours as input_size or input_data, or --input-size on the command line"


@dataclass(frozen=True, slots=True)
class Assumed:
    """The graph, of the modules alone where no inputs ran, and the likeliest inputs.

    ``values_needed`` says that the inputs are right, but the forward looks at values, which the
    model has not or which would be too much to compute for a guess.
    """

    graph: ModelGraph
    proposals: tuple[InputProposal, ...] = ()
    values_needed: bool = False


@locks_remembered()
def assume(
    model: nn.Module,
    *,
    mode: str | None = None,
    execution: Any = "auto",
    or_evaluated: bool = False,
    **choices: Any,
) -> Assumed:
    """The graph of a forward with proposed inputs; ``choices`` are those of ``modelviz.trace``.

    Inputs are looked for on fake tensors. The graph has a finding that says which were taken, or
    why none were. ``or_evaluated``: where none run in the mode that the model is in, which is that
    of training, they are looked for in evaluation mode, since training may take targets as well.
    """
    from ..tracing.given import trace_given

    def alone(reason: str, values_needed: bool = False) -> Assumed:
        graph = trace_given(model, mode=mode, execution="none", device=choices.get("device"))
        finding = _none_ran(reason, found.inputs)
        graph = replace(graph, findings=(finding, *graph.findings))
        return Assumed(graph, found.inputs, values_needed)

    if (missing := _without_forward(model)) is not None:
        graph = trace_given(model, mode=mode, execution="none", device=choices.get("device"))
        return Assumed(replace(graph, findings=(missing, *graph.findings)))
    found, evaluated = found_inputs(model, mode), False
    if found.graph is None and or_evaluated and mode is None and model.training:
        other = found_inputs(model, "eval")
        if other.graph is not None:
            found, mode, evaluated = other, "eval", True
    if found.graph is None:
        foreign = _foreign(found.error) or _tree(model)
        if foreign is not None:
            found = replace(found, inputs=())
        return alone(foreign or _why(found.error))
    plain = execution in ("auto", "fake") and not any(choices.values())
    if found.error is None and plain:
        graph = found.graph
    else:
        looks_at_values = found.error is not None
        if looks_at_values and found.graph.total_param_bytes > MAX_WEIGHTS:
            return alone("the forward looks at values, and the model is large", True)
        try:
            arguments = call_arguments(model, found.inputs)
            graph = trace_given(model, **arguments, mode=mode, execution=execution, **choices)
        except TraceError as error:
            if not isinstance(error.__cause__, Exception):  # interrupted
                raise
            return alone(_why(error), looks_at_values)
    if not found.inputs:
        return Assumed(graph)
    taken = _taken(found.inputs, evaluated)
    return Assumed(replace(graph, findings=(taken, *graph.findings)), found.inputs)


def _without_forward(model: nn.Module) -> Finding | None:
    """That the model has no forward, and what to do; None where it has one."""
    if not is_container(model):
        return None
    from ..tracing.given import trace_given

    try:
        trace_given(model, input_data=())
    except TraceError as error:
        explained = explain(error.graph)
        remedies = () if explained is None else explained.remedies
        told = "".join(f": {remedy}" for remedy in remedies[:1])
        message = f"these are the modules alone, since {type(model).__name__} has no forward to run"
        return note("MV008", f"{message}{told}", hint="; ".join(remedies))
    return None


def _taken(proposals: Sequence[InputProposal], evaluated: bool) -> Finding:
    listed = "; ".join(map(str, proposals))
    listed += ", in evaluation mode, since none ran in training mode" if evaluated else ""
    message = f"no inputs were given; the inputs are a proposal: {listed}; {_GIVE}"
    return note("MV007", message, hint=_as_arguments(proposals))


def _none_ran(reason: str, proposals: Sequence[InputProposal]) -> Finding:
    tried = f"; the likeliest, {'; '.join(map(str, proposals))}, did not: {reason}"
    tried = tried if proposals else f": {reason}"
    message = "no inputs were given, and none that could be guessed ran, so these are the modules"
    return note("MV008", f"{message} alone{tried}; {_GIVE}", hint=_as_arguments(proposals))


def not_proposed(method: str, needed: Sequence[str]) -> Finding:
    """Says that ``method``, which is not the forward, did not run without these arguments."""
    message = f"no inputs were given for {method}({', '.join(needed)}), and they are proposed for"
    return note("MV008", f"{message} forward alone, so these are the modules alone; {_GIVE}")


def _why(error: TraceError | None) -> str:
    if error is None:
        return "nothing says what the forward takes"
    return str(error).partition("\n")[0]


def _foreign(error: TraceError | None) -> str | None:
    """That the forward takes something else than a tensor; None where its failure says not so."""
    failure = None if error is None else error.graph.failure
    found = None if failure is None else _NO_ATTRIBUTE.search(failure.message)
    if failure is None or found is None or failure.op is not None:
        return None
    source = dict(failure.facts).get("source", "")
    owner = re.search(rf"([A-Za-z_]\w*)\.{found[1]}\b", source)
    of = owner[1] if owner is not None else "an input"
    return (
        f"the forward reads {found[1]!r} of {of}, which no tensor has, so give an object that does"
    )


def _tree(model: nn.Module) -> str | None:
    """That the forward takes a tree; None where nothing says so."""
    if not calls_itself(model):
        return None
    first = next(iter(needed(model)), "its argument")
    return f"the forward calls itself, as on parts of {first}, so give a tree of what it takes"


def _as_arguments(proposals: Sequence[InputProposal]) -> str:
    """The proposals as they would be written, to change from there."""
    whole = all(argument(p.name) == p.name and p.value is None for p in proposals)
    if not proposals or not whole:
        return "input_data=[...] with the arguments of the forward, or a dict of them by name"
    sizes = ", ".join(str(p.shape) for p in proposals)
    if all(p.dtype == "float32" for p in proposals):
        return f"input_size={sizes}" if len(proposals) == 1 else f"input_size=[{sizes}]"
    types = ", ".join(f"torch.{p.dtype}" for p in proposals)
    return f"input_size=[{sizes}], dtypes=[{types}]"
