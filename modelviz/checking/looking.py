"""A model as the rules look at it: traced, with other batches, and run aside where it may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from ..errors import InputError, TraceError
from ..graph import ModelGraph
from ..tracing import trace
from ..tracing.modules import NamedModule, uncompiled, walk
from ..tracing.state.locks import locks_remembered
from .batches import other_batches
from .copies import CannotRun, may_run, model_copy, real_inputs
from .hidden import hidden_parts, slips
from .losses import loss_name
from .mentions import drawing, mentioned
from .mixing import Mixing, find_mixing
from .rule import NEEDS
from .samples import Batches, has_batch
from .subject import Subject, cut_off_parameters, idle_parameters, reached_parameters
from .watched import Watched
from .watching import watch
from .weights import weight_figures


@locks_remembered()
def look_at(
    model: nn.Module,
    arguments: Mapping[str, Any],
    options: Mapping[str, Any],
    wanted: set[str],
    loss: Any,
) -> tuple[Subject, dict[str, str]]:
    """The model as rules look at it, and why what is not known is not."""
    graph, arguments = _traced(model, arguments, options)
    places = list(walk(uncompiled(model)))
    subject = Subject(
        graph,
        modes={path: module.training for path, module in places},
        weights=weight_figures(places) if "weights" in wanted else None,
        loss=loss_name(loss),
        hidden=hidden_parts(places),
        slips=slips(places),
        mentioned=mentioned(places, options["method"]),
        drawing=drawing(places, options["method"]),
        kept_in_evaluation=_kept_in_evaluation(model, places) if "modes" in wanted else frozenset(),
    )
    if graph.execution == "none":
        return subject, {need: NEEDS["forward"] for need in ("batch", "run", "mixing")}
    if options["mode"] == "eval" and idle_parameters(subject):
        training = _reached_in_training(model, arguments, options)
        subject = replace(subject, used_in_training=training)
    if not wanted.isdisjoint(("batch", "mixing")):
        subject = replace(subject, batches=other_batches(model, graph, arguments, options))
    aside = _Aside(model, places, graph, arguments, options["mode"], options["method"])
    if "run" in wanted:
        subject = aside.watched(subject)
    if "mixing" in wanted:
        subject = replace(subject, mixing=aside.mixing(subject.batches))
    return subject, aside.reasons


@dataclass(frozen=True)
class _Aside:
    """Runs a copy of a model. ``reasons`` say why what is not known is not."""

    model: nn.Module
    places: list[NamedModule]
    graph: ModelGraph
    arguments: Mapping[str, Any]
    mode: str | None
    method: str
    reasons: dict[str, str] = field(default_factory=dict)

    def watched(self, subject: Subject) -> Subject:
        """The subject with what a watched run shows."""
        seen = self._tried("run", lambda: self._watch(self.mode))
        if self.mode == "eval" and seen is not None and seen.carried:
            # A cache for evaluation alone is not what gradients go back into.
            training = self._in_training()
            seen = replace(seen, carried=training.carried if training is not None else ())
        subject = replace(subject, watched=seen)
        if self.mode == "eval" and cut_off_parameters(subject):
            # Training is what gradients are for: a model may well do without them in evaluation.
            training = self._in_training()
            if training is not None:
                reached = seen.reached | training.reached
                subject = replace(subject, watched=replace(seen, reached=reached))
        return subject

    def mixing(self, batches: Batches | None) -> Mixing | None:
        """How samples of one batch depend on each other; None where that is not known."""
        if self.mode != "eval":
            self.reasons["mixing"] = "in training mode samples may depend on each other"
            return None
        self.reasons["mixing"] = "the outputs hold no samples that could be told apart"
        found: Mixing | None = self._tried("mixing", lambda: self._mix(batches))
        return found

    def _watch(self, mode: str | None) -> Watched:
        twin = model_copy(self.model, mode)
        copies = list(walk(uncompiled(twin)))
        inputs = real_inputs(twin, self.arguments)
        return watch(twin, copies, self.places, self.method, inputs)

    def _in_training(self) -> Watched | None:
        found: Watched | None = self._tried(None, lambda: self._watch("train"))
        return found

    def _mix(self, batches: Batches | None) -> Mixing | None:
        if any(finding.code == "MV017" for finding in self.graph.findings):
            raise CannotRun("the model has no data")
        batch = _batch(batches, self.graph)
        if batch is None:
            return None
        outputs = [self.graph.tensors[tensor].shape for tensor in self.graph.outputs]
        return find_mixing(self.model, self.method, self.arguments, batch, self.mode, outputs)

    def _tried(self, need: str | None, look: Callable[[], Any]) -> Any:
        """What running the model aside shows; None where it cannot be run, which a need tells."""
        try:
            may_run(self.graph)
            return look()
        except CannotRun as error:
            why = str(error)
        except (TraceError, InputError):
            raise
        except Exception as error:
            # The traced forward ran, perhaps by shapes alone: what this one raised is the user's.
            why = f"a real forward raised {type(error).__name__}: {error}"
        if need is not None:
            self.reasons[need] = why
        return None


def _kept_in_evaluation(model: nn.Module, places: list[NamedModule]) -> frozenset[str]:
    """The modules that ``model.train()`` leaves in evaluation mode, by a method of its own."""
    if all(type(module).train is nn.Module.train for _, module in places):
        return frozenset()
    try:
        twin = model_copy(model, "train")
    except CannotRun:
        return frozenset()
    return frozenset(path for path, module in walk(uncompiled(twin)) if not module.training)


def _reached_in_training(
    model: nn.Module, arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> frozenset[str]:
    """The parameters on which an output depends in training mode, as those of auxiliary heads."""
    try:
        graph = trace(model, **arguments, **{**options, "mode": "train"})
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):
            raise
        return frozenset()  # the model is not for training with such inputs
    return reached_parameters(Subject(graph))


def _traced(
    model: nn.Module, arguments: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[ModelGraph, Mapping[str, Any]]:
    """The graph, and the arguments that gave it: proposed ones if none are given."""
    given = any(value is not None for name, value in arguments.items() if name != "dtypes")
    if given or options["method"] != "forward" or options["execution"] == "none":
        return trace(model, **arguments, **options), arguments
    from ..proposals.assumed import assume
    from ..proposals.trial import call_arguments

    assumed = assume(model, mode=options["mode"], execution=options["execution"])
    if assumed.graph.execution == "none":
        return assumed.graph, arguments
    return assumed.graph, call_arguments(model, assumed.proposals)


def _batch(batches: Batches | None, graph: ModelGraph) -> int | None:
    """The number of samples in the inputs, where the forward runs with another."""
    if batches is None or batches.failure is not None or not has_batch(graph):
        return None
    return next((graph.tensors[t].shape[0] for t in graph.inputs if graph.tensors[t].shape), None)
