"""The seconds that the backward pass of each op takes."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from ..graph import ModelGraph
from .autograd_nodes import let_go
from .gradients import Gradients
from .inputs import Inputs
from .modules import held_once
from .results import result_tensors
from .structure import shallow_tensors, tensors
from .timer import Again, LapKey, Laps, Timer
from .timing import devices_to_wait_for, in_turn
from .torch_internals import parameters_of


def measured_backward(graph: ModelGraph, again: Again) -> ModelGraph:
    """``graph`` with the seconds of the backward pass, as a figure of its ops."""
    waits = devices_to_wait_for(graph)

    def once(inputs: Inputs) -> Laps:
        timer = BackwardTimer(again.paths, waits, Gradients(recorded=True))
        timer.run_back(again, inputs)
        timer.let_go()
        return timer.laps

    return with_backward(graph, [laps for (laps,) in in_turn(graph, again, [once])])


def with_backward(graph: ModelGraph, runs: Sequence[Laps]) -> ModelGraph:
    """``graph`` with the median of what the backward pass of each op took."""
    values: dict[str | int, float] = {}
    count: defaultdict[LapKey, int] = defaultdict(int)
    for op in graph.ops:
        place = (op.call, op.name)
        turn = count[place]
        count[place] += 1
        taken = [run.backward[place, turn] for run in runs if (place, turn) in run.backward]
        if taken:
            values[op.id] = round(statistics.median(taken), 9)
    return graph.with_figures("backward", values, unit="s")


class BackwardTimer(Timer):
    """Reads a clock before and after each node of the backward pass, too."""

    def __init__(
        self, paths: Mapping[int, str], waits: Sequence[torch.device], gradients: Gradients
    ) -> None:
        super().__init__(paths, waits, gradients)
        self._nodes: dict[Any, tuple[LapKey, int] | None] = {}
        self._last: tuple[LapKey, int] | None = None

    def run_back(self, again: Again, inputs: Inputs) -> None:
        """Run the forward, then from the sum of what it returns to all that has gradients."""
        result = self.run(again, inputs)
        ends = [tensor for tensor in result_tensors(result) if tensor.requires_grad]
        leaves: list[torch.Tensor] = [
            p for p in held_once(again.model, parameters_of).values() if p.requires_grad
        ]
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

    def let_go(self) -> None:
        """Hold nothing of the run any more."""
        let_go(self._nodes)

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

    def _watched(self, node: Any, place: LapKey, turn: int) -> list[Any]:
        began: list[float] = []

        def begin(*_: Any) -> None:
            began.append(self._now())

        def end(*_: Any) -> None:
            taken = max(0.0, self._now() - began.pop() - self._clock)
            key = (place, turn)
            self.laps.backward[key] = self.laps.backward.get(key, 0.0) + taken

        return [node.register_prehook(begin), node.register_hook(end)]
