"""What stands in the rows: calls, repeats, shared and unused parameters, folding."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import modelviz
from benchmarks.zoo import entry
from modelviz import ModelGraph, trace
from modelviz.findings import note
from modelviz.table.columns import COLUMNS
from modelviz.table.summary import Summary, summary
from tests.work import work

NAMES = ("depth", "var_names")


def lines(table: Summary) -> list[str]:
    """The lines of the table's rows, spaces squeezed."""
    text = str(table).split("\n")
    rules = [number for number, line in enumerate(text) if line.startswith("===")]
    return [re.sub(r"  +", "  ", line) for line in text[rules[1] + 1 : rules[2]]]


def totals(table: Summary) -> list[str]:
    """The words below the rows: notes are wrapped at the width of the table."""
    return str(table)[str(table).index("Total params") :].replace("=", "").split()


def line(table: Summary, start: str) -> str:
    """The one line whose label starts like this, whatever its place in the tree."""
    (found,) = [text for text in lines(table) if text.lstrip("│├└─ +|").startswith(start)]
    return found.lstrip("│├└─ +|")


class Block(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(self.up(x).relu())


class Looped(nn.Module):
    """One block used again and again."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.block, self.times = Block(), times

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(self.times):
            x = self.block(x)
        return x


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(10, 4)
        self.body = nn.Linear(4, 4)
        self.head = nn.Linear(4, 10)
        self.head.weight = self.tokens.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.tokens(x)))


# -- one row per call -----------------------------------------------------------------------------


def test_each_call_of_a_module_is_a_row_and_parameters_count_once() -> None:
    table = summary(Looped(3), (1, 8), fold=False, verbose=0)
    assert [row.lstrip("│├└─ ").split("  ")[0] for row in lines(table)] == [
        "Looped",
        *("Block: 1-1", "Linear: 2-1", "Linear: 2-2"),
        *("Block: 1-2", "Linear: 2-3", "Linear: 2-4"),
        *("Block: 1-3", "Linear: 2-5", "Linear: 2-6"),
    ]
    assert [row.own.params for row in table.rows] == [0, 0, 144, 136, 0, 0, 0, 0, 0, 0]
    assert str(table).count("(recursive)") == 6
    assert table.total_params == 280
    assert table.total_mult_adds == 3 * 2 * 128


def test_repeated_calls_fold_into_one() -> None:
    table = summary(Looped(5), (1, 8), verbose=0, col_names=("num_params", "mult_adds"))
    assert line(table, "Block") == "Block × 5 calls: 1-1…1-5  --  5 × 256"
    assert line(table, "Linear: 2-1") == "Linear: 2-1  144  128"
    assert len(lines(table)) == 4


def test_a_loop_over_several_modules_folds_as_a_unit() -> None:
    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.Linear(4, 4), nn.LayerNorm(4)

        def forward(self, x: Tensor) -> Tensor:
            for _ in range(6):
                x = self.b(self.a(x))
            return x

    table = summary(Loop(), (1, 4), verbose=0, col_names=("num_params", "mult_adds"))
    assert [row.lstrip("│├└─ ") for row in lines(table)[1:]] == [
        "2 layers × 6 calls: from 1-1  28  6 × 16",
        "Linear: 1-1…1-11  20  16",
        "LayerNorm: 1-2…1-12  8  --",
    ]


def test_hiding_repeats_leaves_the_first_call() -> None:
    table = summary(
        Looped(3), (1, 8), row_settings=("depth", "hide_recursive_layers"), fold=False, verbose=0
    )
    assert len(lines(table)) == 4
    assert "(recursive)" not in str(table)


def test_the_deepest_level_shown_has_what_is_below() -> None:
    table = summary(nn.Sequential(Block(), Block()), (1, 8), depth=1, fold=False, verbose=0)
    assert lines(table)[1:] == ["├─Block: 1-1  [1, 8]  280", "├─Block: 1-2  [1, 8]  280"]
    table = summary(nn.Sequential(Block(), Block()), (1, 8), depth=0, verbose=0)
    assert lines(table) == ["Sequential  [1, 8]  560"]


# -- shared, unused, uncalled ---------------------------------------------------------------------


def test_tied_weights_are_marked_and_count_once() -> None:
    table = summary(Tied(), input_data=torch.zeros(1, 3, dtype=torch.long), verbose=0)
    assert line(table, "Linear: 1-3").endswith("10 + shared")
    assert "Shared parameter: tokens.weight = head.weight; it counts once" in str(table)
    assert table.total_params == sum(p.numel() for p in Tied().parameters()) == 40 + 20 + 10


def test_a_module_under_two_names_is_marked() -> None:
    layer = nn.Linear(4, 4)
    table = summary(nn.Sequential(layer, nn.ReLU(), layer), (1, 4), verbose=0, row_settings=NAMES)
    assert "Shared module: 0 = 2; it counts once" in str(table)
    assert table.total_params == 20


def test_what_is_never_called_or_never_used_is_shown_and_marked() -> None:
    class Partly(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used = nn.Linear(4, 4)
            self.idle = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
            self.last = nn.Linear(4, 2)
            self.scale = nn.Parameter(torch.ones(4))

        def forward(self, x: Tensor) -> Tensor:
            return self.last(self.used(x))

    table = summary(Partly(), (1, 4), verbose=0, row_settings=NAMES)
    labels = [text.split("  ")[0] for text in lines(table) if "├" in text]
    assert labels == [
        "├─Linear (used): 1-1",
        "├─Sequential (idle): 1-2 [never called]",
        "├─Linear (last): 1-3",
    ]
    assert line(table, "Partly").startswith("Partly [scale never used]")
    assert "Never used in this forward: scale, idle.0.weight, idle.0.bias; 24 parameters" in str(
        table
    )


def test_weights_that_another_module_reads_are_not_called_unused() -> None:
    model = nn.MultiheadAttention(8, 2)
    table = summary(model, [(3, 1, 8)] * 3, verbose=0)
    assert "[never called, weights used]" in str(table)
    assert "Never used" not in str(table)


def test_a_list_of_modules_is_a_row_around_their_calls() -> None:
    class Lists(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Tanh()])

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = layer(x)
            return x

    table = summary(Lists(), (1, 4), verbose=0, row_settings=NAMES)
    assert line(table, "ModuleList (layers): 1-1") == "ModuleList (layers): 1-1  --  --"
    assert [row.path for row in table.rows] == ["", "layers", "layers.0", "layers.1"]


def test_a_module_that_its_caller_does_not_hold_is_named_in_full() -> None:
    class Outside(nn.Module):
        def __init__(self, layer: nn.Module) -> None:
            super().__init__()
            self.held = [layer]

        def forward(self, x: Tensor) -> Tensor:
            return self.held[0](x)

    inner = nn.Sequential(nn.Linear(4, 4))
    table = summary(nn.Sequential(inner, Outside(inner[0])), (1, 4), verbose=0)
    assert line(table, "Linear (0.0): 2-2").endswith("(recursive)")


def test_frozen_parameters_are_in_parentheses_and_trainable_tells() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 3))
    model[0].requires_grad_(False)
    table = summary(model, (1, 2), verbose=0, col_names=("num_params", "trainable"))
    assert line(table, "Linear: 1-1") == "Linear: 1-1  (9)  False"
    assert line(table, "Sequential") == "Sequential  --  Partial"


# -- folding --------------------------------------------------------------------------------------


def test_equal_blocks_fold_and_unfold() -> None:
    model = nn.Sequential(nn.Linear(4, 8), *(Block() for _ in range(126)), nn.Linear(8, 2))
    names = ("output_size", "num_params", "params_percent", "mult_adds")
    table = summary(model, (1, 4), verbose=0, col_names=names)
    total = 40 + 126 * 280 + 18
    assert line(table, "Block") == (
        f"Block × 126: 1-2…1-127  [1, 8]  126 × 280  126 × {280 / total:.2%}  126 × 256"
    )
    assert len(lines(table)) == 6
    assert line(table, "Linear: 1-128").endswith("16")
    unfolded = summary(model, (1, 4), verbose=0, col_names=names, fold=False)
    assert len(lines(unfolded)) == 1 + 2 + 126 * 3
    assert "×" not in str(unfolded)
    assert totals(table) == totals(unfolded)


def test_units_of_several_layers_fold_together() -> None:
    layers = [
        layer
        for _ in range(5)
        for layer in (nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU())
    ]
    table = summary(
        nn.Sequential(*layers), (1, 4, 8, 8), verbose=0, col_names=("num_params", "mult_adds")
    )
    assert lines(table)[1].split("  ") == [
        "├─3 layers × 5: from 1-1",
        "5 × 156",
        f"5 × {4 * 36 * 64:,}",
    ]
    assert len(lines(table)) == 5


def test_blocks_on_other_shapes_stay_apart() -> None:
    model = nn.Sequential(*(layer for _ in range(3) for layer in (nn.Conv2d(2, 2, 3),)))
    table = summary(model, (1, 2, 9, 9), verbose=0)
    assert [text.split("  ")[1] for text in lines(table)[1:]] == [
        "[1, 2, 7, 7]",
        "[1, 2, 5, 5]",
        "[1, 2, 3, 3]",
    ]


def test_experts_fold_however_many_tokens_each_gets() -> None:
    sample = entry("torch-mixture-of-experts").build()
    table = summary(sample.module, **sample.trace_arguments(), verbose=0, depth=None)
    assert re.search(r"× 4: .*\[\*, ", str(table))
    assert f"Active params per token: {table.active_params:,} (2 of 4 experts)" in str(table)
    assert table.active_params < table.total_params


def build(draw: Any, depth: int) -> nn.Module:
    """A random network of width 4."""
    kind = draw(st.sampled_from(["linear", "norm", "act", "seq", "loop"] if depth else ["linear"]))
    if kind == "linear":
        return nn.Linear(4, 4, bias=draw(st.booleans()))
    if kind == "norm":
        return nn.LayerNorm(4)
    if kind == "act":
        return nn.ReLU()
    parts = [build(draw, depth - 1) for _ in range(draw(st.integers(1, 3)))]
    if kind == "seq":
        return nn.Sequential(*(parts * draw(st.integers(1, 3))))
    return nn.Sequential(*(part for _ in range(draw(st.integers(1, 3))) for part in parts))


def test_an_expert_that_no_token_chose_is_told_from_a_forgotten_module() -> None:
    class Mixture(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.router = nn.Linear(4, 8)
            self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(8))

        def forward(self, x: Tensor) -> Tensor:
            chosen = self.router(x).argmax(-1)
            for number in chosen.unique().tolist():
                x = x.index_copy(0, *self.answer(number, x, chosen))
            return x

        def answer(self, number: int, x: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
            place = torch.where(chosen == number)[0]
            return place, self.experts[number](x[place])

    table = summary(Mixture(), (1, 4), verbose=0, fold=False)
    assert str(table).count("[no token came]") == 7
    assert table.active_params == 4 * 8 + 8 + 20


class Spare(nn.Module):
    """Calls one of its two parts."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.spare = nn.Sequential(nn.Linear(2, 2))
        self.body = body

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


@st.composite
def traces(draw: st.DrawFn) -> ModelGraph:
    """Graphs with shared modules, repeats, and sometimes frozen or uncalled parts."""
    model = nn.Sequential(*(build(draw, 3) for _ in range(draw(st.integers(1, 4)))))
    for number, parameter in enumerate(model.parameters()):
        parameter.requires_grad_(number % 3 != draw(st.integers(0, 3)))
    if draw(st.booleans()):
        model = nn.Sequential(Spare(model), model)
    return trace(model) if draw(st.integers(0, 4)) == 0 else trace(model, (1, 4))


@settings(max_examples=40, deadline=None)
@given(traces(), st.none() | st.integers(0, 4))
def test_columns_add_up_to_the_totals_at_any_depth(graph: ModelGraph, depth: int | None) -> None:
    table = summary(graph, depth=depth, verbose=0)
    rows = table.to_dict()["rows"]
    assert sum(row["num_params"] for row in rows) == table.total_params == graph.total_params
    if graph.execution != "none":
        assert sum(row["mult_adds"] or 0 for row in rows) == graph.total_macs


@settings(max_examples=40, deadline=None)
@given(traces())
def test_folding_changes_no_total_and_hides_no_layer(graph: ModelGraph) -> None:
    names = ("num_params", "mult_adds") if graph.execution != "none" else ("num_params",)
    folded = summary(graph, depth=None, verbose=0, col_names=names)
    unfolded = summary(graph, depth=None, verbose=0, col_names=names, fold=False)
    assert totals(folded) == totals(unfolded)
    assert folded.to_dict() == unfolded.to_dict()
    # Each line stands for its copies times those around it: together they are all the rows.
    counted = sum(_copies(lines_of(folded)))
    assert counted == len(unfolded.rows), f"\n{folded}\n{unfolded}"


def lines_of(table: Summary) -> list[tuple[int, str]]:
    """Indent and label of each line."""
    text = str(table).split("\n")
    rules = [number for number, line in enumerate(text) if line.startswith("===")]
    result = []
    for row in text[rules[1] + 1 : rules[2]]:
        label = row.lstrip("│├└─ ")
        result.append(((len(row) - len(label) + 3) // 5, label))
    return result


def _copies(rows: list[tuple[int, str]]) -> list[int]:
    around: list[int] = []
    result = []
    for indent, label in rows:
        del around[indent:]
        here = around[-1] if around else 1
        for count in re.findall(r" × (\d+)(?= calls|: | $)", label.split("  ")[0] + " "):
            here *= int(count)
        around.append(here)
        if not re.match(r"\d+ layers ×", label):
            result.append(here)
    return result


def test_every_column_shows_something_for_a_model_that_has_it() -> None:
    names = list(COLUMNS)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))
    table = summary(model, (1, 3, 8, 8), verbose=2, col_names=names)
    (conv,) = [row for row in table.to_dict()["rows"] if row["class_name"] == "Conv2d"]
    assert conv["kernel_size"] == [[3, 3]]
    assert conv["output_size"] == [[1, 4, 6, 6]]
    assert conv["macs"] == conv["mult_adds"] == 36 * 4 * 27
    assert conv["flops"] == conv["own_flops"] == 2 * conv["macs"]
    assert conv["param_bytes"] == 4 * conv["total_params"] == 4 * conv["own_params"] == 448
    assert conv["input_bytes"] == 4 * 3 * 64
    assert conv["output_bytes"] == 4 * 4 * 36
    assert conv["bytes_read"] == conv["input_bytes"] + conv["param_bytes"]
    assert conv["bytes_written"] == conv["output_bytes"]
    assert conv["memory"] >= conv["output_bytes"]
    assert (conv["dtype"], conv["device"], conv["calls"], conv["mode"]) == (
        "float32",
        "cpu",
        1,
        "eval",
    )
    assert conv["class"] == "torch.nn.modules.conv.Conv2d"
    assert conv["config"].startswith("3, 4, kernel_size=(3, 3)")
    assert re.search(r"conv\.py:\d+$", conv["source"])
    assert conv["intensity"] == conv["flops"] / (conv["bytes_read"] + conv["bytes_written"])


def test_verbose_2_lists_every_parameter_with_its_shape() -> None:
    table = summary(nn.LSTM(4, 8), (3, 2, 4), verbose=2)
    assert line(table, "weight_ih_l0") == "weight_ih_l0 [32, 4]  128"
    with_kernel = summary(
        nn.Sequential(nn.Conv2d(3, 8, 5)), (1, 3, 9, 9), verbose=2, col_names=("kernel_size",)
    )
    assert line(with_kernel, "weight") == "weight  [8, 3, 5, 5]"
    hidden = summary(nn.Sequential(nn.Linear(2, 3)), (1, 2), verbose=2, depth=0)
    assert line(hidden, "0.weight") == "0.weight [3, 2]  6"


# -- figures --------------------------------------------------------------------------------------


def test_peak_memory_is_told_with_its_place() -> None:
    model = nn.Sequential(nn.Linear(10, 1000), nn.Linear(1000, 10))
    assert "Peak activations of a forward: 4.04 kB in linear of 1" in str(
        summary(model, (1, 10), verbose=0)
    )


def test_each_device_has_its_peak() -> None:
    graph = trace(nn.Sequential(nn.Linear(10, 1000), nn.Linear(1000, 10)), (1, 10))
    hidden = next(s for s in graph.storages if s.born == 0)
    storages = tuple(
        replace(s, device="cuda:0") if s.id == hidden.id else s for s in graph.storages
    )
    text = str(summary(replace(graph, storages=storages), verbose=0))
    assert "Peak on cpu: 40 B above 84.1 kB held before" in text
    assert "Peak on cuda:0: 4.00 kB above 0 B held before" in text


def test_several_outputs_are_counted_in_their_cell() -> None:
    table = summary(nn.LSTM(4, 8), (3, 2, 4), verbose=0)
    assert line(table, "LSTM") == "LSTM  [3, 2, 8] +2  448"
    wide = summary(nn.LSTM(4, 8), (3, 2, 4), verbose=0, col_width=40)
    assert line(wide, "LSTM") == "LSTM  [3, 2, 8], [1, 2, 8], [1, 2, 8]  448"


@pytest.mark.parametrize("name", ["transformers-t5", "transformers-albert", "torch-unet"])
def test_real_models_add_up(name: str) -> None:
    sample = entry(name).build()
    table = summary(sample.module, **sample.trace_arguments(), verbose=0, depth=None)
    assert table.total_params == sum(p.numel() for p in sample.module.parameters())
    assert sum(row.own.params for row in table.rows) == table.total_params
    assert sum(row.own.flops for row in table.rows) == table.total_flops


@pytest.mark.parametrize("fold", [True, False])
def test_work_grows_in_step_with_the_modules(fold: bool) -> None:
    def layers(count: int) -> int:
        kinds = random.Random(0).choices([nn.ReLU, nn.Tanh, nn.Sigmoid], k=count)
        graph = trace(nn.Sequential(*(kind() for kind in kinds)), (1, 2))
        return work(lambda: str(summary(graph, depth=None, verbose=0, fold=fold)))

    layers(10)  # what is imported and remembered once
    assert layers(800) < 4 * 1.5 * layers(200)


def test_grave_findings_of_the_trace_are_counted_in_a_line() -> None:
    graph = modelviz.trace(nn.Linear(4, 2), (1, 4))
    told = replace(graph, findings=(note("MV002", "one"), note("MV002", "two"), note("MV001", "x")))
    said = str(modelviz.summary(told, verbose=0))
    assert "2 warnings, 1 info of this trace; modelviz.check(model) looks for more" in " ".join(
        said.split()
    )
    calm = replace(graph, findings=(note("MV001", "x"),))
    assert "modelviz.check" not in str(modelviz.summary(calm, verbose=0))


class Followed(nn.Module):
    """Each of several layers is followed by the same two."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])
        self.act, self.norm = nn.PReLU(4), nn.LayerNorm(4)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = self.norm(self.act(layer(x)))
        return x


def test_a_layer_after_each_of_several_counts_once_in_all_of_them() -> None:
    columns = ("num_params", "params_percent", "total_params", "mult_adds")
    table = summary(Followed(), (2, 4), col_names=columns, verbose=0)
    # Four layers of 20, and 4 and 8 for those that follow; the products run each time.
    assert line(table, "3 layers × 4").split("  ")[1:] == ["92", "100.00%", "92", "4 × 32"]
    alone = nn.Sequential(*(Block(4) for _ in range(3)))
    table = summary(alone, (2, 4), col_names=columns, verbose=0)
    assert line(table, "Block × 3").split("  ")[1:3] == ["3 × 76", "3 × 33.33%"]


class Slopes(nn.Module):
    """Blocks that share one layer with weights, which the model holds under a name of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.act = nn.PReLU(4)
        parts = [nn.Sequential(nn.Linear(4, 4), nn.Identity(), self.act) for _ in range(3)]
        self.blocks = nn.Sequential(*parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x)


def test_what_copies_share_counts_in_the_first_that_calls_it() -> None:
    table = summary(Slopes(), (2, 4), depth=2, verbose=0)
    assert line(table, "Sequential: 2-1").endswith(" 24")
    assert line(table, "Sequential × 2").endswith("2 × 20 + shared")
    assert table.total_params == 3 * 20 + 4


class Left(nn.Module):
    """A list that the forward leaves and comes back to."""

    def __init__(self) -> None:
        super().__init__()
        self.layers, self.act = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)]), nn.Tanh()

    def forward(self, x: Tensor) -> Tensor:
        return self.layers[1](self.act(self.layers[0](x)))


@pytest.mark.parametrize(("depth", "cell"), [(1, "20"), (2, "--")])
def test_a_list_that_is_opened_anew_shares_nothing(depth: int, cell: str) -> None:
    found = lines(summary(Left(), (2, 4), depth=depth, verbose=0))
    opened = [text.split("  ")[-1] for text in found if "ModuleList" in text]
    assert opened == [cell, cell]
