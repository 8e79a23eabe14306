"""Statistics of weights and activations, and figures that are put on a graph."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import modelviz
from modelviz import InputError, ModelGraph, stats


class Spoils(nn.Module):
    """Divides zero by zero; the mask before it is no fault."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        masked = x.masked_fill(x < -100, float("-inf"))
        nothing = torch.zeros_like(masked)
        return nothing / nothing


@pytest.fixture(scope="module")
def model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3))


@pytest.fixture(scope="module")
def data() -> torch.Tensor:
    return torch.randn(5, 6, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def graph(model: nn.Module, data: torch.Tensor) -> ModelGraph:
    return stats(model, input_data=data, mode="eval")


def test_figures_are_those_of_the_values(
    model: nn.Module, data: torch.Tensor, graph: ModelGraph
) -> None:
    hidden = model[0](data).detach()  # type: ignore[index]
    values = {one.name: dict(one.values) for one in graph.measures}
    assert values["mean"]["0"] == pytest.approx(float(hidden.mean()), rel=1e-5)
    assert values["std"]["0"] == pytest.approx(float(hidden.std(correction=0)), rel=1e-5)
    assert values["min"]["0"] == pytest.approx(float(hidden.min()))
    assert values["zeros"]["1"] == pytest.approx(float((hidden <= 0).float().mean()))
    weight = torch.cat([p.detach().flatten() for p in model[0].parameters()])  # type: ignore[index]
    assert values["weight max"]["0"] == pytest.approx(float(weight.max()))
    assert "1" not in values["weight max"]
    assert not [finding for finding in graph.findings if finding.code == "MV021"]


def test_a_module_that_is_called_again_has_figures_by_call() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.act = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.act(self.act(x) + 1)

    data = torch.tensor([[-1.0, 3.0]])
    graph = stats(Twice(), input_data=data)
    mean = graph.measure("mean")
    first, second = graph.calls_of("act")
    assert dict(mean.calls or ()) == {first.id: 1.5, second.id: 2.5}
    assert dict(mean.values)["act"] == 2.0
    table = modelviz.summary(graph, col_names=("mean",), verbose=0)
    shown = [row["mean"] for row in table.to_dict()["rows"] if row["path"] == "act"]
    assert shown == [1.5, 2.5]
    assert ModelGraph.from_json(graph.to_json()) == graph
    with pytest.raises(InputError, match="has no call 9"):
        graph.with_figures("x", {}, calls={9: 1})


def test_model_stays_as_it_was(model: nn.Module, data: torch.Tensor) -> None:
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    stats(model, input_data=data)
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_first_op_that_gives_nan_is_named() -> None:
    graph = stats(nn.Sequential(nn.Linear(2, 2), Spoils(), nn.ReLU()), (3, 2))
    (finding,) = [one for one in graph.findings if one.code == "MV021"]
    assert "div in 1 is the first op that gives NaN" in finding.message
    assert finding.op is not None and graph.ops[finding.op].inputs
    assert finding.line == Spoils.forward.__code__.co_firstlineno + 3
    assert dict(graph.measure("non-finite").values)["1"] == 6


def test_weights_that_are_no_numbers_are_named() -> None:
    broken = nn.Linear(2, 2)
    with torch.no_grad():
        broken.weight[0, 0] = math.nan
    findings = stats(nn.Sequential(broken), (1, 2)).findings
    assert "NaN or infinite weights in 0" in findings[0].message


def test_a_figure_is_a_column_a_heat_map_and_saved(graph: ModelGraph) -> None:
    own = graph.with_figures("my norm", {"0": 0.25, "3": -2}, unit="dB")
    assert own.measure("my norm").values == (("0", 0.25), ("3", -2))
    assert not any(one.name == "my norm" for one in graph.measures)
    table = modelviz.summary(own, col_names=("my norm",), verbose=0)
    assert "0.25 dB" in str(table) and "−2 dB" in str(table)
    frame = table.to_pandas(col_names=("my norm",)).set_index("path")["my norm"]
    assert frame["3"] == -2 and frame.isna()["1"]
    drawn = modelviz.draw(own, color_by="my norm")
    assert "−2 dB" in drawn.svg and "my norm 2 dB" in drawn.svg  # the ends of the scale
    assert "0.25 dB" in drawn.source
    assert ModelGraph.from_json(own.to_json()) == own
    assert own.with_figures("my norm", {"0": 1}).measure("my norm").values == (("0", 1),)


def test_figures_of_ops_add_up_in_modules(graph: ModelGraph) -> None:
    counted = graph.with_figures("one", {op.id: 1 for op in graph.ops})
    frame = modelviz.summary(counted, verbose=0).to_pandas().set_index("path")["one"]
    assert frame[""] == len(graph.ops) == frame[["0", "1", "2", "3"]].sum()


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("x", {"nowhere": 1}, "has no module or op 'nowhere'"),
        ("x", {99: 1}, "has no module or op 99"),
        ("x", {"0": math.nan}, "expected a finite number"),
        ("x", {"0": "much"}, "expected a finite number"),
        ("", {"0": 1}, "no name for a figure"),
        ("x", [1, 2], "expected numbers by module path"),
    ],
)
def test_wrong_figures_are_refused(
    graph: ModelGraph, name: str, values: dict[str | int, float], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        graph.with_figures(name, values)


def test_a_heat_map_of_an_unknown_figure_lists_the_known(graph: ModelGraph) -> None:
    with pytest.raises(InputError, match="time, mean, std"):
        modelviz.draw(graph, color_by="meen")


class PerSample(nn.Module):
    """A layer that is mapped over the samples, and the gradient of one."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        slope = torch.func.grad(lambda row: self.layer(row).square().sum())
        return torch.vmap(self.layer)(x), torch.vmap(slope)(x)


def test_values_inside_vmap_and_grad_are_those_of_all_samples() -> None:
    model, x = PerSample(), torch.arange(12.0).view(3, 4)
    values = {one.name: dict(one.values) for one in stats(model, input_data=x).measures}
    given = model.layer(x)
    assert values["mean"]["layer"] == pytest.approx(given.mean().item(), rel=1e-5)
    assert values["max"]["layer"] == pytest.approx(given.max().item(), rel=1e-5)
