"""diffusers: denoisers and autoencoders of image generation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .entry import Builder, Entry, Sample

_Inputs = Callable[[], tuple[tuple[Any, ...], dict[str, Any]]]


def entries() -> tuple[Entry, ...]:
    """The diffusers entries, none built yet."""
    return (
        _entry(
            "unet2d",
            "UNet2DModel",
            {
                "sample_size": 16,
                "block_out_channels": (16, 32),
                "layers_per_block": 1,
                "norm_num_groups": 8,
                "attention_head_dim": 8,
                "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
                "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
            },
            lambda: ((torch.randn(1, 3, 16, 16), torch.tensor([7])), {}),
            _DDPM_CIFAR10,
            lambda: ((torch.randn(1, 3, 32, 32), torch.tensor([7])), {}),
        ),
        _entry(
            "unet2d-condition",
            "UNet2DConditionModel",
            _CONDITIONED_UNET,
            _text_conditioned(16),
            {"cross_attention_dim": 768},  # Stable Diffusion 1.5, for images of 256 px
            lambda: (
                (torch.randn(1, 4, 32, 32), torch.tensor(7), torch.randn(1, 77, 768)),
                {},
            ),
        ),
        _entry("controlnet", "ControlNetModel", _CONTROLNET, _controlnet_inputs),
        _entry("unet1d", "UNet1DModel", _UNET1D, lambda: ((torch.randn(1, 14, 32), 3), {})),
        _entry("unet3d", "UNet3DConditionModel", _UNET3D, _video_inputs),
        _entry("autoencoder-kl", "AutoencoderKL", _AUTOENCODER, _picture(32)),
        _entry("vq", "VQModel", _VQ, _picture(32)),
        _entry(
            "autoencoder-tiny",
            "AutoencoderTiny",
            {
                "encoder_block_out_channels": (16, 16),
                "decoder_block_out_channels": (16, 16),
                "num_encoder_blocks": (1, 2),
                "num_decoder_blocks": (2, 1),
            },
            _picture(32),
            {},
            _picture(256),
        ),
        _entry("asymmetric-autoencoder", "AsymmetricAutoencoderKL", _ASYMMETRIC, _picture(32)),
        _entry("dit", "DiTTransformer2DModel", _DIT, _dit_inputs),
        _entry("pixart", "PixArtTransformer2DModel", _PIXART, _pixart_inputs),
        _entry("sd3", "SD3Transformer2DModel", _SD3, _sd3_inputs),
        _entry("flux", "FluxTransformer2DModel", _FLUX, _flux_inputs),
        _entry("transformer2d", "Transformer2DModel", _TRANSFORMER2D, _transformer2d_inputs),
        _entry("prior", "PriorTransformer", _PRIOR, _prior_inputs),
        _entry("sana", "SanaTransformer2DModel", _SANA, _sana_inputs),
        _entry("wan", "WanTransformer3DModel", _WAN, _wan_inputs),
        _entry("cogvideox", "CogVideoXTransformer3DModel", _COGVIDEOX, _cogvideox_inputs),
    )


def _entry(
    name: str,
    model_class: str,
    small: dict[str, Any],
    small_inputs: _Inputs,
    full: dict[str, Any] | None = None,
    full_inputs: _Inputs | None = None,
) -> Entry:
    return Entry(
        f"diffusers-{name}",
        "diffusers",
        _builder(model_class, small, small_inputs),
        None if full is None or full_inputs is None else _builder(model_class, full, full_inputs),
    )


def _builder(model_class: str, settings: dict[str, Any], inputs: _Inputs) -> Builder:
    def build() -> Sample:
        import diffusers

        module = getattr(diffusers, model_class)(**settings)
        return Sample(module, *inputs())

    return build


_DDPM_CIFAR10: dict[str, Any] = {
    "sample_size": 32,
    "block_out_channels": (128, 256, 256, 256),
    "layers_per_block": 2,
    "attention_head_dim": None,
    "down_block_types": ("DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
    "downsample_padding": 0,
    "flip_sin_to_cos": False,
    "freq_shift": 1,
    "norm_eps": 1e-6,
}
_CONDITIONED_UNET: dict[str, Any] = {
    "sample_size": 16,
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "attention_head_dim": 4,
    "cross_attention_dim": 16,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}
_CONTROLNET: dict[str, Any] = {
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "attention_head_dim": 4,
    "cross_attention_dim": 16,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "conditioning_embedding_out_channels": (8, 16),
}
_UNET1D: dict[str, Any] = {
    "sample_size": 32,
    "in_channels": 14,
    "out_channels": 14,
    "time_embedding_type": "positional",
    "use_timestep_embedding": True,
    "act_fn": "mish",
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "down_block_types": ("DownResnetBlock1D", "DownResnetBlock1D"),
    "up_block_types": ("UpResnetBlock1D",),
    "mid_block_type": "MidResTemporalBlock1D",
    "out_block_type": "OutConv1DBlock",
    "downsample_each_block": False,
    "extra_in_channels": 0,
}
_UNET3D: dict[str, Any] = {
    "sample_size": 8,
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "attention_head_dim": 8,
    "cross_attention_dim": 16,
    "down_block_types": ("CrossAttnDownBlock3D", "DownBlock3D"),
    "up_block_types": ("UpBlock3D", "CrossAttnUpBlock3D"),
}
_AUTOENCODER: dict[str, Any] = {
    "block_out_channels": (16, 32),
    "layers_per_block": 1,
    "norm_num_groups": 8,
    "down_block_types": ("DownEncoderBlock2D", "DownEncoderBlock2D"),
    "up_block_types": ("UpDecoderBlock2D", "UpDecoderBlock2D"),
}
_VQ: dict[str, Any] = {**_AUTOENCODER, "latent_channels": 3, "num_vq_embeddings": 32}
_ASYMMETRIC: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D", "DownEncoderBlock2D"),
    "down_block_out_channels": (16, 32),
    "layers_per_down_block": 1,
    "up_block_types": ("UpDecoderBlock2D", "UpDecoderBlock2D"),
    "up_block_out_channels": (16, 32),
    "layers_per_up_block": 1,
    "norm_num_groups": 8,
}
_DIT: dict[str, Any] = {
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "in_channels": 4,
    "out_channels": 8,
    "num_layers": 2,
    "sample_size": 16,
    "num_embeds_ada_norm": 10,
}
_PIXART: dict[str, Any] = {
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "num_layers": 2,
    "cross_attention_dim": 32,
    "caption_channels": 16,
    "sample_size": 16,
    "use_additional_conditions": False,
}
_SD3: dict[str, Any] = {
    "sample_size": 16,
    "num_layers": 2,
    "attention_head_dim": 8,
    "num_attention_heads": 4,
    "joint_attention_dim": 32,
    "caption_projection_dim": 32,
    "pooled_projection_dim": 16,
    "in_channels": 4,
    "out_channels": 4,
    "pos_embed_max_size": 16,
}
_FLUX: dict[str, Any] = {
    "in_channels": 4,
    "num_layers": 1,
    "num_single_layers": 2,
    "attention_head_dim": 16,
    "num_attention_heads": 2,
    "joint_attention_dim": 32,
    "pooled_projection_dim": 32,
    "axes_dims_rope": (4, 4, 8),
}
_TRANSFORMER2D: dict[str, Any] = {
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "in_channels": 32,
    "num_layers": 2,
    "norm_num_groups": 8,
    "cross_attention_dim": 16,
}
_PRIOR: dict[str, Any] = {
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "num_layers": 2,
    "embedding_dim": 32,
    "num_embeddings": 7,
    "additional_embeddings": 4,
}
_SANA: dict[str, Any] = {
    "in_channels": 4,
    "out_channels": 4,
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "num_layers": 2,
    "num_cross_attention_heads": 4,
    "cross_attention_head_dim": 8,
    "cross_attention_dim": 32,
    "caption_channels": 16,
    "sample_size": 8,
}
_WAN: dict[str, Any] = {
    "num_attention_heads": 4,
    "attention_head_dim": 12,
    "in_channels": 4,
    "out_channels": 4,
    "text_dim": 16,
    "freq_dim": 32,
    "ffn_dim": 64,
    "num_layers": 2,
}
_COGVIDEOX: dict[str, Any] = {
    "num_attention_heads": 4,
    "attention_head_dim": 8,
    "in_channels": 4,
    "out_channels": 4,
    "time_embed_dim": 16,
    "text_embed_dim": 16,
    "num_layers": 2,
    "sample_width": 8,
    "sample_height": 8,
    "sample_frames": 5,
    "max_text_seq_length": 8,
}


def _picture(size: int) -> _Inputs:
    return lambda: ((torch.randn(1, 3, size, size),), {})


def _text_conditioned(width: int) -> _Inputs:
    return lambda: (
        (torch.randn(1, 4, 16, 16), torch.tensor(7)),
        {"encoder_hidden_states": torch.randn(1, 5, width)},
    )


def _controlnet_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    args, kwargs = _text_conditioned(16)()
    return args, {**kwargs, "controlnet_cond": torch.randn(1, 3, 32, 32)}


def _video_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 4, 3, 8, 8), torch.tensor(7), torch.randn(1, 5, 16)), {}


def _dit_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 4, 16, 16), torch.tensor([7]), torch.tensor([3])), {}


def _pixart_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 4, 16, 16),), {
        "encoder_hidden_states": torch.randn(1, 6, 16),
        "timestep": torch.tensor([7]),
        "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
    }


def _sd3_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 4, 16, 16),), {
        "encoder_hidden_states": torch.randn(1, 6, 32),
        "pooled_projections": torch.randn(1, 16),
        "timestep": torch.tensor([7]),
    }


def _flux_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 16, 4),), {
        "encoder_hidden_states": torch.randn(1, 6, 32),
        "pooled_projections": torch.randn(1, 32),
        "timestep": torch.tensor([0.5]),
        "img_ids": torch.randn(16, 3),
        "txt_ids": torch.randn(6, 3),
    }


def _transformer2d_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 32, 8, 8),), {"encoder_hidden_states": torch.randn(1, 5, 16)}


def _prior_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 32),), {
        "timestep": 7,
        "proj_embedding": torch.randn(1, 32),
        "encoder_hidden_states": torch.randn(1, 7, 32),
    }


def _sana_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 4, 8, 8),), {
        "encoder_hidden_states": torch.randn(1, 6, 16),
        "timestep": torch.tensor([7]),
    }


def _wan_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 4, 2, 8, 8),), {
        "encoder_hidden_states": torch.randn(1, 6, 16),
        "timestep": torch.tensor([7]),
    }


def _cogvideox_inputs() -> tuple[tuple[Any, ...], dict[str, Any]]:
    return (torch.randn(1, 2, 4, 8, 8),), {
        "encoder_hidden_states": torch.randn(1, 8, 16),
        "timestep": torch.tensor([7]),
    }
