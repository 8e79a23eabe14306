"""One cause is one finding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modelviz import check


class Faulty(nn.Module):
    def __init__(self, fault: str) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 6), nn.Linear(6, 3)
        self.fault = fault

    def forward(self, x: Any) -> Any:
        h = F.relu(self.first(x))
        if self.fault == "softmax":
            return F.softmax(self.last(h), 0)
        if self.fault == "division":
            h = h / torch.sqrt((h * h).sum(-1, keepdim=True))
        if self.fault == "root":
            h = torch.sqrt((h * h).sum(-1, keepdim=True)) / (h.sum(-1, keepdim=True) + 1) * h
        return self.last(h)


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("softmax", "MV202", "softmax over dimension 0"),
        ("division", "MV404", "a division by"),
        ("root", "MV404", "sqrt of"),
    ],
)
def test_a_fault_and_what_follows_from_it_is_one_finding(fault: str, code: str, words: str) -> None:
    (finding,) = [f for f in check(Faulty(fault), (4, 6)) if f.level != "info"]
    assert finding.code == code
    assert words in finding.message


def test_what_follows_is_told_where_it_is_asked_for_alone() -> None:
    (finding,) = check(Faulty("softmax"), (4, 6), select="MV204")
    assert finding.level == "error"


def test_infinite_weights_are_not_told_again_for_being_equal() -> None:
    model = nn.Sequential(nn.Linear(6, 4), nn.ReLU(), nn.Linear(4, 2))
    nn.init.constant_(model[0].weight, float("inf"))
    assert [f.code for f in check(model, (2, 6)) if f.level != "info"] == ["MV601"]


def test_a_spectral_norm_of_one_row_is_no_normalisation_of_data() -> None:
    model = nn.utils.parametrizations.spectral_norm(nn.Linear(6, 1))
    assert not check(nn.Sequential(nn.Linear(6, 6), nn.ReLU(), model), (4, 6), mode="train")


class Forgotten(nn.Module):
    """Lines that do less than they seem to."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(6, 6), nn.Linear(6, 3)
        self.mask = nn.Linear(6, 6, bias=False)
        self.kind = kind

    def forward(self, x: Any) -> Any:
        h = F.relu(self.body(x))
        if self.kind == "not assigned":
            h.masked_fill(self.mask(x) < 0, 0.0)
        if self.kind == "difference":
            h = h - F.relu(self.mask(x)).detach()
        if self.kind == "auxiliary":
            with torch.no_grad():
                beside = self.mask(x)
            return self.head(h), beside
        if self.kind == "ignored":
            return F.softmax(self.head(h), 0)  # modelviz: ignore[MV202]
        return self.head(h)


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("not assigned", "MV105", "the result of masked_fill"),
        ("difference", "MV301", "mask.weight"),
        ("auxiliary", "MV301", "mask.weight"),
        ("ignored", "MV204", "when the other samples do"),
    ],
)
def test_a_cause_is_not_taken_for_what_it_resembles(kind: str, code: str, words: str) -> None:
    found = [f for f in check(Forgotten(kind), (4, 6), select=code) if f.level != "info"]
    assert any(words in finding.message for finding in found)
