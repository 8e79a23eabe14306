"""The tree of what a picture could show: what is inside what, and which siblings are folded.

A ``Part`` is one item of a call: a child call, an op, what a function ran, a repeated unit, or a
summary of several.
Its ops are those of its first copy; ``copies`` says where the others start.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from ..analysis.fold import Folder
from ..analysis.items import Step, Steps, item_start, item_stop, root_calls
from ..analysis.spans import Span
from ..graph import Call, ModelGraph, Op

BUNDLE, STRETCH = "b", "s"
"""Why items are in one part: to make room on a page, or since they are a long stretch of light
work between layers."""


@dataclass(frozen=True, slots=True)
class Part:
    """One item of the tree. ``children`` is None where there is nothing inside to see.

    ``items`` are what it stands for, in its first copy; ``start`` and ``stop`` bound their ops.
    ``together`` is ``BUNDLE`` or ``STRETCH`` where it is several items that do not repeat.
    """

    items: tuple[Step, ...]
    start: int
    stop: int
    children: tuple[Part, ...] | None = None
    copies: tuple[tuple[Step, ...], ...] = ()
    together: str = ""

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
    def steps(self) -> Steps | None:
        """What a function ran that the part is; None when it is anything else."""
        only = self.items[0]
        return only if len(self.items) == 1 and isinstance(only, Steps) else None

    @property
    def bundle(self) -> bool:
        """Whether it makes room on a page."""
        return self.together == BUNDLE

    @property
    def end(self) -> int:
        """The op after the last one of its last copy."""
        return item_stop(self.copies[-1][-1]) if self.copies else self.stop

    @property
    def count(self) -> int:
        """Number of copies."""
        return len(self.copies) or 1

    @property
    def id(self) -> str:
        """A name that the part keeps at every depth."""
        item = self.items[0]
        kind = self.together or ("u" if len(self.items) > 1 else "")
        first, level = (item.first, item.level) if isinstance(item, Steps) else (item, 0)
        return f"{kind}{'f' * level}{'o' if isinstance(first, Op) else 'c'}{first.id}"


@dataclass(frozen=True)
class Grower:
    """Grows the tree of a traced graph, call by call, whatever ``has_inside`` open.

    ``steps`` are what a call ran. ``folder`` finds copies; without one, nothing is folded.
    ``joined`` puts parts that are beside each other into one.
    """

    graph: ModelGraph
    has_inside: Callable[[Call | Steps], bool]
    steps: Callable[[Call], Sequence[Step]]
    folder: Folder | None
    joined: Callable[[Sequence[Part]], tuple[Part, ...]] = tuple

    def roots(self) -> Sequence[Step]:
        """What the model runs: the items of its root call."""
        roots = root_calls(self.graph)
        return self.steps(roots[0]) if len(roots) == 1 else roots

    def root(self) -> tuple[Part, ...]:
        """The model as one part, with what it runs inside."""
        roots = tuple(root_calls(self.graph))
        inside = self.grow(self.roots()) or None
        return (Part(roots, roots[0].start, roots[-1].stop, inside),)

    def grow(self, items: Sequence[Step]) -> tuple[Part, ...]:
        """The parts that stand for consecutive items, folded and opened."""
        if self.folder is None:
            return self._parts(items, [Span(place) for place in range(len(items))])
        return self._parts(items, self.folder.spans(items))

    def _parts(self, items: Sequence[Step], spans: Sequence[Span]) -> tuple[Part, ...]:
        return self.joined([self._part(items, span) for span in spans])

    def _part(self, items: Sequence[Step], span: Span) -> Part:
        units = tuple(
            tuple(items[start : start + span.unit])
            for start in range(span.start, span.stop, span.unit)
        )
        first = units[0]
        part = Part(
            first, item_start(first[0]), item_stop(first[-1]), None, units if units[1:] else ()
        )
        if len(first) > 1:
            return replace(part, children=self._parts(first, span.inside))
        only = first[0]
        if isinstance(only, Op) or not self.has_inside(only):
            return part
        inside = only.items if isinstance(only, Steps) else self.steps(only)
        return replace(part, children=self.grow(inside))


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
            result.append(together(parts[start:stop]))
    return tuple(result)


def together(parts: Sequence[Part]) -> Part:
    """Consecutive parts as one, which makes room on a page."""
    items = tuple(
        item for part in parts for item in (sum(part.copies, ()) if part.copies else part.items)
    )
    return Part(items, parts[0].start, item_stop(items[-1]), None, (), together=BUNDLE)


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
