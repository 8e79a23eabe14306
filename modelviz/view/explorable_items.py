"""The items of a run graph, each as what it is when closed together with what is inside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ..analysis.figures import NOTHING, Figures
from ..analysis.items import Step, flat, item_start, root_calls
from ..graph import Buffer, Call, Module, Op, Parameter
from .explorable_flow import labels
from .items import chained_folds
from .model import Node, lists, shown_figures
from .named_functions import NamedFunctions
from .nodes import part_node, unit_name
from .owners import Owners
from .tree import Part
from .unused import unused_node
from .visibility import Visibility
from .weights import Holders, Weights

_DEFAULTS = {field.name: field.default for field in fields(Node)}
_LEFT_OUT = frozenset({"figures", "each", "multiple", "ops", "expandable"})
"""What depends on the state, which the viewer knows, or is said by another field."""


class Items:
    """Turns the parts of a whole tree into items. ``costs`` are what the ops of each part cost.

    An item has the figures of all its copies, in all copies of what is around it; what a hidden op
    costs is counted for a neighbour.
    """

    def __init__(
        self,
        visibility: Visibility,
        owners: Owners,
        weights: Weights,
        holders: Holders,
        costs: Mapping[str, Figures],
        functions: NamedFunctions,
    ) -> None:
        self._visibility = visibility
        self._graph = visibility.graph
        self._weights = weights
        self._holders = holders
        self._costs = costs
        self._functions = functions
        self._chained = chained_folds(visibility.graph, owners)
        self._by_call: dict[int, list[str]] = {}
        for node, call in weights.groups.items():
            self._by_call.setdefault(call, []).append(node)

    def top(self, parts: Iterable[Part]) -> list[dict[str, Any]]:
        """What the model runs, with the weights that it reads itself."""
        roots = root_calls(self._graph)
        children = [self._item(part, "") for part in parts]
        return self._with_own(roots[0], children) if len(roots) == 1 else children

    def _item(self, part: Part, inside: str) -> dict[str, Any]:
        call = part.call
        result = node_dict(
            part_node(
                self._graph,
                part,
                inside,
                NOTHING,
                False,
                part.id in self._chained,
                self._visibility.lit,
            )
        )
        if names := self._functions.of(part):
            result["functions"] = names
        params = Figures(self._holders.figures.get(part.id, 0))
        figures = self._costs.get(part.id, NOTHING) + params
        if part.children is not None:
            around = inside if call is None else call.module
            children = [self._item(child, around) for child in part.children]
            result["children"] = children if call is None else self._with_own(call, children)
            figures = sum((Figures(**child["figures"]) for child in result["children"]), NOTHING)
        result["figures"] = figures_dict(figures)
        result["span"] = [part.start, part.stop]
        if part.steps is not None:
            result["function"] = "layers" if self._visibility.calls_layers(part.steps) else "ops"
        elif call is None and part.op is None and not part.bundle:
            result |= {"unit": True, "name": unit_name(part, inside)}
        if self._visibility.hides_closed(part):
            result["hidden"] = True
        if part.count > 1:
            result |= _copies(part)
        return result | self._about(part)

    def _about(self, part: Part) -> dict[str, Any]:
        """What an inspector tells of a call or an op."""
        item = part.call or part.op
        if part.steps is not None:
            reads, gives = self._graph.borders(part.start, part.stop)
        elif item is not None:
            reads, gives = item.inputs, item.outputs
        else:
            return {}
        about: dict[str, Any] = {
            "inputs": labels(self._graph, reads),
            "outputs": labels(self._graph, gives),
        }
        if isinstance(item, Call):
            about["module"] = module_dict(self._graph.module(item.module))
            if len(self._graph.calls_of(item.module)) > 1 and self._visibility.holds_weights(
                item.module
            ):
                about["repeated"] = True
        return about

    def _with_own(self, call: Call, children: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The children of a call with its weights before them, and what is unused after."""
        own = []
        for node in self._by_call.get(call.id, ()):
            item = node_dict(self._weights.nodes[node])
            item["figures"] = figures_dict(Figures(self._holders.figures.get(node, 0)))
            own.append(item)
        unused = self._holders.unused.get(call.id)
        if not unused:
            return [*own, *children]
        return [*own, *children, node_dict(unused_node(self._graph, call, unused))]


def node_dict(node: Node) -> dict[str, Any]:
    """A node without what is as usual."""
    result: dict[str, Any] = {}
    for name, default in _DEFAULTS.items():
        value = getattr(node, name)
        if name not in _LEFT_OUT and value != default:
            result[name] = lists(value)
    return result | {"figures": figures_dict(node.figures)}


def figures_dict(figures: Figures) -> dict[str, Any]:
    """Figures, without measured time where there is none."""
    result = shown_figures(figures)
    if not result["seconds"]:
        del result["seconds"]
    return result


def module_dict(module: Module) -> dict[str, Any]:
    """What an inspector tells of a module: where it is from, and what it holds itself."""
    return {
        "qualified": module.qualified_class,
        "training": module.training,
        "parameters": [_stored(parameter) for parameter in module.parameters],
        "buffers": [_stored(buffer) for buffer in module.buffers],
    }


def _stored(tensor: Parameter | Buffer) -> dict[str, Any]:
    result: dict[str, Any] = {
        "name": tensor.name,
        "shape": list(tensor.shape),
        "dtype": tensor.dtype,
        "bytes": tensor.bytes,
    }
    if isinstance(tensor, Parameter):
        result["trainable"] = tensor.trainable
    if tensor.shared_with is not None:
        result["shared_with"] = tensor.shared_with
    return result


def _copies(part: Part) -> dict[str, Any]:
    """Where the copies of a folded part are: their ops and calls, and their modules' paths."""
    first = part.copies[0]
    return {
        "offsets": [
            [item_start(copy[0]) - item_start(first[0]), _calls_apart(first, copy)]
            for copy in part.copies[1:]
        ],
        "paths": [
            [item.module for item in flat(copy) if isinstance(item, Call)] for copy in part.copies
        ],
    }


def _calls_apart(first: Sequence[Step], other: Sequence[Step]) -> int:
    pairs = zip(flat(first), flat(other), strict=True)
    apart = (b.id - a.id for a, b in pairs if not isinstance(a, Op) and not isinstance(b, Op))
    return next(apart, 0)
