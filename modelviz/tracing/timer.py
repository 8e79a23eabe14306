"""A clock around each of PyTorch's functions, while a forward runs."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from .distributed_internals import alone_in_forward
from .forward import run_forward
from .gradients import Gradients
from .inputs import Inputs
from .intercept import intercepted_calls
from .members import callee
from .modules import walk
from .names import function_name, script_name
from .questions import QUESTIONS
from .threads import threads_in_turn

LapKey = tuple[int, str]
"""A call of a module, and the name of an op directly in it."""


@dataclass(slots=True)
class Laps:
    """What one forward ran: the module of each call, and how long each function took.

    ``backward`` has what the backward pass took, by place and turn of the function in the forward.
    ``chosen`` are the modules that were watched, None for all; ``whole`` is what the forward took,
    with the clocks in it.
    """

    calls: list[str] = field(default_factory=list)
    seconds: defaultdict[LapKey, list[float]] = field(default_factory=lambda: defaultdict(list))
    backward: dict[tuple[LapKey, int], float] = field(default_factory=dict)
    chosen: frozenset[str] | None = None
    whole: float = 0.0


@dataclass(frozen=True, slots=True)
class Again:
    """What it takes to run the forward of a trace again.

    ``prepared`` readies the model and gives its inputs, ``rewind`` undoes what a forward changed;
    ``paths`` are those of the ``modules`` by ``id``.
    """

    model: nn.Module
    method: str
    prepared: Callable[[], Inputs]
    paths: Mapping[int, str]
    modules: Sequence[nn.Module]
    rewind: Callable[[], None]


class Timer(TorchFunctionMode):
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
        self._names: dict[Any, str] = {}
        self._now = self._waited if waits else perf_counter
        self._clock = statistics.median(self._empty_lap() for _ in range(25))

    def plain(self, again: Again, inputs: Inputs) -> float:
        """Seconds of the forward as its caller would run it, with nothing watched."""
        model, method = again.model, again.method
        with self._gradients.mode(), alone_in_forward([module for _, module in walk(model)]):
            start = self._now()
            run_forward(callee(model, method), inputs)
            return self._now() - start

    def run(self, again: Again, inputs: Inputs) -> Any:
        """Call the method, take its laps, and give what it returns."""
        model, method = again.model, again.method
        entered = self._to_enter(again.modules)
        with (
            self._gradients.mode(),
            alone_in_forward(again.modules),
            intercepted_calls(entered, self._enter),
            threads_in_turn(),
            self._watching(),
        ):
            start = self._now()
            try:
                return run_forward(callee(model, method, self._enter), inputs)
            finally:
                self.laps.whole = self._now() - start

    def _to_enter(self, modules: Sequence[nn.Module]) -> Sequence[nn.Module]:
        """The modules whose calls matter."""
        return modules

    def _watching(self) -> AbstractContextManager[Any]:
        """The context in which the forward runs."""
        return self

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        if func in QUESTIONS or self._opaque:
            return func(*args, **(kwargs or {}))
        name = self._names.get(func) or self._names.setdefault(func, function_name(func))
        return self._timed(name, func, args, kwargs or {})

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

    def _waited(self) -> float:
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
