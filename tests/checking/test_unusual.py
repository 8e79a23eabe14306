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

from modelviz import plan
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


class OnlyReaching(nn.Module):
    """Calls a layer of the file that it does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return _OF_THE_FILE(self.first(x))


def test_a_layer_that_is_not_registered_is_told_once() -> None:
    found = check(OnlyReaching(), (3, 4), select="MV103")
    assert [finding.message.split()[0] for finding in found] == ["Linear"]


def test_what_the_collector_no_longer_looks_at_was_there_before() -> None:
    gc.freeze()
    try:
        found = check(Reaching(), (2, 4), select="MV103,MV107").findings
        copied = codes(check(Copying(), (3, 4)))
    finally:
        gc.unfreeze()
    assert [finding.code for finding in found] == ["MV103", "MV107"]
    assert "MV107" not in copied


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


class Keeping(nn.Module):
    """Keeps a loss of its own, and a history, for who calls it to read."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(4, 4)
        self.head = nn.Linear(4, 2)
        self.value = nn.Linear(4, 1)
        self.aux: Any = None
        self.values: list[Any] = []

    def forward(self, x: Any) -> Any:
        y = torch.relu(self.body(x))
        self.aux = self.head(y).square().mean()
        self.values.append((self.value(y), "v"))
        return y


@pytest.mark.parametrize("execution", ["fake", "real"])
def test_what_is_kept_for_later_is_neither_dead_nor_idle(execution: Any) -> None:
    model = Keeping()
    report = check(model, (3, 4), execution=execution)
    assert report.findings == ()
    assert {escape.how for escape in report.graph.escapes} == {"kept"}
    assert report.graph.findings == () and model.aux is None and model.values == []


def test_what_is_dropped_is_dead_beside_what_is_kept() -> None:
    class Dropping(Keeping):
        def forward(self, x: Any) -> Any:
            y = super().forward(x)
            self.value(y)
            return y

    class Losing(Keeping):
        def forward(self, x: Any) -> Any:
            y = torch.relu(self.body(x))
            self.head(y).square().mean()
            self.value(y)
            return y

    assert codes(check(Losing(), (3, 4))) == {"MV102", "MV105"}
    assert [f.line is not None for f in check(Dropping(), (3, 4)) if f.code == "MV105"] == [True]


class Playing(nn.Module):
    """Gives an action that is drawn, and keeps its probability for the loss of an episode."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 2)
        self.value = nn.Linear(4, 1)
        self.saved: list[Any] = []

    def forward(self, x: Any) -> Any:
        drawn = torch.distributions.Categorical(torch.softmax(self.head(x), -1))
        action = drawn.sample()
        self.saved.append(drawn.log_prob(action).sum())
        return action.sum().item(), self.value(x)


def test_what_an_episode_keeps_is_trained() -> None:
    assert "MV301" not in codes(check(Playing(), (3, 4)))


class Remembering(nn.Module):
    """Keeps a state with its history; ``cut`` takes it without, when it is read."""

    def __init__(self, cut: str | None) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 6)
        self.cut = cut
        self.state: Any = None

    def forward(self, x: Any) -> Any:
        before = self.state
        if before is not None and self.cut:
            before = getattr(before, self.cut)()
        self.state = self.cell(x, before)
        return self.state


@pytest.mark.parametrize("cut", ["detach", "detach_", None])
def test_a_history_that_is_cut_where_it_is_read_is_not_carried(cut: str | None) -> None:
    assert ("MV308" in codes(check(Remembering(cut), (3, 4)))) is (cut is None)


class Predicting(nn.Module):
    """A prediction without a gradient; with targets, a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Any, targets: Any = None) -> Any:
        y = self.linear(x)
        return y.detach() if targets is None else (y - targets).square().mean()


def test_a_prediction_beside_a_loss_is_no_error() -> None:
    (told,) = check(Predicting(), (3, 4))
    assert (told.code, told.level) == ("MV301", "info")
    assert "without targets" in told.message and told.line is not None
    assert check(Predicting(), input_data=[torch.rand(3, 4), torch.rand(3, 4)]).findings == ()


