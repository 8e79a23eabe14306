"""Which ops between modules say the number of the turn of a loop."""

from __future__ import annotations

from collections.abc import Sequence

from modelviz.analysis.items import call_items
from modelviz.analysis.loop_counters import counting_ops
from tests.graphs import GraphBuilder


def distances(
    said: Sequence[int | float], numbers: Sequence[int] | None = None, after: bool = False
) -> list[int | None]:
    """For a loop whose turns compare with what is ``said``: how far from the module's number.

    The comparison comes before the module of the turn, or ``after`` it.
    """
    build = GraphBuilder()
    x = build.input(4, 8)
    turns = list(zip(said, numbers or range(len(said)), strict=True))
    for number in dict.fromkeys(number for _, number in turns):
        build.module(f"experts.{number}", "Expert", weights={"weight": (8, 8)})
    with build.call("", x):
        for value, number in turns:
            if after:
                build.layer(f"experts.{number}", x)
            build.op("eq", x, args=(("other", value),))
            build.op("mul", x, args=(("other", 2),))
            if not after:
                build.layer(f"experts.{number}", x)
    graph = build.graph(x)
    counting = counting_ops(call_items(graph, graph.calls[0]))
    return [counting.get(op.id) for op in graph.ops if op.name == "eq"]


def test_comparing_with_the_number_of_the_turn_counts() -> None:
    assert distances([0, 1, 2, 3]) == [0, 0, 0, 0]


def test_counting_may_begin_anywhere() -> None:
    assert distances([5, 6, 7]) == [5, 5, 5]


def test_the_comparison_may_follow_the_module() -> None:
    assert distances([0, 1, 2, 3], after=True)[-1] is not None


def test_a_module_that_is_left_out_is_no_break() -> None:
    assert distances([0, 1, 3, 4], numbers=[0, 1, 3, 4]) == [0, 0, 0, 0]


def test_the_same_number_in_each_turn_does_not_count() -> None:
    assert distances([2, 2, 2, 2]) == [None] * 4


def test_two_turns_are_no_loop_yet() -> None:
    assert distances([0, 1]) == [None, None]


def test_a_turn_that_says_another_number_stands_alone() -> None:
    assert distances([0, 1, 2, 9, 4]) == [0, 0, 0, None, None]


def test_only_whole_numbers_count() -> None:
    assert distances([0.0, 1.0, 2.0]) == [None] * 3
