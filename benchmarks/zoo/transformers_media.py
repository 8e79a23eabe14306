"""transformers: vision, audio, video and models of several media."""

from __future__ import annotations

from typing import Any

import torch

from .entry import Builder, Entry, Sample
from .transformers_inputs import (
    Config,
    image,
    image_and_text,
    model,
    spectrogram_and_text,
    video,
    waveform,
)

_VIT: Config = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
}
_TEXT: Config = {
    "vocab_size": 128,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 32,
}
_RESNET_BACKBONE: Config = {
    "model_type": "resnet",
    "embedding_size": 16,
    "hidden_sizes": [16, 24, 32, 48],
    "depths": [1, 1, 1, 1],
    "layer_type": "basic",
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}


def entries() -> tuple[Entry, ...]:
    """The entries for images, sound, video and mixed media, none built yet."""
    return _images() + _detection() + _sound() + _mixed() + _series()


def _images() -> tuple[Entry, ...]:
    small = image(32)
    return (
        model("vit", "ViTForImageClassification", "ViTConfig", _VIT, small, ({}, image(224))),
        model("deit", "DeiTForImageClassificationWithTeacher", "DeiTConfig", _VIT, small),
        model(
            "beit", "BeitModel", "BeitConfig", {**_VIT, "use_relative_position_bias": True}, small
        ),
        model("data2vec-vision", "Data2VecVisionModel", "Data2VecVisionConfig", _VIT, small),
        model("dinov2", "Dinov2Model", "Dinov2Config", _VIT, small),
        model("vit-mae", "ViTMAEForPreTraining", "ViTMAEConfig", _MAE, small),
        model(
            "segformer",
            "SegformerForSemanticSegmentation",
            "SegformerConfig",
            {
                "hidden_sizes": [16, 16, 32, 32],
                "depths": [1, 1, 1, 1],
                "num_attention_heads": [1, 2, 2, 4],
                "decoder_hidden_size": 16,
            },
            image(64),
            ({}, image(512)),  # segformer-b0
        ),
        model("swin", "SwinModel", "SwinConfig", _SWIN, image(32)),
        model("swinv2", "Swinv2Model", "Swinv2Config", _SWIN, image(32)),
        model("swin2sr", "Swin2SRForImageSuperResolution", "Swin2SRConfig", _SWIN2SR, image(32)),
        model("resnet", "ResNetModel", "ResNetConfig", _resnet_config(), image(64)),
        model("bit", "BitModel", "BitConfig", _BIT, image(64)),
        model("cvt", "CvtModel", "CvtConfig", _CVT, image(64)),
        model("focalnet", "FocalNetModel", "FocalNetConfig", _FOCALNET, image(32)),
        model("levit", "LevitModel", "LevitConfig", {"image_size": 64}, image(64)),
        model("mobilevit", "MobileViTModel", "MobileViTConfig", {"image_size": 64}, image(64)),
        model("pvt", "PvtModel", "PvtConfig", _PVT, image(64)),
        model("dpt", "DPTForDepthEstimation", "DPTConfig", _DPT, image(32)),
        model("glpn", "GLPNForDepthEstimation", "GLPNConfig", _GLPN, image(64)),
        model("imagegpt", "ImageGPTModel", "ImageGPTConfig", _IMAGEGPT, _pixels_as_tokens),
        model("superpoint", "SuperPointForKeypointDetection", "SuperPointConfig", {}, image(64)),
        model("hiera", "HieraModel", "HieraConfig", _HIERA, image(64)),
        model(
            "videomae", "VideoMAEModel", "VideoMAEConfig", {**_VIT, "num_frames": 4}, video(4, 32)
        ),
        model("timesformer", "TimesformerModel", "TimesformerConfig", _TIMESFORMER, video(4, 32)),
        model("vivit", "VivitModel", "VivitConfig", _VIVIT, video(4, 32)),
    )


