"""The outline of a plan: what a page shows, sent from another process."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from modelviz import InputError, Plan, plan
from modelviz.jobs import PlanSpec
from modelviz.jobs.planned import NO_FORWARD, planned
from modelviz.planning.outline import Outline
from modelviz.planning.outlining import POINTS, outline
from modelviz.planning.suggestions import linear_globs, repeated_globs
from modelviz.planning.words import title, verdict_on
from modelviz.sources import Source


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(16, 32)
        self.down = nn.Linear(32, 16)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(torch.relu(self.up(x)))


class Tiny(nn.Module):
    """Of tokens: a batch and a sequence, two blocks, a table that ends at 64."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens = nn.Embedding(50, 16)
        self.positions = nn.Embedding(64, 16)
        self.blocks = nn.Sequential(Block(), Block())
        self.head = nn.Linear(16, 50)

    def forward(self, ids: Tensor) -> Tensor:
        places = torch.arange(ids.shape[1], device=ids.device)
        return self.head(self.blocks(self.tokens(ids) + self.positions(places)))


def source() -> Source:
    return Source(Tiny(), (torch.zeros(2, 8, dtype=torch.long),))


def quiet(stage: str) -> None:
    pass


@pytest.fixture(scope="module")
def made() -> Plan:
    return plan(Tiny(), input_data=(torch.zeros(2, 8, dtype=torch.long),), device="H100")


def test_it_says_what_the_plan_says(made: Plan) -> None:
    told = outline(made)
    assert told.peak == made.peak_bytes == sum(part.bytes for part in told.parts)
    assert told.peak == sum(row.bytes for row in told.rows) + told.rest
    assert max(spot.bytes for spot in told.curve) == told.peak
    assert told.kernels == len(made.timeline) == len(told.curve)
    assert (told.batch, told.seq) == (2, 8)
    assert told.blocks == ("blocks.*",)
    assert told.layers == ("*.up", "*.down")
    seconds = made.step_seconds
    assert seconds is not None
    (pace,) = [pace for pace in told.paces if pace.device == made.settings.device.name]
    assert (pace.ideal, pace.estimate) == (seconds.ideal, seconds.estimate)
    assert verdict_on(made.settings.device, told.peak) == made.verdict


def test_a_long_curve_is_thinned_and_keeps_each_phase_and_its_peak(made: Plan) -> None:
    long = replace(made, peak=replace(made.peak, timeline=made.timeline * 40))
    told = outline(long)
    assert len(told.curve) < 2 * POINTS < told.kernels
    assert {spot.phase for spot in told.curve} == {moment.phase for moment in long.timeline}
    assert max(spot.bytes for spot in told.curve) == told.peak
    kernels = [spot.kernel for spot in told.curve]
    assert kernels == sorted(kernels)


def test_it_comes_back_as_it_was_sent(made: Plan) -> None:
    told = outline(made)
    assert Outline.from_dict(json.loads(json.dumps(told.to_dict()))) == told


@pytest.mark.parametrize(
    "spoiled",
    [
        {"peak": "much"},
        {"parts": 3},
        {"parts": [{"name": "x"}]},
        {"curve": [[1, 2]]},
        {"batch": 1.5},
        {"notes": [None]},
    ],
)
def test_what_is_no_outline_is_refused(made: Plan, spoiled: dict[str, object]) -> None:
    values = {**outline(made).to_dict(), **spoiled}
    with pytest.raises(ValueError, match=r"expected|without"):
        Outline.from_dict(values)
    with pytest.raises(ValueError, match="without"):
        Outline.from_dict({})


def test_a_job_plans_at_sizes_of_ones_own() -> None:
    told = planned(source(), None, PlanSpec(batch=3, seq=5, optimizer="sgd"), quiet)
    assert (told.batch, told.seq) == (3, 5)
    assert "sgd" in told.title and "batch 3, seq 5" in told.title


@pytest.mark.slow
def test_a_job_finds_the_longest_sequence_and_why_it_ends() -> None:
    told = planned(source(), None, PlanSpec(find="seq", device="1GB", optimizer=None), quiet)
    assert told.answer is not None
    assert told.answer.size == 64
    assert "with 65 the step fails" in told.answer.reason


def test_a_job_finds_how_the_peak_grows(made: Plan) -> None:
    told = planned(source(), None, PlanSpec(find="peaks"), quiet)
    batch, seq = told.rises
    assert (batch.dim, seq.dim) == ("batch", "seq")
    assert dict(zip(batch.sizes, batch.peaks, strict=True))[2] == told.peak
    assert list(batch.peaks) == sorted(batch.peaks) and batch.peaks[-1] > batch.peaks[0]
    assert all(one <= peak for one, peak in zip(seq.forwards, seq.peaks, strict=True))
    # The table of places has 64 rows: there is no longer sequence.
    assert seq.sizes[-1] == 64 and not seq.ends
    assert Outline.from_dict(json.loads(json.dumps(told.to_dict()))) == told


@pytest.mark.slow
def test_a_job_finds_the_formulas() -> None:
    told = planned(source(), None, PlanSpec(find="growth", optimizer=None), quiet)
    (flops,) = [one for one in told.trends if one.figure == "flops" and one.dim == "batch"]
    # Two linear layers in each of two blocks, and the head: 2 FLOPs for each multiply-add.
    each = 2 * (2 * (16 * 32 + 32 * 16) + 16 * 50)
    assert flops.formula.startswith(f"{each}*batch*seq")
    assert dict(zip(flops.sizes, flops.values, strict=True))[2] == each * 2 * 8
    assert "seq 1 to 64" in told.proven


def test_bad_choices_are_said() -> None:
    with pytest.raises(InputError, match="fits no module"):
        planned(source(), None, PlanSpec(checkpoint=("nothing.*",)), quiet)
    with pytest.raises(InputError, match="no input has the dimension 'seq'"):
        images = Source(nn.Conv2d(3, 4, 3), (torch.zeros(1, 3, 8, 8),))
        planned(images, None, PlanSpec(seq=4), quiet)
    graph = planned_graph()
    with pytest.raises(InputError, match=NO_FORWARD):
        planned(Source(graph), None, PlanSpec(), quiet)


def planned_graph() -> object:
    from modelviz import trace

    return trace(nn.Linear(2, 2), input_size=(1, 2))


def test_the_title_says_in_what_the_weights_are() -> None:
    half = plan(nn.Linear(4, 4).to(torch.bfloat16), (1, 4), dtypes=[torch.bfloat16], optimizer=None)
    assert "in bfloat16" in title(half)


def test_what_repeats() -> None:
    model = nn.Module()
    model.stages = nn.ModuleList(nn.Sequential(Block(), Block(), Block()) for _ in range(2))
    model.convs = nn.Sequential(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1))
    assert repeated_globs(model) == ("stages.*", "stages.0.*", "stages.1.*")
    assert linear_globs(model) == ("*.up", "*.down")
