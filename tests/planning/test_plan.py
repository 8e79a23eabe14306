"""``modelviz.plan``: the memory of a step, against the allocator of a real one."""

from __future__ import annotations

import functools
import io
import re
from typing import Any

import pytest
import torch
from rich.console import Console
from torch import nn

import modelviz
from modelviz.planning import DEVICES, Device

from .real import real_peak

# Kernels of convolutions take some memory for each thread, which a plan does not count.
pytestmark = pytest.mark.usefixtures("one_thread")


class Block(nn.Module):
    """Attention and a feed-forward layer, each with its residual."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(32)
        self.attention = nn.MultiheadAttention(32, 4, batch_first=True)
        self.wide, self.narrow = nn.Linear(32, 128), nn.Linear(128, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]
        return x + self.narrow(nn.functional.gelu(self.wide(x)))


class Language(nn.Module):
    """Tokens (batch, seq) to logits (batch, seq, 500)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(500, 32)
        self.blocks = nn.Sequential(*(Block() for _ in range(2)))
        self.head = nn.Linear(32, 500)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.head(self.blocks(self.embed(tokens)))


class Image(nn.Module):
    """Pictures (batch, 3, h, w) to 10 classes."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.head = nn.Linear(16, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.norm(self.one(x)))
        x = x + torch.relu(self.two(x))
        return self.head(x.mean((2, 3)))


TOKENS = torch.zeros(4, 32, dtype=torch.int64)
PICTURES = torch.zeros(4, 3, 32, 32)
CASES = {"language": (Language, TOKENS), "image": (Image, PICTURES)}


def mean(output: torch.Tensor) -> torch.Tensor:
    return output.mean()


@pytest.fixture(scope="module")
def language() -> Language:
    return Language()


_SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "optimizer",
    ["sgd", "adamw", None]
    + [pytest.param(name, marks=_SLOW) for name in ("sgd-momentum", "adafactor")],
)
@pytest.mark.parametrize("name", CASES)
def test_peak_is_that_of_a_real_step(name: str, optimizer: str | None) -> None:
    kind, data = CASES[name]
    model = kind()
    found = modelviz.plan(model, input_data=data, optimizer=optimizer, loss=mean)
    made = {
        None: None,
        "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
        "sgd-momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
        "adamw": torch.optim.AdamW,
        "adafactor": torch.optim.Adafactor,
    }[optimizer]
    real = real_peak(model, (data,), optimizer=made, loss=mean)
    assert found.peak_bytes == pytest.approx(real, rel=0.002)


def test_parts_and_holders_add_up(language: Language) -> None:
    for optimizer in ("adamw", None):
        found = modelviz.plan(language, input_data=TOKENS, optimizer=optimizer)
        assert sum(found.breakdown.values()) == found.peak_bytes
        assert sum(holder.bytes for holder in found.holders) == found.peak_bytes
        assert max(moment.bytes for moment in found.timeline) == found.peak_bytes


def test_parts_are_named(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS, optimizer="adam")
    weights = sum(p.numel() * 4 for p in language.parameters())
    assert found.breakdown["parameters"] == weights
    steps = 4 * len(list(language.parameters()))
    assert found.breakdown["optimizer"] == 2 * weights + steps
    assert found.breakdown["inputs"] == TOKENS.nbytes
    assert found.first_step_bytes <= found.steady_bytes == found.peak_bytes
    phases = [moment.phase for moment in found.timeline]
    assert list(dict.fromkeys(phases)) == ["forward", "loss", "backward", "optimizer"]


def test_holders_name_the_module_and_the_line(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS)
    wide = [h for h in found.holders if h.path == "blocks.0.wide" and h.category == "activations"]
    assert wide and all(h.file == __file__ and h.line for h in wide)


def test_the_model_is_left_as_it_was(language: Language) -> None:
    language.eval()
    grads = [torch.ones_like(p) for p in language.parameters()]
    for parameter, grad in zip(language.parameters(), grads, strict=True):
        parameter.grad = grad
    before = {name: value.clone() for name, value in language.state_dict().items()}
    state = torch.get_rng_state()
    modelviz.plan(language, input_data=TOKENS, checkpoint="blocks.*", lora="*.wide")
    assert torch.equal(torch.get_rng_state(), state)
    assert not language.training
    assert set(before) == set(language.state_dict())
    for name, value in language.state_dict().items():
        assert torch.equal(value, before[name])
    for parameter, grad in zip(language.parameters(), grads, strict=True):
        assert parameter.grad is grad and bool((grad == 1).all()) and parameter.requires_grad
        parameter.grad = None
    language.train()


@pytest.mark.slow
def test_checkpoints_lower_the_peak_as_they_do_for_real() -> None:
    from torch.utils.checkpoint import checkpoint

    class Saving(Language):
        def forward(self, tokens: torch.Tensor) -> torch.Tensor:
            x = self.embed(tokens)
            for block in self.blocks:
                x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=False)
            return self.head(x)

    tokens = torch.zeros(16, 64, dtype=torch.int64)
    plain = modelviz.plan(Language(), input_data=tokens, loss=mean)
    found = modelviz.plan(Language(), input_data=tokens, loss=mean, checkpoint="blocks.*")
    own = modelviz.plan(Saving(), input_data=tokens, loss=mean)
    real = real_peak(Saving(), (tokens,), optimizer=torch.optim.AdamW, loss=mean)
    assert found.breakdown["activations"] < plain.breakdown["activations"]
    assert own.peak_bytes == pytest.approx(real, rel=0.002)
    assert found.peak_bytes == pytest.approx(real, rel=0.002)


def test_precisions(language: Language) -> None:
    weights = sum(p.numel() for p in language.parameters())
    half = modelviz.plan(language, input_data=TOKENS, precision="bfloat16")
    mixed = modelviz.plan(language, input_data=TOKENS, precision="bf16-mixed")
    assert half.breakdown["parameters"] == 2 * weights
    assert mixed.breakdown["parameters"] == 4 * weights


@pytest.mark.slow
def test_peak_under_autocast_is_that_of_a_real_step(language: Language) -> None:
    tokens = torch.zeros(32, 128, dtype=torch.int64)
    mixed = modelviz.plan(language, input_data=tokens, precision="bf16-mixed", loss=mean)
    adamw, half = torch.optim.AdamW, torch.bfloat16
    real = real_peak(language, (tokens,), optimizer=adamw, loss=mean, autocast=half)
    assert mixed.peak_bytes == pytest.approx(real, rel=0.02)


def test_adapters_train_alone(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS, lora="*.wide", lora_rank=4)
    adapters = 2 * 4 * (32 + 128)
    assert found.breakdown["optimizer"] == 2 * 4 * adapters + 4 * 4
    weights = sum(p.numel() for p in language.parameters())
    assert found.breakdown["parameters"] == 4 * (weights + adapters)


def test_frozen_parameters_have_no_states(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS, freeze=["blocks", "embed"])
    head = 500 * 33
    assert found.breakdown["optimizer"] == 2 * 4 * head + 4 * 2


@pytest.mark.slow
def test_gradients_are_held_through_the_next_pass(language: Language) -> None:
    tokens = torch.zeros(32, 64, dtype=torch.int64)
    once = modelviz.plan(language, input_data=tokens)
    more = modelviz.plan(language, input_data=tokens, accumulate=4)
    weights = sum(p.numel() * 4 for p in language.parameters())
    assert more.breakdown["gradients"] == weights
    assert once.peak_bytes < more.peak_bytes <= once.peak_bytes + weights


def test_eight_bit_states_are_those_of_bitsandbytes() -> None:
    model = nn.Sequential(nn.Linear(64, 1000, bias=False), nn.Linear(1000, 2))
    found = modelviz.plan(model, (4, 64), optimizer="adamw8bit")
    blocks = 64000 // 256
    large = 2 * (64000 + 4 * blocks)
    small = 2 * 4 * (2000 + 2)
    assert found.breakdown["optimizer"] == large + small


@pytest.mark.slow
def test_optimizer_of_ones_own(language: Language) -> None:
    given = torch.optim.SGD(language.parameters(), lr=0.1, momentum=0.5)
    by_name = modelviz.plan(language, input_data=TOKENS, optimizer="sgd-momentum")
    for own in (given, lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9)):
        assert modelviz.plan(language, input_data=TOKENS, optimizer=own).breakdown == (
            by_name.breakdown
        )
    assert modelviz.plan(language, input_data=TOKENS, optimizer=torch.optim.RMSprop).fits


def test_largest_batch_is_the_last_that_fits(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS, device="16MB")
    best = found.largest("batch")
    assert best.bytes is not None and best.beyond_bytes is not None
    assert best.bytes <= 16 * 10**6 < best.beyond_bytes
    assert found.resized(batch=int(best)).peak_bytes == best.bytes
    assert best > 4 and f"with batch {int(best):,}" in str(best)


def test_model_on_meta_needs_no_memory() -> None:
    with torch.device("meta"):
        model = nn.Sequential(*(nn.Linear(20000, 20000) for _ in range(20)))
    found = modelviz.plan(model, (8, 20000), device="H100")
    assert found.breakdown["parameters"] > 32 * 10**9
    assert found.fits is False
    assert found.verdict.startswith("does not fit on H100 80 GB")


def test_a_step_that_reads_values_runs_for_real() -> None:
    class Reading(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(8, 8)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.layer(x)
            return y * 2 if y.sum() > 0 else y.exp()

    model = Reading()
    before = [p.clone() for p in model.parameters()]
    found = modelviz.plan(model, (4, 8))
    assert [f.code for f in found.findings] == ["MV001"]
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"optimizer": "adamm"}, "optimizer='adamm': expected one of"),
        ({"precision": "int3"}, "precision='int3': expected one of float32"),
        ({"device": "H1000"}, "device='H1000': expected 'cpu'"),
        ({"checkpoint": "bloks.*"}, r"checkpoint='bloks\.\*' fits no module"),
        ({"lora": "*.norm"}, "no linear layer fits"),
        ({"accumulate": 0}, "accumulate=0"),
        ({"loss": lambda output: output}, r"the loss is a tensor of shape \[4, 32, 500\]"),
        ({"loss": "no_such_loss"}, "no loss of this name: did you mean"),
        ({"freeze": "*"}, "no trainable parameter"),
    ],
)
def test_what_cannot_be_planned_is_said(
    language: Language, choices: dict[str, object], message: str
) -> None:
    with pytest.raises(modelviz.InputError, match=message):
        modelviz.plan(language, input_data=TOKENS, **choices)  # type: ignore[arg-type]


def test_a_forward_that_fails_is_told_as_by_a_trace(language: Language) -> None:
    with pytest.raises(modelviz.TraceError):
        modelviz.plan(language, (4, 32), dtypes=[torch.float32])


@pytest.mark.slow
def test_loss_by_name_gets_a_target(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS, loss="cross_entropy")
    target = torch.zeros(4 * 32, dtype=torch.int64)

    def real_loss(output: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(output.flatten(0, -2), target)

    real = real_peak(language, (TOKENS,), optimizer=torch.optim.AdamW, loss=real_loss)
    assert found.peak_bytes == pytest.approx(real + target.nbytes, rel=0.002)


def test_a_target_that_is_made_is_there_all_the_time_and_once() -> None:
    model = nn.Sequential(nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, 64))
    x, target = torch.rand(32, 64), torch.rand(32, 64)
    made = modelviz.plan(model, input_data=x, loss="mse_loss", accumulate=2)
    given = modelviz.plan(model, input_data=x, loss="mse_loss", target=target, accumulate=2)
    assert made.breakdown["inputs"] == x.nbytes + target.nbytes
    assert (made.peak_bytes, made.breakdown) == (given.peak_bytes, given.breakdown)


def test_a_matrix_exponential_takes_what_large_norms_take() -> None:
    class Turned(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.randn(48, 48) * 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ torch.linalg.matrix_exp(self.weight - self.weight.mT)

    found = modelviz.plan(Turned(), (8, 48), optimizer="sgd")
    sgd = functools.partial(torch.optim.SGD, lr=0.0)
    real = real_peak(Turned(), (torch.rand(8, 48),), optimizer=sgd, loss=torch.mean)
    assert found.peak_bytes == pytest.approx(real, rel=0.002)


def test_shows_itself(language: Language) -> None:
    found = modelviz.plan(language, input_data=TOKENS, device="T4", precision="bf16-mixed")
    text = str(found)
    assert "Language: a training step with adamw in bf16-mixed, batch 4, seq 32" in text
    assert "fits on T4 16 GB" in text and "besides, not counted" in text
    assert "activations" in found._repr_html_()
    data = found.to_dict()
    assert data["peak_bytes"] == found.peak_bytes and data["device"]["name"] == "T4 16 GB"
    assert data["step_seconds"]["ideal"] <= data["step_seconds"]["estimate"]


def test_every_device_says_where_its_figures_are_from() -> None:
    for name, device in DEVICES.items():
        checked = device.source.partition("; ")[2]
        assert "agree" in checked or "not checked" in checked, name
        assert device.source and device.memory and device.bandwidth and device.rates, name


class Parts(nn.Module):
    """A body and a head, which scripts train by optimizers of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 256))
        self.head = nn.Linear(256, 128)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.body(x)))