_MAE: Config = {
    **_VIT,
    "decoder_hidden_size": 16,
    "decoder_num_hidden_layers": 1,
    "decoder_num_attention_heads": 2,
    "decoder_intermediate_size": 32,
}
_SWIN: Config = {
    "image_size": 32,
    "patch_size": 2,
    "embed_dim": 16,
    "depths": [2, 2],
    "num_heads": [2, 4],
    "window_size": 4,
}
_SWIN2SR: Config = {**_SWIN, "patch_size": 1, "embed_dim": 16, "depths": [2], "num_heads": [2]}
_BIT: Config = {"embedding_size": 16, "hidden_sizes": [32, 64], "depths": [1, 1], "num_groups": 8}
_CVT: Config = {"embed_dim": [16, 32, 64], "num_heads": [1, 2, 4], "depth": [1, 2, 3]}
_FOCALNET: Config = {"image_size": 32, "embed_dim": 16, "depths": [1, 1, 1, 1]}
_PVT: Config = {
    "image_size": 64,
    "depths": [1, 1, 1, 1],
    "hidden_sizes": [8, 16, 24, 32],
    "num_attention_heads": [1, 2, 3, 4],
}
_DPT: Config = {
    **_VIT,
    "num_hidden_layers": 4,
    "backbone_out_indices": [0, 1, 2, 3],
    "neck_hidden_sizes": [8, 16, 16, 16],
    "fusion_hidden_size": 16,
    "is_hybrid": False,
}
_GLPN: Config = {
    "hidden_sizes": [16, 16, 32, 32],
    "depths": [1, 1, 1, 1],
    "num_attention_heads": [1, 2, 2, 4],
    "decoder_hidden_size": 16,
}
_IMAGEGPT: Config = {
    "vocab_size": 65,
    "n_embd": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 64,
}
_HIERA: Config = {
    "embed_dim": 16,
    "image_size": [64, 64],
    "depths": [1, 1, 1, 1],
    "num_heads": [1, 1, 2, 4],
    "patch_stride": [4, 4],
    "patch_size": [7, 7],
    "patch_padding": [3, 3],
    "masked_unit_size": [8, 8],
}
_TIMESFORMER: Config = {**_VIT, "num_frames": 4, "attention_type": "divided_space_time"}
_VIVIT: Config = {**_VIT, "num_frames": 4, "tubelet_size": [2, 8, 8]}


def _resnet_config() -> Config:
    return {k: v for k, v in _RESNET_BACKBONE.items() if k not in ("model_type", "out_features")}


def _pixels_as_tokens(config: Any) -> dict[str, Any]:
    return {"input_ids": torch.randint(0, config.vocab_size - 1, (1, 32))}


def _detection() -> tuple[Entry, ...]:
    return (
        Entry(
            "transformers-detr", "transformers", _detector("DetrForObjectDetection", "DetrConfig")
        ),
        Entry(
            "transformers-conditional-detr",
            "transformers",
            _detector("ConditionalDetrForObjectDetection", "ConditionalDetrConfig"),
        ),
        Entry(
            "transformers-deformable-detr",
            "transformers",
            _detector("DeformableDetrForObjectDetection", "DeformableDetrConfig"),
        ),
        Entry("transformers-mask2former", "transformers", _mask2former),
        Entry("transformers-maskformer", "transformers", _maskformer),
        Entry("transformers-upernet", "transformers", _upernet),
        Entry("transformers-rt-detr", "transformers", _rt_detr),
        model("yolos", "YolosForObjectDetection", "YolosConfig", _YOLOS, image(32)),
    )


_YOLOS: Config = {**_VIT, "image_size": [32, 32], "num_detection_tokens": 5}


def _detector(model_class: str, config_class: str) -> Builder:
    def build() -> Sample:
        import transformers

        backbone = transformers.ResNetConfig(
            **{k: v for k, v in _RESNET_BACKBONE.items() if k != "model_type"}
        )
        config = getattr(transformers, config_class)(
            use_timm_backbone=False,
            use_pretrained_backbone=False,
            backbone=None,
            backbone_config=backbone,
            d_model=32,
            encoder_layers=2,
            decoder_layers=2,
            encoder_attention_heads=4,
            decoder_attention_heads=4,
            encoder_ffn_dim=64,
            decoder_ffn_dim=64,
            num_queries=8,
        )
        module = getattr(transformers, model_class)(config)
        return Sample(module, (), {"pixel_values": torch.randn(1, 3, 64, 64)})

    return build


