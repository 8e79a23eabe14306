"""Models to plan, by a click: large ones whose config is enough, and two for images."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelviz.jobs import JobSpec

LLAMA: Mapping[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_attention_heads": 64,
    "num_hidden_layers": 80,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "dtype": "bfloat16",
}
QWEN: Mapping[str, Any] = {
    "architectures": ["Qwen3MoeForCausalLM"],
    "model_type": "qwen3_moe",
    "head_dim": 128,
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "max_position_embeddings": 40960,
    "moe_intermediate_size": 768,
    "num_attention_heads": 32,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "num_hidden_layers": 48,
    "num_key_value_heads": 4,
    "vocab_size": 151936,
    "dtype": "bfloat16",
}

MODELS: Mapping[str, JobSpec | None] = {
    "vit": JobSpec("library", "timm:vit_base_patch16_224"),
    "unet": JobSpec("gallery", "unet"),
    "gpt": JobSpec("gallery", "gpt"),
    "llama": JobSpec("config", json.dumps(LLAMA, indent=2)),
    "qwen": JobSpec("config", json.dumps(QWEN, indent=2)),
    "own": None,
}
"""By the name in the address; None asks for another one."""
TITLES: Mapping[str, str] = {
    "vit": "ViT-B/16, images",
    "unet": "U-Net, images",
    "gpt": "A small GPT",
    "llama": "Llama 3, 70 B",
    "qwen": "Qwen3, 30 B, a mixture of experts",
    "own": "Another model …",
}
