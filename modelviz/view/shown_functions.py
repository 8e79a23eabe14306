"""Which functions of a forward are worth a level of their own in a view."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..analysis.items import Item, Step, Steps, call_steps, flat
from ..graph import Call, ModelGraph


@dataclass(frozen=True)
class ShownFunctions:
    """What calls ran, with those functions that tell something: two shown steps or more.

    What a function leaves to another alone, and what is all that its module shows, is no level.
    ``hides`` says whether an op or a closed call is left to its neighbours.
    """

    graph: ModelGraph
    hides: Callable[[Item], bool]
    _known: dict[int, Sequence[Step]] = field(default_factory=dict)

    def steps(self, call: Call) -> Sequence[Step]:
        """What a call ran."""
        found = self._known.get(call.id)
        if found is None:
            steps = call_steps(self.graph, call)
            found = self._known[call.id] = tuple(self._kept(steps, self._size(steps)))
        return found

    def _kept(self, steps: Sequence[Step], around: int) -> Iterable[Step]:
        """The steps, those of functions that tell nothing in their place."""
        for step in steps:
            if not isinstance(step, Steps):
                yield step
                continue
            size = self._size((step,))
            if size < 2 or size == around:
                yield from self._kept(step.items, around)
            else:
                yield replace(step, items=tuple(self._kept(step.items, size)))

    def _size(self, steps: Sequence[Step]) -> int:
        """How many ops and calls are shown, each call as one."""
        return sum(not self.hides(item) for item in flat(steps))
