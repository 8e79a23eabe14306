"""Folding: which of the things that a call ran, or a module holds, are copies of one another.

The rules are the same for tables, pictures and whatever else reads the tree. Copies have the same
structure (``keys.py``), all the way down; gave tensors of the same shapes, all the way down; and
stand in a row: a module that runs again and again, modules numbered one after the other, or the
steps of a loop of ops. Two small layers are no pattern yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ..graph import Call, ModelGraph, Op
from .items import Item
from .keys import StructureKeys, indexing_blind
from .spans import Sibling, Span, find_spans, sibling
from .turns import counting_ops

_FAR = 32
"""Ops further apart than this are not told apart when a loop of ops is looked for."""


def _alike(path: str) -> Hashable:
    return None


@dataclass(frozen=True)
class Folder:
    """Finds copies. ``mark`` tells apart modules that are to be shown in different ways."""

    graph: ModelGraph
    keys: StructureKeys
    mark: Callable[[str], Hashable] = _alike

    def spans(self, items: Sequence[Item]) -> tuple[Span, ...]:
        """The items that a call ran, cut into repeated units and single items.

        First a module that runs again and again, then modules in a row, then ops in a loop.
        """
        spans = [Span(index) for index in range(len(items))]
        if len(items) > 1:
            for siblings in (self._again, self._in_a_row, self._loops):
                spans = self._refined(items, spans, siblings)
        return tuple(
            replace(span, inside=self.spans(items[span.start : span.start + span.unit]))
            if span.unit > 1
            else span
            for span in spans
        )

    def _refined(
        self,
        items: Sequence[Item],
        spans: list[Span],
        siblings: Callable[[Sequence[Item]], list[Sibling]],
    ) -> list[Span]:
        """The spans with what is still single looked at once more."""
        result: list[Span] = []
        position = 0
        while position < len(spans):
            if spans[position].count > 1:
                result.append(spans[position])
                position += 1
                continue
            end = position
            while end < len(spans) and spans[end].count == 1:
                end += 1
            start = spans[position].start
            gap = items[start : spans[end - 1].stop]
            for span in find_spans(siblings(gap)):
                moved = Span(start + span.start, span.unit, span.count)
                if span.count > 1 and not self._worth_folding(items, moved):
                    result += [Span(index) for index in range(moved.start, moved.stop)]
                else:
                    result.append(moved)
            position = end
        return result

    def _worth_folding(self, items: Sequence[Item], span: Span) -> bool:
        """Whether a fold leaves out enough to be worth its frame: two small layers stay apart."""
        unit = items[span.start : span.start + span.unit]
        whole = any(isinstance(item, Call) and item.children for item in unit)
        if all(isinstance(item, Op) for item in unit):
            return span.count >= 3 and span.unit * span.count >= 6
        return span.count >= 3 or whole or span.unit >= 3

    def _again(self, items: Sequence[Item]) -> list[Sibling]:
        """Siblings for a module that is called several times in a row, or several in turn."""
        return [
            Sibling((*self._key(item), item.module), item.index)
            if isinstance(item, Call) and self._calls_per_module[item.module] > 1
            else Sibling(self._op_key(item))
            if isinstance(item, Op)
            else Sibling(("once", item.id))
            for item in items
        ]

    def _in_a_row(self, items: Sequence[Item]) -> list[Sibling]:
        """Siblings for modules numbered one after the other."""
        counting = counting_ops(items)
        return [
            self._numbered(item)
            if isinstance(item, Call)
            else Sibling(("turn", item.name, counting[item.id]))
            if item.id in counting
            else Sibling(self._op_key(item))
            for item in items
        ]

    def _numbered(self, call: Call) -> Sibling:
        key = (*self._key(call), self.keys.modules[call.module], self.mark(call.module))
        again = self._calls_per_module[call.module] > 1
        found = sibling(call.module, (*key, call.index) if again else key, not call.children)
        if found.number is None and again:
            return Sibling((*key, call.module), call.index)
        return found

    def _key(self, call: Call) -> tuple[Hashable, ...]:
        return (self.keys.calls[call.id], self.keys.shapes[call.id])

    def _loops(self, items: Sequence[Item]) -> list[Sibling]:
        """Siblings for ops that take their inputs from equally far back, as a loop's do."""
        return [
            Sibling((self._op_key(item), self._distances(item)), item.id)
            if isinstance(item, Op)
            else Sibling(("call", item.id))
            for item in items
        ]

    def _op_key(self, op: Op) -> Hashable:
        return ("op", indexing_blind(op), op.failed)

    def _distances(self, op: Op) -> Hashable:
        result: list[Hashable] = []
        for tensor_id in op.inputs:
            tensor = self.graph.tensors[tensor_id]
            if tensor.producer is None:
                result.append((tensor.kind, tensor.shape))
            else:
                distance = op.id - tensor.producer
                result.append(distance if distance <= _FAR else None)
        return tuple(result)

    @cached_property
    def _calls_per_module(self) -> Counter[str]:
        return Counter(call.module for call in self.graph.calls)
