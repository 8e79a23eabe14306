"""A whole model as a document that a reader can open and close: what the viewer takes.

The document holds every item that any view of the graph could show, what each op reads, and which
items are open at first. The viewer decides what is visible and merges edges as ``build_view`` does;
``viewer-src/src/model/types.ts`` describes the fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from ..analysis.figures import Figures, ran_by
from ..analysis.items import Step, Steps
from ..collecting import collection_paused
from ..depth import deep
from ..graph import ModelGraph
from .build import chosen_depth, shown_parts
from .calls import closed_calls, open_calls
from .explorable_flow import Flow
from .explorable_items import Items, figures_dict, node_dict
from .explorable_modules import module_items
from .failure import failure_text
from .flow import usual_dtype
from .inputs_outputs import output_nodes
from .marks import Marks, add_marks
from .named_functions import NamedFunctions
from .options import ViewOptions
from .owners import own
from .tree import Part, walk
from .visibility import Visibility
from .weights import Weights, direct_weights, hold

VERSION = 1
_DEFAULT = ViewOptions()


@collection_paused()
def explorable(
    graph: ModelGraph, options: ViewOptions = _DEFAULT, marks: Marks | None = None
) -> dict[str, Any]:
    """The document of a graph, JSON-ready, first shown as the options ask.

    ``marks`` are what is to be told of its parts. Raises InputError for a path in the options that
    matches nothing.
    """
    with deep(graph):
        document = {
            "version": VERSION,
            "name": graph.name,
            "traced": bool(graph.calls),
            "failure": failure_text(graph),
            "show": sorted(options.show),
            **(_run(graph, options) if graph.calls else _not_run(graph, options)),
        }
        if marks is not None:
            add_marks(document, graph, marks)
    return document


def _run(graph: ModelGraph, options: ViewOptions) -> dict[str, Any]:
    """The fields of a graph that was run."""
    visibility = Visibility(graph, options)
    parts = visibility.whole()
    shown = shown_parts(visibility, *chosen_depth(visibility))
    owners = own(graph, parts, visibility.hides)
    weights = Weights()
    if "weights" in options.show:
        weights = direct_weights(graph, owners, open_calls(graph, parts), frozenset())
    holders = hold(graph, owners, dict(closed_calls(graph, parts)), weights)
    costs = ran_by(graph, owners.homes)
    functions = NamedFunctions(graph, parts)
    items = Items(visibility, owners, weights, holders, costs, functions)
    inputs, input_places = visibility.inputs
    outputs, output_places = output_nodes(graph)
    flow = Flow(usual_dtype(graph))
    reads = flow.reads(graph, owners, input_places, weights.slots)
    results = flow.results(graph, input_places, output_places)
    return {
        "figures": figures_dict(sum(costs.values(), Figures(graph.total_params))),
        "items": [
            *map(node_dict, inputs),
            *items.top(_bundles(parts, shown)),
            *map(node_dict, outputs),
        ],
        "open": [part.id for part in walk(shown) if part.children is not None],
        "tensors": flow.tensors,
        "flow": {
            "ops": len(graph.ops),
            "reads": reads,
            "outside": flow.outside,
            "results": results,
            "ends": flow.ends,
            "differ": [
                op.id
                for op in graph.ops
                if visibility.hides_op(op)
                != visibility.hides_op(graph.ops[owners.canonical[op.id]])
            ],
        },
        "links": [asdict(link) for link in holders.links],
    }


def _not_run(graph: ModelGraph, options: ViewOptions) -> dict[str, Any]:
    """The fields of a graph without a forward: modules, and no edge between them."""
    items, opened = module_items(graph, options)
    return {
        "figures": figures_dict(Figures(graph.total_params)),
        "items": items,
        "open": opened,
        "tensors": [],
        "flow": {"ops": 0, "reads": [], "outside": [], "results": [], "ends": [], "differ": []},
        "links": [],
    }


def _bundles(parts: Sequence[Part], shown: Sequence[Part]) -> Iterator[Part]:
    """The parts of the top level, those put into those that the first view summarises them into."""
    places = {_key(part.items[0]): index for index, part in enumerate(parts)}
    done = 0
    for bundle in shown:
        if bundle.bundle:
            first = places[_key(bundle.items[0])]
            last = max(
                place for item in bundle.items if (place := places.get(_key(item))) is not None
            )
            yield from parts[done:first]
            yield replace(bundle, children=tuple(parts[first : last + 1]))
            done = last + 1
    yield from parts[done:]


def _key(item: Step) -> tuple[type, int]:
    """What tells an item from all others of a call."""
    first = item.first if isinstance(item, Steps) else item
    return type(first), first.id
