"""What the collector of garbage tells of objects."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from torch import nn

from modelviz import check
from modelviz.collecting import Newcomers, collection_paused


@pytest.mark.parametrize("generations", [True, False])
def test_newcomers_are_what_was_made_since_whoever_collects(
    generations: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not generations:  # as of a Python without the global lock
        every = gc.get_objects
        monkeypatch.setattr(gc, "get_objects", lambda generation=None: every())
    before: list[Any] = [[]]
    with collection_paused(), Newcomers() as newcomers:
        first: list[Any] = [[]]
        gc.collect()
        second: list[Any] = [[]]
        new = newcomers.ids()
        assert {id(first), id(first[0]), id(second)} <= new
        assert not {id(before), id(before[0])} & new
        newcomers.settle()
        assert not {id(first), id(second)} & newcomers.ids()
    assert newcomers._collecting not in gc.callbacks


class Collects(nn.Module):
    """A layer that is hidden, and one that is made, on both sides of a collection."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = [nn.Linear(4, 4)]

    def forward(self, x: Any) -> Any:
        early = nn.Conv1d(4, 4, 1)
        gc.collect()
        x = nn.Bilinear(4, 4, 4)(self.hidden[0](x), x)
        return early(x[..., None])


def test_a_forward_that_collects_garbage_is_checked_as_any_other() -> None:
    found = check(Collects(), (2, 4), select="MV103,MV107")
    told = {(finding.code, finding.message.split()[0]) for finding in found}
    hidden = {("MV103", "Linear")}
    made = {("MV107", name) for name in ("Conv1d", "Bilinear", "nn.Parameter")}
    assert told == hidden | made


def test_each_new_object_is_looked_at_once_however_often_it_is_asked() -> None:
    def looked_at(count: int) -> int:
        seen = 0
        every = gc.get_objects

        def counted(generation: int | None = None) -> list[Any]:
            nonlocal seen
            found = every(generation=generation)
            seen += len(found)
            return found

        with pytest.MonkeyPatch.context() as patch, collection_paused(), Newcomers() as newcomers:
            patch.setattr(gc, "get_objects", counted)
            made: list[Any] = []
            for _ in range(count):
                made.append([[], [], []])
                assert newcomers.is_new(made[-1])
        return seen

    assert looked_at(800) < 6 * looked_at(200)
