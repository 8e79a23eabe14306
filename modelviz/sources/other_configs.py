"""JSON files that lie beside the ``config.json`` of a model and describe none: what they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_BESIDE = "give the config.json beside it"
_FILES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("weight_map",), "an index of weights: " + _BESIDE + ", or one of its files"),
    (("peft_type",), "the config of an adapter (PEFT): give the config.json of {base}"),
    (
        ("image_processor_type", "feature_extractor_type", "processor_class", "image_mean"),
        "the settings of a processor of inputs: " + _BESIDE,
    ),
    (
        ("tokenizer_class", "added_tokens_decoder", "added_tokens", "model_max_length"),
        "a file of a tokenizer: " + _BESIDE,
    ),
    (
        ("_from_model_config", "max_new_tokens", "do_sample"),
        "the settings of generation: " + _BESIDE,
    ),
)
"""Names of which one tells each kind of file, and what it is."""


def other_config(values: Mapping[str, Any]) -> str | None:
    """What JSON without a model_type seems to be, and what to give in its place; or None."""
    if isinstance(name := values.get("architecture"), str):
        return f"it is a config of timm, whose model is built by its name: timm:{name}"
    if isinstance(name := values.get("_class_name"), str):
        return f"it is a config of diffusers: build its {name} in Python, in a file of your own"
    base = values.get("base_model_name_or_path")
    named = base if isinstance(base, str) and base else "the model that it adapts"
    for names, what in _FILES:
        if any(name in values for name in names):
            return f"it is {what.format(base=named)}"
    return None
