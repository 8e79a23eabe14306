"""What holds for every view of every model: it shows all flows of data, no other, and adds up."""

from __future__ import annotations

from typing import Any

import networkx as nx
from hypothesis import given, settings
from hypothesis import strategies as st

from modelviz.graph import ModelGraph
from modelviz.view import PAGE, Figures, View, ViewOptions, view_options
from tests.view.programs import PROGRAMS, build
from tests.view.showing import view_of

OPTIONS = st.builds(
    view_options,
    depth=st.one_of(st.none(), st.integers(0, 4)),
    fold=st.booleans(),
    show=st.sampled_from(
        ((), ("views",), ("-ops",), ("-weights",), ("views", "constants", "unread"))
    ),
)


@settings(max_examples=60, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_figures_of_the_nodes_add_up_to_the_models(
    program: tuple[Any, ...], options: ViewOptions
) -> None:
    graph = build(program)
    view = view_of(graph, options)
    total = sum((node.figures for node in view.nodes()), Figures())
    assert total.params == graph.total_params
    assert total.flops == graph.total_flops
    if any(node.kind not in ("input", "output") for node in view.nodes()):
        assert total == view.figures


@settings(max_examples=60, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_a_group_has_the_figures_of_what_is_in_it(
    program: tuple[Any, ...], options: ViewOptions
) -> None:
    for group in view_of(build(program), options).groups():
        assert group.children
        assert group.figures == sum((child.figures for child in group.children), Figures())


@settings(max_examples=30, deadline=None)
@given(PROGRAMS, st.booleans())
def test_a_part_costs_the_same_open_and_closed(program: tuple[Any, ...], fold: bool) -> None:
    graph = build(program)
    seen: dict[str, Figures] = {}
    for depth in (1, 2, 4):
        for item in view_of(graph, depth, fold=fold).walk():
            assert seen.setdefault(item.id, item.figures) == item.figures


@settings(max_examples=120, deadline=None)
@given(PROGRAMS, st.integers(0, 4), st.booleans())
def test_data_can_flow_between_nodes_exactly_where_the_view_has_a_way(
    program: tuple[Any, ...], depth: int, views: bool
) -> None:
    """Unfolded, a node is a set of ops: a way of one edge is a way through unseen ops only."""
    graph = build(program)
    view = view_of(graph, depth, fold=False, show=("views",) if views else ())
    members = ops_of_nodes(graph, view)
    ops = op_graph(graph)
    shown = {edge for edge in pairs(view) if edge[0] in members and edge[1] in members}
    unseen = set(ops) - set().union(*members.values())
    real = set()
    for source, inside in members.items():
        reached = reachable_through(ops, inside, unseen)
        real |= {
            (source, target)
            for target, others in members.items()
            if target != source and others & reached
        }
    assert shown == real


@settings(max_examples=60, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_a_view_reads_in_one_direction(program: tuple[Any, ...], options: ViewOptions) -> None:
    view = view_of(build(program), options)
    drawn = nx.DiGraph()
    drawn.add_edges_from((e.source, e.target) for e in view.edges if not e.next_copy)
    assert nx.is_directed_acyclic_graph(drawn)


@settings(max_examples=30, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_folding_leaves_out_no_flow_of_data(program: tuple[Any, ...], options: ViewOptions) -> None:
    """Copies seen as one: the ends of every edge of the unfolded view are joined when folded."""
    graph = build(program)
    depth = options.depth if options.depth is not None else 3
    folded = view_of(graph, ViewOptions(depth, fold=True, show=options.show))
    whole = view_of(graph, ViewOptions(depth, fold=False, show=options.show))
    joined = nx.DiGraph()
    joined.add_edges_from(pairs(folded))
    inputs = [node.id for node in whole.nodes() if node.kind == "input"]
    outputs = [node.id for node in whole.nodes() if node.kind == "output"]
    real = nx.DiGraph()
    real.add_edges_from(pairs(whole))
    for source in inputs:
        for target in outputs:
            if source in real and target in real and nx.has_path(real, source, target):
                assert nx.has_path(joined, source, target)
    assert folded.size <= whole.size


@settings(max_examples=30, deadline=None)
@given(PROGRAMS, st.data())
def test_to_expand_a_module_shows_no_less(program: tuple[Any, ...], data: st.DataObject) -> None:
    graph = build(program)
    called = sorted({call.module for call in graph.calls if call.module})
    if called:
        module = data.draw(st.sampled_from(called))
        opened = view_of(graph, expand=module)
        assert opened.size >= view_of(graph).size
        assert sum(node.figures.params for node in opened.nodes()) == graph.total_params


@settings(max_examples=40, deadline=None)
@given(PROGRAMS)
def test_a_default_view_fits_a_page(program: tuple[Any, ...]) -> None:
    assert view_of(build(program)).size <= PAGE


@settings(max_examples=40, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_ids_are_unique_and_edges_name_nodes(
    program: tuple[Any, ...], options: ViewOptions
) -> None:
    view = view_of(build(program), options)
    ids = [item.id for item in view.walk()]
    nodes = {node.id for node in view.nodes()}
    assert len(ids) == len(set(ids))
    assert {end for edge in view.edges for end in (edge.source, edge.target)} <= nodes
    assert {end for link in view.links for end in (link.source, link.target)} <= nodes


@settings(max_examples=25, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_the_same_graph_gives_the_same_view(program: tuple[Any, ...], options: ViewOptions) -> None:
    assert view_of(build(program), options) == view_of(build(program), options)


def pairs(view: View) -> set[tuple[str, str]]:
    return {(edge.source, edge.target) for edge in view.edges if edge.source != edge.target}


def ops_of_nodes(graph: ModelGraph, view: View) -> dict[str, set[int]]:
    """The ops that the closed modules and ops of an unfolded view stand for, from their ids."""
    result = {}
    for node in view.nodes():
        if node.id[0] == "c":
            call = graph.calls[int(node.id[1:])]
            result[node.id] = set(range(call.start, call.stop))
        elif node.id[0] == "o" and node.kind != "output":
            result[node.id] = {int(node.id[1:])}
        elif node.id[0] == "f":
            result[node.id] = set(range(*node.span))
    return {node: ops for node, ops in result.items() if ops}


def op_graph(graph: ModelGraph) -> dict[int, set[int]]:
    """For each op: the ops that read what it gives."""
    readers: dict[int, set[int]] = {op.id: set() for op in graph.ops}
    for edge in graph.edges:
        if edge.source is not None and edge.target is not None:
            readers[edge.source].add(edge.target)
    return readers


def reachable_through(ops: dict[int, set[int]], start: set[int], unseen: set[int]) -> set[int]:
    """The ops that data from ``start`` reaches with nothing but unseen ops on the way."""
    reached: set[int] = set()
    waiting = list(start)
    while waiting:
        for reader in ops[waiting.pop()]:
            if reader not in reached and reader not in start:
                reached.add(reader)
                if reader in unseen:
                    waiting.append(reader)
    return reached


@settings(max_examples=40, deadline=None)
@given(PROGRAMS, OPTIONS)
def test_figures_add_up_without_a_forward(program: tuple[Any, ...], options: ViewOptions) -> None:
    graph = build(program)
    alone = ModelGraph(graph.name, "none", graph.modules)
    view = view_of(alone, options)
    assert sum(node.figures.params for node in view.nodes()) == graph.total_params
    assert options.depth is not None or view.size <= PAGE
