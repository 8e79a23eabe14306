"""A model and its inputs to the notebook of its step: on fake tensors, or on a real copy."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
from torch import nn

from ..checking.copies import MAX_BYTES, CannotRun, copied, may_run, model_copy
from ..collecting import collection_paused
from ..errors import InputError
from ..findings import note
from ..graph import Finding, ModelGraph
from ..graph.records import BACKWARD
from ..tracing.depth import deeper_recursion
from ..tracing.distributed_internals import is_fsdp
from ..tracing.fake_internals import known_values_pass, swaps_followed
from ..tracing.forward import run_forward
from ..tracing.guard import Guard, quiet_process, set_mode
from ..tracing.inputs import Inputs, inputs_of
from ..tracing.interrupts import interrupts_wait
from ..tracing.members import callee
from ..tracing.missing import value_needed
from ..tracing.modules import held, uncompiled, walk
from ..tracing.no_compiler import FakeMode, LightConverter, without_compiler
from ..tracing.torch_internals import sparse_parts
from .changes import adapted, checkpointed, freeze
from .copies import Fakes, ValuesUnknown, fake_copy, is_distributed, parameters
from .mesh import Spread
from .packed import PackedWeights, packed_weights
from .settings import Settings
from .sizes import Dimension, resized
from .step import Ran, run_step
from .watch import ByShapes


@dataclass(frozen=True, slots=True)
class Subject:
    """What is planned: a model, the arguments of its forward as ``trace`` takes them, choices.

    ``graph`` is that of the forward, of which a plan over several devices learns what to split.
    """

    model: nn.Module
    arguments: Mapping[str, Any]
    settings: Settings
    sizes: Mapping[Dimension, int] = field(default_factory=dict)
    graph: ModelGraph | None = field(default=None, repr=False)

    def inputs(self, device: torch.device | None, empty: bool, fresh: Any) -> Inputs:
        """The call of the forward, in the sizes that are asked for."""
        made = inputs_of(self.model, self.arguments, device=device, empty=empty, fresh=fresh)
        return resized(made, self.sizes) if self.sizes else made


@dataclass(frozen=True, slots=True)
class Outcome:
    """The notebook of a step, what is worth telling of it, and how the model lies on devices."""

    ran: Ran
    findings: tuple[Finding, ...] = ()
    spread: Spread | None = None


def run(subject: Subject) -> Outcome:
    """The step's notebook. Raises InputError where the step cannot run."""
    roots = (subject.model, subject.arguments, subject.settings.loss, subject.settings.target)
    packed = packed_weights(uncompiled(subject.model))
    with ExitStack() as stack:
        switches = _memory_switches(subject.settings)
        stack.enter_context(interrupts_wait())
        stack.enter_context(quiet_process())
        switches()
        stack.enter_context(deeper_recursion())
        guard = Guard(roots)
        stack.callback(guard.end)
        guard.begin()
        try:
            return _on_fakes(subject, guard, packed)
        except InputError:
            raise
        except Exception as error:
            settings = subject.settings
            if not settings.trains and not settings.records and _takes_gradients(subject.graph):
                guard.rewind()
                stack.close()
                return run(replace(subject, settings=replace(settings, records=True)))
            reason = str(error) if isinstance(error, ValuesUnknown) else value_needed(error, None)
            if reason is None and isinstance(error, NotImplementedError) and packed.hidden:
                reason = f"a quantized kernel has no shape function ({_first_line(error)})"
            if reason is None and "NestedTensorImpl" in str(error):
                # As the fused layers of nn.TransformerEncoder make of a padding mask.
                reason = "nested tensors are made, whose sizes only their values tell"
            if reason is None and (_ran_for_real(subject) or _may_run(subject)):
                # A kernel may have no fake version, or a wrong one: data tells.
                reason = f"{type(error).__name__}: {_first_line(error)}"
            if reason is None:
                raise
            if subject.settings.mesh is not None:
                raise InputError(
                    f"a step over mesh={dict(subject.settings.mesh.axes)} runs on shapes alone, "
                    f"and this one cannot: {reason}; without mesh= it can run for real"
                ) from error
            guard.rewind()
            guard.begin()
            return _for_real(subject, guard, reason, packed)


