"""What a view shows of a model, clause by clause."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from modelviz.errors import InputError
from modelviz.graph import Failure, ModelGraph
from modelviz.view import PAGE, Group, Node, View, view_options
from tests.graphs import GraphBuilder
from tests.view.showing import view_of


def decoder(blocks: int = 4, odd_first: bool = False) -> ModelGraph:
    """An embedding, blocks of attention and MLP with residuals, a head tied to the embedding."""
    build = GraphBuilder("Decoder")
    build.module("embed", "Embedding", "100, 8", {"weight": (100, 8)})
    for index in range(blocks):
        size = 16 if odd_first and index == 0 else 32
        build.module(f"layers.{index}", "Block")
        build.module(f"layers.{index}.attn", "Attention")
        for name in ("q", "o"):
            build.module(f"layers.{index}.attn.{name}", "Linear", "8, 8", {"weight": (8, 8)})
        build.module(f"layers.{index}.mlp", "Mlp")
        build.module(f"layers.{index}.mlp.up", "Linear", f"8, {size}", {"weight": (size, 8)})
        build.module(f"layers.{index}.mlp.down", "Linear", f"{size}, 8", {"weight": (8, size)})
    build.module("head", "Linear", "8, 100", {"weight": (100, 8)}, tied={"weight": "embed.weight"})
    x = build.input(2, 5, name="tokens")
    with build.call("", x) as outputs:
        x = build.layer("embed", x, "embedding")
        for index in range(blocks):
            with build.call(f"layers.{index}", x) as block:
                with build.call(f"layers.{index}.attn", x) as attention:
                    q = build.layer(f"layers.{index}.attn.q", x, flops=10)
                    attention.append(build.layer(f"layers.{index}.attn.o", q, flops=10))
                x = build.op("add", x, attention[0])
                with build.call(f"layers.{index}.mlp", x) as mlp:
                    up = build.layer(f"layers.{index}.mlp.up", x, flops=20)
                    mlp.append(build.layer(f"layers.{index}.mlp.down", up, flops=20))
                x = build.op("add", x, mlp[0])
                block.append(x)
        with build.call("head", x) as head:
            head.append(build.op("linear", x, build.weight("embed.weight"), flops=5))
        outputs.append(head[0])
    return build.graph(head[0])


def titles(view: View) -> list[str]:
    return [item.title for item in view.walk()]


def named(view: View, title: str) -> Node | Group:
    return next(item for item in view.walk() if item.title == title)


# -- depth ---------------------------------------------------------------------------------------


def test_depth_0_is_the_model_as_one_node() -> None:
    view = view_of(decoder(), depth=0)
    assert titles(view) == ["input", "Decoder", "output"]
    assert named(view, "Decoder").figures.params == decoder().total_params


def test_depth_1_is_what_the_model_runs() -> None:
    view = view_of(decoder(), depth=1)
    assert titles(view) == ["input", "Embedding", "Block", "Linear", "output"]


def test_depth_2_opens_the_blocks() -> None:
    view = view_of(decoder(), depth=2)
    block = named(view, "Block")
    assert isinstance(block, Group)
    assert [child.title for child in block.children] == ["Attention", "add", "Mlp", "add"]


def test_the_default_depth_opens_all_of_a_small_model() -> None:
    assert "down" in {node.name for node in view_of(decoder()).nodes()}


@pytest.mark.parametrize("depth", [-1, 1.5, "2", True])
def test_a_depth_that_is_none_is_refused(depth: object) -> None:
    with pytest.raises(InputError, match="whole number"):
        view_options(depth)  # type: ignore[arg-type]


def flat(size: int, run: bool = True) -> ModelGraph:
    """A Sequential of layers that are all different."""
    build = GraphBuilder("Sequential")
    for index in range(size):
        shape = {"weight": (8, index + 1)}
        build.module(str(index), "Linear", f"8, {index + 1}", shape)
    if not run:
        return build.graph()
    x = build.input(1, 8)
    with build.call("", x):
        for index in range(size):
            x = build.layer(str(index), x, flops=1)
    return build.graph(x)


def functional(size: int) -> ModelGraph:
    """Ops in one forward, without a module."""
    build = GraphBuilder("Functional")
    x = build.input(1, 8)
    names = ("relu", "mul", "tanh", "sigmoid", "add")
    with build.call("", x):
        for index in range(size):
            x = build.op(names[(index * index) % 5], x, x, flops=1)
    return build.graph(x)


@pytest.mark.parametrize("graph", [flat(2000), flat(2000, run=False), functional(2000)])
def test_a_huge_flat_model_is_summarised_to_a_page(graph: ModelGraph) -> None:
    view = view_of(graph)
    assert view.size <= PAGE
    total = sum(node.figures.params for node in view.nodes())
    assert total == graph.total_params
    assert sum(node.figures.flops for node in view.nodes()) == graph.total_flops


def test_a_summary_says_what_it_holds() -> None:
    node = next(n for n in view_of(flat(2000)).nodes() if n.kind == "several")
    assert node.title.endswith("layers")
    assert node.contents == (f"Linear × {node.title.split()[0]}",)


# -- expand and collapse -------------------------------------------------------------------------


def test_expand_opens_a_module_below_the_depth() -> None:
    view = view_of(decoder(), depth=1, expand="layers.*.mlp")
    assert {"up", "down"} <= {node.name for node in view.nodes()}
    assert isinstance(named(view, "Attention"), Node)


def test_collapse_closes_a_module_above_the_depth() -> None:
    view = view_of(decoder(), depth=3, collapse="layers.*.attn")
    assert isinstance(named(view, "Attention"), Node)
    assert isinstance(named(view, "Mlp"), Group)


def test_a_copy_that_is_expanded_is_unfolded() -> None:
    view = view_of(decoder(6), depth=1, expand="layers.2")
    blocks = [(item.name, item.copies) for item in view.walk() if item.title == "Block"]
    assert blocks == [("layers.0 – layers.1", 2), ("layers.2", 1), ("layers.3 – layers.5", 3)]


def test_a_star_stands_for_one_step_and_two_for_any() -> None:
    one = view_of(decoder(), depth=1, expand="layers.*")
    both = view_of(decoder(), depth=1, expand="layers.**")
    assert isinstance(named(one, "Mlp"), Node)
    assert isinstance(named(both, "Mlp"), Group)


def test_a_pattern_without_a_match_says_what_there_is() -> None:
    with pytest.raises(InputError, match=r"'layer.0' matches no module.*'layers.0"):
        view_of(decoder(), expand="layer.0")


@pytest.mark.parametrize("opened", ["layers.*.mlp", "layers.2", "layers.0.attn.q", "**"])
@pytest.mark.parametrize("blocks", [4, 40])
def test_expand_shows_no_less_than_no_option(opened: str, blocks: int) -> None:
    plain, view = (view_of(decoder(blocks), expand=e) for e in ((), opened))
    assert view.size >= plain.size
    assert view.depth == plain.depth


def test_expand_in_a_summary_opens_what_is_asked_for_and_keeps_the_rest_short() -> None:
    build = GraphBuilder("Long")
    x = build.input(1, 8)
    for index in range(200):
        build.module(f"block{index}x", "Block", weights={"scale": (index + 1,)})
        build.module(f"block{index}x.fc", "Linear", weights={"weight": (8, index + 1)})
    with build.call("", x):
        for index in range(200):
            with build.call(f"block{index}x", x) as outputs:
                x = build.layer(f"block{index}x.fc", x, flops=1)
                outputs.append(x)
    graph = build.graph(x)
    view = view_of(graph, expand="block90x")
    assert [item.name for item in view.walk() if isinstance(item, Group)] == ["block90x"]
    assert view.size <= PAGE


# -- folding -------------------------------------------------------------------------------------


def test_equal_blocks_become_one_that_says_how_many() -> None:
    block = named(view_of(decoder(12), depth=2), "Block")
    assert (block.name, block.copies, block.chained) == ("layers.0 – layers.11", 12, True)
    assert block.each.params * 12 == block.figures.params


def test_the_first_block_may_differ() -> None:
    view = view_of(decoder(5, odd_first=True), depth=1)
    blocks = [(item.name, item.copies) for item in view.walk() if item.title == "Block"]
    assert blocks == [("layers.0", 1), ("layers.1 – layers.4", 4)]


def routed(said: list[int], rows: list[int]) -> ModelGraph:
    """Experts in a loop whose turns find the ``rows`` tokens that were sent to number ``said``."""
    build = GraphBuilder("Routed")
    x = build.input(64, 8)
    y = build.input(64, 8, name="y")
    for index in range(len(said)):
        build.module(f"experts.{index}", "Expert", weights={"weight": (8, 8)})
    with build.call("", x):
        for index, (number, count) in enumerate(zip(said, rows, strict=True)):
            chosen = build.op("eq", x, args=(("other", number),))
            token = build.op("where", chosen, shape=(count,))
            tokens = build.op("getitem", x, token, shape=(count, 8))
            answer = build.layer(f"experts.{index}", tokens, flops=count)
            y = build.op("index_add_", y, token, answer)
    return build.graph(y)


def test_experts_of_a_router_fold_whatever_number_of_tokens_each_got() -> None:
    view = view_of(routed([0, 1, 2, 3, 4], [9, 12, 3, 40, 0]))
    group = next(view.groups())
    assert (group.name, group.copies) == ("experts.0 – experts.4", 5)
    assert [child.title for child in group.children] == [
        "eq", "where", "getitem", "Expert", "index_add_"
    ]  # fmt: skip
    assert group.figures.flops == 64


def test_an_expert_that_is_sent_something_else_stays_apart() -> None:
    view = view_of(routed([0, 1, 2, 7, 4], [9, 12, 3, 40, 0]))
    assert [(group.name, group.copies) for group in view.groups()] == [("experts.0 – experts.2", 3)]


def test_what_one_copy_hands_to_the_next_is_an_edge() -> None:
    view = view_of(decoder(), depth=2)
    handed = [edge for edge in view.edges if edge.next_copy]
    assert {(e.source, e.target) for e in handed} == {("o6", "c3"), ("o6", "o3")}
    assert all(tensor.shape == (2, 5) for edge in handed for tensor in edge.tensors)


def test_without_folding_every_block_is_drawn() -> None:
    view = view_of(decoder(12), depth=1, fold=False)
    assert titles(view).count("Block") == 12


def experts(count: int = 6) -> ModelGraph:
    """Experts beside each other: each gets the same input, their outputs are added up."""
    build = GraphBuilder("Experts")
    for index in range(count):
        build.module(f"experts.{index}", "Expert", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        given = [build.layer(f"experts.{index}", x) for index in range(count)]
        result = build.op("cat", *given)
    return build.graph(result)


def test_copies_side_by_side_do_not_feed_each_other() -> None:
    expert = named(view_of(experts()), "Expert")
    assert (expert.copies, expert.chained) == (6, False)


def test_a_layer_called_again_and_again_is_folded_and_counted_once() -> None:
    build = GraphBuilder("Recurrent")
    build.module("cell", "Cell", weights={"weight": (8, 8)})
    x = build.input(2, 8)
    with build.call("", x):
        for _ in range(5):
            x = build.layer("cell", x)
    view = view_of(build.graph(x))
    cell = named(view, "Cell")
    assert (cell.copies, cell.figures.params) == (5, 64)


def test_a_loop_of_ops_is_folded() -> None:
    build = GraphBuilder("Loop")
    x = build.input(2, 8)
    with build.call("", x):
        for _ in range(50):
            x = build.op("add", build.op("tanh", build.op("matmul", x, x)), x)
    view = view_of(build.graph(x))
    assert view.size < 12
    assert any(group.copies > 40 for group in view.groups())


# -- ops, weights, inputs and outputs --------------------------------------------------------------


def with_views() -> ModelGraph:
    build = GraphBuilder("Views")
    build.module("fc", "Linear", "4, 4", {"weight": (4, 4)})
    build.module("nothing", "Identity")
    build.module("", "Views", weights={"scale": (4,)})
    x = build.input(2, 4)
    with build.call("", x):
        y = build.op("view", x, view=True)
        y = build.op("mul", build.layer("fc", y), build.weight("scale"))
        y = build.layer("nothing", y, "identity")
        z = build.op("arange", shape=(4,))
        y = build.op("add", y, z)
    return build.graph(y)


def test_what_moves_no_data_is_passed_over() -> None:
    view = view_of(with_views())
    assert titles(view) == ["input", "scale", "Linear", "mul", "add", "output"]
    assert ("input0", "c1") in {(edge.source, edge.target) for edge in view.edges}


def test_everything_is_shown_when_asked_for() -> None:
    shown = titles(view_of(with_views(), show="all"))
    assert {"view", "Identity", "arange"} <= set(shown)


def test_ops_can_be_left_out_and_their_ways_stay() -> None:
    view = view_of(with_views(), show="-ops")
    assert titles(view) == ["input", "scale", "Linear", "output"]
    assert {(edge.source, edge.target) for edge in view.edges} == {
        ("input0", "c1"),
        ("c1", "output0"),
        (next(node.id for node in view.nodes() if node.kind == "weight"), "output0"),
    }


def test_what_show_does_not_know_is_refused() -> None:
    with pytest.raises(InputError, match="colours"):
        view_options(show=("colours",))


def test_tensors_of_one_argument_share_a_node() -> None:
    build = GraphBuilder("Cached")
    caches = [build.input(2, 8, name=f"cache[{index}]") for index in range(30)]
    with build.call(""):
        y = build.op("cat", *caches)
    inputs = [node for node in view_of(build.graph(y)).nodes() if node.kind == "input"]
    assert [(node.title, node.name) for node in inputs] == [("30 inputs", "cache")]


def test_an_output_that_is_an_input_is_joined_to_it() -> None:
    build = GraphBuilder("Through")
    x = build.input(2, 8)
    with build.call("", x):
        y = build.op("relu", x)
    view = view_of(build.graph(y, x))
    assert ("input0", "output1") in {(edge.source, edge.target) for edge in view.edges}


def with_a_dead_end() -> ModelGraph:
    build = GraphBuilder("DeadEnd")
    build.module("fc", "Linear", "4, 4", {"weight": (4, 4)})
    x = build.input(2, 4)
    with build.call("", x):
        build.op("all", build.op("eq", x))
        y = build.op("relu", build.layer("fc", x, flops=32))
    return build.graph(y)


def test_ops_that_reach_no_output_are_left_out_until_asked_for() -> None:
    assert titles(view_of(with_a_dead_end())) == ["input", "Linear", "relu", "output"]
    shown = titles(view_of(with_a_dead_end(), show="unread"))
    assert shown == ["input", "eq", "all", "Linear", "relu", "output"]


def test_an_input_that_reaches_no_output_stays_and_says_so() -> None:
    build = GraphBuilder("Masked")
    x, mask = build.input(2, 4), build.input(4, 4, name="mask")
    with build.call("", x, mask):
        build.op("all", mask)
        y = build.op("relu", x)
    graph = build.graph(y)
    view = view_of(graph)
    assert titles(view) == ["input", "input", "relu", "output"]
    assert [(edge.source, edge.target) for edge in view.edges if edge.source == "input1"] == []
    assert said_of_inputs(view) == [
        ("x", "2×4", ""),
        ("mask", "4×4, reaches no output", "unread"),
    ]
    shown = titles(view_of(graph, show="unread"))
    assert shown == ["input", "input", "all", "relu", "output"]


def said_of_inputs(view: View) -> list[tuple[str, str, str]]:
    return [(node.name, node.detail, node.status) for node in view.nodes() if node.kind == "input"]


def ignoring(*names: str) -> ModelGraph:
    build = GraphBuilder("Ignoring")
    x, *others = build.input(2, 4), *(build.input(3, name=name) for name in names)
    with build.call("", x, *others):
        y = build.op("relu", x)
    return build.graph(y)


def test_an_input_that_nothing_reads_is_shown() -> None:
    view = view_of(ignoring("mask"))
    assert said_of_inputs(view) == [("x", "2×4", ""), ("mask", "3, never read", "unread")]
    assert [(edge.source, edge.target) for edge in view.edges] == [
        ("input0", "o0"),
        ("o0", "output0"),
    ]


def test_inputs_that_nothing_reads_take_no_more_than_one_node_when_they_are_many() -> None:
    view = view_of(ignoring(*(f"extra{index}" for index in range(20))))
    inputs = [node for node in view.nodes() if node.kind == "input"]
    assert [node.title for node in inputs] == ["input", "20 inputs"]
    assert [node.id for node in inputs] == ["input0", "input1"]


def test_an_input_that_a_failed_forward_did_not_come_to_is_not_called_unused() -> None:
    failure = Failure("ValueError", "no", 0, 0, "", None, None, ())
    view = view_of(replace(ignoring("mask"), failure=failure, outputs=()))
    assert said_of_inputs(view) == [("x", "2×4", "lit"), ("mask", "3, not reached", "unread")]


def test_the_seconds_of_nodes_add_up_to_the_models() -> None:
    graph = decoder()
    ops = tuple(replace(op, seconds=2.0 ** -(op.id % 8)) for op in graph.ops)
    timed = replace(graph, ops=ops)
    for depth in range(4):
        view = view_of(timed, depth)
        assert view.figures.seconds == timed.total_seconds
        assert sum(node.figures.seconds for node in view.nodes()) == timed.total_seconds
    block = named(view_of(timed, 2), "Block")
    assert block.copies == 4
    assert block.each.seconds == block.figures.seconds / 4


def test_all_ops_are_shown_where_nothing_comes_out() -> None:
    graph = replace(with_a_dead_end(), outputs=())
    assert titles(view_of(graph)) == ["input", "eq", "all", "Linear", "relu"]


def test_a_module_that_applies_its_weights_in_one_op_is_closed_until_asked_for() -> None:
    build = GraphBuilder("Normalised")
    build.module("bn", "BatchNormAct", weights={"weight": (4,), "bias": (4,)})
    build.module("bn.act", "SiLU")
    x = build.input(2, 4)
    with build.call("", x), build.call("bn", x) as outputs:
        y = build.op("batch_norm", x, build.weight("bn.weight"), build.weight("bn.bias"))
        outputs.append(build.layer("bn.act", y, "silu"))
    graph = build.graph(outputs[0])
    node = named(view_of(graph, depth=5), "BatchNormAct")
    assert isinstance(node, Node)
    assert (node.kind, node.figures.params) == ("normalisation", 8)
    assert "batch_norm" in titles(view_of(graph, expand="bn"))


def test_a_module_that_applies_its_weights_in_two_ops_is_open() -> None:
    build = GraphBuilder("Low")
    build.module("low", "LowRank", weights={"a": (4, 4), "b": (4, 4)})
    x = build.input(2, 4)
    with build.call("", x), build.call("low", x) as outputs:
        y = build.op("matmul", x, build.weight("low.a"), flops=1)
        outputs.append(build.op("matmul", y, build.weight("low.b"), flops=1))
    view = view_of(build.graph(outputs[0]), depth=5)
    assert isinstance(named(view, "LowRank"), Group)


# -- what is one thing -----------------------------------------------------------------------------


def test_tied_weights_are_linked_and_counted_once() -> None:
    view = view_of(decoder(), depth=1)
    assert [(link.source, link.target, link.reason) for link in view.links] == [
        ("c1", named(view, "Linear").id, "shared weights")
    ]
    assert named(view, "Linear").figures.params == 0


def test_two_calls_of_one_module_are_linked() -> None:
    build = GraphBuilder("Siamese")
    build.module("tower", "Tower", weights={"weight": (8, 8)})
    a, b = build.input(2, 8, name="a"), build.input(2, 8, name="b")
    with build.call("", a, b):
        left = build.layer("tower", a)
        y = build.op("mul", left, b)
        y = build.op("cat", build.layer("tower", b), y)
    view = view_of(build.graph(y))
    calls = [item for item in view.walk() if item.title == "Tower"]
    assert [call.call_index for call in calls] == [0, 1]
    assert [(link.source, link.target) for link in view.links] == [(calls[0].id, calls[1].id)]


def test_parameters_that_nothing_reads_are_shown_as_unused() -> None:
    build = GraphBuilder("Spare")
    build.module("used", "Linear", weights={"weight": (8, 8)})
    build.module("spare", "Head")
    build.module("spare.fc", "Linear", weights={"weight": (8, 3)})
    x = build.input(2, 8)
    with build.call("", x):
        x = build.layer("used", x)
    unused = named(view_of(build.graph(x)), "never used")
    assert (unused.detail, unused.figures.params) == ("spare", 24)  # type: ignore[union-attr]


# -- failures --------------------------------------------------------------------------------------


def failing() -> ModelGraph:
    build = GraphBuilder("Broken")
    build.module("body", "Body")
    build.module("body.fit", "Linear", "8, 8", {"weight": (8, 8)})
    build.module("body.misfit", "Linear", "9, 8", {"weight": (8, 9)})
    build.module("head", "Linear", "8, 2", {"weight": (2, 8)})
    x = build.input(2, 8)
    with build.call("", x), build.call("body", x):
        x = build.layer("body.fit", x)
        with build.call("body.misfit", x):
            build.op("linear", x, build.weight("body.misfit.weight"), failed=True)
    shapes = ((2, 8), (8, 9))
    failure = Failure("RuntimeError", "no fit", 3, 1, "body.misfit", None, None, shapes)
    return build.graph(failure=failure)


@pytest.mark.parametrize("depth", [None, 1, 3])
def test_a_failure_is_in_sight_at_every_depth(depth: int | None) -> None:
    view = view_of(failing(), depth)
    failed = [item.title for item in view.walk() if item.status == "failed"]
    assert "2×8 met 8×9" in {node.detail for node in view.nodes() if node.status == "failed"}
    assert failed
    assert "body.misfit" in view.failure and "2×8 and 8×9 met" in view.failure


def test_what_was_not_reached_is_marked() -> None:
    node = named(view_of(failing()), "not reached")
    assert node.detail == "head"  # type: ignore[union-attr]


# -- modules alone ---------------------------------------------------------------------------------


def test_without_a_forward_the_modules_are_shown() -> None:
    build = GraphBuilder("Plain")
    for index in range(4):
        build.module(f"layers.{index}", "Block", weights={"scale": (8,)})
        build.module(f"layers.{index}.fc", "Linear", "8, 8", {"weight": (8, 8)})
    view = view_of(build.graph())
    assert not view.traced and not view.edges
    assert named(view, "Block").copies == 4
    assert named(view, "Block").chained is None
    assert sum(node.figures.params for node in view.nodes()) == 4 * (64 + 8)


def test_a_summary_of_modules_counts_the_copies_in_it() -> None:
    build = GraphBuilder("Long")
    rng = random.Random(0)
    for index in range(400):
        build.module(str(index), rng.choice(("Linear", "Norm")), weights={"weight": (8, 4)})
    view = view_of(build.graph())
    several = [node for node in view.nodes() if node.kind == "several"]
    assert several and view.size <= PAGE
    layers = sum(int(node.title.split()[0]) for node in several)
    assert layers + sum(node.copies for node in view.nodes() if node.kind != "several") == 400
    assert several[0].name.startswith("0 – ") and several[0].name.count("–") == 1


# -- data ------------------------------------------------------------------------------------------


def test_edges_and_links_are_between_visible_nodes() -> None:
    view = view_of(decoder())
    nodes = {node.id for node in view.nodes()}
    assert view.edges and view.links
    assert {end for edge in view.edges for end in (edge.source, edge.target)} <= nodes
    assert {end for link in view.links for end in (link.source, link.target)} <= nodes
