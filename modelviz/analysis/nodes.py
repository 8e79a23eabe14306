"""The nodes of a model's tree, and the branches that they are folded into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ..graph import Call, Module
from ..graph.quick import quick
from .figures import NOTHING, Figures

State = Literal["called", "container", "uncalled"]


@quick
@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One call, container or uncalled module.

    ``id`` is its place in ``tree.nodes``, ``parent`` that of the node above (its own for the root),
    ``stop`` the place after its last descendant. ``path`` is the name under which the caller holds
    the module, ``module`` the module at its first path; ``foreign`` says that the caller does not
    hold it at all. ``repeated`` says that an earlier node was about the same module.

    ``own`` are the figures that the node adds to the model's: parameters and buffers that no
    earlier node owned, and the ops that its call ran itself. ``figures`` have all nodes below in
    them, too. Over all nodes, ``own`` add up to the model's figures. ``unused`` are the names of
    the module's own parameters that no op read, where that is known.
    """

    id: int
    parent: int
    stop: int
    depth: int
    path: str
    module: Module
    state: State
    call: Call | None
    foreign: bool
    repeated: bool
    failed: bool
    own: Figures
    figures: Figures
    unused: tuple[str, ...]
    children: tuple[Node, ...] = field(repr=False)
    branches: tuple[Branch, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """The attribute name in the module above, or the full path where that does not hold it."""
        return self.path if self.foreign else self.path.rpartition(".")[2]

    @property
    def leaf(self) -> bool:
        """Whether there is no node below."""
        return not self.children

    @property
    def flops(self) -> int:
        """FLOPs of the node and of all below."""
        return self.figures.flops

    @property
    def own_flops(self) -> int:
        """FLOPs of the ops that its call ran itself, for who reads ``summary(...).rows``."""
        return self.own.flops


@quick
@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """Siblings as one: ``copies`` modules that are alike, each called ``calls`` times.

    ``nodes`` are all of them, in order, the first of which is shown. Where a unit of several
    repeats, ``members`` are the branches of one unit, each with the nodes of all copies of the
    unit, and ``nodes`` those of the first member. What stands alone has 1 copy and 1 call.
    """

    nodes: tuple[Node, ...]
    copies: int = 1
    calls: int = 1
    members: tuple[Branch, ...] = ()

    @property
    def first(self) -> Node:
        """The node that stands for all."""
        return self.nodes[0]

    @property
    def figures(self) -> Figures:
        """The figures of all copies, with what is below."""
        if self.members:
            return sum((member.figures for member in self.members), NOTHING)
        return sum((node.figures for node in self.nodes), NOTHING)

    @property
    def each(self) -> Figures:
        """The figures of the first copy, with what is below."""
        if not self.members:
            return self.first.figures
        count = self.copies * self.calls
        firsts = (node for m in self.members for node in m.nodes[: len(m.nodes) // count])
        return sum((node.figures for node in firsts), NOTHING)


def below_all(
    nodes: Sequence[Node], fold: bool = True, shown: Callable[[Node], bool] | None = None
) -> list[Branch]:
    """What is below several copies of one node, as one: the branches of the first, with all nodes.

    Without ``fold``, each child is a branch of its own. Children for which ``shown`` does not hold
    are left out.
    """
    first = nodes[0]
    alike = [_alike(first.children, node.children) for node in nodes]
    places = {child.id: place for place, child in enumerate(first.children)}

    def spread(branch: Branch) -> Branch:
        if branch.members:
            members = tuple(map(spread, branch.members))
            return replace(branch, nodes=members[0].nodes, members=members)
        ways = [[way.get(places[child.id]) for child in branch.nodes] for way in alike]
        every = (
            node.children[at]
            for node, way in zip(nodes, ways, strict=True)
            for at in way
            if at is not None
        )
        return replace(branch, nodes=tuple(every))

    branches: Iterable[Branch] = first.branches
    if not fold:
        branches = [Branch((child,)) for child in first.children]
    if shown is not None:
        branches = [kept for branch in branches for kept in _kept(branch, shown)]
    return [spread(branch) for branch in branches] if len(nodes) > 1 else list(branches)


def _kept(branch: Branch, shown: Callable[[Node], bool]) -> Iterator[Branch]:
    """The branch without the nodes that are not shown; a unit that loses some is none any more."""
    if all(shown(node) for part in (branch.members or (branch,)) for node in part.nodes):
        yield branch
    elif branch.members:
        for member in branch.members:
            yield from _kept(member, shown)
    else:
        nodes = tuple(node for node in branch.nodes if shown(node))
        if nodes:
            yield Branch(nodes, copies=len(nodes))


def _alike(first: Sequence[Node], copy: Sequence[Node]) -> dict[int, int]:
    """Where among the children of a copy each of those of the first has its like.

    Only the first call of a module has nodes for what is never called in it.
    """
    if len(first) == len(copy):
        return {place: place for place in range(len(first))}
    ran = [place for place, node in enumerate(first) if node.state != "uncalled"]
    return {place: like for like, place in enumerate(ran)}
