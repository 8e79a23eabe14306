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
from .failure import failure_text
from .flow import flow, longest_path
from .inputs_outputs import output_nodes
from .items import view_items
from .model import Group, Link, Node, View, with_multiples
from .modules import module_view
from .options import EASY, PAGE, PATH, ViewOptions
from .owners import own
from .tree import Part, bundled, walk
from .visibility import Visibility
from .weights import Weights, direct_weights, hold

_DEFAULT = ViewOptions()
BUNDLES = 24
"""Parts that a flat model too large for a page is summarised into."""
_FEWER = (20, 16, 12, 9, 6, 4)
"""The same where these are too large when they are laid out."""


@collection_paused()
def build_view(graph: ModelGraph, options: ViewOptions = _DEFAULT) -> View:
    """What the options ask to see of a graph. Raises InputError for a path that matches nothing."""
    if not graph.calls:
        return module_view(graph, options)
    visibility = Visibility(graph, options)
    if options.depth is None and options.page is None and not options.expand:
        return _page(visibility)[0]
    return _view(visibility, *chosen_depth(visibility))


def chosen_depth(visibility: Visibility) -> tuple[int, int | None]:
    """The depth that a view of a run graph has, and to how many parts its top level is cut."""
    options = visibility.options
    if options.depth is not None:
        return options.depth, None
    if options.page is not None:
        return options.page
    # What a reader asks to see comes on top of what the page shows without being asked.
    unasked = (
        Visibility(visibility.graph, replace(options, expand=())) if options.expand else visibility
    )
    page, limit = _page(unasked)
    return page.depth, limit


def page_views(graph: ModelGraph, options: ViewOptions) -> Iterator[tuple[ViewOptions, View]]:
    """What may fit a page, the most first: views, and the options that give each of them again.

    The options have no depth, since that is what is looked for.
    """
    if not graph.calls:
        first = module_view(graph, options)
        yield options, first
        pages = [*((depth, None) for depth in range(first.depth - 1, 0, -1))]
        pages += [(1, fewer) for fewer in _FEWER]
        for page in pages:
            shown = replace(options, page=page)
            yield shown, module_view(graph, shown)
        return
    visibility = Visibility(graph, options)
    page = chosen_depth(visibility)
    yield replace(options, page=page), _view(visibility, *page)
    depth, limit = page
    count = limit or sum(_count(visibility, part) for part in visibility.parts(1))
    rest = [*((level, None) for level in range(depth - 1, 0, -1))]
    for page in (*rest, *((1, fewer) for fewer in _FEWER if fewer < count)):
        yield replace(options, page=page), _view(visibility, *page)


def shown_parts(visibility: Visibility, depth: int, limit: int | None) -> tuple[Part, ...]:
    """The parts of a view at a depth, the top level cut to ``limit`` parts."""
    parts = visibility.parts(depth)
    return parts if limit is None else _cut(visibility, parts, limit)


def _page(visibility: Visibility) -> tuple[View, int | None]:
    """The deepest view that fits a page, and to how many parts its top level had to be cut."""
    best, depth = 1, 1
    deepest = max(module.depth for module in visibility.graph.modules) + 2
    while depth < deepest and _size(visibility, depth + 1) <= PAGE:
        depth += 1
        if _size(visibility, depth) > _size(visibility, best):
            best = depth
    for candidate in range(best if _size(visibility, best) <= PAGE else 0, 0, -1):
        view = _view(visibility, candidate)
        easy = view.size <= EASY and longest_path(view) <= PATH
        if easy or (candidate == 1 and view.size <= PAGE):
            return view, None
    return _view(visibility, 1, BUNDLES), BUNDLES


def _size(visibility: Visibility, depth: int) -> int:
    """The number of parts that are shown at a depth."""
    return sum(not visibility.hides(part) for part in walk(visibility.parts(depth)))


def _view(visibility: Visibility, depth: int, limit: int | None = None) -> View:
    """The view at a depth, its top level cut to ``limit`` parts."""
    graph = visibility.graph
    parts = shown_parts(visibility, depth, limit)
    inputs, input_places = visibility.inputs
    outputs, output_places = output_nodes(graph)
    owners = own(graph, parts, visibility.hides)
    weights = Weights()
    if "weights" in visibility.options.show:
        weights = direct_weights(
            graph, owners, open_calls(graph, parts), frozenset(bundled_ops(parts))
        )
    edges = flow(graph, owners, input_places, output_places, weights.slots)
    holders = hold(graph, owners, dict(closed_calls(graph, parts)), weights)
    items = view_items(visibility, owners, weights, holders, parts)
    nodes = {node.id for node in _leaves((*inputs, *items, *outputs))}
    return View(
        graph.name,
        with_multiples((*inputs, *items, *outputs)),
        edges,
        tuple(
            link
            for link in (*_repeat_links(visibility, parts), *holders.links)
            if link.source in nodes and link.target in nodes
        ),
        sum(ran_by(graph, owners.homes).values(), Figures(graph.total_params)),
        depth,
        failure_text(graph),
        counted=sight_of(graph).counts_known,
    )


def _cut(visibility: Visibility, parts: Sequence[Part], limit: int) -> tuple[Part, ...]:
    """The parts closed, and summarised to ``limit`` but for those that a reader asked to open.

    What a function of the model runs is summarised inside of it where it runs layers.
    """
    shown = [
        part if _stays_open(visibility, part) else replace(part, children=None)
        for part in parts
        if part.children is not None or not visibility.hides(part)
    ]
    result: list[Part] = []
    rest = sum(_count(visibility, part) for part in shown)
    for opened, stretch in groupby(shown, lambda part: part.children is not None):
        some = tuple(stretch)
        share = limit / max(rest, 1)
        if opened:
            result += (_cut_inside(visibility, part, share) for part in some)
        else:
            result += bundled(visibility.graph, some, max(1, round(share * len(some))))
    return tuple(result)


def _stays_open(visibility: Visibility, part: Part) -> bool:
    return visibility.is_asked(part) or _runs_layers(visibility, part)


def _runs_layers(visibility: Visibility, part: Part) -> bool:
    return (
        part.steps is not None and part.children is not None and visibility.calls_layers(part.steps)
    )


def _count(visibility: Visibility, part: Part) -> int:
    """The number of parts that a summary stands for."""
    if part.children is None:
        return 1
    if visibility.is_asked(part):
        return 0
    return sum(not visibility.hides(child) for child in part.children)


def _cut_inside(visibility: Visibility, part: Part, share: float) -> Part:
    """An open part, with the parts in it summarised to a share of their number."""
    if visibility.is_asked(part) or part.children is None:
        return part
    limit = max(1, round(share * _count(visibility, part)))
    return replace(part, children=_cut(visibility, part.children, limit))


def _repeat_links(visibility: Visibility, parts: Sequence[Part]) -> Iterator[Link]:
    """Links between the visible calls of a module that has weights to share."""
    last: dict[str, str] = {}
    for part in walk(parts):
        if part.children is None and part.call is not None:
            path = part.call.module
            if path in last and visibility.holds_weights(path):
                yield Link(last[path], part.id, "same module")
            last[path] = part.id


def _leaves(items: Sequence[Node | Group]) -> Iterator[Node]:
    for item in items:
        if isinstance(item, Node):
            yield item
        else:
            yield from _leaves(item.children)
