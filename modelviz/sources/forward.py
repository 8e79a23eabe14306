"""The forward of a source: with the inputs that were given, came with it, or can be proposed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import torch

from ..errors import TraceError
from ..findings import note
from ..graph import ModelGraph
from ..proposals import InputProposal
from ..proposals.search import search
from ..proposals.trial import call_arguments, fake_trial
from ..tracing import trace
from ..tracing.inputs import model_device
from .base import Source, Tell

if TYPE_CHECKING:
    from torch import nn

MAX_WEIGHTS = 4 * 2**30
"""Bytes of weights up to which a model is made with them when fake tensors are not enough."""

WEIGHTS_NOTE = "made with random weights, since the forward looks at values"
NO_INPUTS_NOTE = "no inputs could be guessed for the forward, so it was not run: give their shapes"


@dataclass(frozen=True, slots=True)
class Forward:
    """How to run it. ``inputs`` are arguments of ``modelviz.trace``; None: none were given."""

    inputs: Mapping[str, Any] | None = None
    execution: Literal["auto", "fake", "real"] = "auto"
    mode: Literal["train", "eval"] = "eval"
    method: str = "forward"
    timed: bool = False

    @property
    def computes(self) -> bool:
        """Whether values are needed, not shapes alone."""
        return self.execution == "real" or self.timed


@dataclass(frozen=True, slots=True)
class Done:
    """The graph, up to the failure if there was one, and the inputs that were proposed."""

    graph: ModelGraph
    error: TraceError | None = None
    proposals: tuple[InputProposal, ...] = ()


def run(
    source: Source, forward: Forward, tell: Tell = lambda stage: None, *, propose: bool = True
) -> Done:
    """The graph of the source's forward. Raises InputError for inputs that cannot be used.

    Without inputs, those of the source are taken, then those that can be proposed; with neither,
    or without ``propose``, no forward is run.
    """
    done = _run(source, forward, tell, propose)
    findings = source.findings
    if done.proposals and done.graph.execution != "none":
        message = "the inputs are a proposal: " + "; ".join(map(_described, done.proposals))
        findings += (note("MV007", message),)
    if not findings:
        return done
    return replace(done, graph=replace(done.graph, findings=(*findings, *done.graph.findings)))


def _described(proposal: InputProposal) -> str:
    return f"{proposal.name} {list(proposal.shape)} {proposal.dtype} ({proposal.why})"


def _run(source: Source, forward: Forward, tell: Tell, propose: bool) -> Done:
    if isinstance(source.model, ModelGraph):
        return Done(source.model)
    model = source.model
    if forward.computes and source.with_weights is not None:
        tell("Making the weights")
        model = source.with_weights()
    if forward.inputs is not None:
        return _traced(source, model, forward.inputs, forward, tell)
    if source.inputs is not None:
        return _traced(source, model, {"input_data": source.inputs}, forward, tell)
    if not propose or forward.method != "forward":
        return Done(trace(model, mode=forward.mode))
    tell("Finding inputs")
    found = search(model, fake_trial(model, forward.mode))
    if not found.inputs:
        graph = trace(model, mode=forward.mode)
        return Done(replace(graph, findings=(*graph.findings, note("MV008", NO_INPUTS_NOTE))))
    if found.error is None and found.graph is not None and not forward.computes:
        return Done(found.graph, None, found.inputs)
    done = _traced(source, model, call_arguments(model, found.inputs), forward, tell)
    return replace(done, proposals=found.inputs)


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
    findings = (note("MV009", WEIGHTS_NOTE), *second.graph.findings)
    return replace(second, graph=replace(second.graph, findings=findings))


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
