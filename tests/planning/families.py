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
    automatic: Any = transformers.AutoModelForCausalLM
    model = automatic.from_config(config)
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


def gpt2(batch: int) -> Made:
    """Layers with their weights the other way round."""
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return _text("GPT2", batch, n_embd=64, n_head=4, n_layer=2, **none)


def phi3(batch: int) -> Made:
    """Queries, keys and values of different sizes from one layer, and gates with what they pass."""
    return _text("Phi3", batch, num_key_value_heads=2)


def bloom(batch: int) -> Made:
    """A bias by head that is made outside of attention; one layer laid out by head."""
    return _text("Bloom", batch, n_layer=2, n_head=4)


def falcon(batch: int) -> Made:
    """One layer, laid out by groups of heads with one key and value each."""
    return _text("Falcon", batch, new_decoder_architecture=True, num_kv_heads=2)


def falcon_multi_query(batch: int) -> Made:
    """One head of keys and values for all queries, which stays whole; the wide layers are split."""
    return _text("Falcon", batch, multi_query=True, parallel_attn=True)


def bigcode(batch: int) -> Made:
    """The same with turned weights and positions of its own."""
    none = {"resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0}
    return _text("GPTBigCode", batch, n_embd=64, n_head=4, n_layer=2, n_inner=128, **none)


def gemma(batch: int) -> Made:
    """The same with a layer each for queries, keys and values."""
    return _text("Gemma", batch, num_key_value_heads=1, head_dim=16)


def falcon_alibi(batch: int) -> Made:
    """The same of an older one: by head, with a bias by head."""
    return _text("Falcon", batch, multi_query=False, alibi=True, parallel_attn=False, bias=True)


class Between(nn.Module):
    """An encoder and a decoder, each given the tokens."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        made = self.model(input_ids=tokens, decoder_input_ids=tokens, use_cache=False)
        logits: torch.Tensor = made[0]
        return logits


def t5(batch: int) -> Made:
    """A table of biases by head, which the first layer makes for all that follow."""
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    import transformers

    choices: dict[str, Any] = {"feed_forward_proj": "gated-gelu", "decoder_start_token_id": 0}
    config = transformers.T5Config(
        d_model=64, d_ff=128, d_kv=8, num_heads=8, num_layers=2, vocab_size=128, dropout_rate=0.0,
        **choices,
    )  # fmt: skip
    tokens = torch.arange(batch * 16).reshape(batch, 16) % 128
    return Between(transformers.T5ForConditionalGeneration(config)), (tokens,)


def bert(batch: int) -> Made:
    """Numbers of heads in a module inside of the one that holds all layers."""
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    import transformers

    none = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = transformers.BertModel(transformers.BertConfig(**SMALL | none))
    tokens = torch.arange(batch * 16).reshape(batch, 16) % 128
    return First2(model), (tokens,)


class First2(First):
    """A model without a cache."""

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.model(*inputs)[0]
        return made


class Translator(nn.Module):
    """``nn.Transformer`` with masks of both kinds: (batch, steps, 32) to the same."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Transformer(32, 4, 2, 2, 64, dropout=0.0, batch_first=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        causal = self.inner.generate_square_subsequent_mask(x.shape[1])
        padding = torch.zeros(x.shape[:2], dtype=torch.bool)
        padding[:, -1] = True
        made: torch.Tensor = self.inner(
            x, x.flip(1), tgt_mask=causal, src_key_padding_mask=padding, tgt_is_causal=True
        )
        return made


def translator(batch: int) -> Made:
    """PyTorch's own layers of attention."""
    return Translator(), (torch.rand(batch, 6, 32),)


class Attending(nn.Module):
    """PyTorch's attention with keys of other sizes and all its answers: (steps, batch, 32)."""

    def __init__(self) -> None:
        super().__init__()
        self.other = nn.MultiheadAttention(32, 4, kdim=16, vdim=24, bias=False)
        self.own = nn.MultiheadAttention(32, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, seen = self.other(x, x[..., :16], x[..., :24])
        by_head = torch.ones(x.shape[1] * 4, len(x), len(x)).tril()
        z, each = self.own(y, y, y, attn_mask=by_head, average_attn_weights=False)
        return z + seen.sum() + (each * torch.arange(4.0)[None, :, None, None]).sum()


def attending(batch: int) -> Made:
    """PyTorch's own layer of attention alone."""
    return Attending(), (torch.rand(5, batch, 32),)


class Adding(nn.Module):
    """PyTorch's attention that adds keys and values of its own, with masks: (batch, steps, 32)."""

    def __init__(self) -> None:
        super().__init__()
        self.learned = nn.MultiheadAttention(32, 4, add_bias_kv=True, batch_first=True)
        self.both = nn.MultiheadAttention(
            32, 4, add_bias_kv=True, add_zero_attn=True, batch_first=True, kdim=16, vdim=16
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        steps = x.shape[1]
        mask = torch.ones(steps, steps).triu(1).bool()
        y = self.learned(x, x, x, attn_mask=mask, need_weights=False)[0]
        padded = torch.arange(steps).expand(len(x), -1) > 3
        z, seen = self.both(y, x[..., :16], x[..., 16:], key_padding_mask=padded)
        return z + seen.square().sum()


def adding(batch: int) -> Made:
    """PyTorch's own layers of attention with keys and values of their own."""
    model = Adding()
    for layer in (model.learned, model.both):
        nn.init.normal_(layer.bias_k)
        nn.init.normal_(layer.bias_v)
    return model, (torch.rand(batch, 5, 32),)


def torchvision_vit(batch: int) -> Made:
    """A ViT made of PyTorch's own layers of attention."""
    from modelviz.sources.torchvision_ops import import_torchvision

    import_torchvision()
    from torchvision.models import VisionTransformer

    model = VisionTransformer(32, 8, 2, 4, 64, 128, num_classes=10)
    nn.init.normal_(model.heads.head.weight)
    return model, (torch.rand(batch, 3, 32, 32),)


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
