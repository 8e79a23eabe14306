"""Inputs and builders shared by the transformers entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .entry import Builder, Entry, Sample

Inputs = Callable[[Any], dict[str, Any]]
Config = dict[str, Any]


def model(
    name: str,
    model_class: str,
    config_class: str,
    small: Config,
    inputs: Inputs,
    full: tuple[Config, Inputs] | None = None,
) -> Entry:
    """An entry that builds ``model_class(config_class(**small))`` and its inputs when asked."""
    return Entry(
        f"transformers-{name}",
        "transformers",
        _builder(model_class, config_class, small, inputs),
        None if full is None else _builder(model_class, config_class, *full),
    )


def _builder(model_class: str, config_class: str, settings: Config, inputs: Inputs) -> Builder:
    def build() -> Sample:
        import transformers

        config = getattr(transformers, config_class)(**settings)
        module = getattr(transformers, model_class)(config)
        return Sample(module, (), inputs(config))

    return build


def tokens(length: int, batch: int = 1) -> Inputs:
    """Token ids and a full attention mask, both (batch, length)."""

    def make(config: Any) -> dict[str, Any]:
        return {
            "input_ids": _ids(config, batch, length),
            "attention_mask": torch.ones(batch, length, dtype=torch.long),
        }

    return make


def ids_only(length: int, batch: int = 1) -> Inputs:
    """Token ids alone, (batch, length)."""
    return lambda config: {"input_ids": _ids(config, batch, length)}


def sequence_pair(source: int, target: int) -> Inputs:
    """Token ids for an encoder, (1, source), and for a decoder, (1, target)."""

    def make(config: Any) -> dict[str, Any]:
        return {
            "input_ids": _ids(config, 1, source),
            "decoder_input_ids": _ids(config, 1, target),
        }

    return make


def image(size: int, channels: int = 3) -> Inputs:
    """One image, (1, channels, size, size)."""
    return lambda config: {"pixel_values": torch.randn(1, channels, size, size)}


def image_and_text(size: int, length: int) -> Inputs:
    """One image and a caption: pixels (1, 3, size, size), token ids (1, length)."""

    def make(config: Any) -> dict[str, Any]:
        text = getattr(config, "text_config", config)
        return {
            "input_ids": _ids(text, 1, length),
            "attention_mask": torch.ones(1, length, dtype=torch.long),
            "pixel_values": torch.randn(1, 3, size, size),
        }

    return make


def video(frames: int, size: int) -> Inputs:
    """One clip, (1, frames, 3, size, size)."""
    return lambda config: {"pixel_values": torch.randn(1, frames, 3, size, size)}


def waveform(samples: int) -> Inputs:
    """One recording, (1, samples)."""
    return lambda config: {"input_values": torch.randn(1, samples)}


def spectrogram_and_text(bins: int, frames: int, length: int) -> Inputs:
    """A log-mel spectrogram (1, bins, frames) and decoder token ids (1, length)."""

    def make(config: Any) -> dict[str, Any]:
        return {
            "input_features": torch.randn(1, bins, frames),
            "decoder_input_ids": _ids(config, 1, length),
        }

    return make


def _ids(config: Any, batch: int, length: int) -> torch.Tensor:
    # The low ids are special tokens (padding, separators) in most vocabularies.
    low = min(10, config.vocab_size // 2)
    return torch.randint(low, config.vocab_size, (batch, length))
