"""The seconds that each op takes, measured on forwards that run again without the trace.

A trace watches every kernel, which costs more than a small kernel does. So what was traced runs
again, several times, and only a clock is read before and after each function. What Python does in
between is not part of any op.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import InputError
from ..findings import note
from ..graph import Finding, ModelGraph
from ..units import seconds_text
from .gradients import Gradients
from .inputs import Inputs
from .intercept import intercepted_calls
from .names import function_name, script_name
from .questions import QUESTIONS
from .structure import shallow_tensors, tensors
from .torch_internals import FakeTensor

RUNS = 7
"""Most forwards that are measured; of each op the median counts."""
ENOUGH = 3.0
"""Seconds after which no further forward is started."""

Place = tuple[int, str]
"""A call of a module, and the name of an op directly in it."""


@dataclass(slots=True)
class Laps:
    """What one forward ran: the module of each call, and how long each function took.

    ``backward`` has what the backward pass took, by place and turn of the function in the forward.
    """

    calls: list[str] = field(default_factory=list)
    seconds: defaultdict[Place, list[float]] = field(default_factory=lambda: defaultdict(list))
    backward: dict[tuple[Place, int], float] = field(default_factory=dict)


def require_data(tensors: Iterable[torch.Tensor]) -> None:
    """Raises InputError where a tensor has a shape and no data: nothing would be computed."""
    if any(tensor.is_meta or isinstance(tensor, FakeTensor) for tensor in tensors):
        raise InputError(
            "time is measured on a real forward, and the model or its inputs have shapes but no "
            "data (device 'meta' or fake): give them data, or look at FLOPs instead"
        )


def measured(
    graph: ModelGraph,
    model: nn.Module,
    method: str,
    prepared: Callable[[], Inputs],
    paths: Mapping[int, str],
    modules: Sequence[nn.Module],
    rewind: Callable[[], None],
    gradients: Gradients,
    backward: bool = False,
) -> ModelGraph:
    """``graph`` with the seconds of its ops, the median of a few forwards.

    With ``backward``, also with those of the backward pass, as a figure of the ops.

    ``prepared`` readies the model and gives its inputs, ``rewind`` undoes what a forward changed;
    ``paths``, ``modules`` and ``gradients`` are as for the trace that gave the graph. Raises
    InputError when the forward fails or runs other modules this time.
    """
    devices = {torch.device(tensor.device) for tensor in graph.tensors}
    waits = [device for device in devices if device.type not in ("cpu", "meta")]
    runs: list[Laps] = []
    plain = _plain(graph, model, method, prepared, rewind, _Timer(paths, waits, gradients))
    start = perf_counter()
    while len(runs) < RUNS and (not runs or perf_counter() - start < ENOUGH):
        timer = _Timer(paths, waits, gradients)
        try:
            timer.run(model, method, prepared(), modules)
        except Exception as error:
            raise _failed_again(graph, error) from error
        finally:
            rewind()
        runs.append(timer.laps)
    # The first fills caches that the trace did not, unless it is all there is.
    graph = with_seconds(graph, runs[1:] or runs)
    graph = replace(graph, findings=(*graph.findings, _told(graph, plain[1:] or plain)))
    if not backward:
        return graph
    passes: list[Laps] = []
    start = perf_counter()
    while len(passes) < RUNS and (not passes or perf_counter() - start < ENOUGH):
        both = BackwardTimer(paths, waits, Gradients(recorded=True))
        try:
            both.run_back(model, method, prepared(), modules)
        finally:
            rewind()
        passes.append(both.laps)
    return with_backward(graph, passes[1:] or passes)


def _plain(
    graph: ModelGraph,
    model: nn.Module,
    method: str,
    prepared: Callable[[], Inputs],
    rewind: Callable[[], None],
    timer: _Timer,
) -> list[float]:
    """Seconds of a few forwards with nothing watched."""
    plain: list[float] = []
    start = perf_counter()
    while len(plain) < RUNS and (not plain or perf_counter() - start < ENOUGH):
        try:
            plain.append(timer.plain(model, method, prepared()))
        except Exception as error:
            raise _failed_again(graph, error) from error
        finally:
            rewind()
    return plain


def _failed_again(graph: ModelGraph, error: Exception) -> InputError:
    return InputError(
        f"the forward of {graph.name} ran once and failed when it ran again to measure "
        f"time: {type(error).__name__}: {error}"
    )


def _told(graph: ModelGraph, plain: Sequence[float]) -> Finding:
    """What was measured, in words: the whole, the ops, and what is neither."""
    whole, ops = statistics.median(plain), graph.total_seconds or 0.0
    between = (
        f"the other {seconds_text(whole - ops)} are Python between them"
        if whole > ops
        else "ops wait for one another less where no clock is read between them"
    )
    return note(
        "MV020",
        f"a forward takes {seconds_text(whole)} (median of {len(plain)} after one more), its ops "
        f"{seconds_text(ops)}; {between}; reading the clock is not counted",
    )


def with_seconds(graph: ModelGraph, runs: Sequence[Laps]) -> ModelGraph:
    """``graph`` with the median of what each of its ops took; a note says which were not seen.

    Raises InputError where the runs called other modules than the graph.
    """
    calls = [call.module for call in graph.calls]
    if any(run.calls != calls for run in runs):
        raise InputError(
            f"{graph.name} called other modules when it ran again, with the same inputs and random "
            "numbers, to measure time: the times cannot be told apart"
        )
    ops, unseen = [], dict[str, None]()
    count: defaultdict[Place, int] = defaultdict(int)
    for op in graph.ops:
        place = (op.call, op.name)
        turn = count[place]
        count[place] += 1
        taken = [run.seconds[place][turn] for run in runs if turn < len(run.seconds[place])]
        if op.name == "identity" and not taken:
            taken = [0.0]  # what a module hands on as it is, without any function
        if not taken:
            unseen[op.name] = None
        ops.append(replace(op, seconds=round(statistics.median(taken), 9) if taken else None))
    findings = graph.findings
    if unseen:
        names = ", ".join(unseen)
        findings += (
            note("MV006", f"no time was measured for ops outside PyTorch's functions: {names}"),
        )
    return replace(graph, ops=tuple(ops), findings=findings)


def with_backward(graph: ModelGraph, runs: Sequence[Laps]) -> ModelGraph:
    """``graph`` with the median of what the backward pass of each op took."""
    values: dict[str | int, float] = {}
    count: defaultdict[Place, int] = defaultdict(int)
    for op in graph.ops:
        place = (op.call, op.name)
        turn = count[place]
        count[place] += 1
        taken = [run.backward[place, turn] for run in runs if (place, turn) in run.backward]
        if taken:
            values[op.id] = round(statistics.median(taken), 9)
    return graph.with_figures("backward", values, unit="s")


class _Timer(TorchFunctionMode):
    """Reads a clock before and after each outermost function, once the devices are idle."""

    def __init__(
        self, paths: Mapping[int, str], waits: Sequence[torch.device], gradients: Gradients
    ) -> None:
        super().__init__()
        self.laps = Laps()
        self._paths = paths
        self._waits = waits
        self._gradients = gradients
        self._call = 0
        self._opaque = False
        self._clock = statistics.median(self._empty_lap() for _ in range(25))

    def plain(self, model: nn.Module, method: str, inputs: Inputs) -> float:
        """Seconds of the forward as its caller would run it, with nothing watched."""
        with self._gradients.mode():
            start = self._now()
            getattr(model, "__call__" if method == "forward" else method)(
                *inputs.args, **inputs.kwargs
            )
            return self._now() - start

    def run(
        self, model: nn.Module, method: str, inputs: Inputs, modules: Sequence[nn.Module]
    ) -> Any:
        """Call the method, take its laps, and give what it returns."""
        with self._gradients.mode(), intercepted_calls(modules, self._enter), self:
            if method == "forward":
                return model(*inputs.args, **inputs.kwargs)
            return self._enter(model, getattr(model, method), inputs.args, inputs.kwargs)

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in QUESTIONS or self._opaque:
            return func(*args, **(kwargs or {}))
        return self._timed(function_name(func), func, args, kwargs or {})

    def _timed(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        lap = self.laps.seconds[self._call, name]
        start = self._now()
        result = function(*args, **kwargs)
        lap.append(max(0.0, self._now() - start - self._clock))
        return result

    def _empty_lap(self) -> float:
        """What reading the clock twice costs, and waiting for devices that are idle."""
        start = self._now()
        return self._now() - start

    def _now(self) -> float:
        for device in self._waits:
            torch.accelerator.synchronize(device)
        return perf_counter()

    def _enter(
        self,
        module: nn.Module,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """What the module returns; its functions count for this call of it."""
        around, opaque = self._call, self._opaque
        self._call = len(self.laps.calls)
        self.laps.calls.append(self._paths[id(module)])
        try:
            if isinstance(module, torch.jit.ScriptModule) and not opaque:
                self._opaque = True
                return self._timed(script_name(module), function, args, kwargs)
            return function(*args, **kwargs)
        finally:
            self._call, self._opaque = around, opaque


class BackwardTimer(_Timer):
    """Reads a clock before and after each node of the backward pass, too."""

    def __init__(
        self, paths: Mapping[int, str], waits: Sequence[torch.device], gradients: Gradients
    ) -> None:
        super().__init__(paths, waits, gradients)
        self._nodes: dict[Any, tuple[Place, int] | None] = {}
        self._last: tuple[Place, int] | None = None

    def run_back(
        self, model: nn.Module, method: str, inputs: Inputs, modules: Sequence[nn.Module]
    ) -> None:
        """Run the forward, then from the sum of what it returns to all that has gradients."""
        result = self.run(model, method, inputs, modules)
        ends = [tensor for tensor in tensors(result) if tensor.requires_grad]
        leaves = [p for p in model.parameters() if p.requires_grad]
        leaves += [t for t in tensors((inputs.args, inputs.kwargs)) if t.requires_grad]
        if not ends or not leaves:
            return
        handles = []
        for node, owner in self._nodes.items():
            if owner is not None:
                handles += self._watched(node, *owner)
        try:
            torch.autograd.grad(
                ends, leaves, [torch.ones_like(end) for end in ends], allow_unused=True
            )
        finally:
            for handle in handles:
                handle.remove()

    def _timed(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        place = (self._call, name)
        result = super()._timed(name, function, args, kwargs)
        self._last = place, len(self.laps.seconds[place]) - 1
        self._claim(shallow_tensors(result))
        return result

    def _enter(
        self,
        module: nn.Module,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        result = super()._enter(module, function, args, kwargs)
        # What a ``torch.autograd.Function`` adds, no function of PyTorch has returned.
        self._claim(tensors(result))
        return result

    def _claim(self, made: Iterable[torch.Tensor]) -> None:
        """The nodes behind tensors that no earlier function has belong to the last one."""
        waiting = [tensor.grad_fn for tensor in made if tensor.grad_fn is not None]
        while waiting:
            node = waiting.pop()
            # A node without a next one is where a weight's gradient would be stored.
            if node in self._nodes or not node.next_functions:
                continue
            self._nodes[node] = self._last
            waiting += [after for after, _ in node.next_functions if after is not None]

    def _watched(self, node: Any, place: Place, turn: int) -> list[Any]:
        began: list[float] = []

        def begin(*_: Any) -> None:
            began.append(self._now())

        def end(*_: Any) -> None:
            taken = max(0.0, self._now() - began.pop() - self._clock)
            key = (place, turn)
            self.laps.backward[key] = self.laps.backward.get(key, 0.0) + taken

        return [node.register_prehook(begin), node.register_hook(end)]