def _ran_for_real(subject: Subject) -> bool:
    """Whether the forward alone has not run on fake tensors either."""
    return subject.graph is not None and subject.graph.execution == "real"


def _may_run(subject: Subject) -> bool:
    """Whether a step with data takes little: the forward is as it was traced, and small."""
    if subject.graph is None or subject.sizes or subject.settings.mesh is not None:
        return False
    try:
        may_run(subject.graph)
    except CannotRun:
        return False
    return True


def _takes_gradients(graph: ModelGraph | None) -> bool:
    """Whether the forward takes gradients itself, as forces from an energy."""
    return graph is not None and any(escape.how == BACKWARD for escape in graph.escapes)


def trace_at(
    subject: Subject, sizes: Mapping[Dimension, int], execution: Literal["auto", "fake"] = "fake"
) -> ModelGraph:
    """The graph of the forward, with inputs of other sizes. Raises TraceError."""
    from ..tracing import trace

    device = torch.device("cpu")
    other = replace(subject, sizes={**subject.sizes, **sizes})
    made = other.inputs(device, False, lambda value: value)
    settings = subject.settings
    return trace(
        subject.model,
        input_data=made.args,
        mode=settings.mode,
        method=settings.method,
        execution=execution,
        **made.kwargs,
    )


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". ")[0]


def _memory_switches(settings: Settings) -> Callable[[], None]:
    """Sets again as they are now what a trace switches off, and what a step's memory depends on.

    The fused layers of ``nn.TransformerEncoder`` have their formula for the CPU alone, and take no
    weights that are split.
    """
    cached = torch.is_autocast_cache_enabled()
    split = settings.mesh is not None and settings.mesh.axis("tensor") is not None
    fused = torch.backends.mha.get_fastpath_enabled() and not settings.device.is_gpu and not split

    def switch() -> None:
        torch.set_autocast_cache_enabled(cached)
        torch.backends.mha.set_fastpath_enabled(fused and not settings.trains)

    return switch


def _on_fakes(subject: Subject, guard: Guard, packed: PackedWeights) -> Outcome:
    with ExitStack() as stack:
        devices = None
        if subject.settings.mesh is not None:
            from .shards import device_mesh

            # A mesh has tensors of its own, which must not be fake.
            devices = stack.enter_context(device_mesh(subject.settings.mesh))
            # For a large model, to look for cycles takes a sixth of the time.
            stack.enter_context(collection_paused())
        # FSDP warns of what a step of this model might do, which is for a run of it.
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", module=r"torch\.distributed")
        # A layer that the forward copies is asked for its address, and nothing is read there.
        warnings.filterwarnings("ignore", "Accessing the data pointer of FakeTensor")
        stack.enter_context(without_compiler())
        return _with_fakes(subject, guard, devices, packed)


def _with_fakes(subject: Subject, guard: Guard, devices: Any, packed: PackedWeights) -> Outcome:
    settings = subject.settings
    mode = FakeMode(allow_non_fake_inputs=True)
    # An import of the compiler amid a step would keep what its frames hold until it is over.
    mode.fake_tensor_converter = LightConverter()
    with ExitStack() as stack:
        stack.enter_context(known_values_pass())
        # Memory is followed by storages, which go with the contents that two tensors swap.
        stack.enter_context(swaps_followed(lambda one, other: None))
        fakes = Fakes(mode, settings.precision.weights)
        units = _units(subject.model)
        model = fake_copy(subject.model, fakes, units)
        with mode:
            made = subject.inputs(torch.device("cpu"), True, guard.fresh)
            inputs = made.mapped(_to_weights(settings, fakes.of))
            _change(model, settings)
            target = settings.target
            if target is not None:
                target = Inputs((target,), {}).mapped(fakes.of).args[0]
        if units is not None:
            units.shard()
        findings, spread = _spread(subject, model, devices, inputs, mode)
        with mode:
            ran = run_step(model, inputs, replace(settings, target=target), packed)
        if units is not None:
            findings = (*findings, *units.findings())
        if spread is not None:
            spread = replace(spread, calls=ran.shapes)
        return Outcome(ran, findings, spread)


