"""``summary``: torchinfo's arguments, and totals that are right."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest
import torch
import torchinfo
from torch import nn

import modelviz
from modelviz import InputError, TraceError, trace
from modelviz.table.columns import COLUMNS
from modelviz.table.summary import summary


def convolutions() -> nn.Module:
    """A network whose every figure torchinfo gets right: no biases, every layer called once."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, bias=False),
        nn.ReLU(),
        nn.Sequential(nn.Conv2d(8, 16, (3, 5), bias=False), nn.ReLU()),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(16, 10, bias=False),
    )


SIZE = (2, 3, 32, 32)


# -- arguments ----------------------------------------------------------------------------------


def test_the_signature_begins_with_torchinfos() -> None:
    theirs = list(inspect.signature(torchinfo.summary).parameters.values())
    ours = list(inspect.signature(summary).parameters.values())
    for their, our in zip(theirs[:-1], ours, strict=False):
        assert (our.name, our.kind, our.default) == (their.name, their.kind, their.default)
    extras = ours[len(theirs) - 1 : -1]
    assert all(extra.kind is inspect.Parameter.KEYWORD_ONLY for extra in extras)
    assert ours[-1].kind is inspect.Parameter.VAR_KEYWORD


def test_every_value_of_torchinfos_enums_is_accepted_as_member_and_as_name() -> None:
    for values in (list, lambda enum: [member.value for member in enum]):
        for mode in values(torchinfo.Mode):
            for verbose in values(torchinfo.Verbosity):
                table = summary(
                    nn.Linear(2, 3),
                    (1, 2),
                    col_names=values(torchinfo.ColumnSettings),
                    row_settings=values(torchinfo.RowSettings),
                    mode=mode,
                    verbose=verbose,
                )
                assert table.options.columns == tuple(c.value for c in torchinfo.ColumnSettings)


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_size": SIZE},
        {"input_size": [SIZE]},
        {"input_size": torch.Size(SIZE)},
        {"input_size": (3, 32, 32), "batch_dim": 0},
        {"input_data": torch.rand(SIZE)},
        {"input_data": [torch.rand(SIZE)]},
        {"input_data": {"input": torch.rand(SIZE)}},
        {"input_size": SIZE, "dtypes": [torch.float32], "device": "cpu"},
        {"input_size": SIZE, "device": torch.device("cpu"), "mode": "eval", "depth": 1},
        {"input_size": SIZE, "cache_forward_pass": True, "col_width": 16},
    ],
)
def test_totals_are_torchinfos_where_torchinfo_is_right(arguments: dict[str, Any]) -> None:
    model = convolutions()
    theirs = torchinfo.summary(model, **arguments, verbose=0)
    ours = summary(model, **arguments, verbose=0)
    assert ours.total_params == theirs.total_params
    assert ours.trainable_params == theirs.trainable_params
    assert ours.total_mult_adds == theirs.total_mult_adds
    assert ours.total_param_bytes == theirs.total_param_bytes
    assert ours.total_output_bytes == theirs.total_output_bytes
    assert ours.input_size == [(1, *SIZE[1:]) if "batch_dim" in arguments else SIZE]


def test_the_lines_are_torchinfos_where_torchinfo_is_right() -> None:
    model = convolutions()
    names = ("input_size", "output_size", "num_params", "mult_adds", "kernel_size", "trainable")
    settings = ("depth", "var_names")
    theirs = torchinfo.summary(
        model, SIZE, col_names=names, row_settings=settings, verbose=0, cache_forward_pass=False
    )
    ours = summary(model, SIZE, col_names=names, row_settings=settings, verbose=0)

    def cells(text: Any) -> list[list[str]]:
        return [line.split() for line in str(text).splitlines() if "─" in line]

    assert cells(ours) == cells(theirs)
    assert str(ours).splitlines()[0] == str(theirs).splitlines()[0]
    # 27 weights at 15 x 15 places for 8 channels, 120 at 13 x 11 for 16, and 160; for 2 images.
    macs = 2 * (8 * 27 * 15 * 15 + 16 * 120 * 13 * 11 + 160)
    assert f"Total mult-adds (M): {macs / 1e6:.2f}" in str(ours)
    for label in ("Input size", "Forward/backward pass size", "Params size"):
        (line,) = [line for line in str(theirs).splitlines() if line.startswith(label)]
        assert line in str(ours).splitlines()


def test_further_arguments_go_to_the_forward() -> None:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x: torch.Tensor, *, times: int, extra: torch.Tensor) -> torch.Tensor:
            for _ in range(times):
                x = self.layer(x) + extra
            return x

    table = summary(Scaled(), (1, 4), verbose=0, times=3, extra=torch.rand(4))
    assert table.total_mult_adds == 3 * 16


def test_the_mode_is_eval_unless_asked_and_the_model_stays_as_it_was() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Linear(2, 2))
    seen = []
    model[0].register_forward_pre_hook(lambda module, inputs: seen.append(module.training))
    summary(model, (1, 2), verbose=0)
    summary(model, (1, 2), verbose=0, mode="train")
    assert seen == [False, True]
    assert model.training


class Latent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(3, 4)

    def forward(self, x: Any) -> Any:
        return self.net(x)

    def decode(self, z: Any, scale: float = 1.0) -> Any:
        return self.net(z * scale)

    def sample(self, count: int = 2) -> Any:
        return self.net(torch.zeros(count, 3))


