"""transformers: language models (encoders, decoders, sequence to sequence)."""

from __future__ import annotations

from typing import Any

import torch

from .entry import Entry
from .transformers_inputs import Config, Inputs, ids_only, model, sequence_pair, tokens

_BASE: Config = {
    "vocab_size": 128,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 64,
}
_GROUPED: Config = {**_BASE, "num_key_value_heads": 2, "pad_token_id": 0}
_BOS: Config = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
_EXPERTS: Config = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32}
_SHORT = tokens(16)
_FULL = tokens(128)


def entries() -> tuple[Entry, ...]:
    """The language models, none built yet."""
    return _encoders() + _decoders() + _mixtures() + _state_space() + _sequence_to_sequence()


def _encoders() -> tuple[Entry, ...]:
    return (
        model("bert", "BertForMaskedLM", "BertConfig", _BASE, _SHORT, ({}, _FULL)),
        model("roberta", "RobertaModel", "RobertaConfig", _BASE, _SHORT, ({}, _FULL)),
        model(
            "albert",
            "AlbertModel",
            "AlbertConfig",
            {**_BASE, "embedding_size": 16, "num_hidden_layers": 3},
            _SHORT,
            (
                {
                    "hidden_size": 768,
                    "num_attention_heads": 12,
                    "intermediate_size": 3072,
                    "embedding_size": 128,
                },
                _FULL,
            ),
        ),
        model(
            "distilbert",
            "DistilBertForSequenceClassification",
            "DistilBertConfig",
            {"vocab_size": 128, "dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64},
            _SHORT,
            ({}, _FULL),
        ),
        model(
            "electra",
            "ElectraForPreTraining",
            "ElectraConfig",
            {**_BASE, "embedding_size": 16},
            _SHORT,
            ({}, _FULL),
        ),
        model(
            "deberta",
            "DebertaModel",
            "DebertaConfig",
            {**_BASE, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
            _SHORT,
        ),
        model(
            "deberta-v2",
            "DebertaV2Model",
            "DebertaV2Config",
            {
                **_BASE,
                "relative_attention": True,
                "position_buckets": 8,
                "pos_att_type": ["p2c", "c2p"],
                "share_att_key": True,
                "norm_rel_ebd": "layer_norm",
            },
            _SHORT,
            (
                {  # deberta-v3-base
                    "vocab_size": 128100,
                    "hidden_size": 768,
                    "num_hidden_layers": 12,
                    "num_attention_heads": 12,
                    "intermediate_size": 3072,
                    "relative_attention": True,
                    "position_buckets": 256,
                    "norm_rel_ebd": "layer_norm",
                    "share_att_key": True,
                    "pos_att_type": ["p2c", "c2p"],
                    "position_biased_input": False,
                    "type_vocab_size": 0,
                },
                _FULL,
            ),
        ),
        model(
            "modernbert",
            "ModernBertForMaskedLM",
            "ModernBertConfig",
            {**_BASE, **_BOS, "cls_token_id": 3, "sep_token_id": 4, "local_attention": 8},
            _SHORT,
        ),
        model("camembert", "CamembertModel", "CamembertConfig", _BASE, _SHORT),
        model("esm", "EsmModel", "EsmConfig", {**_BASE, "pad_token_id": 0}, _SHORT),
        model(
            "mobilebert",
            "MobileBertModel",
            "MobileBertConfig",
            {**_BASE, "embedding_size": 16, "intra_bottleneck_size": 16, "true_hidden_size": 16},
            _SHORT,
        ),
        model(
            "squeezebert",
            "SqueezeBertModel",
            "SqueezeBertConfig",
            {**_BASE, "embedding_size": 32},
            _SHORT,
        ),
        model(
            "convbert", "ConvBertModel", "ConvBertConfig", {**_BASE, "embedding_size": 32}, _SHORT
        ),
        model("mpnet", "MPNetModel", "MPNetConfig", _BASE, _SHORT),
        model(
            "xlm",
            "XLMModel",
            "XLMConfig",
            {"vocab_size": 128, "emb_dim": 32, "n_layers": 2, "n_heads": 4},
            _SHORT,
        ),
        model(
            "xlnet",
            "XLNetModel",
            "XLNetConfig",
            {"vocab_size": 128, "d_model": 32, "n_layer": 2, "n_head": 4, "d_inner": 64},
            _SHORT,
        ),
        model(
            "longformer",
            "LongformerModel",
            "LongformerConfig",
            {**_BASE, "attention_window": 8},
            tokens(16),
        ),
        model(
            "bigbird",
            "BigBirdModel",
            "BigBirdConfig",
            {
                **_BASE,
                "max_position_embeddings": 128,
                "attention_type": "block_sparse",
                "block_size": 8,
                "num_random_blocks": 1,
            },
            tokens(96),
        ),
        model(
            "funnel",
            "FunnelModel",
            "FunnelConfig",
            {
                "vocab_size": 128,
                "block_sizes": [1, 1, 1],
                "num_decoder_layers": 1,
                "d_model": 32,
                "n_head": 4,
                "d_head": 8,
                "d_inner": 64,
            },
            _SHORT,
        ),
        model("nystromformer", "NystromformerModel", "NystromformerConfig", _NYSTROM, _SHORT),
        model("roformer", "RoFormerModel", "RoFormerConfig", _BASE, _SHORT),
        model("fnet", "FNetModel", "FNetConfig", _BASE, ids_only(16)),
        model("ibert", "IBertModel", "IBertConfig", {**_BASE, "quant_mode": False}, _SHORT),
        model("megatron-bert", "MegatronBertModel", "MegatronBertConfig", _BASE, _SHORT),
        model("canine", "CanineModel", "CanineConfig", _CANINE, _long_ids),
        model("layoutlm", "LayoutLMModel", "LayoutLMConfig", _BASE, _text_with_boxes),
        model("splinter", "SplinterModel", "SplinterConfig", _BASE, _SHORT),
        model("luke", "LukeModel", "LukeConfig", {**_BASE, "entity_vocab_size": 32}, _SHORT),
        model("reformer", "ReformerModel", "ReformerConfig", _REFORMER, ids_only(32)),
        model("perceiver", "PerceiverForMaskedLM", "PerceiverConfig", _PERCEIVER, _perceiver_text),
        model("tapas", "TapasModel", "TapasConfig", _BASE, _SHORT),
    )


_NYSTROM: Config = {
    **_BASE,
    "num_landmarks": 4,
    "segment_means_seq_len": 16,
    "conv_kernel_size": 5,
}
_CANINE: Config = {
    **_BASE,
    "downsampling_rate": 4,
    "local_transformer_stride": 8,
    "num_hash_buckets": 64,
}
_REFORMER: Config = {
    "vocab_size": 128,
    "hidden_size": 32,
    "num_attention_heads": 2,
    "attention_head_size": 16,
    "feed_forward_size": 64,
    "attn_layers": ["local", "lsh"],
    "axial_pos_shape": [4, 8],
    "axial_pos_embds_dim": [16, 16],
    "local_attn_chunk_length": 8,
    "lsh_attn_chunk_length": 8,
    "num_buckets": 2,
    "num_hashes": 1,
    "is_decoder": True,
}
_PERCEIVER: Config = {
    "vocab_size": 64,
    "num_latents": 8,
    "d_latents": 32,
    "d_model": 32,
    "num_blocks": 1,
    "num_self_attends_per_block": 2,
    "num_self_attention_heads": 4,
    "num_cross_attention_heads": 4,
    "max_position_embeddings": 32,
    "qk_channels": 32,
    "v_channels": 32,
}


def _long_ids(config: Any) -> dict[str, Any]:
    return {"input_ids": torch.randint(0, 1000, (1, 32))}


def _perceiver_text(config: Any) -> dict[str, Any]:
    return {"inputs": torch.randint(10, 64, (1, 32)), "attention_mask": torch.ones(1, 32)}


def _text_with_boxes(config: Any) -> dict[str, Any]:
    corner = torch.randint(0, 100, (1, 16, 2))
    size = torch.randint(1, 50, (1, 16, 2))
    return {**_SHORT(config), "bbox": torch.cat([corner, corner + size], dim=-1)}


def _decoders() -> tuple[Entry, ...]:
    gpt2: Config = {"vocab_size": 128, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 64}
    return (
        model("gpt2", "GPT2LMHeadModel", "GPT2Config", {**gpt2, **_BOS}, _SHORT, ({}, _FULL)),
        model(
            "gpt-neo",
            "GPTNeoForCausalLM",
            "GPTNeoConfig",
            {
                "vocab_size": 128,
                "hidden_size": 32,
                "num_layers": 2,
                "num_heads": 4,
                "attention_types": [[["global", "local"], 1]],
                "window_size": 8,
                "max_position_embeddings": 64,
                **_BOS,
            },
            _SHORT,
            (
                {  # gpt-neo-125m
                    "hidden_size": 768,
                    "num_layers": 12,
                    "num_heads": 12,
                    "attention_types": [[["global", "local"], 6]],
                },
                _FULL,
            ),
        ),
        model(
            "gpt-neox",
            "GPTNeoXForCausalLM",
            "GPTNeoXConfig",
            {**_BASE, **_BOS},
            _SHORT,
            (
                {  # pythia-160m
                    "vocab_size": 50304,
                    "hidden_size": 768,
                    "num_hidden_layers": 12,
                    "num_attention_heads": 12,
                    "intermediate_size": 3072,
                    "max_position_embeddings": 2048,
                },
                _FULL,
            ),
        ),
        model("gptj", "GPTJForCausalLM", "GPTJConfig", {**gpt2, **_BOS, "rotary_dim": 4}, _SHORT),
        model("gpt-bigcode", "GPTBigCodeForCausalLM", "GPTBigCodeConfig", {**gpt2, **_BOS}, _SHORT),
        model(
            "codegen",
            "CodeGenForCausalLM",
            "CodeGenConfig",
            {**gpt2, **_BOS, "rotary_dim": 4},
            _SHORT,
        ),
        model("openai-gpt", "OpenAIGPTLMHeadModel", "OpenAIGPTConfig", gpt2, ids_only(16)),
        model(
            "llama",
            "LlamaForCausalLM",
            "LlamaConfig",
            _GROUPED,
            _SHORT,
            (
                {  # SmolLM-135M
                    "vocab_size": 49152,
                    "hidden_size": 576,
                    "num_hidden_layers": 30,
                    "num_attention_heads": 9,
                    "num_key_value_heads": 3,
                    "intermediate_size": 1536,
                    "tie_word_embeddings": True,
                },
                _FULL,
            ),
        ),
        model("mistral", "MistralForCausalLM", "MistralConfig", _GROUPED, _SHORT),
        model(
            "qwen2",
            "Qwen2ForCausalLM",
            "Qwen2Config",
            _GROUPED,
            _SHORT,
            (
                {  # Qwen2-0.5B
                    "vocab_size": 151936,
                    "hidden_size": 896,
                    "num_hidden_layers": 24,
                    "num_attention_heads": 14,
                    "num_key_value_heads": 2,
                    "intermediate_size": 4864,
                    "tie_word_embeddings": True,
                },
                tokens(32),
            ),
        ),
        model("qwen3", "Qwen3ForCausalLM", "Qwen3Config", {**_GROUPED, "head_dim": 8}, _SHORT),
        model("gemma", "GemmaForCausalLM", "GemmaConfig", {**_GROUPED, "head_dim": 8}, _SHORT),
        model(
            "gemma2",
            "Gemma2ForCausalLM",
            "Gemma2Config",
            {**_GROUPED, "head_dim": 8, "sliding_window": 8},
            _SHORT,
        ),
        model(
            "gemma3",
            "Gemma3ForCausalLM",
            "Gemma3TextConfig",
            {**_GROUPED, "head_dim": 8, "sliding_window": 8},
            _SHORT,
        ),
        model("phi", "PhiForCausalLM", "PhiConfig", {**_BASE, **_BOS}, _SHORT),
        model("phi3", "Phi3ForCausalLM", "Phi3Config", _GROUPED, _SHORT),
        model(
            "falcon",
            "FalconForCausalLM",
            "FalconConfig",
            {
                "vocab_size": 128,
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                **_BOS,
            },
            _SHORT,
        ),
        model(
            "bloom",
            "BloomForCausalLM",
            "BloomConfig",
            {"vocab_size": 128, "hidden_size": 32, "n_layer": 2, "n_head": 4},
            _SHORT,
        ),
        model(
            "opt",
            "OPTForCausalLM",
            "OPTConfig",
            {
                "vocab_size": 128,
                "hidden_size": 32,
                "word_embed_proj_dim": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "ffn_dim": 64,
                "max_position_embeddings": 64,
            },
            _SHORT,
            ({}, _FULL),  # opt-125m
        ),
        model("mpt", "MptForCausalLM", "MptConfig", _MPT, _SHORT),
        model("ctrl", "CTRLLMHeadModel", "CTRLConfig", {**gpt2, "dff": 64}, _SHORT),
        model("stablelm", "StableLmForCausalLM", "StableLmConfig", {**_GROUPED, **_BOS}, _SHORT),
        model(
            "starcoder2", "Starcoder2ForCausalLM", "Starcoder2Config", {**_GROUPED, **_BOS}, _SHORT
        ),
        model("olmo2", "Olmo2ForCausalLM", "Olmo2Config", {**_GROUPED, **_BOS}, _SHORT),
        model("cohere", "CohereForCausalLM", "CohereConfig", {**_GROUPED, **_BOS}, _SHORT),
        model("granite", "GraniteForCausalLM", "GraniteConfig", {**_GROUPED, **_BOS}, _SHORT),
        model("glm", "GlmForCausalLM", "GlmConfig", {**_GROUPED, **_BOS, "head_dim": 8}, _SHORT),
        model("nemotron", "NemotronForCausalLM", "NemotronConfig", {**_GROUPED, **_BOS}, _SHORT),
        model("xglm", "XGLMForCausalLM", "XGLMConfig", _XGLM, _SHORT),
        model("biogpt", "BioGptForCausalLM", "BioGptConfig", _BASE, _SHORT),
    )


_MPT: Config = {"vocab_size": 128, "d_model": 32, "n_layers": 2, "n_heads": 4, "max_seq_len": 64}
_XGLM: Config = {
    "vocab_size": 128,
    "d_model": 32,
    "num_layers": 2,
    "attention_heads": 4,
    "ffn_dim": 64,
    "max_position_embeddings": 64,
}


def _mixtures() -> tuple[Entry, ...]:
    local: Config = {"num_local_experts": 4, "num_experts_per_tok": 2}
    return (
        model("mixtral", "MixtralForCausalLM", "MixtralConfig", {**_GROUPED, **local}, _SHORT),
        model(
            "qwen2-moe",
            "Qwen2MoeForCausalLM",
            "Qwen2MoeConfig",
            {**_GROUPED, **_EXPERTS, "shared_expert_intermediate_size": 32},
            _SHORT,
        ),
        model(
            "qwen3-moe",
            "Qwen3MoeForCausalLM",
            "Qwen3MoeConfig",
            {**_GROUPED, **_EXPERTS, "head_dim": 8},
            _SHORT,
        ),
        model("olmoe", "OlmoeForCausalLM", "OlmoeConfig", {**_GROUPED, **_EXPERTS, **_BOS}, _SHORT),
        model("phimoe", "PhimoeForCausalLM", "PhimoeConfig", {**_GROUPED, **_BOS, **local}, _SHORT),
        model(
            "gpt-oss",
            "GptOssForCausalLM",
            "GptOssConfig",
            {**_GROUPED, **local, "head_dim": 8},
            _SHORT,
        ),
        model(
            "granitemoe",
            "GraniteMoeForCausalLM",
            "GraniteMoeConfig",
            {**_GROUPED, **_BOS, **local},
            _SHORT,
        ),
        model("jetmoe", "JetMoeForCausalLM", "JetMoeConfig", _JETMOE, _SHORT),
        model("dbrx", "DbrxForCausalLM", "DbrxConfig", _DBRX, _SHORT),
        model("deepseek-v2", "DeepseekV2ForCausalLM", "DeepseekV2Config", _DEEPSEEK, _SHORT),
        model("deepseek-v3", "DeepseekV3ForCausalLM", "DeepseekV3Config", _DEEPSEEK, _SHORT),
        model("llama4", "Llama4ForCausalLM", "Llama4TextConfig", _LLAMA4, _SHORT),
        model(
            "switch-transformers",
            "SwitchTransformersModel",
            "SwitchTransformersConfig",
            {**_T5, "num_experts": 4, "num_sparse_encoder_layers": 1, "expert_capacity": 16},
            sequence_pair(12, 8),
        ),
    )


_JETMOE: Config = {
    **_GROUPED,
    **_BOS,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "kv_channels": 8,
    "num_key_value_heads": 2,
}
_DBRX: Config = {
    "vocab_size": 128,
    "d_model": 32,
    "n_heads": 4,
    "n_layers": 2,
    "max_seq_len": 64,
    "attn_config": {"kv_n_heads": 2, "rope_theta": 10000.0, "clip_qkv": 8.0},
    "ffn_config": {"ffn_hidden_size": 64, "moe_num_experts": 4, "moe_top_k": 2},
}
_DEEPSEEK: Config = {
    **_BASE,
    **_BOS,
    "moe_intermediate_size": 32,
    "num_key_value_heads": 4,
    "n_routed_experts": 8,
    "n_shared_experts": 1,
    "num_experts_per_tok": 2,
    "n_group": 2,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
}
_LLAMA4: Config = {
    **_GROUPED,
    **_BOS,
    "intermediate_size_mlp": 64,
    "head_dim": 8,
    "num_local_experts": 4,
    "num_experts_per_tok": 1,
    "interleave_moe_layer_step": 2,
}
_T5: Config = {
    "vocab_size": 128,
    "d_model": 32,
    "d_kv": 8,
    "d_ff": 64,
    "num_layers": 2,
    "num_heads": 4,
}


def _state_space() -> tuple[Entry, ...]:
    return (
        model(
            "mamba",
            "MambaForCausalLM",
            "MambaConfig",
            {"vocab_size": 128, "hidden_size": 32, "num_hidden_layers": 2, "state_size": 8},
            ids_only(16),
            ({"vocab_size": 50280, "hidden_size": 768, "num_hidden_layers": 24}, ids_only(64)),
        ),
        model(
            "mamba2",
            "Mamba2ForCausalLM",
            "Mamba2Config",
            {
                "vocab_size": 128,
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "state_size": 8,
                "num_heads": 8,
                "head_dim": 8,
                "n_groups": 1,
                "chunk_size": 8,
            },
            ids_only(16),
        ),
        model(
            "rwkv",
            "RwkvForCausalLM",
            "RwkvConfig",
            {"vocab_size": 128, "hidden_size": 32, "num_hidden_layers": 2, "context_length": 32},
            ids_only(16),
        ),
        model(
            "falcon-mamba",
            "FalconMambaForCausalLM",
            "FalconMambaConfig",
            _FALCON_MAMBA,
            ids_only(16),
        ),
        model(
            "recurrent-gemma",
            "RecurrentGemmaForCausalLM",
            "RecurrentGemmaConfig",
            _RECURRENT,
            _SHORT,
        ),
        model("jamba", "JambaForCausalLM", "JambaConfig", _JAMBA, _SHORT),
        model("bamba", "BambaForCausalLM", "BambaConfig", _BAMBA, _SHORT),
        model("qwen3-next", "Qwen3NextForCausalLM", "Qwen3NextConfig", _QWEN3_NEXT, _SHORT),
        model("lfm2", "Lfm2ForCausalLM", "Lfm2Config", _LFM2, _SHORT),
    )


_FALCON_MAMBA: Config = {
    "vocab_size": 128,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "state_size": 8,
}
_RECURRENT: Config = {
    "vocab_size": 128,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 96,
    "lru_width": 32,
    "attention_window_size": 16,
}
_JAMBA: Config = {
    **_GROUPED,
    "num_hidden_layers": 4,
    "attn_layer_period": 4,
    "attn_layer_offset": 2,
    "expert_layer_period": 2,
    "expert_layer_offset": 1,
    "num_experts": 4,
    "mamba_d_state": 8,
    "mamba_dt_rank": 4,
    "use_mamba_kernels": False,
}
_BAMBA: Config = {
    **_GROUPED,
    **_BOS,
    "attn_layer_indices": [1],
    "mamba_n_heads": 8,
    "mamba_d_head": 8,
    "mamba_d_state": 8,
    "mamba_chunk_size": 8,
}
_QWEN3_NEXT: Config = {
    **_GROUPED,
    **_EXPERTS,
    "head_dim": 8,
    "shared_expert_intermediate_size": 32,
    "num_hidden_layers": 4,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
_LFM2: Config = {**_GROUPED, "layer_types": ["conv", "full_attention"]}


def _sequence_to_sequence() -> tuple[Entry, ...]:
    pair = sequence_pair(12, 8)
    return (
        model("t5", "T5ForConditionalGeneration", "T5Config", _T5, pair, ({}, _pair_of(64, 64))),
        model("mt5", "MT5ForConditionalGeneration", "MT5Config", _T5, pair),
        model("longt5", "LongT5Model", "LongT5Config", {**_T5, "local_radius": 4}, pair),
        model("umt5", "UMT5Model", "UMT5Config", _T5, pair),
        model(
            "bart",
            "BartForConditionalGeneration",
            "BartConfig",
            _BART,
            pair,
            (
                {  # bart-base
                    "d_model": 768,
                    "encoder_layers": 6,
                    "decoder_layers": 6,
                    "encoder_ffn_dim": 3072,
                    "decoder_ffn_dim": 3072,
                    "encoder_attention_heads": 12,
                    "decoder_attention_heads": 12,
                },
                _pair_of(64, 64),
            ),
        ),
        model("pegasus", "PegasusForConditionalGeneration", "PegasusConfig", _BART, pair),
        model("mbart", "MBartForConditionalGeneration", "MBartConfig", _BART, pair),
        model(
            "marian",
            "MarianMTModel",
            "MarianConfig",
            {**_BART, "pad_token_id": 0, "decoder_start_token_id": 0},
            pair,
        ),
        model("blenderbot", "BlenderbotForConditionalGeneration", "BlenderbotConfig", _BART, pair),
        model("m2m-100", "M2M100Model", "M2M100Config", _BART, pair),
        model("led", "LEDModel", "LEDConfig", {**_LED}, pair),
        model("prophetnet", "ProphetNetModel", "ProphetNetConfig", _PROPHETNET, pair),
        model("pegasus-x", "PegasusXModel", "PegasusXConfig", {**_BART, "block_size": 8}, pair),
        model("bigbird-pegasus", "BigBirdPegasusModel", "BigBirdPegasusConfig", _BART, pair),
        model("fsmt", "FSMTModel", "FSMTConfig", _FSMT, pair),
    )


_BART: Config = {
    "vocab_size": 128,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
}
_LED: Config = {
    **{key: value for key, value in _BART.items() if key != "max_position_embeddings"},
    "attention_window": 8,
    "max_encoder_position_embeddings": 64,
    "max_decoder_position_embeddings": 64,
}
_PROPHETNET: Config = {
    "vocab_size": 128,
    "hidden_size": 32,
    "encoder_ffn_dim": 64,
    "num_encoder_layers": 2,
    "num_encoder_attention_heads": 4,
    "decoder_ffn_dim": 64,
    "num_decoder_layers": 2,
    "num_decoder_attention_heads": 4,
    "max_position_embeddings": 64,
}
_FSMT: Config = {
    "langs": ["en", "de"],
    "src_vocab_size": 128,
    "tgt_vocab_size": 128,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_position_embeddings": 64,
}


def _pair_of(source: int, target: int) -> Inputs:
    return sequence_pair(source, target)
