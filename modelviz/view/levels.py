"""Which parts are open at a depth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from ..graph import ModelGraph
from .options import Depth
from .tree import Part
from .visibility import Visibility


class _Place(NamedTuple):
    """How deep a part is, the kinds of modules that are open at any level from there, its copies.

    The copies are those of all that is around it.
    """

    level: int
    also: frozenset[str]
    copies: int = 1


@dataclass(frozen=True)
class Levels:
    """What is open at a depth: as the reader asks, or, where no depth was asked for, as reads best.

    In a picture of its own choice, a module that does nothing but call another opens with that one.
    """

    visibility: Visibility
    parts: Sequence[Part]
    depth: Depth

    @property
    def opened(self) -> list[str]:
        """The ids of the parts that are open."""
        return [part.id for part, _, is_open in self._placed_parts() if is_open]

    @property
    def size(self) -> int:
        """The number of parts that are shown."""
        return sum(
            is_open or not self.visibility.hides_closed(part)
            for part, _, is_open in self._placed_parts()
        )

    def further_kinds(self, least: float, outermost: bool = False) -> list[frozenset[str]]:
        """Kinds of modules that are shut and could be open.

        The outermost are first, and of these what holds most of the parameters; what holds less
        than ``least`` is not among them. The ``outermost`` are in no repeated block that is open,
        and what is all that they call is open with them, repeated or not.
        """
        shares: dict[frozenset[str], float] = {}
        found: dict[frozenset[str], int] = {}
        for part, place, is_open in self._placed_parts():
            if outermost and place.copies > 1:
                continue
            if part.call is not None and not is_open and self.visibility.opens(part, 0, 1):
                kinds = frozenset(self._chain(part, outermost)) - self.depth.also
                shares[kinds] = shares.get(kinds, 0.0) + self._share(part, place)
                found[kinds] = min(found.get(kinds, place.level), place.level)
        some = [kinds for kinds in shares if kinds and shares[kinds] >= least]
        return sorted(some, key=lambda one: (found[one], -shares[one]))

    def _placed_parts(self) -> Iterator[tuple[Part, _Place, bool]]:
        """Every part that is seen, outer before inner, where it is, and whether it is open."""
        shut = self._shut_inside() if self.depth.nested else frozenset()
        if self.depth.least:
            shut |= self._shut_in_others(shut)
        return self._walked(shut)

    def _shut_in_others(self, shut: Set[str]) -> frozenset[str]:
        """What is open in one module and shut in another of that class, by class and name."""
        states: dict[str, set[bool]] = {}
        for part, _, is_open in self._walked(shut):
            name = self._role(part)
            if name and part.children is not None and not self.visibility.is_asked(part):
                states.setdefault(name, set()).add(is_open)
        return frozenset(name for name, both in states.items() if len(both) > 1)

    def _is_shut(self, part: Part, shut: Set[str]) -> bool:
        """Whether a part is among those that are shut, or has nothing but one of them inside."""
        if not shut:
            return False
        only = self._only(part)
        same = bool(shut & {_class(self._graph, part), self._role(part)})
        return same or (only is not None and bool(shut & {self._role(only)}))

    def _role(self, part: Part) -> str:
        """The class of the module around a part and what it calls it; nothing in a container."""
        if part.call is None or part.call.parent is None:
            return ""
        module = self._graph.module(part.call.module)
        around = self._graph.module(self._graph.calls[part.call.parent].module)
        if around.is_container:
            return ""
        return f"{around.class_name}.{module.path.removeprefix(around.path).lstrip('.')}"

    def _shut_inside(self) -> frozenset[str]:
        """The classes that are open in one place and shut further inside, but for what is nested.

        Modules of one class inside one another are one level, and so is what is beside them.
        """
        states: dict[str, set[bool]] = {}
        nested: set[str] = set()
        for part, _, is_open in self._walked(frozenset()):
            name = _class(self._graph, part)
            opens = name and part.children is not None and not self._is_container(part)
            if opens and not self.visibility.is_asked(part):
                states.setdefault(name, set()).add(is_open)
                nested |= {name} if is_open and self._same_inside(part) else set()
        return frozenset(name for name, both in states.items() if len(both) > 1) - nested

    def _walked(self, shut: Set[str]) -> Iterator[tuple[Part, _Place, bool]]:
        start = _Place(1, self.depth.also)
        waiting = self._placed(self.parts, start) if self.depth.levels else []
        while waiting:
            part, place, may = waiting.pop()
            may = may and not self._is_shut(part, shut)
            is_open = self._opens(part, place) and (may or self.visibility.is_asked(part))
            yield part, place, is_open
            if is_open:
                waiting += self._inside(part, place)

    def _inside(self, part: Part, place: _Place) -> list[tuple[Part, _Place, bool]]:
        children = part.children or ()
        place = place._replace(copies=place.copies * part.count)
        if self.visibility.is_frame(part):
            return self._placed(children, place)
        inside = self._placed(children, self._below(part, place))
        same = self._same_inside(part)
        return [(one, place if one is same else inner, may) for one, inner, may in inside]

    def _below(self, part: Part, place: _Place) -> _Place:
        return place._replace(level=place.level + 1, also=place.also - {self._kind(part)})

    def _placed(self, parts: Sequence[Part], place: _Place) -> list[tuple[Part, _Place, bool]]:
        """The parts, last first, and which may open: of one class, all of them or none."""
        classes: dict[str, list[Part]] = {}
        for part in parts:
            classes.setdefault(_class(self._graph, part), []).append(part)
        shut = {name for name, some in classes.items() if name and self._stay_shut(some, place)}
        return [(part, place, _class(self._graph, part) not in shut) for part in reversed(parts)]

    def _stay_shut(self, parts: Sequence[Part], place: _Place) -> bool:
        """Whether parts of one class tell too little for their level."""
        if place.level == self.depth.levels - 1 and self.depth.least:
            most = max(self._share(part, place) for part in parts)
            if most < self.depth.least and not self._also(parts[0], place):
                return True
        some = [part for part in parts if self._opens(part, place)]
        return bool(some) and all(self._only_calls_what_is_shut(part, place) for part in some)

    def _only_calls_what_is_shut(self, part: Part, place: _Place) -> bool:
        only = self._only(part)
        if only is None or self.visibility.is_asked(part):
            return False
        below = self._below(part, place)
        return not self._opens(only, below) or self._stay_shut([only], below)

    def _opens(self, part: Part, place: _Place) -> bool:
        deeper = place.level + 1 if self._also(part, place) else 0
        return self.visibility.opens(part, place.level, max(self.depth.levels, deeper))

    def _also(self, part: Part, place: _Place) -> bool:
        return bool(place.also) and self._kind(part) in place.also

    def _kind(self, part: Part) -> str:
        """The class of the module that a part calls; of a container, where it is, too."""
        if not self._is_container(part):
            return _class(self._graph, part)
        assert part.call is not None
        around = part.call.parent
        holder = "" if around is None else self._graph.calls[around].module
        return f"{self._graph.module(holder).class_name}.{_class(self._graph, part)}"

    def _chain(self, part: Part, folded: bool = False) -> Iterator[str]:
        """The kinds of a part and of what opens with it, since it calls nothing else.

        That is called once, or any number of times where it may be ``folded``.
        """
        at: Part | None = part
        while at is not None:
            yield self._kind(at)
            at = self._only(at, folded)

    def _share(self, part: Part, place: _Place) -> float:
        """The share of the model's parameters that a module holds, in all copies of it."""
        if part.call is None:
            return 0.0
        return self.visibility.share(part.call.module) * part.count * place.copies

    def _only(self, part: Part, folded: bool = False) -> Part | None:
        """The one module that a module calls, if that is all that it does."""
        if part.call is None or not self._chooses:
            return None
        shown = [one for one in part.children or () if not self.visibility.hides(one)]
        only = shown[0] if len(shown) == 1 else None
        if only is None or not (only.call and only.children):
            return None
        return only if folded or only.count == 1 else None

    def _same_inside(self, part: Part) -> Part | None:
        """The one module of its own class that a module calls."""
        name = _class(self._graph, part)
        if part.call is None or not self.depth.nested or self._is_container(part):
            return None
        same = [one for one in part.children or () if _class(self._graph, one) == name]
        return same[0] if len(same) == 1 else None

    def _is_container(self, part: Part) -> bool:
        """Whether a part calls one of PyTorch's containers, whose class tells nothing."""
        return part.call is not None and self._graph.module(part.call.module).is_container

    @property
    def _chooses(self) -> bool:
        return self.visibility.options.depth is None

    @property
    def _graph(self) -> ModelGraph:
        return self.visibility.graph


def _class(graph: ModelGraph, part: Part) -> str:
    """The class of the module that a part calls; nothing where it is another thing."""
    return "" if part.call is None else graph.module(part.call.module).class_name
