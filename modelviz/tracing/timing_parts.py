"""Ops timed a part in each run, where clocks around all of them at once would slow the forward.

Where ops are small, a watched forward takes far longer than a plain one: caches are colder and the
figures of its ops are of another forward. So the modules are dealt out to several runs. In each,
functions are watched only directly inside the calls of its share, and the rest runs as it is.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import Enum
from typing import Any

import torch
from torch import nn

from ..graph import ModelGraph
from .gradients import Gradients
from .mode_internals import function_modes, pop_function_mode, push_function_mode
from .names import script_name
from .timer import Timer

SLOWER = 1.1
"""How many times longer than a plain one a watched forward may take."""
MOST_PARTS = 8
_ROOM = 0.06
"""The share of a plain forward that clocks may add to a run of a part, as they are dealt out."""


def parts_needed(slower: float) -> int:
    """Over how many runs to deal out ops whose clocks make a forward so many times as long."""
    return 1 if slower <= SLOWER else min(MOST_PARTS, math.ceil((slower - 1) / _ROOM))


def parts(graph: ModelGraph, count: int) -> Iterator[frozenset[str]]:
    """The modules with ops of their own, dealt out so that each part has as many ops."""
    ops: defaultdict[str, int] = defaultdict(int)
    for op in graph.ops:
        ops[graph.calls[op.call].module] += 1
    load, share = [0] * count, [set[str]() for _ in range(count)]
    for path in sorted(ops, key=lambda path: -ops[path]):
        least = load.index(min(load))
        load[least] += ops[path]
        share[least].add(path)
    return (frozenset(paths) for paths in share if paths)


class _State(Enum):
    """Whether functions are watched: by a mode that is there, that is not, or that looks away."""

    OFF = "off"
    ON = "on"
    IDLE = "idle"


class PartTimer(Timer):
    """Watches the functions directly inside the calls of the modules at ``chosen``, no others."""

    def __init__(
        self,
        graph: ModelGraph,
        chosen: frozenset[str],
        paths: Mapping[int, str],
        waits: Sequence[torch.device],
        gradients: Gradients,
    ) -> None:
        super().__init__(paths, waits, gradients)
        self.laps.chosen = chosen
        self._turn: defaultdict[str, int] = defaultdict(int)
        self._ids: defaultdict[str, list[int]] = defaultdict(list)
        self._around = set(chosen)
        for call in graph.calls:
            if call.module in chosen:
                self._ids[call.module].append(call.id)
            elif call.parent is not None and graph.calls[call.parent].module in chosen:
                self._around.add(call.module)
        self._state, self._timing = _State.OFF, False

    def _to_enter(self, modules: Sequence[nn.Module]) -> Sequence[nn.Module]:
        return [module for module in modules if self._paths[id(module)] in self._around]

    def _watching(self) -> AbstractContextManager[Any]:
        return nullcontext()

    def _timed(
        self, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        self._timing = True
        try:
            return super()._timed(name, function, args, kwargs)
        finally:
            self._timing = False

    def _enter(
        self,
        module: nn.Module,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        path = self._paths[id(module)]
        if self._timing:  # called by a function, which is timed whole
            return function(*args, **kwargs)
        around, before = self._call, self._state
        wanted = self._ids.keys() >= {path}
        if wanted:
            turn, ids = self._turn[path], self._ids[path]
            self._turn[path] += 1
            self._call = ids[turn] if turn < len(ids) else -1
            self.laps.calls.append(path)
        if wanted or before is _State.ON:
            self._switch(_State.ON if wanted else _State.OFF)
        try:
            if wanted and isinstance(module, torch.jit.ScriptModule):
                return self._timed(script_name(module), function, args, kwargs)
            return function(*args, **kwargs)
        finally:
            self._switch(before)
            self._call = around

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if self._state is _State.IDLE:
            return func(*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)

    def _switch(self, to: _State) -> None:
        """Watch functions from now on, or no more: then this mode is best not even asked."""
        before = self._state
        if to is _State.OFF and before is _State.ON and function_modes()[-1] is not self:
            to = _State.IDLE  # the model entered a mode of its own, which stays on top
        if to is _State.ON and before is _State.OFF:
            push_function_mode(self)
        elif to is _State.OFF and before is _State.ON:
            pop_function_mode()
        self._state = to
