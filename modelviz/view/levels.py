"""Which parts are open at a depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ..graph import ModelGraph
from .kinds import CONTAINERS
from .options import Depth
from .tree import Part
from .visibility import Visibility


def open_parts(visibility: Visibility, parts: Sequence[Part], depth: Depth) -> list[str]:
    """The ids of the parts that are open at a depth."""
    return [part.id for part, is_open in _Levels(visibility, depth).shown(parts) if is_open]


def shown_size(visibility: Visibility, parts: Sequence[Part], depth: Depth) -> int:
    """The number of parts that are shown at a depth."""
    shown = _Levels(visibility, depth).shown(parts)
    return sum(is_open or not visibility.hides_closed(part) for part, is_open in shown)


@dataclass(frozen=True)
class _Levels:
    """What is open at a depth: as the reader asks, or, where no depth was asked for, as reads best.

    In a picture of its own choice, a module that does nothing but call another opens with that one.
    """

    visibility: Visibility
    depth: Depth

    def shown(self, parts: Sequence[Part]) -> Iterator[tuple[Part, bool]]:
        """Every part that is seen, outer before inner, and whether it is open."""
        shut = self._shut_inside(parts) if self.depth.nested else frozenset()
        if self.depth.least:
            shut |= self._shut_in_others(parts, shut)
        return self._walked(parts, shut)

    def _shut_in_others(self, parts: Sequence[Part], shut: Set[str]) -> frozenset[str]:
        """What is open in one module and shut in another of that class, by class and name."""
        states: dict[str, set[bool]] = {}
        for part, is_open in self._walked(parts, shut):
            name = self._place(part)
            if name and part.children is not None and not self.visibility.is_asked(part):
                states.setdefault(name, set()).add(is_open)
        return frozenset(name for name, both in states.items() if len(both) > 1)

    def _is_shut(self, part: Part, shut: Set[str]) -> bool:
        """Whether a part is among those that are shut, or has nothing but one of them inside."""
        if not shut:
            return False
        only = self._only(part)
        same = bool(shut & {_class(self._graph, part), self._place(part)})
        return same or (only is not None and bool(shut & {self._place(only)}))

    def _place(self, part: Part) -> str:
        """The class of the module around a part and what it calls it; nothing in a container."""
        if part.call is None or part.call.parent is None:
            return ""
        module = self._graph.module(part.call.module)
        around = self._graph.module(self._graph.calls[part.call.parent].module)
        if around.qualified_class.startswith(CONTAINERS):
            return ""
        return f"{around.class_name}.{module.path.removeprefix(around.path).lstrip('.')}"

    def _shut_inside(self, parts: Sequence[Part]) -> frozenset[str]:
        """The classes that are open in one place and shut further inside, but for what is nested.

        Modules of one class inside one another are one level, and so is what is beside them.
        """
        states: dict[str, set[bool]] = {}
        nested: set[str] = set()
        for part, is_open in self._walked(parts, frozenset()):
            name = _class(self._graph, part)
            opens = name and part.children is not None and not self._is_container(part)
            if opens and not self.visibility.is_asked(part):
                states.setdefault(name, set()).add(is_open)
                nested |= {name} if is_open and self._again(part) else set()
        return frozenset(name for name, both in states.items() if len(both) > 1) - nested

    def _walked(self, parts: Sequence[Part], shut: Set[str]) -> Iterator[tuple[Part, bool]]:
        waiting = self._with_level(parts, 1) if self.depth.levels else []
        while waiting:
            part, level, may = waiting.pop()
            may = may and not self._is_shut(part, shut)
            is_open = self._opens(part, level) and (may or self.visibility.is_asked(part))
            yield part, is_open
            if is_open:
                waiting += self._inside(part, level)

    def _inside(self, part: Part, level: int) -> list[tuple[Part, int, bool]]:
        children = part.children or ()
        if self.visibility.is_frame(part):
            return self._with_level(children, level)
        inside = self._with_level(children, level + 1)
        again = self._again(part)
        return [(one, level if one is again else inner, may) for one, inner, may in inside]

    def _with_level(self, parts: Sequence[Part], level: int) -> list[tuple[Part, int, bool]]:
        """The parts, last first, and which may open: of one class, all of them or none."""
        classes: dict[str, list[Part]] = {}
        for part in parts:
            classes.setdefault(_class(self._graph, part), []).append(part)
        shut = {name for name, some in classes.items() if name and self._stay_shut(some, level)}
        return [(part, level, _class(self._graph, part) not in shut) for part in reversed(parts)]

    def _stay_shut(self, parts: Sequence[Part], level: int) -> bool:
        """Whether parts of one class tell too little for their level."""
        if level == self.depth.levels - 1 and self.depth.least:
            shares = (self.visibility.share(p.call.module) * p.count for p in parts if p.call)
            if max(shares) < self.depth.least:
                return True
        some = [part for part in parts if self._opens(part, level)]
        return bool(some) and all(self._only_calls_what_is_shut(part, level) for part in some)

    def _only_calls_what_is_shut(self, part: Part, level: int) -> bool:
        only = self._only(part)
        if only is None or self.visibility.is_asked(part):
            return False
        return not self._opens(only, level + 1) or self._stay_shut([only], level + 1)

    def _opens(self, part: Part, level: int) -> bool:
        return self.visibility.opens(part, level, self.depth.levels)

    def _only(self, part: Part) -> Part | None:
        """The one module that a module calls, if that is all that it does."""
        if part.call is None or not self._chooses:
            return None
        shown = [one for one in part.children or () if not self.visibility.hides(one)]
        only = shown[0] if len(shown) == 1 else None
        return only if only and only.call and only.children and only.count == 1 else None

    def _again(self, part: Part) -> Part | None:
        """The one module of its own class that a module calls."""
        name = _class(self._graph, part)
        if part.call is None or not self.depth.nested:
            return None
        if self._is_container(part):
            return None
        same = [one for one in part.children or () if _class(self._graph, one) == name]
        return same[0] if len(same) == 1 else None

    def _is_container(self, part: Part) -> bool:
        """Whether a part calls one of PyTorch's containers, whose class tells nothing."""
        path = None if part.call is None else part.call.module
        return path is not None and self._graph.module(path).qualified_class.startswith(CONTAINERS)

    @property
    def _chooses(self) -> bool:
        return self.visibility.options.depth is None

    @property
    def _graph(self) -> ModelGraph:
        return self.visibility.graph


def _class(graph: ModelGraph, part: Part) -> str:
    """The class of the module that a part calls; nothing where it is another thing."""
    return "" if part.call is None else graph.module(part.call.module).class_name
