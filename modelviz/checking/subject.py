"""What a rule is given to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..analysis.sight import Sight, sight_of
from ..graph import ModelGraph, Module, Op
from .flow import Flow

if TYPE_CHECKING:  # they run models, and import torch
    from .hidden import Hidden, Slip
    from .mixing import Mixing
    from .samples import Batches
    from .watched import Watched
    from .weights import WeightFigures

_HELD = ("parameter", "buffer")
"""Kinds of tensors that hold weights: packed ones are in buffers."""


@dataclass(frozen=True)
class Subject:
    """A model as its graph, and what was found out about it beside; None: not known.

    ``modes`` are the training flags of the modules as the model was given, by path. ``loss`` is
    the name of the loss that the output goes into.
    ``hidden`` are modules and parameters in plain containers, ``slips`` flags that freeze
    nothing. ``used_in_training`` are parameters on which an output depends in training mode,
    whether they are used in evaluation or not.
    ``kept_in_evaluation`` are modules that ``model.train()`` leaves in evaluation mode.
    ``mentioned`` are modules and parameters, by path, of which the forward's code speaks;
    ``drawing`` the modules whose forwards speak of random numbers that Python draws.
    """

    graph: ModelGraph
    batches: Batches | None = None
    watched: Watched | None = None
    mixing: Mixing | None = None
    weights: Mapping[str, WeightFigures] | None = None
    modes: Mapping[str, bool] | None = None
    loss: str | None = None
    hidden: tuple[Hidden, ...] = ()
    slips: tuple[Slip, ...] = ()
    used_in_training: frozenset[str] = frozenset()
    kept_in_evaluation: frozenset[str] = frozenset()
    mentioned: frozenset[str] = frozenset()
    drawing: frozenset[str] = frozenset()

    @cached_property
    def flow(self) -> Flow:
        """The flow of data in the graph."""
        return Flow(self.graph)

    @cached_property
    def called(self) -> frozenset[str]:
        """The first paths of the modules that were called."""
        return frozenset(call.module for call in self.graph.calls)

    @cached_property
    def read_parameters(self) -> frozenset[str]:
        """The first paths of the parameters and buffers that an op read."""
        tensors = self.graph.tensors
        return frozenset(
            str(tensors[tensor].name)
            for op in self.graph.ops
            for tensor in op.inputs
            if tensors[tensor].kind in _HELD
        )

    @cached_property
    def written_memory(self) -> frozenset[int]:
        """The storages that were there before the forward, and that it wrote into."""
        graph = self.graph
        return frozenset(
            graph.tensors[tensor].storage
            for op in graph.ops
            if op.in_place
            for tensor in op.outputs
            if graph.storages[graph.tensors[tensor].storage].born is None
        )

    @cached_property
    def written(self) -> frozenset[str]:
        """The first paths of the parameters that the forward wrote into, or gave other data.

        One of the latter was met by the forward, though nothing read what it held before.
        """
        graph = self.graph
        read = {*graph.outputs, *(tensor for op in graph.ops for tensor in op.inputs)}
        return frozenset(
            str(tensor.name)
            for tensor in graph.tensors
            if tensor.kind in _HELD
            and (tensor.storage in self.written_memory or tensor.id not in read)
        )

    @cached_property
    def weighted_ops(self) -> tuple[Op, ...]:
        """The ops that read parameters."""
        return tuple(op for op in self.graph.ops if self.flow.weights(op))

    @cached_property
    def sight(self) -> Sight:
        """How far the graph saw: what it does not show may have happened out of its sight."""
        return sight_of(self.graph)

    @property
    def all_is_seen(self) -> bool:
        """Whether what is not seen to be used is not used."""
        return self.graph.failure is None and self.sight.reads_known

    def module(self, path: str) -> Module:
        """The module at a path."""
        return self.graph.module(path)

    def class_of(self, path: str) -> str:
        """The class of the module at a path."""
        return self.graph.module(path).class_name

    def has(self, need: str) -> bool:
        """Whether what a rule needs is known."""
        known = {
            "forward": self.graph.execution != "none",
            "batch": self.batches is not None,
            "run": self.watched is not None,
            "mixing": self.mixing is not None,
            "weights": self.weights is not None,
            "modes": self.modes is not None,
            "loss": self.loss is not None,
        }
        return known[need]


def reached_parameters(subject: Subject) -> frozenset[str]:
    """The first paths of the parameters on which an output depends."""
    return _parameters_in(subject, subject.flow.reaching)


def _parameters_in(subject: Subject, tensors: frozenset[int]) -> frozenset[str]:
    # One that the forward writes into, as where it starts from the first data, is that afterwards.
    graph = subject.graph
    memory = {graph.tensors[tensor].storage for tensor in tensors}
    return frozenset(
        str(tensor.name)
        for tensor in graph.tensors
        if tensor.kind in _HELD and (tensor.id in tensors or tensor.storage in memory)
    )


def cut_off_parameters(subject: Subject) -> frozenset[str]:
    """The trainable parameters that decide an output, and that no gradient reached."""
    watched = subject.watched
    if watched is None:
        return frozenset()
    deciding = _parameters_in(subject, subject.flow.deciding)
    # A forward that drops layers at random may have dropped others when it was watched.
    return (deciding & watched.met & trainable_parameters(subject)) - watched.reached


def trainable_parameters(subject: Subject) -> frozenset[str]:
    """The first paths of the parameters that ask for a gradient."""
    return frozenset(name for name, p in subject.graph.unique_parameters() if p.trainable)


def idle_parameters(subject: Subject) -> frozenset[str]:
    """The first paths of the parameters on which no output depends."""
    names = {name for name, p in subject.graph.unique_parameters() if p.numel}
    return frozenset(names - reached_parameters(subject))