class Normalised(nn.Module):
    """A softmax by hand: of the logits in one shape, less their sum in another."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.head = nn.Linear(4, 6)
        self.shape = shape

    def forward(self, x: Any) -> Any:
        logits = self.head(x).view(self.shape)
        return (logits - logits.logsumexp(-1, keepdim=True)).exp()


def test_a_softmax_of_a_view_is_over_the_dimension_of_the_view() -> None:
    assert check(Normalised((-1, 2, 3)), (2, 4)).findings == ()
    assert codes(check(Normalised((-1, 6, 1)), (2, 4))) == set()  # no layer has made it one


class Codebook(nn.Module):
    """A codebook that moving averages train: no gradient reaches it, and none is meant to."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.encode = nn.Linear(4, 4)
        self.codes = nn.Parameter(torch.randn(6, 4))
        self.how = how

    def forward(self, x: Any) -> Any:
        z = self.encode(x)
        nearest = self.codes[torch.cdist(z, self.codes).argmin(-1)].detach()
        if self.training:
            with torch.no_grad():
                new = 0.9 * self.codes + 0.1 * z.mean(0)
                if self.how == "in place":
                    self.codes.copy_(new)
                elif self.how == "data":
                    self.codes.data = new
                else:
                    self.codes = nn.Parameter(new)
        return z + (nearest - z).detach()


@pytest.mark.parametrize("how", ["in place", "data", "another parameter"])
def test_a_parameter_that_the_forward_trains_itself_needs_no_gradient(how: str) -> None:
    assert "MV301" not in codes(check(Codebook(how), (3, 4)))


def test_a_codebook_that_nothing_trains_is_told() -> None:
    class Still(Codebook):
        def forward(self, x: Any) -> Any:
            self.eval()
            return super().forward(x)

    found = [(f.code, f.level) for f in check(Still("in place"), (3, 4)) if f.code == "MV301"]
    assert found == [("MV301", "error")]


class Decoding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.emit = nn.Linear(4, 5)

    def forward(self, x: Any) -> Any:
        return self.emit(x).argmax(-1)


def test_a_prediction_of_whole_numbers_is_a_remark_at_most() -> None:
    assert {(f.code, f.level) for f in check(Decoding(), (3, 4))} == {("MV301", "info")}


class Acting(nn.Module):
    """A policy whose spread decides nothing where it is asked for its mean."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Linear(4, 2)
        self.spread = nn.Linear(4, 2)

    def forward(self, x: Any, deterministic: bool = True) -> Any:
        spread = self.spread(x).clamp(-5, 2).exp()
        # Said here, since torch.compile takes the default away for the whole process.
        chosen = torch.distributions.Normal(self.mean(x), spread, validate_args=True)
        return torch.tanh(chosen.mean if deterministic else chosen.rsample())


def test_what_a_distribution_only_validates_is_not_cut_off() -> None:
    assert codes(check(Acting(), (3, 4))) <= {"MV703"}


class Memory(nn.Module):
    """Steps through dimension 0, and writes for a step that may not come."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(4, 6)
        self.write = nn.Linear(6, 6)

    def forward(self, steps: Any) -> Any:
        memory = state = torch.zeros(steps.shape[1], 6)
        found = []
        for step in steps:
            state = self.cell(step, state)
            found.append(state + memory)
            memory = memory + self.write(state)
        return torch.stack(found)


def test_a_loop_over_time_is_no_mixing_and_its_last_turn_not_dead() -> None:
    found = {(f.code, f.level) for f in check(Memory(), (3, 2, 4))}
    assert found <= {("MV204", "info"), ("MV704", "info")}