def _small_swin() -> Any:
    import transformers

    config: Any = transformers.SwinConfig
    return config(
        image_size=64,
        patch_size=4,
        embed_dim=16,
        depths=[1, 1, 1, 1],
        num_heads=[1, 2, 2, 4],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )


def _mask2former() -> Sample:
    import transformers

    config = transformers.Mask2FormerConfig(
        backbone_config=_small_swin(),
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=64,
        dim_feedforward=64,
        encoder_layers=2,
        decoder_layers=2,
        num_attention_heads=4,
        num_queries=8,
    )
    module = transformers.Mask2FormerModel(config)
    return Sample(module, (), {"pixel_values": torch.randn(1, 3, 64, 64)})


def _maskformer() -> Sample:
    import transformers

    decoder = transformers.DetrConfig(
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=4,
        decoder_attention_heads=4,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        num_queries=8,
    )
    config = transformers.MaskFormerConfig(
        fpn_feature_size=32,
        mask_feature_size=32,
        backbone_config=_small_swin(),
        decoder_config=decoder,
    )
    module = transformers.MaskFormerModel(config)
    return Sample(module, (), {"pixel_values": torch.randn(1, 3, 64, 64)})


def _upernet() -> Sample:
    import transformers

    config = transformers.UperNetConfig(
        backbone_config=_small_swin(),
        hidden_size=32,
        pool_scales=[1, 2, 3, 6],
        auxiliary_in_channels=64,
        auxiliary_channels=16,
    )
    module = transformers.UperNetForSemanticSegmentation(config)
    return Sample(module, (), {"pixel_values": torch.randn(1, 3, 64, 64)})


def _rt_detr() -> Sample:
    import transformers

    backbone_config: Any = transformers.RTDetrResNetConfig
    backbone = backbone_config(
        embedding_size=16,
        hidden_sizes=[16, 24, 32, 48],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    )
    config = transformers.RTDetrConfig(
        backbone_config=backbone,
        encoder_hidden_dim=32,
        encoder_in_channels=[24, 32, 48],
        feat_strides=[8, 16, 32],
        encoder_ffn_dim=64,
        encoder_attention_heads=4,
        d_model=32,
        decoder_in_channels=[32, 32, 32],
        decoder_ffn_dim=64,
        decoder_layers=2,
        decoder_attention_heads=4,
        num_queries=8,
    )
    module = transformers.RTDetrForObjectDetection(config)
    return Sample(module, (), {"pixel_values": torch.randn(1, 3, 64, 64)})


_WAV2VEC2: Config = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "conv_dim": [16, 16, 16],
    "conv_kernel": [10, 3, 2],
    "conv_stride": [5, 2, 2],
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
    "vocab_size": 32,
}
_WHISPER: Config = {
    "vocab_size": 128,
    "num_mel_bins": 16,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "max_source_positions": 40,
    "max_target_positions": 32,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 3,
}


