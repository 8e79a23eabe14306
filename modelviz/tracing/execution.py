"""Fake or real: one forward of the model, and which of the two it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import nn

from ..errors import InputError, TraceError
from ..findings import note
from ..graph import Failure, Finding, ModelGraph, Module
from ..places import place_text
from .build import build_graph
from .constants import ConstantConverter
from .devices import StandIns, exists, in_place_of
from .distributed import shards_told
from .executors import FakeExecutor, RealExecutor
from .failure import describe_failure, failure_text
from .fake_internals import refuse_addresses
from .forward import ForwardTracer
from .gradients import Gradients
from .guard import Guard, set_mode
from .inputs import Inputs
from .leaks import empty_frames, leaked
from .members import entry_of
from .missing import VALUE_NEEDED
from .modules import NamedModule, describe, first_paths, held
from .no_compiler import FakeMode, without_compiler
from .recorder import Recorder
from .roles import roles_of
from .state.locks import locks_remembered
from .timer import Again
from .timing import measured, require_data
from .timing_backward import measured_backward
from .torch_internals import FakeTensorMode, pre_hooks_of
from .values import with_values

Timed = bool | Literal["backward", "values"]
"""What forwards that run again are watched for: seconds, also of the backward pass, or values."""
Choice = Literal["auto", "fake", "real", "none"]


@dataclass(frozen=True, slots=True)
class Request:
    """One forward to trace: of which model, by which method, with which inputs.

    ``places`` are the model's modules at their paths, ``mode`` is ``"train"`` or ``"eval"`` if it
    is to be in that. ``guard`` knows how everything was. ``inputs(empty)`` makes the arguments,
    without values where ``empty`` is true, and with ``with_weights`` as for a model that has them
    though it is on the device ``meta``. ``timed`` asks to run it again and measure.
    ``elsewhere`` is the device on which a fake forward takes the weights to be. ``falls_back``
    says that a real forward follows if a fake one lacks a value, so that it need assume none.
    """

    model: nn.Module
    name: str
    places: list[NamedModule]
    mode: str | None
    method: str
    inputs: Callable[..., Inputs]
    guard: Guard
    findings: tuple[Finding, ...]
    timed: Timed = False
    elsewhere: torch.device | None = None
    falls_back: bool = False

    def prepared(self, fake: FakeTensorMode | None = None) -> Inputs:
        """The model as the forward is to find it, and what it is given."""
        self.guard.begin()
        set_mode(self.model, self.mode)
        if fake is None:
            return self.inputs(False)
        with fake:
            return self.inputs(True)


_trying: ContextVar[bool] = ContextVar("trying", default=False)


@contextmanager
def trials() -> Iterator[None]:
    """Inside, forwards are trials: nobody is shown their findings, nor the frames of a failure."""
    token = _trying.set(True)
    try:
        yield
    finally:
        _trying.reset(token)


@locks_remembered()
def execute(request: Request, execution: Choice) -> ModelGraph:
    """The graph of the forward. Raises TraceError, with what was seen of it, when it fails."""
    if request.timed or execution == "real":
        _require_device(request)
    if request.timed:
        require_data(held(request.places))
        return attempt(request, fake=False)
    if execution != "auto":
        return attempt(request, fake=execution == "fake")
    try:
        return attempt(replace(request, falls_back=not _without_data(request)), fake=True)
    except TraceError as error:
        if error.final or not isinstance(error.__cause__, Exception):
            raise
        if request.elsewhere is not None or _without_data(request):
            return _with_weights_of_hooks(request, error)
        reason = _reason(error)
    graph = attempt(request, fake=False)
    why = note("MV001", f"ran for real, since on fake tensors: {reason}")
    return replace(graph, findings=(why, *graph.findings))


def _with_weights_of_hooks(request: Request, error: TraceError) -> ModelGraph:
    """The graph of a model on ``meta`` whose hooks bring its weights when they are needed.

    Raises ``error``, that of the forward on fake tensors, where they do not.
    """
    if request.elsewhere is None or not exists(request.elsewhere) or not _has_hooks(request):
        raise error
    request.guard.rewind()
    request = replace(request, inputs=partial(request.inputs, with_weights=True))
    try:
        graph = attempt(request, fake=False)
    except TraceError:
        raise error from error.__cause__
    why = note("MV001", f"ran for real, with weights that hooks bring, since {_reason(error)}")
    others = tuple(finding for finding in graph.findings if finding.code != "MV017")
    return replace(graph, findings=(why, *others))


def _has_hooks(request: Request) -> bool:
    """Whether any module does more when it is called than its class says."""
    return any("forward" in vars(module) or pre_hooks_of(module) for _, module in request.places)


def _reason(error: TraceError) -> str:
    """Why fake tensors would not do, in one line."""
    failure = error.graph.failure
    assert failure is not None
    if failure.error != VALUE_NEEDED:
        return f"{failure.error}: {failure.message}".splitlines()[0]
    place = f" at {place_text(failure.file, failure.line)}" if failure.file is not None else ""
    return failure.message + place


def _require_device(request: Request) -> None:
    """Raise InputError where a real forward is asked for on a device that is not there."""
    if request.elsewhere is not None and not exists(request.elsewhere):
        raise InputError(
            f"device={str(request.elsewhere)!r}: this machine has none, so that no real forward "
            f"can run there: leave out execution and timed, or give execution='fake'"
        )


def _without_data(request: Request) -> bool:
    return any([tensor.is_meta for tensor in held(request.places)])


@without_compiler()
def attempt(request: Request, fake: bool) -> ModelGraph:
    """The graph of one forward, after which everything is as it was before.

    Gradients are recorded only where the forward takes some, and where its caller would have them.
    """
    gradients = Gradients(recorded=False)
    try:
        graph = _run(request, fake, gradients)
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):
            raise  # interrupted
        gradients.failed(error.__cause__)
        if not gradients.asked or not torch.is_grad_enabled():
            raise
    else:
        if not torch.is_grad_enabled() or not (gradients.asked or gradients.forgone):
            return graph
        if not gradients.asked:
            refused = _refused_with_gradients(request, fake)
            return graph if refused is None else _told(graph, refused)
    request.guard.rewind()
    return _run(request, fake, Gradients(recorded=True))


def _refused_with_gradients(request: Request, fake: bool) -> Failure | None:
    """Where a forward that runs without gradients stops if they are recorded; None if nowhere."""
    request.guard.rewind()
    try:
        _run(replace(request, timed=False), fake, Gradients(recorded=True))
    except TraceError as error:
        if not isinstance(error.__cause__, Exception):
            raise  # interrupted
        return error.graph.failure
    return None


def _told(graph: ModelGraph, failure: Failure) -> ModelGraph:
    """The graph of a forward that stops where gradients are recorded, which it tells."""
    finding = note(
        "MV027",
        f"runs only without gradients; with them, as in training, PyTorch stops it: "
        f"{failure.error}: {failure.message}",
        path=failure.module,
        file=failure.file,
        line=failure.line,
        hint="detach() where no gradient is wanted; to run it as it is, use torch.no_grad()",
    )
    return replace(graph, findings=(*graph.findings, finding))


@dataclass(frozen=True, slots=True)
class _Ended:
    """A forward that is over: what was seen of it, and how it ended.

    ``error`` ended it, of which ``failure`` tells; where it is ``final``, a forward on data ends
    alike. ``sharded`` says that weights are shards of what the forward took.
    """

    recorder: Recorder
    modules: tuple[Module, ...]
    outputs: list[tuple[str, int]]
    error: BaseException | None
    failure: Failure | None
    final: bool
    sharded: bool


def _run(request: Request, fake: bool, gradients: Gradients) -> ModelGraph:
    guard, mode = request.guard, _fake_mode() if fake else None
    ended = _forward(request, mode, gradients)
    error, recorder = ended.error, ended.recorder
    findings = (*request.findings, *recorder.findings, *guard.findings(recorder.name_of))
    if ended.sharded:
        findings += shards_told(request.places)
    untold = _trying.get()
    followed = request.falls_back and not ended.final  # by a forward on data
    if isinstance(error, Exception) and (followed or untold):
        # Nobody is shown what its frames hold.
        empty_frames(error)
    findings += leaked(mode, recorder, guard.imported, told=error is None and not untold)
    recorder.forget()
    graph = build_graph(
        name=request.name,
        execution="fake" if fake else "real",
        modules=ended.modules,
        recorder=recorder,
        outputs=ended.outputs,
        findings=findings,
        failure=ended.failure,
    )
    if error is not None and ended.failure is not None:
        raise TraceError(failure_text(graph, ended.failure), graph, ended.final) from error
    return _measured(request, graph, gradients) if request.timed else graph


def _forward(request: Request, mode: FakeTensorMode | None, gradients: Gradients) -> _Ended:
    """One forward, on fake tensors if there is a mode of them; all that it changed is put back."""
    places, guard = request.places, request.guard
    error: BaseException | None = None
    failure: Failure | None = None
    outputs: list[tuple[str, int]] = []
    modules = _each_once(places)
    stand_ins = None
    if mode is not None and request.elsewhere is not None:
        stand_ins = StandIns(mode, request.elsewhere)
    with ExitStack() as undo:
        undo.callback(guard.restore)
        inputs = request.prepared(mode)
        described = describe(places)
        if stand_ins is not None:
            inputs = inputs.mapped(stand_ins.given)
            undo.enter_context(in_place_of(places, stand_ins))
        named = inputs.named_tensors(entry_of(request.model, request.method))
        if request.timed:
            require_data(tensor for _, tensor in named)
        recorder = Recorder(roles_of(places, named))
        executor = (
            RealExecutor(guard)
            if mode is None
            else FakeExecutor(mode, recorder, guard, stand_ins, assumes=not request.falls_back)
        )
        tracer = ForwardTracer(
            request.model, recorder, executor, guard, modules, first_paths(places), gradients
        )
        try:
            with executor.context():
                outputs = tracer.run(request.method, inputs)
            recorder.keep(tensor for _, tensor in outputs)
        except BaseException as raised:
            error = raised
            failure = describe_failure(raised, recorder, modules)
        finally:
            recorder.close()
            # Gradients that are recorded forbid that, outside ``torch.no_grad()``.
            gradients.asked |= recorder.wrote_leaf or recorder.asks_gradient
            gradients.forgone = recorder.forgoes_gradients
    final = error is not None and executor.refused is error
    # What the forward caught itself leads to all frames below it, and to their tensors.
    executor.refused = None
    sharded = bool(tracer.sharded)
    # An error keeps this frame, and what is in it stands for the model's tensors.
    del inputs, named, tracer, executor, stand_ins
    return _Ended(recorder, described, outputs, error, failure, final, sharded)


def _each_once(places: list[NamedModule]) -> list[nn.Module]:
    return list({id(module): module for _, module in places}.values())


def _measured(request: Request, graph: ModelGraph, gradients: Gradients) -> ModelGraph:
    """The graph with what further forwards took, or with the values that they computed."""
    places = request.places
    again = Again(
        request.model,
        request.method,
        request.prepared,
        first_paths(places),
        _each_once(places),
        request.guard.rewind,
    )
    if request.timed == "values":
        return with_values(graph, again, gradients)
    graph = measured(graph, again, gradients)
    return measured_backward(graph, again) if request.timed == "backward" else graph


def _fake_mode() -> FakeTensorMode:
    # A fallback kernel would allocate the true size of its inputs, and compute.
    mode = FakeMode(allow_non_fake_inputs=True, allow_fallback_kernels=False)
    mode.fake_tensor_converter = ConstantConverter()
    refuse_addresses(mode)
    return mode
