"""Sound models of unusual make: no rule accuses them of what is not so."""

from __future__ import annotations

import copy
import gc
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from modelviz.checking import Report, check


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


class Wrapper:
    __slots__ = ("x",)

    def __init__(self, x: Any) -> None:
        self.x = x


@dataclass(frozen=True)
class Frozen:
    x: Any
    name: str = "batch"


class Bag(dict[str, Any]):
    @property
    def x(self) -> Any:
        return self["x"]


class OfBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, batch: Any) -> Any:
        return self.linear(batch.x)


@pytest.mark.parametrize(
    "make", [Wrapper, Frozen, lambda x: SimpleNamespace(x=x), lambda x: Bag(x=x)]
)
def test_samples_in_objects_are_more_samples(make: Any) -> None:
    batch = make(torch.rand(2, 4))
    report = check(OfBatch(), input_data=[batch])
    assert "MV205" not in codes(report) and "MV205" not in report.skipped
    assert batch.x.shape == (2, 4)


class Averaging(OfBatch):
    def forward(self, batch: Any) -> Any:
        return self.linear(batch.x).mean(0)


def test_samples_in_objects_that_are_lost_are_told() -> None:
    assert "MV205" in codes(check(Averaging(), input_data=[Frozen(torch.rand(2, 4))]))


class Detecting(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)

    def forward(self, images: Any) -> Any:
        return [self.conv(image[None]).mean((2, 3)) for image in images]


def test_colours_of_images_in_a_list_are_no_samples() -> None:
    images = [torch.rand(3, 4, 4), torch.rand(3, 5, 6)]
    report = check(Detecting(), input_data=[images])
    assert "MV205" not in codes(report) and "MV205" in report.skipped


def test_no_sample_is_no_number_of_samples() -> None:
    report = check(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), input_data=torch.rand(0, 4))
    assert "MV205" not in codes(report)


class Building(nn.Module):
    """Makes its layer when the first input says how wide it is."""

    def __init__(self) -> None:
        super().__init__()
        self.layer: Any = None

    def forward(self, x: Any) -> Any:
        if self.layer is None:
            self.layer = nn.Linear(x.shape[-1], 3)
        return self.layer(x)


class Making(nn.Module):
    def forward(self, x: Any) -> Any:
        self.layer = nn.Linear(4, 3)
        return self.layer(x)


@pytest.mark.parametrize(("model", "level"), [(Building(), "warning"), (Making(), "error")])
def test_what_the_first_forward_builds_is_not_made_at_each_call(model: Any, level: str) -> None:
    (finding,) = check(model, (2, 4), select="MV107").findings
    assert finding.level == level
    assert ("first forward" in finding.message) == (level == "warning")
    assert "layer" not in dict(model.named_modules())


_OF_THE_FILE = nn.Linear(4, 4)


class Reaching(nn.Module):
    """Calls a layer of the file, and one that it makes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return nn.Linear(4, 2)(_OF_THE_FILE(self.first(x)))


def test_what_the_collector_no_longer_looks_at_was_there_before() -> None:
    gc.freeze()
    try:
        found = check(Reaching(), (2, 4), select="MV103,MV107").findings
    finally:
        gc.unfreeze()
    assert [finding.code for finding in found] == ["MV103", "MV107"]


class Ensemble(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.models = nn.ModuleList(nn.Linear(4, 3) for _ in range(3))

    def forward(self, x: Any) -> Any:
        base = copy.deepcopy(self.models[0])
        return sum(
            torch.func.functional_call(base, dict(model.named_parameters()), (x,))
            for model in self.models
        )


def test_a_copy_that_runs_with_the_weights_of_others_is_no_new_layer() -> None:
    assert not codes(check(Ensemble(), (2, 4))) & {"MV107", "MV109", "MV301"}


class Writing(nn.Module):
    """Gives back what it was given, with the result in it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, data: Any) -> Any:
        data.x = self.linear(data.x)
        return data


class InPlace(Writing):
    def forward(self, x: Any) -> Any:
        x += self.linear(x)
        return x


@pytest.mark.parametrize("made", [(Writing(), Wrapper), (InPlace(), torch.clone)])
def test_a_gradient_reaches_what_is_written_into_an_input(made: tuple[nn.Module, Any]) -> None:
    model, holding = made
    assert "MV301" not in codes(check(model, input_data=[holding(torch.rand(2, 4))]))


def test_observers_take_their_range_from_the_batch_and_begin_at_infinity() -> None:
    from torch.ao import quantization

    model = nn.Sequential(quantization.MovingAverageMinMaxObserver(), nn.Linear(4, 3))
    model.register_buffer("best", torch.tensor(float("inf")))
    report = check(model, (3, 4))
    assert "MV601" not in codes(report)
    assert not [finding for finding in report.findings if finding.level == "error"]
    model.register_buffer("table", torch.full((3,), float("inf")))
    assert "MV601" in codes(check(model, (3, 4)))


class Logarithm(OfBatch):
    def forward(self, x: Any) -> Any:
        return torch.log(torch.softmax(self.linear(x), 0))


def test_the_logarithm_of_a_wrong_softmax_is_not_told_twice() -> None:
    assert len(check(Logarithm(), (3, 4), select="MV202").findings) == 1


class CachingBias(nn.Module):
    """Keeps what follows from its parameters for as long as it is evaluated."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.bias = nn.Parameter(torch.zeros(9))
        self.cache: dict[str, Any] = {}

    def forward(self, x: Any) -> Any:
        if self.training:
            return self.linear(x) + self.bias[[0, 3, 5, 7]]
        if "bias" not in self.cache:
            self.cache["bias"] = self.bias[[0, 3, 5, 7]]
        return self.linear(x) + self.cache["bias"]


def test_a_cache_for_evaluation_is_no_state_with_a_history() -> None:
    assert "MV308" not in codes(check(CachingBias(), (2, 4)))
