"""The tree of what a view could show: which calls are open, which siblings are folded.

A ``Part`` is one item of a call: a child call, an op, a repeated unit, or a summary of several.
Its ops are those of its first copy; ``copies`` says where the others start.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from ..analysis.fold import Sibling, Span, find_spans, sibling
from ..analysis.items import Item, call_items, item_start, item_stop, root_calls
from ..analysis.keys import StructureKeys, indexing_blind
from ..analysis.turns import counting_ops
from ..graph import Call, ModelGraph, Op

_FAR = 32
"""Ops further apart than this are not told apart when a loop of ops is looked for."""


@dataclass(frozen=True, slots=True)
class Part:
    """One item of the tree. ``children`` is None while the part is closed.

    ``items`` are what it stands for, in its first copy; ``start`` and ``stop`` bound their ops.
    ``items`` are what the part stands for, ``last`` those of its last copy.
    """

    items: tuple[Item, ...]
    start: int
    stop: int
    children: tuple[Part, ...] | None = None
    copies: tuple[tuple[Item, ...], ...] = ()
    bundle: bool = False

    @property
    def call(self) -> Call | None:
        """The call that the part is; None when it is an op or several items."""
        only = self.items[0]
        return only if len(self.items) == 1 and isinstance(only, Call) else None

    @property
    def op(self) -> Op | None:
        """The op that the part is; None when it is a call or several items."""
        only = self.items[0]
        return only if len(self.items) == 1 and isinstance(only, Op) else None

    @property
    def count(self) -> int:
        """Number of copies."""
        return len(self.copies) or 1

    @property
    def id(self) -> str:
        """A name that the part keeps at every depth."""
        first = self.items[0]
        kind = "b" if self.bundle else "u" if len(self.items) > 1 else ""
        return f"{kind}{'o' if isinstance(first, Op) else 'c'}{first.id}"


@dataclass(frozen=True)
class Grower:
    """Grows the tree of a traced graph, call by call.

    ``is_open(call, level)`` says whether a call is shown open at that level, 1 for what the root
    runs. ``mark(path)`` tells copies apart that were asked to look different.
    """

    graph: ModelGraph
    is_open: Callable[[Call, int], bool]
    mark: Callable[[str], Hashable]
    fold: bool
    keys: StructureKeys

    @cached_property
    def calls_per_module(self) -> dict[str, int]:
        """How often each module is called."""
        counts: dict[str, int] = {}
        for call in self.graph.calls:
            counts[call.module] = counts.get(call.module, 0) + 1
        return counts

    def roots(self) -> tuple[Item, ...]:
        """What the model runs: the items of its root call."""
        roots = root_calls(self.graph)
        return tuple(call_items(self.graph, roots[0])) if len(roots) == 1 else tuple(roots)

    def whole(self) -> tuple[Part, ...]:
        """The model as one closed part."""
        roots = tuple(root_calls(self.graph))
        return (Part(roots, roots[0].start, roots[-1].stop),)

    def grow(self, items: Sequence[Item], level: int) -> tuple[Part, ...]:
        """The parts that stand for consecutive items at a level, folded and opened."""
        parts = []
        for span in self.spans(items):
            units = tuple(
                tuple(items[start : start + span.unit])
                for start in range(span.start, span.stop, span.unit)
            )
            parts.append(self._part(units, level))
        return tuple(parts)

    def _part(self, units: tuple[tuple[Item, ...], ...], level: int) -> Part:
        first = units[0]
        part = Part(
            first, item_start(first[0]), item_stop(first[-1]), None, units if units[1:] else ()
        )
        if len(first) > 1:
            return replace(part, children=self.grow(first, level))
        only = first[0]
        if isinstance(only, Call) and self.is_open(only, level):
            return replace(part, children=self.grow(call_items(self.graph, only), level + 1))
        return part

    def spans(self, items: Sequence[Item]) -> list[Span]:
        """The items cut into repeated units and single items.

        First a module that runs again and again, then modules in a row, then ops in a loop.
        """
        whole = [Span(index, 1, 1) for index in range(len(items))]
        if not self.fold or len(items) < 2:
            return whole
        for siblings in (self._again, self._in_a_row, self._loops):
            whole = self._refine(items, whole, siblings)
        return whole

    def _refine(
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
                    result += [Span(index, 1, 1) for index in range(moved.start, moved.stop)]
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
            Sibling((self.keys.calls[item.id], item.module), item.index)
            if isinstance(item, Call) and self.calls_per_module[item.module] > 1
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
        key = (
            self.keys.calls[call.id],
            self.keys.modules[call.module],
            self.mark(call.module),
        )
        again = self.calls_per_module[call.module] > 1
        found = sibling(call.module, (*key, call.index) if again else key, not call.children)
        if found.number is None and again:
            return Sibling((*key, call.module), call.index)
        return found

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


def walk(parts: Sequence[Part]) -> Iterator[Part]:
    """Every part, outer before inner, in the order of execution."""
    waiting = list(reversed(parts))
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(reversed(part.children or ()))


def bundled(graph: ModelGraph, parts: Sequence[Part], limit: int) -> tuple[Part, ...]:
    """At most ``limit`` parts: consecutive ones are summarised where few tensors pass."""
    size = len(parts)
    if size <= limit:
        return tuple(parts)
    crossing = _crossing(graph, parts)
    bounds = [0]
    for number in range(1, limit):
        ideal = number * size / limit
        slack = size / limit / 3
        low = max(bounds[-1] + 1, round(ideal - slack))
        high = max(low + 1, min(size, round(ideal + slack) + 1))
        choices = range(low, min(high, size - (limit - number) + 1))
        bounds.append(min(choices, key=lambda at: (crossing[at], abs(at - ideal)), default=low))
    bounds.append(size)
    result: list[Part] = []
    for start, stop in pairwise(bounds):
        if stop - start <= 1:
            result += parts[start:stop]
        else:
            items = tuple(
                item
                for part in parts[start:stop]
                for item in (sum(part.copies, ()) if part.copies else part.items)
            )
            first, last = parts[start], items[-1]
            result.append(Part(items, first.start, item_stop(last), None, (), bundle=True))
    return tuple(result)


def _crossing(graph: ModelGraph, parts: Sequence[Part]) -> list[int]:
    """For each boundary between parts: how many tensors are made before and read after it."""
    starts = [part.start for part in parts]
    change = [0] * (len(parts) + 2)
    last_use: dict[int, int] = {}
    for op in graph.ops:
        for tensor in op.inputs:
            last_use[tensor] = op.id
    for tensor_id, use in last_use.items():
        producer = graph.tensors[tensor_id].producer
        if producer is not None:
            made, used = bisect_left(starts, producer + 1) - 1, bisect_left(starts, use + 1) - 1
            if used > made:
                change[made + 1] += 1
                change[used + 1] -= 1
    total, result = 0, []
    for amount in change[: len(parts) + 1]:
        total += amount
        result.append(total)
    return result
