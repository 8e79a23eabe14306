"""Inputs of models with a configuration and a main input, as those of transformers have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from .arguments import known, needed
from .layers import Option, float_dtype
from .proposal import InputProposal

TOKENS = 128
"""Length of a proposed text."""
TARGET_TOKENS = 32
"""Length of a proposed text to decode."""
SAMPLES = 16_000
"""Length of a proposed recording: a second."""


def configured(model: nn.Module) -> Iterator[list[InputProposal]]:
    """Inputs to try in turn: the main one alone, with a text to decode, with all other kinds."""
    config = getattr(model, "config", None)
    main = getattr(model, "main_input_name", None)
    if config is None or main is None:
        return
    arguments = known(model)
    names = [main] if isinstance(main, str) else list(main)
    names += [name for name in needed(model) if name not in names]
    decoded = ["decoder_input_ids"] if "decoder_input_ids" in arguments else []
    other = [name for name in _MODALITIES if name in arguments and name not in names]
    for chosen in ([*names, *decoded], names, [*names, *other], [*names, *other, *decoded]):
        options = {
            name: guess(config, float_dtype(model))
            for name in chosen
            if name in arguments and (guess := _guess(name)) is not None
        }
        for turn in range(max(map(len, options.values()), default=0)):
            yield [_proposal(name, several, turn) for name, several in options.items()]


def _proposal(name: str, options: list[Option], turn: int) -> InputProposal:
    option = options[min(turn, len(options) - 1)]
    return InputProposal(name, option.shape, option.dtype, option.why)


def _guess(name: str) -> Callable[[Any, str], list[Option]] | None:
    return _GUESSES.get(name, _text if name.endswith("_input_ids") else None)


def _text(config: Any, dtype: str) -> list[Option]:
    names = ("max_position_embeddings", "n_positions", "max_seq_len")
    # Some models keep the first two positions for themselves.
    length = max(1, min(TOKENS, _number(config, names, 2 * TOKENS) - 2))
    return [Option((1, length), "int64", f"a text of {length} tokens")]


def _target(config: Any, dtype: str) -> list[Option]:
    return [Option((1, TARGET_TOKENS), "int64", f"a text of {TARGET_TOKENS} tokens to decode")]


def _image(config: Any, dtype: str) -> list[Option]:
    channels = _number(config, ("num_channels", "in_channels", "in_chans"), 3)
    height, width = _sides(config)
    why = f"an image of {height} × {width}, as in the configuration"
    options = [Option((1, channels, height, width), dtype, why)]
    frames = _number(config, ("num_frames", "frames_per_clip", "tubelet_size"), 0)
    if frames:
        clip = Option((1, frames, channels, height, width), dtype, f"a clip of {frames} images")
        options.insert(0, clip)
    sides = [side for side in (224, 256, 384, 512, 640, 1024) if (side, side) != (height, width)]
    return options + [
        Option((1, channels, side, side), dtype, f"an image of {side} × {side}") for side in sides
    ]


def _clip(config: Any, dtype: str) -> list[Option]:
    frames = _number(config, ("num_frames", "frames_per_clip"), 16)
    height, width = _sides(config)
    return [Option((1, frames, 3, height, width), dtype, f"a clip of {frames} images")]


def _waveform(config: Any, dtype: str) -> list[Option]:
    second = Option((1, SAMPLES), dtype, f"a recording of {SAMPLES:,} samples")
    channel = Option((1, 1, SAMPLES), dtype, f"a recording of {SAMPLES:,} samples, one channel")
    bins = _number(config, ("num_mel_bins",), 0)
    length = _number(config, ("max_length",), 0)
    spectrum = [Option((1, length, bins), dtype, f"{length} frames of {bins} mel bins")]
    return [*(spectrum if bins and length else []), second, channel]


def _spectrum(config: Any, dtype: str) -> list[Option]:
    names = ("num_mel_bins", "feature_size", "n_mels", "input_feat_per_channel", "input_dim")
    bins = _number(config, names, 80)
    frames = 2 * _number(config, ("max_source_positions",), 500)
    frames_first = Option((1, 512, bins), dtype, f"512 frames of {bins} mel bins")
    bins_first = Option((1, bins, frames), dtype, f"{frames} frames of {bins} mel bins")
    return [bins_first, frames_first]


def _series(config: Any, dtype: str) -> list[Option]:
    length = _number(config, ("context_length",), 64)
    channels = _number(config, ("num_input_channels", "input_size"), 1)
    lags = max(getattr(config, "lags_sequence", None) or [0])
    why = f"a series of {length + lags} steps"
    several = Option((1, length + lags, channels), dtype, f"{why} in {channels} channels")
    return [several, Option((1, length + lags), dtype, why)]


def _patches(config: Any, dtype: str) -> list[Option]:
    width = _number(config, ("patch_embed_hidden_size", "hidden_size"), 768)
    return [Option((1, 256, width + 2), dtype, "256 patches with their rows and columns")]


_GUESSES: dict[str, Callable[[Any, str], list[Option]]] = {
    "input_ids": _text,
    "decoder_input_ids": _target,
    "pixel_values": _image,
    "pixel_values_videos": _clip,
    "input_values": _waveform,
    "input_features": _spectrum,
    "past_values": _series,
    "flattened_patches": _patches,
}
_MODALITIES = ("input_ids", "pixel_values", "input_values", "input_features")


def _sides(config: Any) -> tuple[int, int]:
    """Height and width of the images of the configuration; 224 where it has none."""
    for part in _parts(config):
        for name in ("image_size", "img_size", "input_size", "crop_size"):
            size = getattr(part, name, None)
            if isinstance(size, int) and size > 0:
                return size, size
            if isinstance(size, (list, tuple)) and len(size) == 2:
                return int(size[0]), int(size[1])
            if isinstance(size, dict) and {"height", "width"} <= set(size):
                return int(size["height"]), int(size["width"])
    return 224, 224


def _number(config: Any, names: tuple[str, ...], otherwise: int) -> int:
    """The first positive whole number that the configuration, or a part of it, has by a name."""
    for part in _parts(config):
        for name in names:
            value = getattr(part, name, None)
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return otherwise


def _parts(config: Any) -> list[Any]:
    """The configuration and those inside it, outermost first."""
    found = [config]
    for one in found:
        inside = (getattr(one, name, None) for name in getattr(one, "sub_configs", ()))
        found += [part for part in inside if part is not None]
    return found
