"""Folding: which of the things that a call ran, or a module holds, are copies of one another.

The rules are the same for tables, pictures and whatever else reads the tree. Copies have the same
structure (``keys.py``), all the way down; gave tensors of the same shapes, all the way down; and
stand in a row: a module or a function that runs again and again, modules numbered one after the
other, or the steps of a loop of ops. Two small layers are no pattern yet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from ..graph import Call, ModelGraph, Op
from .items import Item, Step, Steps, flat, item_start
from .keys import Key, StructureKeys, indexing_blind, is_stochastic_depth
from .loop_counters import counting_ops
from .spans import Sibling, Span, find_spans, outer_places, outer_sibling, sibling

_Siblings = Callable[[Sequence[Step]], list[Sibling]]

_FAR = 32
"""Ops further apart than this are not told apart when a loop of ops is looked for."""


def _alike(path: str) -> Hashable:
    return None


def _functions(steps: Sequence[Step]) -> Hashable:
    """Which functions ran what of a call."""
    return tuple(
        [
            (step.function.name, step.function.file, step.function.line, _functions(step.items))
            if isinstance(step, Steps)
            else None
            for step in steps
        ]
    )


@dataclass(frozen=True)
class Folder:
    """Finds copies. ``mark`` tells apart modules that are to be shown in different ways."""

    graph: ModelGraph
    keys: StructureKeys
    mark: Callable[[str], Hashable] = _alike

    def call_spans(self, call: Call, steps: Sequence[Step]) -> tuple[list[Item], list[Span]]:
        """``flat_spans`` of what a call ran, found once for all calls that are alike in it."""
        several = self._calls_per_key[self.keys.calls[call.id]] > 1
        likeness = self._likeness(call, steps) if several else None
        if likeness is None:
            return self.flat_spans(steps)
        known = self._known_spans.get(likeness)
        if known is None:
            known = self._known_spans[likeness] = self.flat_spans(steps)[1]
        return list(flat(steps)), known

    def _likeness(self, call: Call, steps: Sequence[Step]) -> Hashable:
        """Whatever the spans of a call depend on, the same for its copies; None if unknown.

        Its key tells what it ran and how that feeds one another, the module's key what modules it
        holds and how often those are called. The rest is told here: what came from outside, and
        from how far; the shapes inside; what functions ran; which calls of modules these are, and
        which of them count what others share.
        """
        graph, inside = self.graph, f"{call.module}." if call.module else ""
        module = graph.module(call.module)
        children = [graph.calls[child] for child in call.children]
        if (
            not self.keys.tell_all
            or graph.failure is not None
            or is_stochastic_depth(module)
            or not all([child.module.startswith(inside) for child in children])
        ):
            return None
        tensors, start = graph.tensors, call.start
        read = [tensors[tensor] for tensor in self.keys.reads[call.id]]
        return (
            self.keys.calls[call.id],
            self.keys.shapes[call.id],
            self.keys.modules[call.module],
            tuple(
                [
                    (tensor.kind, tensor.named_shape)
                    if tensor.producer is None
                    else min(start - tensor.producer, _FAR + 1)
                    for tensor in read
                ]
            ),
            tuple(
                [
                    tuple([tensors[tensor].named_shape for tensor in graph.ops[op].outputs])
                    for op in call.ops
                ]
            ),
            _functions(steps),
            tuple(
                [
                    (
                        child.index - call.index,
                        self.mark(child.module),
                        self._shared_first.get(child.id, 0),
                    )
                    for child in children
                ]
            ),
        )

    @cached_property
    def _calls_per_key(self) -> Counter[Key]:
        return Counter(self.keys.calls)

    @cached_property
    def _known_spans(self) -> dict[Hashable, list[Span]]:
        return {}

    def flat_spans(self, steps: Sequence[Step]) -> tuple[list[Item], list[Span]]:
        """The ops and calls of what a call ran, without the functions, and their spans."""
        return self._flat(steps, self.spans(steps))

    def _flat(self, steps: Sequence[Step], spans: Sequence[Span]) -> tuple[list[Item], list[Span]]:
        items: list[Item] = []
        result: list[Span] = []
        for span in spans:
            if span.unit == span.count == 1 and not isinstance(step := steps[span.start], Steps):
                result.append(Span(len(items)))
                items.append(step)
                continue
            start, unit = len(items), steps[span.start : span.start + span.unit]
            if len(unit) == 1 and isinstance(unit[0], Steps):
                first, inside = self.flat_spans(unit[0].items)
            elif len(unit) == 1:
                first, inside = list(flat(unit)), [Span(0)]
            else:
                first, inside = self._flat(unit, span.inside)
            if span.count == 1:
                items += first
                result += [
                    Span(start + one.start, one.unit, one.count, one.inside) for one in inside
                ]
            else:
                items += flat(steps[span.start : span.stop])
                within = tuple(inside) if len(first) > 1 else ()
                result.append(Span(start, len(first), span.count, within))
        return items, result

    def spans(self, items: Sequence[Step]) -> tuple[Span, ...]:
        """What a call ran, cut into repeated units and single items.

        First a module that runs again and again, then modules in a row, by the outermost number in
        their names that tells them apart, then ops in a loop.
        """
        spans = [Span(index) for index in range(len(items))]
        if self._any_alike(items):
            ways = [*self._outer_rows(items), self._in_a_row]
            if not all([self._is_called_once(item) for item in items]):
                ways = [self._again, *ways, self._loops]  # which tell all others apart
            for siblings in ways:
                spans = self._refined(items, spans, siblings)
        return tuple(
            replace(span, inside=self.spans(items[span.start : span.start + span.unit]))
            if span.unit > 1
            else span
            for span in spans
        )

    def _is_called_once(self, item: Step) -> bool:
        return isinstance(item, Call) and self._calls_per_module[item.module] == 1

    def _any_alike(self, items: Sequence[Step]) -> bool:
        """Whether two items could be copies of each other: what all siblings' keys tell apart."""
        kinds = {
            self.keys.calls[item.id]
            if isinstance(item, Call)
            else item.name
            if isinstance(item, Op)
            else item.function.name
            for item in items
        }
        return len(kinds) < len(items)

    def _refined(
        self,
        items: Sequence[Step],
        spans: list[Span],
        siblings: _Siblings,
    ) -> list[Span]:
        """The spans with what is still single looked at once more."""
        result: list[Span] = []
        position, size = 0, len(spans)
        while position < size:
            end = position
            while end < size and spans[end].count == 1:
                end += 1
            if end - position < 2:
                result.append(spans[position])
                position += 1
                continue
            start = spans[position].start
            gap = items[start : spans[end - 1].stop]
            for span in find_spans(siblings(gap)):
                if span.count > 1:
                    moved = Span(start + span.start, span.unit, span.count)
                    if self._worth_folding(items, moved):
                        result.append(moved)
                        continue
                first = position + span.start
                result += spans[first : first + span.unit * span.count]  # single as before
            position = end
        return result

    def _worth_folding(self, items: Sequence[Step], span: Span) -> bool:
        """Whether a fold leaves out enough to be worth its frame: two small layers stay apart."""
        steps = items[span.start : span.start + span.unit]
        unit = list(flat(steps))
        whole = any(isinstance(item, Call) and item.children for item in unit)
        if all(isinstance(item, Op) for item in unit):
            return span.count >= 3 and len(unit) * span.count >= 6
        return span.count >= 3 or whole or span.unit >= 3

    def _again(self, items: Sequence[Step]) -> list[Sibling]:
        """Siblings for a module or a function that is called several times in a row or in turn."""
        return [
            self._steps(item, self._again(item.items))
            if isinstance(item, Steps)
            else Sibling((*self._key(item), item.module), item.index)
            if isinstance(item, Call) and self._calls_per_module[item.module] > 1
            else Sibling(self._op_key(item))
            if isinstance(item, Op)
            else Sibling(("once", item.id))
            for item in items
        ]

    def _outer_rows(self, items: Sequence[Step]) -> list[_Siblings]:
        """Siblings for lists of modules in a row: by each number that is not at the end of names.

        ``layers.0.0`` and ``layers.0.1`` are called where ``layers.1.0`` and ``layers.1.1`` are.
        """
        paths = [item.module for item in items if isinstance(item, Call)]
        return [partial(self._in_a_row, place=place) for place in outer_places(paths)]

    def _in_a_row(self, items: Sequence[Step], place: int | None = None) -> list[Sibling]:
        """Siblings for modules numbered one after the other, and for functions that call such.

        The number is at the end of their names, or in one part of them.
        """
        return self._rows(items, counting_ops(list(flat(items))), place)

    def _rows(
        self, items: Sequence[Step], counting: Mapping[int, int], place: int | None
    ) -> list[Sibling]:
        return [
            self._steps(item, self._rows(item.items, counting, place))
            if isinstance(item, Steps)
            else self._numbered(item, place)
            if isinstance(item, Call)
            else Sibling(("turn", item.name, counting[item.id]))
            if item.id in counting
            else Sibling(self._op_key(item))
            for item in items
        ]

    def _steps(self, steps: Steps, inside: Sequence[Sibling]) -> Sibling:
        """The sibling for what a function did, from those for what it did inside.

        A function that called numbered modules counts as the first of them does; one that ran ops
        alone can come again wherever it is.
        """
        number = next((one.number for one in inside if one.number is not None), None)
        base = number or 0
        parts = tuple(
            (one.key, None if one.number is None else one.number - base) for one in inside
        )
        calls = any(isinstance(item, Call) for item in flat(steps.items))
        function = steps.function
        key = ("function", function.name, function.file, function.line, parts, self._inner(steps))
        plain = calls and all(one.plain or one.number is None for one in inside)
        return Sibling(key, number if calls else item_start(steps), plain)

    def _inner(self, steps: Steps) -> Hashable:
        """The shapes that the ops of a function gave, and how they feed one another."""
        start = item_start(steps)
        result: list[Hashable] = []
        for item in steps.items:
            if isinstance(item, Op):
                made = (self.graph.tensors[tensor].producer for tensor in item.inputs)
                sources = tuple(
                    None if producer is None or producer < start else producer - start
                    for producer in made
                )
                shapes = tuple(self.graph.tensors[tensor].named_shape for tensor in item.outputs)
                result.append((shapes, sources))
        return tuple(result)

    def _numbered(self, call: Call, place: int | None) -> Sibling:
        marks = self.mark(call.module), self._shared_first.get(call.id, 0)
        key = (*self._key(call), self.keys.modules[call.module], *marks)
        again = self._calls_per_module[call.module] > 1
        whole = (*key, call.index) if again else key
        leaf = not call.children
        found = (
            sibling(call.module, whole, leaf)
            if place is None
            else outer_sibling(call.module, place, whole, leaf)
        )
        if found.number is None and again:
            return Sibling((*key, call.module), call.index)
        return found

    def _key(self, call: Call) -> tuple[Hashable, ...]:
        return (self.keys.calls[call.id], self.keys.shapes[call.id])

    def _loops(self, items: Sequence[Step]) -> list[Sibling]:
        """Siblings for ops that take their inputs from equally far back, as a loop's do."""
        return [
            self._steps(item, self._loops(item.items))
            if isinstance(item, Steps)
            else Sibling((self._op_key(item), self._distances(item)), item.id)
            if isinstance(item, Op)
            else Sibling(("call", item.id))
            for item in items
        ]

    def _op_key(self, op: Op) -> Hashable:
        known = self._op_keys.get(op.id)
        if known is None:
            known = self._op_keys[op.id] = ("op", indexing_blind(op), op.failed)
        return known

    @cached_property
    def _op_keys(self) -> dict[int, Hashable]:
        """What ops are told apart by, as far as that was asked: each way to fold asks again."""
        return {}

    def _distances(self, op: Op) -> Hashable:
        result: list[Hashable] = []
        for tensor_id in op.inputs:
            tensor = self.graph.tensors[tensor_id]
            if tensor.producer is None:
                result.append((tensor.kind, tensor.named_shape))
            else:
                distance = op.id - tensor.producer
                result.append(distance if distance <= _FAR else None)
        return tuple(result)

    @cached_property
    def _shared_first(self) -> Mapping[int, int]:
        """By call: how many modules with several names and weights are first called in it.

        Such a module counts there, and not in the copies that share it.
        """
        several = {
            module.shared_with
            for module in self.graph.modules
            if module.shared_with is not None and module.parameters
        }
        result: dict[int, int] = {}
        for call in self.graph.calls if several else ():
            if call.module in several:
                several.remove(call.module)
                above: int | None = call.id
                while above is not None:
                    result[above] = result.get(above, 0) + 1
                    above = self.graph.calls[above].parent
        return result

    @cached_property
    def _calls_per_module(self) -> Counter[str]:
        return Counter(call.module for call in self.graph.calls)
