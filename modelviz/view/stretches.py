"""What a forward computes itself between its layers, in one where it is much of it.

Boxes that are decoded, sorted and thrown away, a loss, the making of masks: many small ops in a
row, outside of any module. A reader of the model sees the layers, and may open the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

from ..analysis.items import flat
from ..graph import ModelGraph, Op
from .tree import STRETCH, Part, walk

LONG = 12
"""Fewest steps in a row that are one. The gates of a recurrent cell, written out, are less."""
_LAYERS = 2
"""Fewest layers beside: where there are less, the steps are what the module is."""


@dataclass(frozen=True)
class Stretches:
    """Puts long stretches of light work into one part each.

    Light are ops and functions that multiply no matrices, read no parameter and did not fail.
    ``hides`` says whether a closed part is left to its neighbours.
    """

    graph: ModelGraph
    hides: Callable[[Part], bool]

    def joined(self, parts: Sequence[Part]) -> tuple[Part, ...]:
        """Consecutive parts of one call, those of each long stretch as one."""
        if len(parts) < LONG:
            return tuple(parts)
        light = [self._is_light(part) for part in parts]
        if light.count(False) < _LAYERS or True not in light:
            return tuple(parts)
        return tuple(self._joined(zip(light, parts, strict=True)))

    def _joined(self, parts: Iterable[tuple[bool, Part]]) -> Iterator[Part]:
        for light, some in groupby(parts, itemgetter(0)):
            stretch = tuple(part for _, part in some)
            if light and self._steps(stretch) >= LONG:
                yield _one(stretch)
            else:
                yield from stretch

    def _steps(self, parts: Sequence[Part]) -> int:
        """How many steps a reader would see, a function as one."""
        closed = (p for part in parts for p in (walk((part,)) if part.steps is None else (part,)))
        return sum(
            not self.hides(part) and (part.children is None or part.steps is not None)
            for part in closed
        )

    def _is_light(self, part: Part) -> bool:
        return all(
            self._is_light_op(item)
            if isinstance(item, Op)
            else part.call is item and not item.failed and self.hides(part)
            for item in flat(part.items)
        )

    def _is_light_op(self, op: Op) -> bool:
        reads = (self.graph.tensors[tensor].kind for tensor in op.inputs)
        return not op.flops and not op.failed and "parameter" not in reads


def _one(parts: tuple[Part, ...]) -> Part:
    items = tuple(item for part in parts for item in (sum(part.copies, ()) or part.items))
    whole = replace(parts[0], items=items, stop=parts[-1].end, children=parts, copies=())
    return replace(whole, together=STRETCH)
