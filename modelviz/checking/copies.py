"""Runs of the forward on a copy of the model, so that nothing of the user's can change."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from ..graph import ModelGraph, Tensor
from ..tracing.distributed_internals import alone_in_forward
from ..tracing.forward import run_forward
from ..tracing.guard import Guard, quiet_process, set_mode
from ..tracing.inputs import Inputs, inputs_of
from ..tracing.members import callee
from ..tracing.modules import held, walk
from ..tracing.results import result_tensors
from ..tracing.structure import tensors
from ..tracing.threads import threads_in_turn
from ..tracing.twins import twin_of

MAX_BYTES = 2 * 2**30
"""Most bytes of weights, and of activations, of a model that is copied and run."""
MAX_FLOPS = 500 * 10**9
"""Most FLOPs of a forward that is run: some seconds on one core."""

_WAYS_TO_COPY = (
    *("__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"),
    *("__setattr__", "train"),
)


class CannotRun(Exception):
    """The model cannot be run for real on a copy; the message says why."""


def may_run(graph: ModelGraph) -> None:
    """Raise CannotRun for a forward that has no data, or that takes too much to be run aside."""
    if graph.failure is not None:
        raise CannotRun("the forward fails")
    if any(_is_elsewhere(tensor) for tensor in graph.tensors):
        raise CannotRun("the model is not on the CPU")
    held = graph.total_param_bytes + sum(op.bytes_written for op in graph.ops)
    if held > MAX_BYTES or graph.total_flops > MAX_FLOPS:
        raise CannotRun("the model is too large to be run aside")


def _is_elsewhere(tensor: Tensor) -> bool:
    """Whether a tensor is on a device that may not be there, or should have data and has none."""
    # What the forward itself makes without data, as a template for functional_call, needs none.
    given = tensor.kind in ("input", "parameter", "buffer")
    return tensor.device not in ("cpu", "meta") or (given and tensor.device == "meta")


def _copies_itself(model: nn.Module) -> bool:
    """Whether a class of the model, and not of PyTorch's, has its own way to be copied or set."""
    kinds: set[Any] = {type(module) for _, module in walk(model)}
    return any(
        getattr(kind, name, None) is not getattr(nn.Module, name, None)
        for kind in kinds
        if not kind.__module__.startswith("torch.")
        for name in _WAYS_TO_COPY
    )


def model_copy(model: nn.Module, mode: str | None) -> nn.Module:
    """A copy with weights of its own, in the mode. Raises CannotRun."""
    # Code of the model's own that runs then may count copies or attributes in its class.
    guard = Guard((model,) if _copies_itself(model) else ())
    guard.begin()
    try:
        twin = twin_of(model, {})
        set_mode(twin, mode)
    except Exception as error:
        raise CannotRun(f"the model cannot be copied ({type(error).__name__}: {error})") from error
    finally:
        guard.restore()
    return twin


def real_inputs(model: nn.Module, arguments: Mapping[str, Any]) -> Inputs:
    """The arguments of ``trace`` as a call, with tensors of its own. Raises InputError."""
    return copied(inputs_of(model, arguments))


def copied(inputs: Inputs) -> Inputs:
    """The same arguments, to be changed at will."""
    apart = inputs.mapped(lambda tensor: tensor.detach())
    # PyTorch has no deep copy of a nested tensor.
    nested = [tensor for tensor in tensors((apart.args, apart.kwargs)) if tensor.is_nested]
    return copy.deepcopy(apart, {id(tensor): tensor.clone() for tensor in nested})


def called(model: nn.Module, method: str, *calls: Inputs) -> list[torch.Tensor]:
    """The tensors in what the method returns, run with the same random numbers each time.

    Of several calls, one after the other, it is what the last returns. What they change is put
    back at the end.
    """
    function = callee(model, method)
    # The copy has tensors of its own, but shares its class, generators and globals with the model.
    own = [(inputs.args, inputs.kwargs) for inputs in calls]
    guard = Guard((model, own))
    alone = alone_in_forward([module for _, module in walk(model)])
    with quiet_process(), alone, threads_in_turn():
        guard.begin()
        try:
            weights = held(walk(model))
            given = {id(tensor) for tensor in (*weights, *tensors(own))}
            for inputs in calls:
                torch.manual_seed(0)
                result = run_forward(function, inputs)
            # What it returns may be an input or a buffer that it wrote into, which is put back.
            return [t.clone() if id(t) in given else t for t in result_tensors(result)]
        finally:
            guard.restore()