def _sound() -> tuple[Entry, ...]:
    clip = waveform(1000)
    return (
        model(
            "whisper",
            "WhisperForConditionalGeneration",
            "WhisperConfig",
            _WHISPER,
            spectrogram_and_text(16, 80, 8),
            ({}, spectrogram_and_text(80, 3000, 16)),  # whisper-tiny, 30 s
        ),
        model(
            "wav2vec2", "Wav2Vec2ForCTC", "Wav2Vec2Config", _WAV2VEC2, clip, ({}, waveform(16000))
        ),
        model("hubert", "HubertModel", "HubertConfig", _WAV2VEC2, clip),
        model("wavlm", "WavLMModel", "WavLMConfig", _WAV2VEC2, clip),
        model("unispeech-sat", "UniSpeechSatModel", "UniSpeechSatConfig", _WAV2VEC2, clip),
        model("data2vec-audio", "Data2VecAudioModel", "Data2VecAudioConfig", _WAV2VEC2, clip),
        model("sew", "SEWModel", "SEWConfig", {**_WAV2VEC2, "squeeze_factor": 2}, clip),
        model(
            "wav2vec2-conformer",
            "Wav2Vec2ConformerModel",
            "Wav2Vec2ConformerConfig",
            _WAV2VEC2,
            clip,
        ),
        model("ast", "ASTModel", "ASTConfig", _AST, _spectrogram_frames),
        model(
            "speech-to-text", "Speech2TextModel", "Speech2TextConfig", _SPEECH2TEXT, _speech_frames
        ),
        model("speecht5", "SpeechT5ForTextToSpeech", "SpeechT5Config", _SPEECHT5, _speecht5_inputs),
        model("vits", "VitsModel", "VitsConfig", _VITS, _vits_inputs),
        model("encodec", "EncodecModel", "EncodecConfig", _ENCODEC, _audio_channel),
        model("clap-audio", "ClapAudioModel", "ClapAudioConfig", _CLAP, _clap_features),
        model("univnet", "UnivNetModel", "UnivNetConfig", _UNIVNET, _univnet_inputs),
        model("mimi", "MimiModel", "MimiConfig", _MIMI, _audio_channel),
    )


_AST: Config = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_length": 64,
    "num_mel_bins": 32,
}
_SPEECH2TEXT: Config = {
    "vocab_size": 128,
    "d_model": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "conv_channels": 32,
    "input_feat_per_channel": 16,
    "max_source_positions": 64,
    "max_target_positions": 32,
}
_SPEECHT5: Config = {
    "vocab_size": 64,
    "hidden_size": 32,
    "encoder_layers": 2,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "num_mel_bins": 16,
    "speech_decoder_prenet_units": 16,
    "speech_decoder_postnet_units": 16,
    "speaker_embedding_dim": 16,
    "conv_dim": [16, 16],
    "conv_kernel": [10, 3],
    "conv_stride": [5, 2],
}
_VITS: Config = {
    "vocab_size": 38,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "ffn_dim": 32,
    "flow_size": 16,
    "spectrogram_bins": 16,
    "prior_encoder_num_flows": 2,
    "prior_encoder_num_wavenet_layers": 2,
    "posterior_encoder_num_wavenet_layers": 2,
    "duration_predictor_num_flows": 2,
    "duration_predictor_filter_channels": 16,
    "upsample_initial_channel": 32,
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
}
_ENCODEC: Config = {
    "hidden_size": 16,
    "num_filters": 4,
    "upsampling_ratios": [4, 4],
    "codebook_size": 16,
    "target_bandwidths": [24.0],
    "num_lstm_layers": 2,
}
_CLAP: Config = {
    "hidden_size": 32,
    "patch_embeds_hidden_size": 8,
    "depths": [1, 1],
    "num_attention_heads": [1, 2],
    "spec_size": 64,
    "num_mel_bins": 16,
    "window_size": 4,
    "patch_size": 4,
    "patch_stride": [4, 4],
    "projection_dim": 16,
    "num_hidden_layers": 2,
}
_UNIVNET: Config = {
    "model_in_channels": 8,
    "model_hidden_channels": 8,
    "num_mel_bins": 16,
    "resblock_kernel_sizes": [3],
    "resblock_stride_sizes": [4],
    "resblock_dilation_sizes": [[1, 3]],
    "kernel_predictor_num_blocks": 1,
    "kernel_predictor_hidden_channels": 8,
}
_MIMI: Config = {
    "hidden_size": 32,
    "num_filters": 4,
    "upsampling_ratios": [4, 4],
    "codebook_size": 16,
    "codebook_dim": 16,
    "vector_quantization_hidden_dimension": 16,
    "num_quantizers": 4,
    "num_semantic_quantizers": 1,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 8,
    "intermediate_size": 64,
    "upsample_groups": 32,
}


def _spectrogram_frames(config: Any) -> dict[str, Any]:
    return {"input_values": torch.randn(1, config.max_length, config.num_mel_bins)}


