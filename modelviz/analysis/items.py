"""What a call ran itself: its ops and the calls of other modules, in order.

``call_steps`` has the same, with what functions did put together: ``Steps``. A function is worth a
level if it ran two ops or calls or more, and not all that was run around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Union

from ..graph import Call, FunctionCall, ModelGraph, Op

Item = Op | Call
_ORDER = itemgetter(0, 1)


@dataclass(frozen=True, slots=True)
class Steps:
    """What one run of a function did in a row: ops, calls, and the steps of further functions.

    ``level`` counts the functions of the same call that are open around its items: 1 or more.
    """

    function: FunctionCall
    items: tuple[Step, ...]
    level: int

    @property
    def first(self) -> Item:
        """The op or call that it begins with."""
        item = self.items[0]
        return item.first if isinstance(item, Steps) else item

    @property
    def failed(self) -> bool:
        """Whether the forward failed here."""
        return any(item.failed for item in self.items)


Step = Union[Item, Steps]  # noqa: UP007 - a name that comes before its class


def call_items(graph: ModelGraph, call: Call) -> list[Item]:
    """The ops directly in the call and its child calls, in the order in which they ran."""
    if not call.children:
        return [graph.ops[op] for op in call.ops]
    calls = [graph.calls[child] for child in call.children]
    if not call.ops:
        return [*calls]
    # A call stands before the op that it begins with.
    items: list[tuple[int, int, Item]] = [
        (one.start, place, one) for place, one in enumerate(calls)
    ]
    items += [(op, len(calls), graph.ops[op]) for op in call.ops]
    items.sort(key=_ORDER)
    return [item for _, _, item in items]


def call_steps(graph: ModelGraph, call: Call) -> Sequence[Step]:
    """What a call ran, with what each run of a function did in a row as one."""
    items = call_items(graph, call)
    if not graph.functions or all(item.function is None for item in items):
        return items
    top: list[Step] = []
    stack: list[tuple[FunctionCall, list[Step]]] = []

    def close() -> None:
        function, inside = stack.pop()
        around = stack[-1][1] if stack else top
        around += _level(function, inside, len(stack) + 1)

    for item in items:
        functions = list(functions_of(graph, item))
        while stack and stack[-1][0] not in functions:
            close()
        stack += [(function, []) for function in functions[len(stack) :]]
        (stack[-1][1] if stack else top).append(item)
    while stack:
        close()
    if len(top) == 1 and isinstance(top[0], Steps):
        return top[0].items
    return top


def _level(function: FunctionCall, inside: list[Step], level: int) -> Sequence[Step]:
    """What a function did as one, if that is worth a level; else as it is."""
    if len(inside) != 1:
        return [Steps(function, tuple(inside), level)]
    only = inside[0]
    # A function that leaves everything to another is what a reader knows that by.
    return [Steps(function, only.items, level)] if isinstance(only, Steps) else inside


def functions_of(graph: ModelGraph, item: Item) -> Iterator[FunctionCall]:
    """The functions that an op or call is in, outermost first."""
    found = []
    number = item.function
    while number is not None:
        found.append(graph.functions[number])
        number = graph.functions[number].parent
    return reversed(found)


def flat(steps: Iterable[Step]) -> Iterator[Item]:
    """The ops and calls among steps, and in the functions among them."""
    for step in steps:
        if isinstance(step, Steps):
            yield from flat(step.items)
        else:
            yield step


def root_calls(graph: ModelGraph) -> list[Call]:
    """The calls that no other call made: one, unless the forward of the root is not traced."""
    return [call for call in graph.calls if call.parent is None]


def item_start(item: Step) -> int:
    """The first op of an op, a call or steps."""
    if isinstance(item, Steps):
        return item_start(item.items[0])
    return item.id if isinstance(item, Op) else item.start


def item_stop(item: Step) -> int:
    """The op after the last one of an op, a call or steps."""
    if isinstance(item, Steps):
        return item_stop(item.items[-1])
    return item.id + 1 if isinstance(item, Op) else item.stop
