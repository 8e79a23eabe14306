"""Inputs proposed for a model: they run, and they are what a person would take."""

from __future__ import annotations

import copy
import functools
import gc
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.proposals import InputProposal, propose_inputs
from modelviz.proposals.arguments import positions
from modelviz.proposals.trial import call_arguments


class LeNet(nn.Module):
    """Runs on images of 32 × 32 alone."""

    def __init__(self, channels: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, 6, 5), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.MaxPool2d(2)
        )
        self.head = nn.Linear(16 * 5 * 5, 10)

    def forward(self, image: torch.Tensor) -> Any:
        return self.head(self.features(image).flatten(1))


class FlatImage(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(784, 10))


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(100, 16)
        self.lstm = nn.LSTM(16, 8, batch_first=True)

    def forward(self, words: torch.Tensor) -> Any:
        return self.lstm(self.embedding(words))[0]


class HeadFirst(nn.Module):
    """Defines its layers in another order than it calls them."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 4)
        self.body = nn.Conv2d(3, 16, 3)

    def forward(self, x: torch.Tensor) -> Any:
        return self.head(self.body(x).mean((2, 3)))


class TwoInputs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.image = nn.Conv2d(3, 8, 3, padding=1)
        self.numbers = nn.Linear(5, 8)
        self.words = nn.Embedding(50, 8)

    def forward(self, image: Any, numbers: Any, words: Any) -> Any:
        return self.image(image).mean((2, 3)) + self.numbers(numbers) + self.words(words).mean(1)


class Denoiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.time = nn.Embedding(1000, 8)
        self.inside = nn.Conv2d(3, 8, 3, padding=1)

    def forward(self, x: Any, timestep: Any) -> Any:
        return self.inside(x) + self.time(timestep)[:, :, None, None]


class Siamese(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = LeNet(3)

    def forward(self, left: Any, right: Any) -> Any:
        return self.body(left) - self.body(right)


class ChannelsLast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, x: Any) -> Any:
        return self.conv(x.permute(0, 3, 1, 2))


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)

    def forward(self, x: Any, attention_mask: Any) -> Any:
        return self.attention(x, x, x, attn_mask=attention_mask)[0]


class KeywordOnly(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 4)

    def forward(self, *, x: Any, scale: float = 1.0) -> Any:  # type: ignore[override]
        return super().forward(x) * scale


class LooksAtValues(nn.Linear):
    def __init__(self) -> None:
        super().__init__(3, 4)

    def forward(self, x: Any) -> Any:
        return super().forward(x) if x.sum() > -1 else x


class Says(nn.Conv2d):
    def __init__(self) -> None:
        super().__init__(3, 4, 3)
        self.pretrained_cfg = {"input_size": (3, 300, 300)}


MODELS: list[tuple[nn.Module, list[tuple[str, tuple[int, ...], str]]]] = [
    (nn.Linear(7, 2), [("input", (1, 7), "float32")]),
    (nn.Linear(7, 2).to(torch.bfloat16), [("input", (1, 7), "bfloat16")]),
    (nn.Linear(7, 2, device="meta"), [("input", (1, 7), "float32")]),
    (nn.Conv1d(2, 4, 3), [("input", (1, 2, 1024), "float32")]),
    (nn.Conv2d(3, 4, 3), [("input", (1, 3, 224, 224), "float32")]),
    (nn.Conv3d(3, 4, 3), [("input", (1, 3, 16, 112, 112), "float32")]),
    (nn.LSTM(6, 4), [("input", (32, 1, 6), "float32")]),
    (nn.GRU(6, 4, batch_first=True), [("input", (1, 32, 6), "float32")]),
    (nn.TransformerEncoderLayer(8, 2, batch_first=True), [("src", (1, 32, 8), "float32")]),
    (nn.Transformer(8, 2, 1, 1, 16), [(n, (32, 1, 8), "float32") for n in ("src", "tgt")]),
    (LeNet(), [("image", (1, 1, 32, 32), "float32")]),
    (LeNet(3), [("image", (1, 3, 32, 32), "float32")]),
    (FlatImage(), [("input", (1, 1, 28, 28), "float32")]),
    (Tagger(), [("words", (1, 32), "int64")]),
    (HeadFirst(), [("x", (1, 3, 224, 224), "float32")]),
    (
        TwoInputs(),
        [
            ("image", (1, 3, 224, 224), "float32"),
            ("numbers", (1, 5), "float32"),
            ("words", (1, 32), "int64"),
        ],
    ),
    (Denoiser(), [("x", (1, 3, 224, 224), "float32"), ("timestep", (1,), "int64")]),
    (Siamese(), [("left", (1, 3, 32, 32), "float32"), ("right", (1, 3, 32, 32), "float32")]),
    (ChannelsLast(), [("x", (1, 224, 224, 3), "float32")]),
    (Masked(), [("x", (1, 32, 16), "float32"), ("attention_mask", (32, 32), "bool")]),
    (KeywordOnly(), [("x", (1, 3), "float32")]),
    (LooksAtValues(), [("x", (1, 3), "float32")]),
    (Says(), [("input", (1, 3, 300, 300), "float32")]),
]


@pytest.mark.parametrize(("model", "expected"), MODELS, ids=lambda value: type(value).__name__)
def test_proposal_is_what_a_person_would_take(
    model: nn.Module, expected: list[tuple[str, tuple[int, ...], str]]
) -> None:
    proposals = propose_inputs(model)
    assert [(p.name, p.shape, p.dtype) for p in proposals] == expected
    assert all(proposal.why for proposal in proposals)
    graph = modelviz.trace(model, **call_arguments(model, proposals))
    assert graph.failure is None and graph.ops


def test_proposing_changes_nothing() -> None:
    model = LeNet(3).train()
    before = copy.deepcopy(model.state_dict())
    state = torch.get_rng_state()
    propose_inputs(model)
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(model.state_dict(), before)


class Broken(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(3, 4)
        self.second = nn.Linear(5, 6)

    def forward(self, x: Any) -> Any:
        return self.second(self.first(x))


def test_broken_model_still_gets_the_likeliest_input(monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[int] = []
    walk = gc.get_objects
    monkeypatch.setattr(gc, "get_objects", lambda: walks.append(1) or walk())  # type: ignore[func-returns-value]
    assert [(p.name, p.shape) for p in propose_inputs(Broken())] == [("x", (1, 3))]
    # A trial lets go of what it made, which is then looked for in no object of the process.
    assert walks == []


def test_a_cache_that_a_trial_fills_is_empty_afterwards() -> None:
    @functools.lru_cache
    def scale(size: int) -> torch.Tensor:
        return torch.ones(size)

    class Cached(nn.Linear):
        def forward(self, input: Any) -> Any:
            return super().forward(input * scale(input.shape[-1]))

    model = Cached(7, 2)
    assert [one.shape for one in propose_inputs(model)] == [(1, 7)]
    assert scale.cache_info().currsize == 0
    assert model(torch.rand(1, 7)).shape == (1, 2)


class NoArguments(nn.Linear):
    def forward(self) -> Any:  # type: ignore[override]
        return self.weight * 2


def test_forward_without_arguments_gets_no_proposal() -> None:
    assert propose_inputs(NoArguments(2, 3)) == []


class Several(nn.Module):
    def forward(self, a: Any, *rest: Any, b: Any = None, **named: Any) -> Any:
        return a


@pytest.mark.parametrize(
    ("names", "count"),
    [
        ([], 0),
        ([None, None], 2),
        (["a"], 1),
        (["a", "rest[0]"], 2),
        (["a", "b"], 1),
        (["b", "a"], 0),
        (["a", "other"], 1),
    ],
)
def test_inputs_go_by_position_where_they_can(names: list[str | None], count: int) -> None:
    assert positions(Several(), names) == count


def test_named_inputs_become_keywords() -> None:
    proposals = [InputProposal("b", (1, 2), "int64", ""), InputProposal("a", (3,), "float32", "")]
    arguments = call_arguments(Several(), proposals)
    assert {name: tensor.shape for name, tensor in arguments.items()} == {"b": (1, 2), "a": (3,)}
    assert arguments["b"].dtype == torch.int64


class ComplexProduct(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4, 3, dtype=torch.cfloat))

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return (z @ self.weight).abs()


class ComplexParts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.real, self.imaginary = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.real(z.real) - self.imaginary(z.imag)


class ComplexPlanes(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.conv(torch.view_as_real(z).permute(0, 3, 1, 2))


@pytest.mark.parametrize("kind", [ComplexProduct, ComplexParts, ComplexPlanes])
def test_a_model_of_complex_numbers_gets_them(kind: type[nn.Module]) -> None:
    (proposal,) = propose_inputs(kind())
    assert proposal.dtype == "complex64"
    assert modelviz.trace(kind()).execution != "none"


def test_a_model_without_a_forward_is_told_to_define_one() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(2, 2)

    class Misspelt(Net):
        def foward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    for net, remedy in ((Net(), "define forward"), (Misspelt(), "rename foward to forward")):
        (told,) = (finding.message for finding in modelviz.trace(net).findings)
        assert f"{type(net).__name__} has no forward to run: {remedy}" in told
        assert "input_size" not in told


class Source(nn.Module):
    """Takes the length of each source in the singular, as many decoders do."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.reads = nn.GRU(8, 8, batch_first=True)

    def forward(self, src: Any, src_len: Any) -> Any:
        words = self.words(src)
        packed = nn.utils.rnn.pack_padded_sequence(words, src_len, batch_first=True)
        return self.reads(packed)[1]