def test_a_method_without_inputs_runs_where_it_needs_none_and_else_says_what_it_needs() -> None:
    sampled = summary(Latent(), verbose=0, method="sample")
    assert sampled.total_mult_adds == 2 * 4 * 3 and not sampled.graph.findings

    alone = summary(Latent(), verbose=0, method="decode")
    (told,) = alone.graph.findings
    assert not alone.graph.ops and told.code == "MV008"
    assert told.message.startswith("no inputs were given for decode(z), ")

    with pytest.raises(InputError, match=r"no inputs were given for decode\(z\)"):
        modelviz.formulas(Latent(), method="decode")


def test_another_method_and_kind_of_execution() -> None:
    class Coder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = nn.Linear(4, 2), nn.Linear(2, 4)

        def encode(self, x: torch.Tensor) -> torch.Tensor:
            return self.encoder(x)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.decoder(self.encode(x))

    table = summary(Coder(), (1, 4), verbose=0, method="encode", execution="real")
    assert table.total_mult_adds == 8
    assert table.graph.execution == "real"


def test_cached_forward_passes_are_not_run_again_and_never_stale() -> None:
    calls = []
    model = nn.Linear(4, 4)
    model.register_forward_hook(lambda *_: calls.append(1))
    for _ in range(2):
        summary(model, (1, 4), cache_forward_pass=True, verbose=0)
    assert len(calls) == 1
    assert summary(model, (7, 4), cache_forward_pass=True, verbose=0).total_mult_adds == 7 * 16
    model.weight.requires_grad_(False)
    assert summary(model, (7, 4), cache_forward_pass=True, verbose=0).trainable_params == 4
    assert len(calls) == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"col_names": ("output_size", "nonsense")}, "nonsense.*known are.*kernel_size.*flops"),
        ({"row_settings": ("wide",)}, "wide.*known are.*depth.*var_names.*ascii_only"),
        ({"mode": "test"}, "mode='test': expected one of train, eval"),
        ({"verbose": 3}, "0 .*1 .*2 .*got 3"),
        ({"col_width": 0}, "col_width.*at least 1; got 0"),
        ({"depth": -1}, "depth.*at least 0; got -1"),
        ({"depth": "all"}, "depth.*got 'all'"),
        ({"col_names": 7}, "col_names.*sequence of names.*7"),
    ],
)
def test_arguments_that_cannot_be_used(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=f"(?s){message}"):
        summary(nn.Linear(2, 2), (1, 2), **{"verbose": 0, **arguments})


def test_columns_of_a_forward_need_one() -> None:
    with pytest.raises(InputError, match="mult_adds need a forward: pass input_size or input_data"):
        summary(nn.Linear(2, 2), col_names=("num_params", "mult_adds"), verbose=0, execution="none")


def test_both_kinds_of_input_are_one_too_many() -> None:
    with pytest.raises(InputError):
        summary(nn.Linear(2, 2), (1, 2), torch.rand(1, 2), verbose=0)


def test_a_graph_stands_for_its_model() -> None:
    model = convolutions()
    graph = trace(model, SIZE, mode="eval")
    assert str(summary(graph, verbose=0)) == str(summary(model, SIZE, verbose=0))
    with pytest.raises(InputError, match="leave out input_size"):
        summary(graph, SIZE, verbose=0)


def test_a_saved_graph_has_the_same_table() -> None:
    graph = trace(convolutions(), SIZE)
    again = modelviz.ModelGraph.from_json(graph.to_json())
    names = list(COLUMNS)
    assert str(summary(again, col_names=names, verbose=2)) == str(
        summary(graph, col_names=names, verbose=2)
    )


# -- printing -----------------------------------------------------------------------------------


def test_what_is_printed_is_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    table = summary(nn.Linear(2, 2), (1, 2))
    assert capsys.readouterr().out == f"{table}\n"
    summary(nn.Linear(2, 2), (1, 2), verbose=0)
    assert capsys.readouterr().out == ""


def test_interactive_sessions_print_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    table = summary(nn.Linear(2, 2), (1, 2))
    assert capsys.readouterr().out == ""
    assert repr(table) == str(table)


def test_the_modules_alone_have_parameters_only() -> None:
    table = summary(convolutions(), verbose=0, execution="none")
    assert table.total_params == 8 * 27 + 16 * 8 * 15 + 160
    assert "Output Shape" not in str(table)
    assert "mult-adds" not in str(table)
    assert "never called" not in str(table)


def test_a_failing_forward_prints_the_table_up_to_the_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(9, 2), nn.Softmax(-1))
    with pytest.raises(TraceError) as caught:
        summary(model, (1, 4))
    out = capsys.readouterr().out
    (ran,) = [line for line in out.splitlines() if "Linear: 1-1" in line]
    assert "[1, 8]" in ran
    assert "├─Linear: 1-2 [failed here]" in out
    assert "├─Softmax: 1-3 [not reached]" in out
    assert "Failed in 1" in out
    assert str(summary(caught.value.graph, verbose=0)) == out.rstrip("\n")
    with pytest.raises(TraceError):
        summary(model, (1, 4), verbose=0)
    assert capsys.readouterr().out == ""


def test_importing_it_imports_neither_torchinfo_nor_rich_nor_pandas() -> None:
    code = (
        "import sys, modelviz.table.summary; "
        "print([name for name in ('torchinfo', 'rich', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