class Both(torch.optim.Optimizer):
    """Two optimizers in turns, of the body and the head of a model's parameters in order."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, {})
        body, head = self.param_groups[0]["params"][:4], self.param_groups[0]["params"][4:]
        self.each = torch.optim.Adam(body), torch.optim.SGD(head, 0.1, momentum=0.9)

    def step(self, closure: Any = None) -> None:
        for one in self.each:
            one.step()


def test_several_optimizers_have_their_own_parameters() -> None:
    model, x = Parts(), torch.zeros(32, 64)
    body, head = model.body.parameters(), model.head.parameters()
    optimizers = [torch.optim.Adam(body), torch.optim.SGD(head, 0.1, momentum=0.9)]
    plan = modelviz.plan(model, input_data=[x], optimizer=optimizers, loss=torch.mean)
    real = real_peak(model, (x,), optimizer=Both, loss=torch.mean)
    assert abs(plan.peak_bytes / real - 1) < 0.001
    adam = sum(p.nbytes for p in model.body.parameters())
    sgd = sum(p.nbytes for p in model.head.parameters())
    assert plan.breakdown["optimizer"] == 2 * adam + 4 * 4 + sgd
    assert "Adam and SGD" in str(plan)


def test_an_optimizer_of_some_parameters_has_states_for_these_alone() -> None:
    model, x = Parts(), torch.zeros(32, 64)
    made = torch.optim.AdamW([{"params": model.head.parameters(), "amsgrad": True}])
    plan = modelviz.plan(model, input_data=[x], optimizer=made, loss=torch.mean)
    head = sum(p.nbytes for p in model.head.parameters())
    assert plan.breakdown["optimizer"] == 3 * head + 2 * 4
    other = torch.optim.AdamW(Parts().parameters())
    whole = modelviz.plan(model, input_data=[x], optimizer=other, loss=torch.mean)
    assert whole.breakdown["optimizer"] == 2 * sum(p.nbytes for p in model.parameters()) + 6 * 4
    shared = modelviz.plan(model, input_data=[x], optimizer=made, loss=torch.mean, mesh={"dp": 2})
    assert shared.breakdown["optimizer"] == 3 * head // 2 + 2 * 4
    with pytest.raises(modelviz.InputError, match="an optimizer or a list of some"):
        modelviz.plan(model, input_data=[x], optimizer=["adam", made])


def test_an_optimizer_reads_as_what_makes_it() -> None:
    model, x = nn.Linear(4, 4), torch.zeros(2, 4)
    some = functools.partial(torch.optim.AdamW, fused=True)
    assert "step with AdamW in" in str(modelviz.plan(model, input_data=[x], optimizer=some))
    own = modelviz.plan(model, input_data=[x], optimizer=lambda p: torch.optim.SGD(p, 0.1))
    assert "step with an optimizer of its own in" in str(own)


def test_functions_that_make_several_or_need_no_argument_are_called() -> None:
    model, x = Parts(), torch.zeros(32, 64)
    body, head = list(model.body.parameters()), list(model.head.parameters())
    given = [torch.optim.Adam(body), torch.optim.SGD(head, 0.1, momentum=0.9)]
    wanted = modelviz.plan(model, input_data=[x], optimizer=given, loss=torch.mean)
    ways: list[Any] = [
        lambda: [torch.optim.Adam(body), torch.optim.SGD(head, 0.1, momentum=0.9)],
        lambda p: [torch.optim.Adam(p[:4]), torch.optim.SGD(p[4:], 0.1, momentum=0.9)],
    ]
    for way in ways:
        found = modelviz.plan(model, input_data=[x], optimizer=way, loss=torch.mean)
        assert found.breakdown == wanted.breakdown and found.peak_bytes == wanted.peak_bytes


def test_a_function_that_leaves_its_argument_alone_changes_no_weights() -> None:
    """It would step on the caller's own parameters, by the gradients that these have."""
    model, x = Parts(), torch.zeros(32, 64)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(modelviz.InputError, match="of other parameters than those it was given"):
        modelviz.plan(
            model, input_data=[x], optimizer=lambda _: torch.optim.SGD(model.parameters())
        )
    assert all(map(torch.equal, before, model.parameters()))


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("torch.optim.AdamW", "adamw"),
        ("adamw_torch", "adamw"),
        ("adamw_torch_fused", "adamw-fused"),
        ("adamw_bnb_8bit", "adamw8bit"),
        ("SGD_momentum", "sgd-momentum"),
        ("None", "none"),
    ],
)
def test_optimizers_by_the_names_of_transformers(name: str, known: str) -> None:
    found = modelviz.plan(nn.Linear(4, 4), (2, 4), optimizer=name)
    assert found.settings.optimizer == known and found.settings.trains == (known != "none")


