"""What is whole and meets what is split: each device then has a part of its gradient alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..graph import Tensor
from .flow import LayerFlow

_FAR = 2000


@dataclass(frozen=True, slots=True)
class Beside:
    """A parameter by its path, or some features of a layer that is whole, whose gradient is summed.

    ``start`` and ``size`` are those of the features; of a parameter, ``size`` is 0.
    """

    path: str
    start: int = 0
    size: int = 0


def find_beside(
    flow: LayerFlow, columns: Iterable[str], rows: Iterable[str], heads: frozenset[int]
) -> tuple[Beside, ...] | str:
    """What meets the features of ``columns`` before ``rows`` take them; why that cannot be summed.

    Tables with something for each of so many heads are split themselves.
    """
    ends = {call.id for path in rows for call in flow.calls[path]}
    starts = {call.id for path in columns for call in flow.calls[path]}
    region, met = _region(flow, starts, ends)
    found: dict[Beside, None] = {}
    for tensor in met:
        for source in _sources(flow, tensor):
            if isinstance(source, Tensor):
                if not heads.isdisjoint(source.shape) or source.name is None:
                    continue
                if not all(reader in region for reader in _uses(flow, source.id)):
                    return f"{source.name} is used elsewhere as well, where its gradient is whole"
                found[Beside(source.name)] = None
                continue
            linear, piece = source
            if linear in starts:
                continue
            path = flow.linears[linear]
            if _reaches(flow, piece[0], starts):
                return f"what {path} gives is used whole and split at once"
            found[Beside(path, piece[1], piece[2])] = None
    return tuple(found)


def _region(flow: LayerFlow, starts: set[int], ends: set[int]) -> tuple[set[int], list[int]]:
    """The ops between layers, and the tensors that they take from elsewhere."""
    ops: dict[int, None] = {}
    split: set[int] = set()
    waiting = [t for start in starts for t in flow.outputs(start)]
    while waiting and len(ops) < _FAR:
        tensor = waiting.pop()
        if tensor in split:
            continue
        split.add(tensor)
        for reader in flow.readers[tensor]:
            if flow.linear_of(reader) in ends or reader in ops:
                continue
            ops[reader] = None
            waiting += flow.graph.ops[reader].outputs
    met = dict.fromkeys(t for op in ops for t in flow.graph.ops[op].inputs if t not in split)
    return set(ops), list(met)


_Piece = tuple[int, int, int]
"""A tensor, and which features of a layer it has."""


def _sources(flow: LayerFlow, tensor: int) -> Iterator[Tensor | tuple[int, _Piece]]:
    """The parameters and the layers with a gradient that a tensor comes from."""
    waiting: list[tuple[int, _Piece | None]] = [(tensor, None)]
    seen: set[int] = set()
    while waiting and len(seen) < _FAR:
        number, piece = waiting.pop()
        if number in seen:
            continue
        seen.add(number)
        one = flow.tensor(number)
        if one.producer is None:
            if one.kind == "parameter":
                yield one
            continue
        linear = flow.linear_of(one.producer)
        if linear is not None:
            whole = (number, 0, flow.features(flow.linears[linear]))
            yield linear, piece or whole
            continue
        op = flow.graph.ops[one.producer]
        for given in op.inputs:
            parts = {made: (made, start, size) for made, start, size in flow.pieces(op, given)}
            waiting.append((given, parts.get(number)))


def _uses(flow: LayerFlow, tensor: int) -> list[int]:
    """The ops that take a tensor, or what shows it in another shape or dtype."""
    found = []
    waiting = [tensor]
    while waiting:
        for reader in flow.readers[waiting.pop()]:
            op = flow.graph.ops[reader]
            if op.view or op.name == "to":
                waiting += op.outputs
            else:
                found.append(reader)
    return found


def _reaches(flow: LayerFlow, tensor: int, linears: set[int]) -> bool:
    """Whether something comes of a tensor that one of the layers takes, with none between."""
    return bool(flow.linears_after([tensor]) & linears)