def _speech_frames(config: Any) -> dict[str, Any]:
    return {
        "input_features": torch.randn(1, 40, config.input_feat_per_channel),
        "decoder_input_ids": torch.randint(3, config.vocab_size, (1, 6)),
    }


def _speecht5_inputs(config: Any) -> dict[str, Any]:
    return {
        "input_ids": torch.randint(3, config.vocab_size, (1, 12)),
        "decoder_input_values": torch.randn(1, 8, config.num_mel_bins),
        "speaker_embeddings": torch.randn(1, config.speaker_embedding_dim),
    }


def _vits_inputs(config: Any) -> dict[str, Any]:
    return {"input_ids": torch.randint(1, config.vocab_size, (1, 10))}


def _audio_channel(config: Any) -> dict[str, Any]:
    return {"input_values": torch.randn(1, 1, 640)}


def _clap_features(config: Any) -> dict[str, Any]:
    return {
        "input_features": torch.randn(1, 1, 256, config.num_mel_bins),
        "is_longer": torch.tensor([[False]]),
    }


def _univnet_inputs(config: Any) -> dict[str, Any]:
    return {
        "input_features": torch.randn(1, 12, config.num_mel_bins),
        "noise_sequence": torch.randn(1, 12, config.model_in_channels),
    }


def _mixed() -> tuple[Entry, ...]:
    towers: Config = {"text_config": {**_TEXT, "eos_token_id": 2}, "vision_config": _VIT}
    return (
        model(
            "clip",
            "CLIPModel",
            "CLIPConfig",
            {**towers, "projection_dim": 16},
            image_and_text(32, 12),
            ({}, image_and_text(224, 77)),  # clip-vit-base-patch32
        ),
        model("siglip", "SiglipModel", "SiglipConfig", towers, image_and_text(32, 12)),
        model("altclip", "AltCLIPVisionModel", "AltCLIPVisionConfig", _VIT, image(32)),
        model("blip", "BlipForConditionalGeneration", "BlipConfig", towers, image_and_text(32, 12)),
        model("owlvit", "OwlViTModel", "OwlViTConfig", towers, image_and_text(32, 12)),
        model("clipseg", "CLIPSegModel", "CLIPSegConfig", towers, image_and_text(32, 12)),
        model(
            "git", "GitModel", "GitConfig", {**_TEXT, "vision_config": _VIT}, image_and_text(32, 12)
        ),
        model(
            "vilt", "ViltModel", "ViltConfig", {**_VIT, "vocab_size": 128}, image_and_text(32, 12)
        ),
        model("layoutlmv3", "LayoutLMv3Model", "LayoutLMv3Config", _LAYOUTLMV3, _document),
        Entry("transformers-encoder-decoder", "transformers", _encoder_decoder),
        Entry("transformers-vision-encoder-decoder", "transformers", _vision_encoder_decoder),
        Entry("transformers-llava", "transformers", _llava),
        Entry("transformers-sam", "transformers", _sam),
        model(
            "bridgetower",
            "BridgeTowerModel",
            "BridgeTowerConfig",
            _BRIDGETOWER,
            image_and_text(32, 12),
        ),
    )


_LAYOUTLMV3: Config = {
    **_TEXT,
    "coordinate_size": 5,
    "shape_size": 6,
    "input_size": 32,
    "patch_size": 8,
    "has_relative_attention_bias": True,
    "has_spatial_attention_bias": True,
    "rel_pos_bins": 8,
    "max_rel_pos": 16,
}
_BRIDGETOWER: Config = {
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "text_config": {**_TEXT, "hidden_size": 64, "pad_token_id": 1},
    "vision_config": {**_VIT, "hidden_size": 64},
}


def _document(config: Any) -> dict[str, Any]:
    corner = torch.randint(0, 100, (1, 12, 2))
    size = torch.randint(1, 50, (1, 12, 2))
    return {
        **image_and_text(32, 12)(config),
        "bbox": torch.cat([corner, corner + size], dim=-1),
    }


