"""``plan``: the memory of a training step or an inference, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import nn

from ..errors import InputError, ModelvizError
from ..graph import ModelGraph
from ..tracing import trace
from ..tracing.distributed_internals import refuse_wrapped
from ..tracing.modules import uncompiled, walk
from ..tracing.source import raised_at
from ..tracing.state.locks import locks_remembered
from ..unknown import no_model, options_told_apart
from .build import Subject, run
from .copies import is_distributed, parameters
from .optimizers import made_by, parts_of
from .peak import find_peak
from .result import Plan
from .settings import make_settings
from .sizes import size_of


@locks_remembered()
def plan(
    model: nn.Module,
    input_size: Any = None,
    input_data: Any = None,
    *,
    optimizer: Any = "adamw",
    precision: Any = "float32",
    loss: Any = None,
    target: Any = None,
    checkpoint: Sequence[str] | str = (),
    freeze: Sequence[str] | str = (),
    lora: Sequence[str] | str = (),
    lora_rank: int = 8,
    accumulate: int = 1,
    decode: bool = False,
    device: Any = "cpu",
    mesh: Any = None,
    parallelize: Any = None,
    links: Any = None,
    dtypes: Sequence[torch.dtype] | None = None,
    batch_dim: int | None = None,
    mode: str | None = None,
    method: str = "forward",
    **kwargs: Any,
) -> Plan:
    """The memory that a training step of ``model`` takes, or an inference, and how long it is.

    The arguments of the forward are those of ``trace``. The step (forward, loss, backward,
    optimizer) runs on tensors that have shapes and no data, so that a model on ``meta`` or larger
    than this machine is planned as well. Nothing of the model changes.

    ``optimizer`` is a name (``"sgd"``, ``"sgd-momentum"``, ``"adam"``, ``"adamw"``,
    ``"adafactor"``, ``"adamw8bit"``, any class of ``torch.optim`` in small letters), a class, an
    optimizer, or a list of some, whose settings are taken and which work on their own parameters
    where these are the model's, a function of the parameters, or None to plan an inference.
    ``precision`` is ``"float32"`` (weights stay in the dtype they have), ``"bfloat16"`` or
    ``"float16"`` (all weights in it), ``"bf16-mixed"`` or ``"fp16-mixed"`` (autocast), or what
    Lightning and accelerate call these (``"16-mixed"``, ``"bf16-true"``).
    ``loss`` takes the output, or the output and ``target``: a function, a loss module, or a name of
    ``torch.nn.functional``; without it, the ``loss`` that the output has, or the mean of its
    ``logits``, or the sum of the means of its floating-point tensors. ``checkpoint`` are globs of
    the modules that are computed again in the backward pass, ``freeze`` globs of what is frozen,
    ``lora`` globs of the linear layers that get an adapter of rank ``lora_rank``, everything else
    being frozen. ``accumulate`` is the number of forward and backward passes of a step. ``decode``
    plans the next token of a language model after its inputs, with the cache of all of them, which
    the model itself makes. ``device`` is ``"cpu"``, a GPU (``"H100"``;
    ``modelviz.planning.DEVICES`` has all), or bytes (``"24GB"``).

    ``mesh`` plans one of many devices: its axes with their sizes, ``{"dp": 64, "tp": 8}``. ``dp``
    (or ``fsdp``, ``dp_shard``) shards parameters, gradients and optimizer with ``fully_shard``, a
    unit for each block; ``dp_replicate`` repeats that; ``tp`` splits layers with
    ``parallelize_module``, those that the graph shows to belong together. ``parallelize``, a
    function of the model and PyTorch's ``DeviceMesh``, does it another way. The inputs are those
    of one device; ``plan.shards`` and ``plan.collectives`` say what it has and what it sends.
    ``links`` are the bytes that a device sends in a second, ``"50GB"`` or by axis
    (``{"dp": "50GB", "tp": "450GB"}``), in place of those of the device's links in one machine;
    ``plan.send_seconds`` is the bound by them.

    The step is a function of its own: what the forward returned and the loss are held until the
    step is over, gradients are freed at its end (``zero_grad``).

    Raises InputError for arguments that cannot be used, and TraceError when the forward fails.
    """
    if not isinstance(model, nn.Module):
        raise InputError(f"plan runs a step of a torch.nn.Module, got {no_model(model)}")
    refuse_wrapped(walk(uncompiled(model)))
    optimizer = made_by(optimizer)
    settings = make_settings(
        optimizer=optimizer,
        precision=precision,
        device=device,
        mode=mode,
        checkpoint=checkpoint,
        freeze=freeze,
        lora=lora,
        lora_rank=lora_rank,
        accumulate=accumulate,
        mesh=mesh,
        parallelize=parallelize,
        links=links,
        loss=loss,
        target=target,
        method=method,
        decode=decode,
    )
    arguments: Mapping[str, Any] = {
        "input_size": input_size,
        "input_data": input_data,
        "dtypes": dtypes,
        "batch_dim": batch_dim,
        **kwargs,
    }
    if settings.mesh is not None and is_distributed(model):
        raise InputError(
            f"mesh={dict(settings.mesh.axes)}: the model is distributed already, and is planned as "
            "it is: leave out mesh=, or give the model as it was before"
        )
    settings = replace(settings, parts=parts_of(optimizer, parameters(uncompiled(model))))
    with options_told_apart(plan, kwargs):
        graph, arguments = _traced(model, arguments, settings.mode, method)
    subject = Subject(model, arguments, settings, graph=graph)
    return make_plan(subject, graph)


def make_plan(subject: Subject, graph: ModelGraph | None = None) -> Plan:
    """The plan of what is described. ``graph`` is that of the forward, where it was traced."""
    settings = subject.settings
    try:
        outcome = run(subject)
    except ModelvizError:
        raise
    except Exception as error:
        spread = settings.mesh.applied if settings.mesh is not None else ""
        as_spread = f", spread by parallelize={spread}," if spread else ""
        what = "step" if settings.factory is not None else "inference (under torch.no_grad)"
        file, line = raised_at(error)
        place = "" if file is None else f"\n  at {file}:{line}"
        raise InputError(
            f"the {what} of {type(subject.model).__name__}{as_spread} fails: "
            f"{type(error).__name__}: {error}{place}"
        ) from error
    inputs = subject.inputs(torch.device("meta"), True, lambda value: value)
    told = () if graph is None else graph.findings
    return Plan(
        name=type(subject.model).__name__,
        settings=settings,
        peak=find_peak(outcome.ran, settings.trains),
        work=outcome.ran.work,
        sizes={what: size_of(inputs, what) for what in ("batch", "seq")},
        findings=tuple(f for f in told if f.code in _TOLD) + outcome.findings,
        spread=outcome.spread,
        subject=subject,
        plan_of=make_plan,
    )


_TOLD = ("MV007", "MV018")
"""What a trace finds that a plan depends on as well."""


def _traced(
    model: nn.Module, arguments: Mapping[str, Any], mode: str, method: str
) -> tuple[ModelGraph, Mapping[str, Any]]:
    """The graph of the forward, and the arguments that gave it: proposed ones if none are given.

    Raises TraceError where the forward cannot run: then there is nothing to plan.
    """
    given = any(value is not None for name, value in arguments.items() if name != "dtypes")
    # A real forward would send, and wait for others that may not be there.
    execution: Literal["fake", "auto"] = "fake" if is_distributed(model) else "auto"
    if given or method != "forward":
        graph = trace(model, **arguments, mode=mode, method=method, execution=execution)
        return graph, arguments
    from ..proposals.assumed import assume
    from ..proposals.trial import call_arguments

    assumed = assume(model, mode=mode, execution=execution)
    if assumed.graph.execution == "none":
        reason = next((f.message for f in assumed.graph.findings if f.code == "MV008"), "")
        raise InputError(f"a step needs inputs: {reason}")
    return assumed.graph, call_arguments(model, assumed.proposals)
