"""Two graphs side by side: which module of one is which of the other, and what has no partner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from ..graph import ModelGraph, Module
from .keys import StructureKeys, structure_keys

_NUMBERED = re.compile(r"(?<=\.)\d+(?=\.|$)")

Content = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Pair:
    """A module before and the same module after, by path.

    ``whole`` says that both have the same structure, so that nothing inside needs a look.
    ``renamed`` and ``moved`` say that it stands under another name, or in another place.
    """

    before: str
    after: str
    whole: bool = False
    renamed: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Equal blocks in a row, of which there is another number after: by the path of the first."""

    before: str
    after: str
    copies: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Wrapping:
    """A module that holds another one: ``outer`` stands where that stood, and has it ``inner``."""

    outer: str
    inner: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """What two modules of one place hold, where nothing that one holds is in the other."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass
class Alignment:
    """Two graphs side by side: ``pairs`` in the order of the second, and what has no partner.

    ``removed`` and ``added`` are the topmost paths of what only one of them has. ``runs`` are rows
    of equal blocks that became longer or shorter; what they lost or gained is in ``shortened`` and
    ``extended``. ``wrapped`` says, by path before, what wraps a module after; ``unwrapped``, by
    path after, what wrapped it before. ``replaced`` says, by the path after of a pair, what came
    and went inside with the module itself: a layer that became a sequence of some.
    """

    before: Side
    after: Side
    pairs: list[Pair] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    shortened: list[str] = field(default_factory=list)
    extended: list[str] = field(default_factory=list)
    wrapped: dict[str, Wrapping] = field(default_factory=dict)
    unwrapped: dict[str, Wrapping] = field(default_factory=dict)
    replaced: dict[str, Replaced] = field(default_factory=dict)

    @cached_property
    def stands(self) -> dict[str, str]:
        """By the path of a module before: what stands in its place after, or wraps it there."""
        found = {pair.before: pair.after for pair in self.pairs}
        found |= {path: wrapping.outer for path, wrapping in self.wrapped.items()}
        return found | {wrapping.outer: path for path, wrapping in self.unwrapped.items()}

    def pair_whole(self, before: str, after: str, *, moved: bool = False) -> None:
        """Note two modules of equal structure as a pair, and all that is inside them."""
        inside = zip(self.before.below(before), self.after.below(after), strict=True)
        whole = [Pair(a.path, b.path, True) for a, b in inside]
        self.pairs += [Pair(before, after, True, moved=moved), *whole[1:]]


@dataclass(frozen=True)
class Side:
    """One of the two graphs, with what is asked of it again and again."""

    graph: ModelGraph

    @cached_property
    def keys(self) -> StructureKeys:
        """The structure keys of the graph; its file may have another name in the other one."""
        return structure_keys(self.graph, short_names=True)

    def children(self, path: str) -> list[str]:
        """The paths of the modules directly inside one, in order."""
        return [module.path for module in self.graph.children(path)]

    @cached_property
    def places(self) -> dict[str, int]:
        """The position of each module in the graph."""
        return {module.path: place for place, module in enumerate(self.graph.modules)}

    def below(self, path: str) -> Iterator[Module]:
        """The module at a path and all inside it: they stand in a row in the graph."""
        inside = f"{path}." if path else ""
        for module in self.graph.modules[self.places[path] :]:
            if module.path != path and not module.path.startswith(inside):
                return
            yield module

    def key(self, path: str) -> str:
        """The structure key of the module at a path."""
        return self.keys.modules[path]

    def built(self, path: str) -> str:
        """The structure key of the module at a path, whatever it runs."""
        return self._as_built.modules[path]

    @cached_property
    def _as_built(self) -> StructureKeys:
        return structure_keys(self.graph.modules_alone(), short_names=True)

    def module(self, path: str) -> Module:
        """The module at a path."""
        return self.graph.module(path)

    def kind(self, path: str) -> str:
        """The name of the class of the module at a path."""
        return self.module(path).class_name

    def content(self, path: str) -> Content:
        """What a module holds, by name and class, however many times in a row."""
        if path not in self._contents:
            inside = ((m.path[len(path) :], m.class_name) for m in self.below(path))
            held = ((_NUMBERED.sub("#", place), kind) for place, kind in inside if place)
            self._contents[path] = frozenset(held)
        return self._contents[path]

    @cached_property
    def _contents(self) -> dict[str, Content]:
        return {}

    def layers(self, path: str) -> list[tuple[object, ...]]:
        """The layers with parameters in a module, in order: their classes, settings and shapes."""
        return [
            (m.class_name, m.config, tuple((p.name, p.shape) for p in m.parameters))
            for m in self.below(path)
            if m.parameters
        ]

    def parameters_in(self, path: str) -> int:
        """How many elements the parameters of a module have, and of those inside it."""
        return sum(p.numel for module in self.below(path) for p in module.parameters)


def name_of(path: str) -> str:
    """The attribute name at the end of a path."""
    return path.rpartition(".")[2]
