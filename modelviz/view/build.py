"""A view of a graph: the depth that fits a page, and what is shown there put together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from ..analysis.figures import Figures, ran_by
from ..analysis.sight import sight_of
from ..collecting import collection_paused
from ..graph import ModelGraph
from .calls import bundled_ops, closed_calls, open_calls
from .ends import output_nodes
from .failure import failure_text
from .flow import flow, longest_path
from .items import view_items
from .model import Group, Link, Node, View, with_multiples
from .modules import module_view
from .options import EASY, PAGE, PATH, ViewOptions
from .owners import own
from .seen import Seen
from .tree import Part, bundled, walk
from .weights import Weights, direct_weights, hold

_DEFAULT = ViewOptions()
BUNDLES = 24
"""Parts that a flat model too large for a page is summarised into."""


@collection_paused()
def build_view(graph: ModelGraph, options: ViewOptions = _DEFAULT) -> View:
    """What the options ask to see of a graph. Raises InputError for a path that matches nothing."""
    if not graph.calls:
        return module_view(graph, options)
    seen = Seen(graph, options)
    if options.depth is None and not options.expand:
        return _page(seen)[0]
    return _view(seen, *chosen_depth(seen))


def chosen_depth(seen: Seen) -> tuple[int, int | None]:
    """The depth that a view of a run graph has, and to how many parts its top level is cut."""
    options = seen.options
    if options.depth is not None:
        return options.depth, None
    # What a reader asks to see comes on top of what the page shows without being asked.
    unasked = Seen(seen.graph, replace(options, expand=())) if options.expand else seen
    page, limit = _page(unasked)
    return page.depth, limit


def shown_parts(seen: Seen, depth: int, limit: int | None) -> tuple[Part, ...]:
    """The parts of a view at a depth, the top level cut to ``limit`` parts."""
    parts = seen.parts(depth)
    return parts if limit is None else _cut(seen, parts, limit)


def _page(seen: Seen) -> tuple[View, int | None]:
    """The deepest view that fits a page, and to how many parts its top level had to be cut."""
    best, depth = 1, 1
    deepest = max(module.depth for module in seen.graph.modules) + 2
    while depth < deepest and _size(seen, depth + 1) <= PAGE:
        depth += 1
        if _size(seen, depth) > _size(seen, best):
            best = depth
    for candidate in range(best if _size(seen, best) <= PAGE else 0, 0, -1):
        view = _view(seen, candidate)
        easy = view.size <= EASY and longest_path(view) <= PATH
        if easy or (candidate == 1 and view.size <= PAGE):
            return view, None
    return _view(seen, 1, BUNDLES), BUNDLES


def _size(seen: Seen, depth: int) -> int:
    """The number of parts that are shown at a depth."""
    return sum(not seen.hides(part) for part in walk(seen.parts(depth)))


def _view(seen: Seen, depth: int, limit: int | None = None) -> View:
    """The view at a depth, its top level cut to ``limit`` parts."""
    graph = seen.graph
    parts = shown_parts(seen, depth, limit)
    inputs, input_places = seen.inputs
    outputs, output_places = output_nodes(graph)
    owners = own(graph, parts, seen.hides)
    weights = Weights()
    if "weights" in seen.options.show:
        weights = direct_weights(
            graph, owners, open_calls(graph, parts), frozenset(bundled_ops(parts))
        )
    edges = flow(graph, owners, input_places, output_places, weights.slots)
    holders = hold(graph, owners, dict(closed_calls(graph, parts)), weights)
    items = view_items(seen, owners, weights, holders, parts)
    nodes = {node.id for node in _leaves((*inputs, *items, *outputs))}
    return View(
        graph.name,
        with_multiples((*inputs, *items, *outputs)),
        edges,
        tuple(
            link
            for link in (*_repeat_links(seen, parts), *holders.links)
            if link.source in nodes and link.target in nodes
        ),
        sum(ran_by(graph, owners.homes).values(), Figures(graph.total_params)),
        depth,
        failure_text(graph),
        counted=sight_of(graph).counts_known,
    )


def _cut(seen: Seen, parts: Sequence[Part], limit: int) -> tuple[Part, ...]:
    """The parts closed, and summarised to ``limit`` but for those that a reader asked to open."""
    shown = [
        part if seen.is_asked(part) else replace(part, children=None)
        for part in parts
        if part.children is not None or not seen.hides(part)
    ]
    result: list[Part] = []
    rest = sum(part.children is None for part in shown)
    for opened, stretch in groupby(shown, lambda part: part.children is not None):
        some = tuple(stretch)
        share = max(1, round(limit * len(some) / max(rest, 1)))
        result += some if opened else bundled(seen.graph, some, share)
    return tuple(result)


def _repeat_links(seen: Seen, parts: Sequence[Part]) -> Iterator[Link]:
    """Links between the visible calls of a module that has weights to share."""
    last: dict[str, str] = {}
    for part in walk(parts):
        if part.children is None and part.call is not None:
            path = part.call.module
            if path in last and seen.holds_weights(path):
                yield Link(last[path], part.id, "same module")
            last[path] = part.id


def _leaves(items: Sequence[Node | Group]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            yield from _leaves(item.children)
