"""The rows of the table: the nodes of the tree, with what only a table says of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..analysis.experts import Experts, find_experts
from ..analysis.figures import ModuleFigures
from ..analysis.memory import Memory, call_peaks, forward_memory
from ..analysis.sight import Sight, sight_of
from ..analysis.tree import Node, Tree, model_tree
from ..graph import ModelGraph, Tensor

Row = Node
"""One row: a call, a container on the way to one, or a module that is never called."""


@dataclass(frozen=True)
class Rows:
    """All rows of a graph, parents before children, in the order of execution."""

    tree: Tree

    @property
    def graph(self) -> ModelGraph:
        """The graph that the rows are about."""
        return self.tree.graph

    @property
    def all(self) -> tuple[Row, ...]:
        """Every row, by its id."""
        return self.tree.nodes

    def held(self, row: Row) -> ModuleFigures:
        """What the module of a row holds, whichever row counts it."""
        return self.tree.held[row.module.path]

    @cached_property
    def in_containers(self) -> Mapping[str, int]:
        """By path of a container: the parameters that count in it, each time that it is opened."""
        counts: dict[str, int] = defaultdict(int)
        for row in self.all:
            if row.state == "container":
                counts[row.module.path] += row.figures.params
        return counts

    def inputs(self, row: Row) -> Sequence[Tensor]:
        """The tensors that went into the call of a row."""
        return () if row.call is None else [self.graph.tensors[t] for t in row.call.inputs]

    def outputs(self, row: Row) -> Sequence[Tensor]:
        """The tensors that the call of a row gave."""
        return () if row.call is None else [self.graph.tensors[t] for t in row.call.outputs]

    @cached_property
    def numbers(self) -> Sequence[int]:
        """By row: its number among the rows of the same depth, from 1."""
        counts: dict[int, int] = defaultdict(int)
        result = []
        for row in self.all:
            counts[row.depth] += 1
            result.append(counts[row.depth])
        return result

    @cached_property
    def reads_below(self) -> Sequence[bool]:
        """By row: whether some op read a parameter of its module, or of one below."""
        reads = [len(row.unused) < len(row.module.parameters) for row in self.all]
        for row in reversed(self.all):
            reads[row.parent] |= reads[row.id]
        return reads

    @cached_property
    def memory(self) -> Memory:
        """Peak memory of the forward."""
        return forward_memory(self.graph)

    @cached_property
    def peaks(self) -> Sequence[int]:
        """By call: the most bytes that activations held while it ran."""
        return call_peaks(self.graph, self.memory)

    @cached_property
    def experts(self) -> Experts:
        """Mixtures of experts in the model."""
        return find_experts(self.graph)

    @cached_property
    def expert_modules(self) -> frozenset[str]:
        """Paths of the modules that are experts of a mixture."""
        return frozenset(path for group in self.experts.groups for path in group.modules)

    @cached_property
    def sight(self) -> Sight:
        """What the graph is sure of."""
        return sight_of(self.graph)

    @cached_property
    def has_forward(self) -> bool:
        """Whether a forward was traced, if only in part."""
        return self.graph.execution != "none"


def build_rows(graph: ModelGraph) -> Rows:
    """The rows of the graph with their figures, in time linear in the graph."""
    return Rows(model_tree(graph))
