"""Mixtures of experts: the parameters that one token passes through, beside the total.

Experts are found by structure alone: E equal modules side by side, or parameters stacked along a
leading dimension E, next to an op that picks k of E along the last dimension of what it reads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from ..dotted import parameter_key, with_ancestors
from ..graph import ModelGraph, Module, Op, Shape
from .routing import Route, find_routes

_NUMBERED = re.compile(r"(.*?)\d+", re.DOTALL)
_VIEW = {"view", "reshape", "unflatten"}
_REACH = 2
"""How many modules above the experts' container the router may be found."""


@dataclass(frozen=True, slots=True)
class ExpertGroup:
    """``experts`` experts in the module at ``path``, of which a token passes ``active``.

    ``params`` are the elements of all of them. ``modules`` are their paths when each expert is a
    module of its own, and empty when they are stacked in shared parameters.
    """

    path: str
    experts: int
    active: int
    params: int
    modules: tuple[str, ...]

    @property
    def idle_params(self) -> int:
        """Elements that one token does not pass through."""
        return self.params // self.experts * (self.experts - self.active)


@dataclass(frozen=True, slots=True)
class Experts:
    """The experts of a model, and its parameters: all, and those active for one token."""

    total_params: int
    groups: tuple[ExpertGroup, ...]

    @property
    def active_params(self) -> int:
        """Elements that one token passes through; the total when there are no experts."""
        return self.total_params - sum(group.idle_params for group in self.groups)

    @property
    def choice(self) -> str:
        """How many experts a token passes: ``2 of 8 experts``; several ways are listed."""
        ways = dict.fromkeys((group.active, group.experts) for group in self.groups)
        return ", ".join(f"{active} of {experts}" for active, experts in ways) + " experts"


def find_experts(graph: ModelGraph) -> Experts:
    """The mixtures of experts in the graph. Without a forward there is nothing to find."""
    routes = find_routes(graph)
    if not routes:
        return Experts(graph.total_params, ())
    search = _Search(graph, routes)
    groups: list[ExpertGroup] = []
    counted: set[str] = set()
    inside: set[str] = set()
    for module in graph.modules:
        if module.shared_with is not None or not inside.isdisjoint(with_ancestors(module.path)):
            continue
        for candidate in (*search.sibling_experts(module), *search.stacked_experts(module)):
            keys = {key: size for key, size in candidate.params.items() if key not in counted}
            if not keys:
                continue
            counted.update(keys)
            inside.update(candidate.modules)
            groups.append(
                ExpertGroup(
                    module.path,
                    candidate.experts,
                    candidate.active,
                    sum(keys.values()),
                    candidate.modules,
                )
            )
    return Experts(graph.total_params, tuple(groups))


# -- experts ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Experts with a router: their parameters, by key, and their modules if they are modules."""

    experts: int
    active: int
    params: dict[str, int]
    modules: tuple[str, ...]


