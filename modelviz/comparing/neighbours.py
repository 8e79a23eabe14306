"""What was next to a removed part in the flow, as ids of the second model's items."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..graph import Call, ModelGraph, Op

MOST = 3
"""Neighbours on either side that are told of; a removed part of many is no clearer by more."""


@dataclass(frozen=True)
class Neighbours:
    """Finds the neighbours of what is in ``before`` and not in ``after``.

    ``partners`` are the paths after, and ``gone`` the ids of what was removed, by the paths before.
    """

    before: ModelGraph
    after: ModelGraph
    partners: Mapping[str, str]
    gone: Mapping[str, str]

    def of(self, path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The ids of what fed it in its first call and of what it fed, as far as they are known."""
        call = next(iter(self.before.calls_of(path)), None)
        if call is None:
            return (), ()
        reads, gives = self.before.borders(call.start, call.stop)
        own = self.gone[path]
        return self._ids(self._makers(reads), own), self._ids(self._readers(gives, call), own)

    def _ids(self, ops: Iterable[Op], own: str) -> tuple[str, ...]:
        found = dict.fromkeys(one for op in ops if (one := self._id(op)) is not None)
        found.pop(own, None)
        return tuple(found)[:MOST]

    def _makers(self, tensors: Iterable[int]) -> Iterator[Op]:
        for tensor in tensors:
            if (made_by := self.before.producer(tensor)) is not None:
                yield made_by

    def _readers(self, tensors: Iterable[int], call: Call) -> Iterator[Op]:
        for tensor in tensors:
            for reader in self.before.readers[tensor]:
                if not call.start <= reader < call.stop:
                    yield self.before.ops[reader]

    def _id(self, op: Op) -> str | None:
        """The id of what stands for an op of the first model: what is gone, a module, or an op."""
        calls = [self.before.calls[op.call]]
        while (parent := calls[-1].parent) is not None:
            calls.append(self.before.calls[parent])
        for call in reversed(calls):
            if call.module in self.gone:
                return self.gone[call.module]
        inner = calls[0]
        place = self.partners.get(inner.module)
        partner = next(iter(self.after.calls_of(place)), None) if place is not None else None
        if partner is None:
            return None
        if not self._is_leaf(inner) or not self._is_leaf(partner):
            return self._same_op(op, inner, partner)
        return f"c{partner.id}"

    def _is_leaf(self, call: Call) -> bool:
        return not call.children and call.parent is not None

    def _same_op(self, op: Op, call: Call, partner: Call) -> str | None:
        """The op in the place of one of a call, where both calls run as many of that name."""
        mine, others = _named(self.before, call, op.name), _named(self.after, partner, op.name)
        return f"o{others[mine.index(op.id)]}" if len(mine) == len(others) else None


def _named(graph: ModelGraph, call: Call, name: str) -> list[int]:
    """The ops of a name that a call ran itself."""
    ops = graph.ops[call.start : call.stop]
    return [op.id for op in ops if op.call == call.id and op.name == name]