def _encoder_decoder() -> Sample:
    import transformers

    encoder = transformers.BertConfig(**_TEXT)
    decoder = transformers.BertConfig(**_TEXT, is_decoder=True, add_cross_attention=True)
    config = transformers.EncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id = 1, 0
    ids = torch.randint(10, 128, (1, 20))
    return Sample(
        transformers.EncoderDecoderModel(config),
        (),
        {"input_ids": ids[:, :12], "decoder_input_ids": ids[:, 12:]},
    )


def _vision_encoder_decoder() -> Sample:
    import transformers

    encoder = transformers.ViTConfig(**_VIT)
    decoder = transformers.GPT2Config(
        vocab_size=128, n_embd=32, n_layer=2, n_head=4, n_positions=32, add_cross_attention=True
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    return Sample(
        transformers.VisionEncoderDecoderModel(config),
        (),
        {
            "pixel_values": torch.randn(1, 3, 32, 32),
            "decoder_input_ids": torch.randint(10, 128, (1, 8)),
        },
    )


def _llava() -> Sample:
    import transformers

    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**_VIT),
        text_config=transformers.LlamaConfig(**_TEXT, pad_token_id=0),
        image_token_index=127,
        vision_feature_layer=-1,
    )
    ids = torch.randint(10, 120, (1, 24))
    ids[:, 2:18] = 127  # one placeholder for each of the 16 patches
    return Sample(
        transformers.LlavaForConditionalGeneration(config),
        (),
        {
            "input_ids": ids,
            "attention_mask": torch.ones_like(ids),
            "pixel_values": torch.randn(1, 3, 32, 32),
        },
    )


def _sam() -> Sample:
    import transformers

    config = transformers.SamConfig(
        vision_config={
            **_VIT,
            "output_channels": 16,
            "mlp_dim": 64,
            "window_size": 2,
            "global_attn_indexes": [1],
            "num_pos_feats": 8,
        },
        prompt_encoder_config={
            "hidden_size": 16,
            "image_size": 32,
            "patch_size": 8,
            "image_embedding_size": 4,
        },
        mask_decoder_config={
            "hidden_size": 16,
            "mlp_dim": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )
    return Sample(
        transformers.SamModel(config),
        (),
        {
            "pixel_values": torch.randn(1, 3, 32, 32),
            "input_points": torch.tensor([[[[8.0, 8.0]]]]),
        },
    )


def _series() -> tuple[Entry, ...]:
    return (
        model("patchtst", "PatchTSTModel", "PatchTSTConfig", _PATCHTST, _past_values),
        model(
            "patchtsmixer", "PatchTSMixerModel", "PatchTSMixerConfig", _PATCHTSMIXER, _past_values
        ),
        model(
            "decision-transformer",
            "DecisionTransformerModel",
            "DecisionTransformerConfig",
            _DECISION,
            _trajectory,
        ),
    )


_PATCHTST: Config = {
    "num_input_channels": 2,
    "context_length": 32,
    "patch_length": 8,
    "patch_stride": 8,
    "d_model": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "ffn_dim": 64,
}
_PATCHTSMIXER: Config = {
    "num_input_channels": 2,
    "context_length": 32,
    "patch_length": 8,
    "patch_stride": 8,
    "d_model": 16,
    "num_layers": 2,
    "mode": "mix_channel",
}
_DECISION: Config = {
    "state_dim": 8,
    "act_dim": 4,
    "hidden_size": 32,
    "n_layer": 2,
    "n_head": 4,
    "n_positions": 64,
    "max_ep_len": 64,
}


def _past_values(config: Any) -> dict[str, Any]:
    return {"past_values": torch.randn(1, config.context_length, config.num_input_channels)}


def _trajectory(config: Any) -> dict[str, Any]:
    return {
        "states": torch.randn(1, 6, config.state_dim),
        "actions": torch.randn(1, 6, config.act_dim),
        "rewards": torch.randn(1, 6, 1),
        "returns_to_go": torch.randn(1, 6, 1),
        "timesteps": torch.arange(6).unsqueeze(0),
        "attention_mask": torch.ones(1, 6),
    }
