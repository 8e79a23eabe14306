"""Fake or real: one forward of the model, and which of the two it was."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from ..errors import InputError, TraceError
from ..graph import Execution, Failure, ModelGraph
from .build import build_graph
from .executors import FakeExecutor, RealExecutor, known_values
from .failure import describe_failure, failure_text
from .forward import ForwardTracer
from .guard import Guard, quiet_process
from .inputs import Inputs
from .leaks import forget_fakes
from .modules import Place, describe, first_paths, held
from .recorder import Recorder, Role

# What most attributes of modules are: none of these holds a tensor.
PLAIN_TYPES = frozenset({type(None), bool, int, float, str, dict, set, OrderedDict})

_LEAK = (
    "the model keeps tensors of this forward somewhere outside itself, and they have no data: "
    "if a later forward fails, trace with execution='real'"
)

Choice = Literal["auto", "fake", "real"]
CHOICES = ("auto", "fake", "real")


@dataclass(frozen=True, slots=True)
class Request:
    """One forward to trace: of which model, by which method, with which inputs.

    ``places`` are the model's modules at their paths.
    ``inputs(empty)`` makes the arguments, without values where ``empty`` is true.
    """

    model: nn.Module
    name: str
    places: list[Place]
    method: str
    inputs: Callable[[bool], Inputs]
    notes: tuple[str, ...]


def execute(request: Request, execution: Choice) -> ModelGraph:
    """The graph of the forward. Raises TraceError, with what was seen of it, when it fails."""
    if execution == "fake":
        return _trace(request, fake=True, notes=())
    if execution == "real":
        return _trace(request, fake=False, notes=())
    if execution != "auto":
        raise InputError(f"execution={execution!r}: expected one of {', '.join(CHOICES)}")
    try:
        return _trace(request, fake=True, notes=())
    except TraceError as error:
        if not isinstance(error.__cause__, Exception) or _without_data(request):
            raise
        reason = f"{type(error.__cause__).__name__}: {error.__cause__}".splitlines()[0]
    return _trace(request, fake=False, notes=(f"ran for real, since on fake tensors: {reason}",))


def _without_data(request: Request) -> bool:
    return any(tensor.is_meta for tensor in held(request.places))


def _trace(request: Request, fake: bool, notes: tuple[str, ...]) -> ModelGraph:
    model = request.model
    places = request.places
    paths = first_paths(places)
    execution: Execution = "fake" if fake else "real"
    error: BaseException | None = None
    failure: Failure | None = None
    outputs: list[tuple[str, int]] = []
    with quiet_process():
        modules = list({id(module): module for _, module in places}.values())
        guard = Guard(modules)
        mode = _fake_mode() if fake else None
        inputs = _made_inputs(request, mode)
        named = inputs.named_tensors(getattr(model, request.method))
        recorder = Recorder(_roles(places, named))
        recorder.notes.update(dict.fromkeys((*request.notes, *notes)))
        try:
            if mode is not None:
                executor = FakeExecutor(mode, recorder)
                with known_values(), mode:
                    tracer = ForwardTracer(model, recorder, executor, guard, modules, paths)
                    outputs = tracer.run(request.method, inputs)
            else:
                real = RealExecutor(guard)
                tracer = ForwardTracer(model, recorder, real, guard, modules, paths)
                outputs = tracer.run(request.method, inputs)
        except BaseException as raised:
            error = raised
            failure = describe_failure(raised, recorder)
        finally:
            recorder.close()
            guard.restore()
            if mode is not None and recorder.survivors():
                forget_fakes(mode)
                if error is None and recorder.survivors() and gc.collect() and recorder.survivors():
                    recorder.notes[_LEAK] = None
            recorder.forget()
        graph = build_graph(request.name, execution, describe(places), recorder, outputs, failure)
    if error is None or failure is None:
        return graph
    class_name = graph.module(failure.module).class_name
    raise TraceError(failure_text(request.name, failure, class_name), graph) from error


def _fake_mode() -> FakeTensorMode:
    # A fallback kernel would allocate the true size of its inputs, and compute.
    return FakeTensorMode(allow_non_fake_inputs=True, allow_fallback_kernels=False)


def _made_inputs(request: Request, mode: FakeTensorMode | None) -> Inputs:
    if mode is None:
        return request.inputs(False)
    with mode:
        return request.inputs(True)


def _roles(places: list[Place], inputs: list[tuple[str, torch.Tensor]]) -> dict[int, Role]:
    """What the tensors from outside are, by ``id``: all of them outlive the forward."""
    attributes: dict[int, Role] = {}
    owned: dict[int, Role] = {}
    for path, module in places:
        for name, value in vars(module).items():
            if type(value) in PLAIN_TYPES:
                continue
            parts = [("", value)] if isinstance(value, torch.Tensor) else _listed(value)
            for place, part in parts:
                if isinstance(part, torch.Tensor):
                    attributes.setdefault(id(part), ("constant", _join(path, name + place)))
        for name, parameter in module._parameters.items():
            if parameter is not None:
                owned.setdefault(id(parameter), ("parameter", _join(path, name)))
        for name, buffer in module._buffers.items():
            if buffer is not None:
                owned.setdefault(id(buffer), ("buffer", _join(path, name)))
    roles = {**attributes, **owned}
    for name, tensor in inputs:
        roles[id(tensor)] = ("input", name)
    return roles


def _listed(value: object) -> list[tuple[str, object]]:
    return [(f".{i}", v) for i, v in enumerate(value)] if isinstance(value, (list, tuple)) else []


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
