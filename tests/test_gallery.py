"""The gallery: each example is what its text says, and runs as a script."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import modelviz
from modelviz import gallery
from modelviz.sources import resolve


def linear(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


def norm(width: int) -> int:
    return 2 * width


def lstm(inputs: int, hidden: int) -> int:
    """Four gates, each with a matrix for the input, one for the state, and two biases."""
    return 4 * (hidden * inputs + hidden * hidden + 2 * hidden)


def conv(inputs: int, outputs: int, size: int) -> int:
    return inputs * outputs * size * size


def residual_stage(inputs: int, width: int, blocks: int) -> int:
    def block(inputs: int) -> int:
        shortcut = 0 if inputs == width else conv(inputs, width, 1) + norm(width)
        return conv(inputs, width, 3) + conv(width, width, 3) + 2 * norm(width) + shortcut

    return block(inputs) + (blocks - 1) * block(width)


def double_conv(inputs: int, width: int) -> int:
    return conv(inputs, width, 3) + conv(width, width, 3) + 2 * norm(width)


def up(width: int) -> int:
    return conv(2 * width, width, 2) + width + double_conv(2 * width, width)


def feed_forward(width: int) -> int:
    return linear(width, 4 * width) + linear(4 * width, width)


ATTENTION_128 = 4 * linear(128, 128)

# Each from the architecture, by hand: parameters of the model, shape of its output.
EXPECTED = {
    "simple_net": (linear(784, 128) + linear(128, 10), (64, 10)),
    "sequential_net": (linear(784, 128) + linear(128, 10), (64, 10)),
    "softmax_net": (linear(784, 128) + linear(128, 10), (64, 10)),
    "complex_model": (linear(100, 50) + linear(50, 10), (32, 10)),
    "residual_cnn": (
        conv(3, 32, 3)
        + norm(32)
        + residual_stage(32, 32, 3)
        + residual_stage(32, 64, 3)
        + residual_stage(64, 128, 3)
        + linear(128, 10),
        (8, 10),
    ),
    "unet": (
        double_conv(3, 32)
        + sum(double_conv(width, 2 * width) + up(width) for width in (32, 64, 128))
        + linear(32, 2),
        (1, 2, 128, 128),
    ),
    "transformer": (
        1000 * 128
        + 64 * 128
        + 4 * (ATTENTION_128 + feed_forward(128) + 2 * norm(128))
        + 4 * (2 * ATTENTION_128 + feed_forward(128) + 3 * norm(128))
        + 2 * norm(128)
        + linear(128, 1000),
        (2, 12, 1000),
    ),
    # The output layer adds nothing: its weight is the table of embeddings.
    "gpt": (
        5000 * 192
        + 128 * 192
        + 12 * (linear(192, 3 * 192) + linear(192, 192) + feed_forward(192) + 2 * norm(192))
        + norm(192),
        (1, 128, 5000),
    ),
    "lstm_tagger": (
        2000 * 64 + 2 * lstm(64, 128) + 2 * lstm(256, 128) + linear(256, 17),
        (16, 24, 17),
    ),
    "mixture_of_experts": (
        1000 * 64
        + 2 * (linear(64, 3 * 64) + linear(64, 64) + 2 * norm(64) + 64 * 8 + 8 * feed_forward(64))
        + linear(64, 4),
        (4, 4),
    ),
}


def test_every_example_is_in_the_gallery() -> None:
    scripts = {path.stem for path in gallery.script("simple_net").parent.glob("*.py")}
    assert scripts == set(gallery.NAMES) == set(EXPECTED)


@pytest.mark.parametrize("name", gallery.NAMES)
def test_example_has_the_parameters_and_output_of_its_architecture(name: str) -> None:
    source = resolve(name)
    assert isinstance(source.model, nn.Module)
    parameters, shape = EXPECTED[name]
    assert sum(p.numel() for p in source.model.parameters()) == parameters
    assert source.model(*source.inputs).shape == shape


@pytest.mark.parametrize("name", gallery.NAMES)
def test_trace_of_an_example_agrees_with_its_architecture(name: str) -> None:
    source = resolve(name)
    graph = modelviz.trace(source.model, input_data=source.inputs, mode="eval")
    parameters, shape = EXPECTED[name]
    assert graph.total_params == parameters
    assert [graph.tensors[output].shape for output in graph.outputs] == [shape]


def test_softmax_ends_in_probabilities() -> None:
    source = resolve("softmax_net")
    assert isinstance(source.model, nn.Module)
    torch.testing.assert_close(source.model(*source.inputs).sum(-1), torch.ones(64))


def test_gpt_sees_only_the_past() -> None:
    source = resolve("gpt")
    assert isinstance(source.model, nn.Module)
    (ids,) = source.inputs
    changed = ids.clone()
    changed[:, 64] = (changed[:, 64] + 1) % 5000
    before, after = source.model(ids), source.model(changed)
    torch.testing.assert_close(before[:, :64], after[:, :64])
    assert not torch.allclose(before[:, 64:], after[:, 64:])


def test_mixture_is_the_weighted_sum_of_the_chosen_experts() -> None:
    source = resolve("mixture_of_experts")
    mixture = source.model.get_submodule("layers.0.experts")
    x = torch.randn(2, 5, 64)
    tokens = x.flatten(0, 1)
    scores, chosen = mixture.router(tokens).topk(2)
    expected = torch.stack(
        [
            sum(
                weight * mixture.experts[number](token)
                for weight, number in zip(weights.softmax(-1), numbers, strict=True)
            )
            for token, weights, numbers in zip(tokens, scores, chosen, strict=True)
        ]
    )
    torch.testing.assert_close(mixture(x), expected.view_as(x))


def test_gallery_gives_the_same_model_and_leaves_random_numbers_alone() -> None:
    state = torch.get_rng_state()
    first, second = resolve("lstm_tagger"), resolve("lstm_tagger")
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(first.model.state_dict(), second.model.state_dict())
    torch.testing.assert_close(first.inputs, second.inputs)


@pytest.mark.parametrize("name", gallery.NAMES)
def test_title_is_one_sentence(name: str) -> None:
    assert re.fullmatch(r"(An? |The )\S.*\S\.|Modules inside modules: .*\.", gallery.title(name))


@pytest.mark.slow
@pytest.mark.parametrize("name", gallery.NAMES)
def test_example_runs_as_a_script(name: str, tmp_path: Path) -> None:
    root = Path(modelviz.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, gallery.script(name).resolve()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert f"{EXPECTED[name][0]:,}" in run.stdout
    assert (tmp_path / f"{name}.svg").read_text(encoding="utf-8").rstrip().endswith("</svg>")
