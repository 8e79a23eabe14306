"""What is said about each broken forward: the line, the module, the remedy, and what met."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import trace
from modelviz.errors import InputError, TraceError
from modelviz.explaining.explain import explain
from modelviz.sources.base import reported

from .corpus import Broken
from .judging import corpus, judge


def _cases() -> list[Any]:
    """All cases, of which the default run takes every fifth."""
    return [
        pytest.param(case, marks=() if number % 5 == 0 else pytest.mark.slow, id=case.name)
        for number, case in enumerate(corpus())
    ]


@pytest.mark.parametrize("case", _cases())
def test_the_line_the_module_and_the_remedy(case: Broken) -> None:
    judged = judge(case)
    assert judged.line_right, judged.text
    assert judged.path_right, judged.text
    assert judged.rank is not None, judged.text
    if sys.version_info >= (3, 11) and case.line is not None:
        # Python tells the part of the line from then on; its text comes with the place.
        assert f":{case.line}: " in judged.text


def test_there_are_enough_and_each_is_another() -> None:
    names = [case.name for case in corpus()]
    assert len(names) == len(set(names)) >= 60


def test_a_model_that_cannot_be_built_is_explained() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            self.fc = nn.Linear(2, 2)

    with pytest.raises(InputError, match=r"call super\(\)\.__init__\(\) first"), reported("x", "x"):
        Net()


def test_a_keyword_that_is_taken_and_never_read_is_named() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(10, 4)

        def forward(self, input_ids: Any = None, **options: Any) -> Any:
            if input_ids is None:
                raise ValueError("give tokens")
            return self.embedding(input_ids)

    with pytest.raises(TraceError, match="write input_ids in place of input_idz"):
        trace(Net(), input_data={"input_idz": torch.zeros(1, 3, dtype=torch.long)})


@pytest.mark.parametrize(("dims", "place"), [((1, 2), 2), ((-2, -1), 0)])
def test_the_batch_is_the_last_remedy_where_it_may_have_been_left_out(
    dims: tuple[int, ...], place: int
) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.fc = nn.Conv2d(3, 8, 3), nn.Linear(10, 2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(self.conv(x).mean(dims))

    with pytest.raises(TraceError) as failed:
        trace(Net(), (3, 32, 32))
    explanation = explain(failed.value.graph)
    assert explanation is not None
    assert [n for n, one in enumerate(explanation.remedies) if "add the batch" in one] == [place]