def _units(model: nn.Module) -> Any:
    """The units of FSDP of a model, None without."""
    places = list(walk(uncompiled(model)))
    if not any(is_fsdp(module) for _, module in places):
        return None
    from .resharding import Units

    return Units(places)


def _spread(
    subject: Subject, model: nn.Module, devices: Any, inputs: Inputs, mode: FakeMode
) -> tuple[tuple[Finding, ...], Spread | None]:
    """Spread the model over the devices, where there are several."""
    settings = subject.settings
    if settings.mesh is None and not is_distributed(model):
        return (), None
    from .shards import group_names, shards, spread

    if settings.mesh is None or subject.graph is None:
        meshes = [getattr(p, "device_mesh", None) for p in parameters(model).values()]
        return (), Spread(None, shards(model), group_names(filter(None, meshes)))

    def forward(whole: nn.Module) -> Any:
        shapes: Any = ByShapes()  # type: ignore[no-untyped-call]
        with mode, shapes:
            return run_forward(callee(whole, settings.method), inputs)

    told = spread(model, settings.mesh, devices, subject.graph, settings.precision, forward)
    return told, Spread(settings.mesh, shards(model), group_names([devices]))


def _for_real(subject: Subject, guard: Guard, reason: str, packed: PackedWeights) -> Outcome:
    """The step of a copy with data, where it is small enough and has some."""
    settings, model = subject.settings, uncompiled(subject.model)
    weights = list(held(walk(model)))
    if any(tensor.is_meta for tensor in weights):
        raise InputError(
            f"the step cannot be followed by shapes alone: {reason}; the weights are on the device "
            "'meta': give a model with weights, and it runs for real"
        )
    parts = [part for tensor in weights for part in sparse_parts(tensor) or (tensor,)]
    if sum(part.nbytes for part in parts) > MAX_BYTES // 4:
        raise InputError(
            f"the step cannot be followed by shapes alone: {reason}; the model is too large to run "
            "a step of it aside: plan a smaller one of its kind, or change the line"
        )
    try:
        twin = model_copy(model, None)
    except CannotRun as error:
        raise InputError(str(error)) from error
    twin.to("cpu")
    if settings.precision.weights is not None:
        twin.to(settings.precision.weights)
    made = copied(subject.inputs(torch.device("cpu"), False, guard.fresh))
    _change(twin, settings)
    ran = run_step(twin, made.mapped(_to_weights(settings, lambda t: t)), settings, packed)
    return Outcome(ran, (note("MV001", f"ran for real, since on fake tensors: {reason}"),))


def _change(model: nn.Module, settings: Settings) -> None:
    set_mode(model, "train" if settings.mode == "train" else "eval")
    if settings.freeze:
        freeze(model, settings.freeze)
    if settings.lora:
        adapted(model, settings.lora, settings.lora_rank)
        set_mode(model, "train" if settings.mode == "train" else "eval")
    if settings.checkpoint:
        checkpointed(model, settings.checkpoint)
        # What is computed again would add to a cache twice; transformers leaves it out as well.
        config = getattr(model, "config", None)
        if getattr(config, "use_cache", None) is True:
            vars(config)["use_cache"] = False


def _to_weights(settings: Settings, of: Any) -> Any:
    """Inputs follow the dtype of the weights, where the precision gives one."""
    dtype = settings.precision.weights

    def change(tensor: torch.Tensor) -> torch.Tensor:
        tensor = of(tensor)
        cast = dtype is not None and tensor.is_floating_point() and tensor.dtype is not dtype
        return tensor.to(dtype) if cast else tensor

    return change
