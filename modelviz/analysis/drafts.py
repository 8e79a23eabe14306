"""Nodes and branches of the tree in the making."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..graph import Call, ModelGraph, Module
from .nodes import State


@dataclass(slots=True, eq=False)
class Draft:
    """A node in the making. A ``sealed`` one opens its last container anew for what comes next."""

    path: str
    module: Module
    state: State
    call: Call | None = None
    foreign: bool = False
    children: list[Draft] = field(default_factory=list)
    branches: list[Stretch] = field(default_factory=list)
    sealed: bool = False


@dataclass(slots=True, eq=False)
class Stretch:
    """A branch in the making."""

    drafts: list[Draft]
    copies: int = 1
    calls: int = 1
    members: list[Stretch] = field(default_factory=list)


def first_of(graph: ModelGraph, module: Module) -> Module:
    """The module at its first path."""
    return module if module.shared_with is None else graph.module(module.shared_with)
