"""How the parameters of every module of a graph add up, those of the modules inside it included."""

from __future__ import annotations

from ..graph import ModelGraph, Module
from .counts import Derivation, derivation, derived_sum


class Derivations:
    """The derivations of the modules of a graph; a tensor counts where it is first held."""

    def __init__(self, graph: ModelGraph) -> None:
        self._own: dict[str, Derivation] = {}
        self._held = dict.fromkeys((module.path for module in graph.modules), 0)
        self._graph = graph
        for module in graph.modules:
            if module.shared_with is None and module.parameters:
                self._add(module, self.own(module.path).total)

    def own(self, path: str) -> Derivation:
        """What a module holds itself."""
        if path not in self._own:
            self._own[path] = derivation(self._graph.module(path))
        return self._own[path]

    def of(self, path: str) -> Derivation:
        """What a module holds itself, and each of those inside it where they hold any."""
        inside = [(one.name, self._held[one.path]) for one in self._graph.children(path)]
        own = self.own(path)
        if not any(count for _, count in inside):
            return own
        return derived_sum([(f"{self._graph.module(path).class_name} itself", own.total), *inside])

    def _add(self, module: Module, count: int) -> None:
        """Counts parameters for a module and for all that it is in."""
        at: Module | None = module
        while at is not None:
            self._held[at.path] += count
            at = None if at.parent is None else self._graph.module(at.parent)