@pytest.mark.parametrize("optimizer", ["lbfgs", torch.optim.LBFGS])
def test_an_optimizer_that_runs_the_forward_itself_is_refused(optimizer: Any) -> None:
    with pytest.raises(modelviz.InputError, match="LBFGS runs forward and backward again"):
        modelviz.plan(nn.Linear(4, 4), (2, 4), optimizer=optimizer)


def test_an_option_that_a_plan_has_not_is_told_with_the_nearest() -> None:
    with pytest.raises(modelviz.InputError, match="did you mean 'optimizer'"):
        modelviz.plan(nn.Linear(4, 4), (2, 4), optimiser="sgd")


def test_what_grows_is_no_part_that_stays() -> None:
    """At the peak in the update, the largest temporaries are the same with any batch."""
    model = nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 8))
    plan = modelviz.plan(model, (1, 64), loss=torch.mean, device=Device("box", 100_000))
    none = plan.largest("batch")
    assert none == 0 and none.grown is not None
    rows = {(h.path, h.op, h.category): h.bytes for h in plan.resized(batch=2).holders}
    grown = none.grown
    assert rows.get((grown.path, grown.op, grown.category)) != grown.bytes


def test_the_longest_sequence_of_a_recurrent_layer_ends_where_the_memory_does() -> None:
    plan = modelviz.plan(nn.LSTM(8, 16, batch_first=True), (2, 20, 8), device="1MB")
    best = plan.largest("seq")
    assert best > 100 and best.beyond_bytes is not None and "too much" in str(best)


def test_a_narrow_terminal_breaks_no_line_of_source() -> None:
    found = modelviz.plan(Language(), (4, 16), dtypes=[torch.long])
    console = Console(width=62, file=io.StringIO())
    console.print(found)
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    held = [line for line in lines if "test_plan.py" in line]
    assert held
    assert all(re.search(r" test_plan\.py:\d\d\s*$", line) for line in held)
