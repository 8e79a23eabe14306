"""Small models of many families, for plans against real processes: a model and its inputs."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

SMALL: dict[str, Any] = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "vocab_size": 128,
    "num_attention_heads": 4, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
Made = tuple[nn.Module, tuple[torch.Tensor, ...]]


class First(nn.Module):
    """A model whose first result alone is returned."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.model(*inputs, use_cache=False)[0]
        return made


def _text(kind: str, batch: int, **choices: Any) -> Made:
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    import transformers

    config = getattr(transformers, f"{kind}Config")(**SMALL | choices)
    model = transformers.AutoModelForCausalLM.from_config(config)
    tokens = torch.arange(batch * 16).reshape(batch, 16) % 128
    return First(model), (tokens,)


def llama(batch: int) -> Made:
    """Grouped queries, gated layers."""
    return _text("Llama", batch, num_key_value_heads=2)


def qwen3(batch: int) -> Made:
    """Norms of queries and keys by head, tied embeddings."""
    return _text("Qwen3", batch, num_key_value_heads=2, head_dim=16, tie_word_embeddings=True)


def neox(batch: int) -> Made:
    """One layer for queries, keys and values, laid out by head."""
    return _text("GPTNeoX", batch, hidden_dropout=0.0, attention_dropout=0.0)


def mixtral(batch: int) -> Made:
    """Experts in stacked weights."""
    return _text("Mixtral", batch, num_key_value_heads=2, num_local_experts=4)


def deepseek(batch: int) -> Made:
    """Latent attention, dense and expert layers."""
    return _text(
        "DeepseekV3", batch, num_key_value_heads=4, n_routed_experts=8, num_experts_per_tok=2,
        n_group=2, topk_group=1, q_lora_rank=32, kv_lora_rank=16, qk_rope_head_dim=8,
        qk_nope_head_dim=8, v_head_dim=8, first_k_dense_replace=1, moe_intermediate_size=48,
    )  # fmt: skip


def vit(batch: int) -> Made:
    """One layer for queries, keys and values, one after the other."""
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    import timm

    model = timm.create_model(
        "vit_tiny_patch16_224", num_classes=10, embed_dim=64, num_heads=4, depth=2, img_size=64
    )
    return model, (torch.rand(batch, 3, 64, 64),)


def swin(batch: int) -> Made:
    """Attention in windows."""
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    import timm

    model = timm.create_model(
        "swin_tiny_patch4_window7_224", embed_dim=32, depths=(2, 2), num_heads=(2, 4),
        num_classes=10, img_size=56, drop_path_rate=0.0,
    )  # fmt: skip
    return model, (torch.rand(batch, 3, 56, 56),)
