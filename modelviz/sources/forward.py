"""The forward of a source: with the inputs that were given, came with it, or can be proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn

from ..errors import TraceError
from ..findings import note
from ..graph import ModelGraph
from ..tracing import trace
from ..tracing.inputs import model_device
from .base import Source, Tell

if TYPE_CHECKING:
    from ..proposals import InputProposal
    from ..proposals.assumed import Assumed

MAX_WEIGHTS = 4 * 2**30
"""Bytes of weights up to which a model is made with them when fake tensors are not enough."""

WEIGHTS_NOTE = "made with random weights, since the forward looks at values"


@dataclass(frozen=True, slots=True)
class Forward:
    """How to run it.

    ``inputs`` are arguments of ``modelviz.trace``; None: none were given, and empty: none is run.
    """

    inputs: Mapping[str, Any] | None = None
    execution: Literal["auto", "fake", "real", "none"] = "auto"
    mode: Literal["train", "eval"] = "eval"
    method: str = "forward"
    timed: bool | Literal["backward"] = False

    @property
    def computes(self) -> bool:
        """Whether values are needed, not shapes alone."""
        return self.execution == "real" or bool(self.timed)


@dataclass(frozen=True, slots=True)
class Done:
    """The graph, up to the failure if there was one, and the inputs that were proposed."""

    graph: ModelGraph
    error: TraceError | None = None
    proposals: tuple[InputProposal, ...] = ()


def run(
    source: Source,
    forward: Forward,
    tell: Tell = lambda stage: None,
    *,
    show_failure: bool = False,
) -> Done:
    """The graph of the source's forward. Raises InputError for inputs that cannot be used.

    Without inputs, those of the source are taken, then those that can be proposed; where neither
    run, the graph is that of the modules alone, or with ``show_failure`` that of the likeliest
    inputs up to where they failed.
    """
    done = _run(source, forward, tell)
    tried = done.graph.execution == "none" and done.proposals and show_failure
    if tried and isinstance(source.model, nn.Module):
        from ..proposals.trial import call_arguments

        inputs = call_arguments(source.model, done.proposals)
        failed = _traced(source, source.model, inputs, forward, tell)
        done = replace(failed, proposals=done.proposals)
    if not source.findings:
        return done
    findings = (*source.findings, *done.graph.findings)
    return replace(done, graph=replace(done.graph, findings=findings))


def _run(source: Source, forward: Forward, tell: Tell) -> Done:
    if isinstance(source.model, ModelGraph):
        return Done(source.model)
    model = source.model
    if forward.computes and source.with_weights is not None:
        tell("Making the weights")
        model = source.with_weights()
    if forward.execution == "none" or (forward.inputs is not None and not forward.inputs):
        return Done(trace(model, mode=forward.mode, execution="none"))
    if forward.inputs is not None:
        return _traced(source, model, forward.inputs, forward, tell)
    if source.inputs is not None:
        return _traced(source, model, {"input_data": source.inputs}, forward, tell)
    if forward.method != "forward":
        return _traced(source, model, {}, forward, tell)
    tell("Finding inputs")
    assumed = _assumed(model, forward)
    small = assumed.graph.total_param_bytes <= MAX_WEIGHTS
    if assumed.values_needed and source.with_weights is not None and small:
        tell("Making the weights")
        second = _assumed(source.with_weights(), forward)
        return Done(_weighted(second.graph), None, second.proposals)
    return Done(assumed.graph, None, assumed.proposals)


def _assumed(model: nn.Module, forward: Forward) -> Assumed:
    from ..proposals.assumed import assume  # many modules, for what came without inputs

    return assume(model, mode=forward.mode, execution=forward.execution, timed=forward.timed)


def _weighted(graph: ModelGraph) -> ModelGraph:
    return replace(graph, findings=(note("MV009", WEIGHTS_NOTE), *graph.findings))


def _traced(
    source: Source, model: nn.Module, inputs: Mapping[str, Any], forward: Forward, tell: Tell
) -> Done:
    """The graph of the forward, with weights if it turns out to need them."""
    first = _forward(model, inputs, forward, tell)
    if first.error is None or forward.execution != "auto" or model is not source.model:
        return first
    if source.with_weights is None or first.graph.total_param_bytes > MAX_WEIGHTS:
        return first
    tell("Making the weights")
    second = _forward(source.with_weights(), inputs, forward, tell)
    return replace(second, graph=_weighted(second.graph))


def _forward(model: nn.Module, inputs: Mapping[str, Any], forward: Forward, tell: Tell) -> Done:
    tell("Running the forward")
    try:
        return Done(
            trace(
                model,
                **_held(inputs, model),
                execution=forward.execution,
                mode=forward.mode,
                method=forward.method,
                timed=forward.timed,
            )
        )
    except TraceError as error:
        return Done(error.graph, error)


def _held(inputs: Mapping[str, Any], model: nn.Module) -> dict[str, Any]:
    """The inputs, with values if they were made without any and the model has weights."""
    device = model_device(model)

    def held(value: Any) -> Any:
        without = isinstance(value, torch.Tensor) and value.is_meta and device.type != "meta"
        return torch.zeros_like(value, device=device) if without else value

    return {name: held(value) for name, value in inputs.items()}