def test_a_length_in_the_singular_is_one_for_each_sample() -> None:
    words, lengths = propose_inputs(Source())
    assert (words.shape, lengths.shape, lengths.dtype) == ((1, 32), (1,), "int64")


class Columns(nn.Module):
    """One matrix holds categories, which are cast, and numbers, into whose like is added."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 4)
        self.wide = nn.Linear(1, 1)

    def forward(self, data: Any) -> Any:
        total = torch.zeros_like(data[:, :1])
        total += self.wide(data[:, 1:2].float())
        return total + self.table(data[:, 0].long())


def test_whole_numbers_that_cannot_take_a_float_are_proposed_as_floats() -> None:
    (data,) = propose_inputs(Columns())
    assert (data.dtype, len(data.shape)) == ("float32", 2)


class TakesTargets(nn.Module):
    """In training it wants targets, for which its forward has a default."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(6, 4)

    def forward(self, x: Any, y: Any = None) -> Any:
        scores = self.head(x)
        return nn.functional.cross_entropy(scores, y) if self.training else scores


def test_what_wants_targets_in_training_is_traced_in_evaluation_mode() -> None:
    model = TakesTargets()
    graph = modelviz.trace(model)
    assert [op.name for op in graph.ops] == ["linear"] and model.training
    assert "in evaluation mode, since none ran in training mode" in graph.findings[0].message
    assert modelviz.trace(model, mode="train").execution == "none"