@dataclass
class _Search:
    graph: ModelGraph
    routes: Sequence[Route]
    _upstream: dict[int, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def subtree_keys(self) -> dict[str, int]:
        """Equal integers for module paths that hold equal parts, whatever ran in them."""
        table: dict[Hashable, int] = {}
        keys: dict[str, int] = {}
        for module in sorted(self.graph.modules, key=lambda module: -module.depth):
            own = tuple((p.name, p.shape, p.dtype, p.lazy) for p in module.parameters)
            parts = tuple((c.name, keys[c.path]) for c in self.graph.children(module.path))
            content = (module.qualified_class, own, parts)
            keys[module.path] = table.setdefault(content, len(table))
        return keys

    @cached_property
    def subtree_ends(self) -> dict[str, int]:
        """By path: the position in ``graph.modules`` after the last module below it."""
        size: dict[str, int] = dict.fromkeys((m.path for m in self.graph.modules), 1)
        for module in sorted(self.graph.modules, key=lambda module: -module.depth):
            if module.parent is not None:
                size[module.parent] += size[module.path]
        return {m.path: at + size[m.path] for at, m in enumerate(self.graph.modules)}

    @cached_property
    def positions(self) -> dict[str, int]:
        return {module.path: at for at, module in enumerate(self.graph.modules)}

    @cached_property
    def first_reads(self) -> dict[str, Op]:
        """By parameter key: the first op that read it."""
        result: dict[str, Op] = {}
        for op in self.graph.ops:
            for tensor in op.inputs:
                read = self.graph.tensors[tensor]
                if read.kind == "parameter" and read.name is not None:
                    result.setdefault(read.name, op)
        return result

    @cached_property
    def owners(self) -> dict[str, int]:
        """By parameter key: under how many names it is held, not counting shared modules."""
        result: dict[str, int] = defaultdict(int)
        for module in self.graph.modules:
            if module.shared_with is None:
                for parameter in module.parameters:
                    result[parameter_key(module, parameter)] += 1
        return result

    # -- modules side by side -----------------------------------------------------------------

    def sibling_experts(self, container: Module) -> Iterator[_Candidate]:
        """Groups of equal children of ``container`` that are the experts of a router."""
        alike: dict[tuple[int, str], list[str]] = defaultdict(list)
        for child in self.graph.children(container.path):
            numbered = _NUMBERED.fullmatch(child.name)
            if numbered is not None:
                alike[self.subtree_keys[child.path], numbered[1]].append(child.path)
        for paths in alike.values():
            if len(paths) < 2:
                continue
            params = dict(self._params_below(paths))
            first_use = min(self._uses(paths, params), default=None)
            if not params or first_use is None or self._in_sequence(paths):
                continue
            route = self._router(container, len(paths), first_use)
            if route is not None and route.modules.isdisjoint(paths):
                yield _Candidate(len(paths), self._active(route), params, tuple(paths))

    def _params_below(self, paths: Iterable[str]) -> Iterator[tuple[str, int]]:
        """Key and size of each parameter that is held in one place, below one of the paths."""
        for path in paths:
            for at in range(self.positions[path], self.subtree_ends[path]):
                module = self.graph.modules[at]
                for parameter in module.parameters:
                    key = parameter_key(module, parameter)
                    if self.owners[key] == 1:
                        yield key, parameter.numel

    def _uses(self, paths: Iterable[str], params: Iterable[str]) -> Iterator[int]:
        """The ops at which the experts come into play."""
        for path in paths:
            yield from (call.start for call in self.graph.calls_of(path))
        for key in params:
            if key in self.first_reads:
                yield self.first_reads[key].id

    def _in_sequence(self, paths: Sequence[str]) -> bool:
        """Whether one of the modules hands its output straight to another, as layers do."""
        maker: dict[int, str] = {}
        calls = [(path, call) for path in paths for call in self.graph.calls_of(path)]
        for path, call in calls:
            maker.update(dict.fromkeys(call.outputs, path))
        return any(
            maker.get(tensor, path) != path for path, call in calls for tensor in call.inputs
        )

    # -- stacked parameters -------------------------------------------------------------------

    def stacked_experts(self, holder: Module) -> Iterator[_Candidate]:
        """Experts whose parameters are stacked along the leading dimension in ``holder``."""
        stacks: dict[int, list[str]] = defaultdict(list)
        sizes: dict[str, tuple[Shape, int]] = {}
        for parameter in holder.parameters:
            key = parameter_key(holder, parameter)
            if parameter.lazy or parameter.shared_with is not None or not parameter.shape:
                continue
            sizes[key] = (parameter.shape, parameter.numel)
            shape = parameter.shape if len(parameter.shape) > 2 else self._viewed(key)
            if shape is not None and len(shape) > 2:
                stacks[shape[0]].append(key)
        for experts, keys in stacks.items():
            uses = [self.first_reads[key].id for key in keys if key in self.first_reads]
            route = self._router(holder, experts, min(uses)) if uses and experts > 1 else None
            if route is None:
                continue
            biases = [key for key, (shape, _) in sizes.items() if shape[0] == experts]
            routing = self._routing_params(route)
            params = {
                key: sizes[key][1] for key in dict.fromkeys(keys + biases) if key not in routing
            }
            if params.keys() & set(keys):
                yield _Candidate(experts, self._active(route), params, ())

    def _viewed(self, key: str) -> Shape | None:
        """The shape as which a parameter is read first, when that is a view of it."""
        op = self.first_reads.get(key)
        if op is None or op.name not in _VIEW or not op.outputs:
            return None
        return self.graph.tensors[op.outputs[0]].shape

    def _routing_params(self, route: Route) -> frozenset[str]:
        """Keys of the parameters from which the router's decision is computed."""
        known = self._upstream.get(route.op.id)
        if known is not None:
            return known
        seen: set[int] = set()
        params: set[str] = set()
        waiting = [route.op.id]
        while waiting:
            for tensor_id in self.graph.ops[waiting.pop()].inputs:
                tensor = self.graph.tensors[tensor_id]
                if tensor.kind == "parameter" and tensor.name is not None:
                    params.add(tensor.name)
                producer = tensor.producer
                near = producer is not None and self._same_module(route, producer)
                if producer is not None and near and producer not in seen:
                    seen.add(producer)
                    waiting.append(producer)
        return self._upstream.setdefault(route.op.id, frozenset(params))

    def _same_module(self, route: Route, op: int) -> bool:
        """Whether the op ran within reach of the router, and not in an earlier layer."""
        call = self.graph.calls[route.op.call]
        for _ in range(_REACH):
            if call.parent is not None:
                call = self.graph.calls[call.parent]
        return call.start <= op < call.stop

    # -- routers ------------------------------------------------------------------------------

    def _router(self, holder: Module, experts: int, first_use: int) -> Route | None:
        """The op that routes to experts in ``holder``: in it, or in a module a little above.

        It is the last that picks among so many before the experts come into play. A ``topk``
        may also come after them, where every expert runs and the best answers are kept.
        """
        for distance, path in enumerate(islice(with_ancestors(holder.path), _REACH + 1)):
            near = self._routes_in.get((path, experts), ())
            before = [route for route in near if route.op.id < first_use]
            if before:
                return before[-1]
            after = [route for route in near if route.op.name == "topk"]
            if after and distance < _REACH:
                return after[0]
        return None

    @cached_property
    def _routes_in(self) -> Mapping[tuple[str, int], list[Route]]:
        result: dict[tuple[str, int], list[Route]] = defaultdict(list)
        for route in self.routes:
            for path in route.modules:
                result[path, route.experts].append(route)
        return result

    def _active(self, route: Route) -> int:
        """How many experts a token passes: one for each time that a largest one is sought."""
        if route.op.name not in ("argmax", "max"):
            return route.active
        sought = {
            other.op.inputs[0]
            for other in self.routes
            if other.op.call == route.op.call
            and other.op.name == route.op.name
            and other.experts == route.experts
        }
        return min(len(sought), route.experts)