class Categorical(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.logits = nn.Linear(4, 3)

    def forward(self, x: Any) -> Any:
        return torch.distributions.Categorical(logits=self.logits(x)).entropy()


def test_softmax_of_what_log_softmax_gives_is_softmax() -> None:
    assert codes(check(Categorical(), (3, 4))) <= {"MV703"}


class Pooling(nn.Module):
    """Nodes of several graphs, each with the number of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: Any, batch: Any) -> Any:
        graphs = int(batch.max()) + 1
        return torch.zeros(graphs, 3).index_add(0, batch, self.linear(x))


def test_rows_that_values_number_are_no_lost_samples() -> None:
    given = torch.rand(7, 4), torch.tensor([0, 0, 0, 1, 1, 2, 2])
    assert codes(check(Pooling(), input_data=given)) <= {"MV703"}


class Copying(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        frozen = copy.deepcopy(self.linear)
        return self.linear(x) - frozen(x).detach() + frozen.weight.sum().detach()


def test_a_copy_of_a_layer_has_no_new_weights() -> None:
    assert "MV107" not in codes(check(Copying(), (3, 4)))


class Optional(nn.Module):
    """Has parts for what these inputs do not ask for, and one that nothing asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.enc, self.dec = nn.Linear(4, 3), nn.Linear(3, 4)
        self.heads = nn.ModuleDict({"a": nn.Linear(4, 2), "b": nn.Linear(4, 3)})
        self.weights = nn.Parameter(torch.zeros(2))
        self.named = nn.Linear(4, 4)

    def decode(self, x: Any) -> Any:
        return self.dec(self.enc(x))

    def forward(self, x: Any, target: Any = None, way: str = "", head: str = "a") -> Any:
        y = self.heads[head](x)
        if target is not None:
            y = y + self.weights.exp().sum() * (y - target)
        if way:
            return getattr(self, {"d": "decode", "n": "named"}[way])(x)
        return y


def test_what_another_call_may_use_is_a_remark() -> None:
    found = {(f.code, f.level, f.path) for f in check(Optional(), (5, 4))}
    idle = {("MV101", "info", path) for path in ("enc", "dec", "named", "heads.b")}
    assert found == {*idle, ("MV102", "info", "")}
    assert not check(Optional(), input_data={"x": torch.rand(5, 4), "way": "d"}, select="MV107")


class Forgetting(Optional):
    def __init__(self) -> None:
        super().__init__()
        self.forgotten = nn.Linear(4, 4)
        self.lost = nn.Parameter(torch.zeros(2))

    def helper(self, x: Any) -> Any:
        return self.forgotten(x) + self.lost

    def forward(self, x: Any, way: str = "") -> Any:
        y = self.heads["a"](x)
        return self.decode(x) + self.named(x) if way else y


def test_what_no_call_uses_is_told_as_before() -> None:
    found = {(f.code, f.level, f.path) for f in check(Forgetting(), (5, 4))}
    assert {("MV101", "warning", "forgotten"), ("MV101", "warning", "heads.b")} <= found
    assert ("MV102", "warning", "") in found
    assert ("MV101", "info", "named") in found


class Banking(nn.Module):
    """Writes into a buffer, and gives it back."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("bank", torch.zeros(3, 4))

    def forward(self, x: Any) -> Any:
        self.bank = self.bank.detach().clone()
        self.bank[0] = self.linear(x)[0]
        return self.bank


class BankingInPlace(Banking):
    def forward(self, x: Any) -> Any:
        self.bank[0] = self.linear(x)[0]
        return self.bank


@pytest.mark.parametrize("kind", [Banking, BankingInPlace])
def test_a_gradient_reaches_what_is_written_into_a_buffer(kind: type[Banking]) -> None:
    assert "MV301" not in codes(check(kind(), (2, 4)))


def test_names_of_methods_that_are_taken_and_modules_that_are_not_hashable() -> None:
    class Taken(nn.Linear):
        def __init__(self) -> None:
            super().__init__(4, 4)
            self.parameters = self.modules = self.buffers = self.named_parameters = None
            self.children = self.named_modules = None

    class Compared(nn.Linear):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return self is other

    for model in (Taken(), Compared(4, 4)):
        assert not check(model, (2, 4))
        assert plan(model, (2, 4), loss=lambda out: out.sum()).breakdown["parameters"] == 80


class Counting(nn.Module):
    """Counts in its class what is set of it, and cannot be copied by Python."""

    count = 0

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def __setattr__(self, name: str, value: Any) -> None:
        type(self).count += 1
        super().__setattr__(name, value)

    def __deepcopy__(self, memo: Any) -> Any:
        raise RuntimeError("no copies")

    def forward(self, x: Any) -> Any:
        return self.layer(x)


def test_what_a_copy_counts_in_its_class_is_put_back() -> None:
    model = Counting()
    before = Counting.count
    assert not check(model, (2, 4)) and Counting.count == before


class Halting(nn.Module):
    """Draws with probabilities that are learned, or certain; or drops, where ``drop`` says so."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.logits = nn.Parameter(torch.zeros(4))
        self.how = how

    def forward(self, x: Any) -> Any:
        y = self.linear(x)
        kept = {
            "learned": lambda: torch.sigmoid(self.logits),
            "certain": lambda: y.new_ones(y.shape),
            "dropped": lambda: torch.full_like(y, 0.5),
        }
        if self.how == "dropped over zeros":
            return y * torch.zeros(y.shape).bernoulli_()
        return y * torch.bernoulli(kept[self.how]())


@pytest.mark.parametrize("how", ["learned", "certain", "dropped", "dropped over zeros"])
def test_a_draw_that_is_learned_or_certain_is_no_dropout(how: str) -> None:
    assert ("MV302" in codes(check(Halting(how), (3, 4)))) is how.startswith("dropped")


class FirstBatch(nn.Module):
    """Takes its scale from the first batch, once, as an activation norm does."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(1, 4))
        self.register_buffer("begun", torch.tensor(0.0))

    def forward(self, x: Any) -> Any:
        y = self.linear(x)
        if not self.begun > 0:
            self.scale.data = (1 + y.square().mean(0, keepdim=True)).data
            self.begun = torch.tensor(1.0)
        return y * self.scale


def test_a_scale_that_is_taken_once_mixes_no_samples() -> None:
    assert check(FirstBatch(), (3, 4), ignore=["MV703"]).findings == ()
