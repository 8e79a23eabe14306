"""Configs without measure: each is refused with an InputError, or built in bounded time."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import modelviz
from modelviz import InputError
from modelviz.sources import from_config

from .trial import Tried, attempt

SECONDS = 60
_TYPES = ("bert", "llama", "gpt2", "vit", "t5", "mixtral", "whisper", "detr", "mamba", "clip")
_FIELDS = (
    "hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "num_labels",
    "num_queries", "num_local_experts", "intermediate_size", "max_position_embeddings",
    "image_size", "patch_size", "num_channels", "id2label", "depths", "hidden_sizes", "rope_theta",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    -1, 0, 1, 2**31, 10**7, 10**9, 10**30, 0.5, None, True, "x", "os.system('id')", [], [10**9],
    [1] * 5000, {}, {"a": 10**9}, {str(number): "label" for number in range(5000)},
)  # fmt: skip


def run(count: int, seed: int) -> Tried:
    """Try so many configs, each of a known model with one or two of its values changed."""
    chance = random.Random(seed)
    tried: Tried = (Counter(), Counter())
    for _ in range(count):
        values: dict[str, Any] = {
            "model_type": chance.choice(_TYPES),
            "num_hidden_layers": 2,
            "hidden_size": 32,
            "num_attention_heads": 4,
            "intermediate_size": 64,
            "vocab_size": 100,
        }
        for _ in range(chance.randint(1, 2)):
            values[chance.choice(_FIELDS)] = chance.choice(_VALUES)
        text = json.dumps(values)

        def show(text: str = text) -> None:
            graph = modelviz.trace(from_config(text).model, execution="none")
            str(modelviz.summary(graph, verbose=0))

        attempt(tried, text[:150], show, InputError, SECONDS)
    return tried
