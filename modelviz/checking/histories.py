"""What autograd's graph of a forward tells: which weights a gradient reaches, and where it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from ..tracing.autograd_nodes import let_go
from ..tracing.source import Place, caller
from .watched import Stop

_FLAT = frozenset(
    {"RoundBackward", "FloorBackward", "CeilBackward", "TruncBackward", "SignBackward"}
)
_MAX_STOPS = 256


@dataclass(slots=True)
class _Ending:
    """An op that no gradient passes, or all of them while gradients are switched off."""

    name: str
    path: str
    place: Place
    off: bool
    parameters: set[str] = field(default_factory=set)
    walked: set[Any] = field(default_factory=set)
    """The nodes of autograd whose leaves are among ``parameters``."""


class Histories:
    """The walk back from tensors to the parameters that ``names`` knows by ``id``."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self._endings: dict[Any, _Ending] = {}
        self._ended: dict[Any, None] = {}
        self._off: _Ending | None = None
        self._around: list[_Ending | None] = []
        self._walked: dict[Any, None] = {}
        self._own_backward = False

    @property
    def stops(self) -> tuple[Stop, ...]:
        """Where gradients end, in order."""
        return tuple(
            Stop(end.name, end.path, *end.place, frozenset(end.parameters), end.off)
            for end in self._endings.values()
            if end.parameters or not end.off
        )

    def reached(self, outputs: Iterable[torch.Tensor]) -> frozenset[str]:
        """The parameters that a gradient from the outputs reaches, or may reach."""
        found = set(self.leaves(outputs))
        if self._own_backward:
            # A function with a backward of its own, as a checkpoint or a reversible layer is, may
            # compute again what it ran without gradients.
            found.update(*[end.parameters for end in self._endings.values() if end.off])
        return frozenset(found)

    def is_ended(self, tensor: torch.Tensor) -> bool:
        """Whether an op that no gradient passes read the tensor, or what was made of it."""
        return tensor.grad_fn in self._ended

    def entered(self, enabled: bool, text: str, path: str) -> None:
        """Note that a block begins in which gradients are switched on or off, written as ``text``.

        What switches them off is the outermost block of those that do.
        """
        self._around.append(self._off)
        if enabled:
            self._off = None
        elif self._off is None and (place := caller())[0] is not None:
            self._off = self._ending(text, path, place, True)

    def left(self) -> None:
        """Note that the innermost such block ended."""
        self._off = self._around.pop() if self._around else None

    def stopped(self, name: str, path: str, given: list[torch.Tensor], made: Any) -> None:
        """Note an op with inputs that ask for a gradient, where nothing that it made has one."""
        off = not torch.is_grad_enabled()
        if not off:
            self._off = None
        if not made or any(t.requires_grad and not _flat(t.grad_fn) for t in made):
            return
        if off:
            if self._off is None:
                name = "torch.inference_mode()" if torch.is_inference_mode_enabled() else name
                self._off = self._ending(name, path, caller(), True)
            ending = self._off
        elif len(self._endings) < _MAX_STOPS:
            ending = self._ending(name, path, caller(), False)
        else:
            return
        nodes = self._ended if not off else None
        asking = [tensor for tensor in given if tensor.requires_grad]
        ending.parameters.update(self.leaves(asking, True, nodes, ending.walked))

    def _ending(self, name: str, path: str, place: Place, off: bool) -> _Ending:
        return self._endings.setdefault((name, path, place, off), _Ending(name, path, place, off))

    def leaves(
        self,
        found: Iterable[torch.Tensor],
        past_steps: bool = False,
        nodes: dict[Any, None] | None = None,
        walked: set[Any] | None = None,
    ) -> Iterator[str]:
        """The names of the parameters that a gradient from these tensors reaches.

        ``past_steps`` follows it where it is zero, too. ``nodes`` get those on the way. What is
        among the nodes that were ``walked`` is left out.
        """
        stack: list[Any] = []
        for tensor in found:
            if tensor.grad_fn is None:
                if id(tensor) in self._names:
                    yield self._names[id(tensor)]
            else:
                stack.append(tensor.grad_fn)
        visited: set[Any] = set() if walked is None else walked
        while stack:
            node = stack.pop()
            if node is None or node in visited or (_flat(node) and not past_steps):
                continue
            visited.add(node)
            self._walked[node] = None
            if nodes is not None:
                nodes[node] = None
            self._own_backward |= isinstance(node, torch.autograd.function.BackwardCFunction)
            variable = getattr(node, "variable", None)
            if variable is not None and id(variable) in self._names:
                yield self._names[id(variable)]
            stack.extend(following for following, _ in node.next_functions)

    def let_go(self) -> None:
        """Hold nothing of autograd's any more."""
        self._ended.clear()
        for ending in self._endings.values():
            ending.walked.clear()
        let_go(self._walked)


def _flat(node: Any) -> bool:
    """Whether a node of autograd gives a gradient of zero, whatever comes: a step is flat.

    A user's own function may have the name of one, and a gradient.
    """
    if node is None or isinstance(node, torch.autograd.function.BackwardCFunction):
        return False
    return node.name().rstrip("0123456789") in _FLAT
