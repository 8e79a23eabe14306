"""The parts of a page that only turn data into data."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from parts.areas import nested
from parts.charts import (
    BARS,
    MEASURES,
    adds_up,
    bars,
    by_class,
    by_module,
    measure_of,
    numbers_of,
)
from parts.downloads import PICTURES, TABLES, file_stem
from parts.look import Look
from parts.outcome import Shown
from parts.packed import LIMIT, pack, unpack
from parts.specs import key_of
from parts.table import matching, table_rows
from parts.text import plain

from modelviz import gallery
from modelviz.jobs import InputSpec, JobSpec

from .pool import traced


def shown(name: str) -> Shown:
    graph = traced(JobSpec("gallery", name)).graph
    assert graph is not None
    return Shown(graph)


# -- text in an address ---------------------------------------------------------------------------


@given(st.text(max_size=300))
def test_text_survives_the_address(text: str) -> None:
    packed = pack(text)
    assert packed is not None
    assert unpack(packed) == text.encode("utf-8", "replace").decode()


def test_text_too_long_for_an_address_is_left_out() -> None:
    text = "".join(str(n * n) for n in range(4000))
    assert len(text) > LIMIT
    assert pack(text) is None


@pytest.mark.parametrize("packed", ["", "!!!", "abc", "A" * 100, "é"])
def test_what_is_no_packed_text_is_nothing(packed: str) -> None:
    assert unpack(packed) is None


def test_a_bomb_is_not_unfolded() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(b"x" * 10**8)).decode()
    assert unpack(bomb) is None


# -- keys -----------------------------------------------------------------------------------------


def test_only_equal_jobs_share_a_key() -> None:
    jobs = [
        JobSpec("gallery", "gpt"),
        JobSpec("library", "gpt"),
        JobSpec("gallery", "gpt", inputs=()),
        JobSpec("gallery", "gpt", inputs=(InputSpec((1, 2)),)),
        JobSpec("gallery", "gpt", mode="train"),
        JobSpec("graph", data=b"a"),
        JobSpec("graph", data=b"b"),
    ]
    assert len({key_of(job) for job in jobs}) == len(jobs)
    assert key_of(JobSpec("gallery", "gpt")) == key_of(jobs[0])


# -- text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["<b>", "**x**", "[a](b)", "$x$", "`x`", ":red[x]", "a_b_c", "# x"]
)
def test_marks_are_escaped(text: str) -> None:
    escaped = plain(text)
    assert all(
        escaped[place - 1] == "\\"
        for place, character in enumerate(escaped)
        if character in "<*[`$:_#" and place >= 0
    )


# -- table, charts --------------------------------------------------------------------------------


def test_the_table_has_every_call_and_reads_like_the_model() -> None:
    model = shown("gpt")
    rows = table_rows(model)
    assert len(rows) == len(model.rows)
    assert rows["path"][0] == "GPT"
    assert rows["total_params"][0] == model.graph.total_params
    assert rows["output_size"][0] == "1×128×5000"


def test_calls_are_numbered_from_1_where_a_module_has_several() -> None:
    rows = table_rows(shown("transformer"))
    assert list(rows["call"][rows["path"] == "tokens"]) == ["1", "2"]
    assert "call" not in table_rows(shown("gpt"))


def test_every_word_of_a_search_must_occur_in_a_row() -> None:
    rows = table_rows(shown("gpt"))
    found = matching(rows, "LINEAR blocks.3")
    assert set(found["class_name"]) == {"Linear"}
    assert all(path.startswith("blocks.3.") for path in found["path"])
    assert len(matching(rows, "")) == len(rows)
    assert matching(rows, "nothing like this").empty


@pytest.mark.parametrize("name", gallery.NAMES)
def test_charts_add_up_to_the_model(name: str) -> None:
    model = shown(name)
    totals = {"Parameters": model.graph.total_params, "FLOPs": model.graph.total_flops}
    for measure in MEASURES:
        sums = [by_class(model, measure).sum()]
        sums += [by_module(model, measure, depth).sum() for depth in range(1, model.depth + 1)]
        assert sums == [totals.get(measure.title, sums[0])] * len(sums)


def test_figures_of_their_own_have_charts() -> None:
    graph = shown("gpt").graph
    graph = graph.with_figures("drift", {"blocks.0": -2, "blocks.1": 0.5, "": 1}, unit="dB")
    graph = graph.with_figures("cost", {op.id: 2.0 for op in graph.ops}, unit="s")
    drift, cost = graph.measures
    assert not adds_up(drift) and adds_up(cost)
    assert list(numbers_of(drift)["text"]) == ["−2 dB", "0.5 dB", "1 dB"]
    sums = by_module(Shown(graph), measure_of(graph, cost), 1)
    assert sums.sum() == 2.0 * len(graph.ops)
    assert (sums > 0).sum() > 2


def test_small_bars_are_added_up_in_one() -> None:
    model = shown("mixture_of_experts")
    sums = by_module(model, MEASURES[0], model.depth)
    drawn = bars(sums)
    assert len(drawn) == BARS + 1
    assert drawn.sum() == model.graph.total_params
    assert drawn.index[-1].endswith(" others")
    assert list(drawn[:-1]) == sorted(drawn[:-1], reverse=True)


def test_areas_are_inside_one_another_and_as_large_as_what_they_hold() -> None:
    tree = nested({"a.x": 1, "a.y.z": 4, "a": 2, "b": 3, "itself": 1}, str)
    assert tree == [
        {
            "name": "a · 7",
            "value": 7,
            "children": [
                {"name": "x · 1", "value": 1},
                {"name": "y · 4", "value": 4, "children": [{"name": "z · 4", "value": 4}]},
                {"name": "itself · 2", "value": 2},
            ],
        },
        {"name": "b · 3", "value": 3},
        {"name": "itself · 1", "value": 1},
    ]


@pytest.mark.parametrize("suffix", [*PICTURES, *TABLES])
def test_every_format_can_be_made(suffix: str) -> None:
    _, make = {**PICTURES, **TABLES}[suffix]
    made = make(shown("simple_net"), Look(None, True, "TB", "light", None))
    starts = {"svg": "<", "png": b"\x89PNG", "pdf": b"%PDF", "html": "<!", "json": "{"}
    if suffix in starts:
        assert made[: len(starts[suffix])] == starts[suffix]
    assert len(made) > 100


@pytest.mark.parametrize("name", ["../../etc/passwd", "<script>", "a/b\\c\n", "", "💥"])
def test_the_name_of_a_file_is_safe_whatever_the_model_is_called(name: str) -> None:
    assert set(file_stem(name)) <= set("abcdefghijklmnopqrstuvwxyz-.ABC")
    assert not file_stem(name).startswith((".", "-"))
    assert file_stem(name)
