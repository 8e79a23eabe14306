"""timm: image classifiers of every kind, from VGG to vision transformers."""

from __future__ import annotations

from typing import Any

import torch

from .entry import Builder, Entry, Sample

_FOUR_SMALL_STAGES: dict[str, Any] = {
    "depths": (1, 1, 2, 1),
    "embed_dim": 32,
    "num_heads": (1, 2, 4, 8),
}

# name, timm id of the small model, its image size, its arguments, (timm id, size) of the full one
_MODELS: tuple[tuple[str, str, int, dict[str, Any], tuple[str, int] | None], ...] = (
    ("vgg", "vgg11_bn", 32, {}, ("vgg16", 224)),
    ("resnet", "resnet18", 64, {}, ("resnet50", 224)),
    ("resnext", "resnext26ts", 64, {}, None),
    ("seresnet", "seresnet50", 64, {}, None),
    ("resnetv2", "resnetv2_50", 64, {}, None),
    ("resnest", "resnest14d", 64, {}, None),
    ("res2net", "res2net50_26w_4s", 64, {}, None),
    ("sknet", "skresnet18", 64, {}, None),
    ("ecaresnet", "ecaresnet26t", 64, {}, None),
    ("gcresnext", "gcresnext26ts", 64, {}, None),
    ("botnet", "botnet26t_256", 64, {"img_size": 64}, None),
    ("lambda-resnet", "lambda_resnet26t", 64, {}, None),
    ("halonet", "halonet26t", 256, {}, None),
    ("tresnet", "tresnet_m", 64, {}, None),
    ("densenet", "densenet121", 64, {}, ("densenet121", 224)),
    ("inception-v3", "inception_v3", 128, {}, ("inception_v3", 299)),
    ("inception-resnet", "inception_resnet_v2", 96, {}, None),
    ("xception", "xception41", 64, {}, None),
    ("efficientnet", "efficientnet_b0", 64, {}, ("efficientnet_b0", 224)),
    ("efficientnetv2", "tf_efficientnetv2_b0", 64, {}, None),
    ("mobilenetv2", "mobilenetv2_050", 64, {}, ("mobilenetv2_100", 224)),
    ("mobilenetv3", "mobilenetv3_small_050", 64, {}, ("mobilenetv3_large_100", 224)),
    ("mobilenetv4", "mobilenetv4_conv_small", 64, {}, None),
    ("mnasnet", "mnasnet_small", 64, {}, None),
    ("ghostnet", "ghostnet_050", 64, {}, ("ghostnet_100", 224)),
    ("lcnet", "lcnet_050", 64, {}, None),
    ("regnetx", "regnetx_002", 64, {}, None),
    ("regnety", "regnety_002", 64, {}, ("regnety_016", 224)),
    ("repvgg", "repvgg_a0", 64, {}, None),
    ("mobileone", "mobileone_s0", 64, {}, None),
    ("nf-regnet", "nf_regnet_b0", 64, {}, None),
    ("nfnet", "nfnet_l0", 64, {}, ("nfnet_l0", 224)),
    ("convnext", "convnext_atto", 64, {}, ("convnext_tiny", 224)),
    ("convnextv2", "convnextv2_atto", 64, {}, None),
    ("hrnet", "hrnet_w18_small", 64, {}, ("hrnet_w18", 224)),
    ("dla", "dla34", 64, {}, None),
    ("cspnet", "cspresnet50", 64, {}, None),
    ("darknet", "darknet53", 64, {}, None),
    ("vovnet", "ese_vovnet19b_dw", 64, {}, None),
    ("selecsls", "selecsls42b", 64, {}, None),
    ("rexnet", "rexnet_100", 64, {}, None),
    ("focalnet", "focalnet_tiny_srf", 64, {}, None),
    ("inception-next", "inception_next_atto", 64, {}, None),
    ("rdnet", "rdnet_tiny", 64, {}, None),
    ("mambaout", "mambaout_femto", 64, {}, None),
    ("vit", "vit_tiny_patch16_224", 64, {"img_size": 64}, ("vit_base_patch16_224", 224)),
    (
        "deit-distilled",
        "deit_tiny_distilled_patch16_224",
        64,
        {"img_size": 64},
        ("deit_small_distilled_patch16_224", 224),
    ),
    ("deit3", "deit3_small_patch16_224", 64, {"img_size": 64, "depth": 4}, None),
    ("vit-relpos", "vit_relpos_small_patch16_224", 64, {"img_size": 64, "depth": 4}, None),
    ("dinov2", "vit_small_patch14_dinov2", 56, {"img_size": 56, "depth": 4}, None),
    ("vitamin", "vitamin_small_224", 64, {"img_size": 64}, None),
    ("naflexvit", "naflexvit_base_patch16_gap", 64, {"depth": 2}, None),
    (
        "swin",
        "swin_tiny_patch4_window7_224",
        64,
        {"img_size": 64, **_FOUR_SMALL_STAGES},
        ("swin_tiny_patch4_window7_224", 224),
    ),
    ("swinv2", "swinv2_tiny_window8_256", 64, {"img_size": 64, **_FOUR_SMALL_STAGES}, None),
    ("swinv2-cr", "swinv2_cr_tiny_224", 64, {"img_size": 64, **_FOUR_SMALL_STAGES}, None),
    ("maxvit", "maxvit_pico_rw_256", 64, {"img_size": 64}, ("maxvit_tiny_rw_224", 224)),
    ("maxxvit", "maxxvit_rmlp_nano_rw_256", 64, {"img_size": 64}, None),
    ("coatnet", "coatnet_pico_rw_224", 64, {"img_size": 64}, ("coatnet_0_rw_224", 224)),
    ("coat", "coat_tiny", 64, {"img_size": 64}, None),
    ("mixer", "mixer_s32_224", 64, {"img_size": 64}, ("mixer_b16_224", 224)),
    ("resmlp", "resmlp_12_224", 64, {"img_size": 64}, None),
    ("gmlp", "gmlp_ti16_224", 64, {"img_size": 64}, None),
    ("cait", "cait_xxs24_224", 64, {"img_size": 64, "depth": 4}, ("cait_xxs24_224", 224)),
    ("xcit", "xcit_nano_12_p16_224", 64, {"img_size": 64}, ("xcit_tiny_12_p16_224", 224)),
    ("poolformer", "poolformer_s12", 64, {}, ("poolformer_s12", 224)),
    ("caformer", "caformer_s18", 64, {}, None),
    ("levit", "levit_128s", 64, {"img_size": 64}, ("levit_256", 224)),
    ("eva02", "eva02_tiny_patch14_224", 56, {"img_size": 56, "depth": 4}, None),
    ("eva", "eva_large_patch14_196", 56, {"img_size": 56, "depth": 2}, None),
    (
        "beit",
        "beit_base_patch16_224",
        64,
        {"img_size": 64, "depth": 2},
        ("beit_base_patch16_224", 224),
    ),
    ("volo", "volo_d1_224", 64, {"img_size": 64}, ("volo_d1_224", 224)),
    ("twins-pcpvt", "twins_pcpvt_small", 64, {"img_size": 64}, None),
    ("twins-svt", "twins_svt_small", 64, {"img_size": 64}, ("twins_svt_small", 224)),
    ("pvt", "pvt_v2_b0", 64, {}, ("pvt_v2_b2", 224)),
    ("crossvit", "crossvit_tiny_240", 48, {}, ("crossvit_15_240", 240)),
    ("convit", "convit_tiny", 64, {"img_size": 64}, None),
    ("pit", "pit_ti_224", 64, {"img_size": 64}, None),
    ("tnt", "tnt_s_patch16_224", 64, {"img_size": 64, "depth": 2}, None),
    ("visformer", "visformer_tiny", 64, {"img_size": 64}, None),
    ("mvitv2", "mvitv2_tiny", 64, {"img_size": 64}, None),
    ("hiera", "hiera_tiny_224", 64, {"img_size": 64}, None),
    ("davit", "davit_tiny", 64, {}, None),
    ("efficientformerv2", "efficientformerv2_s0", 64, {"img_size": 64}, None),
    ("efficientvit", "efficientvit_b0", 64, {}, None),
    ("efficientvit-msra", "efficientvit_m0", 64, {"img_size": 64}, None),
    ("mobilevit", "mobilevit_xxs", 64, {}, None),
    ("mobilevitv2", "mobilevitv2_050", 64, {}, None),
    ("edgenext", "edgenext_xx_small", 64, {}, None),
    ("fastvit", "fastvit_t8", 64, {}, None),
    ("gcvit", "gcvit_xxtiny", 64, {"img_size": 64}, None),
    ("nest", "nest_tiny", 64, {"img_size": 64}, None),
    ("sequencer", "sequencer2d_s", 64, {}, None),
)


def entries() -> tuple[Entry, ...]:
    """The timm entries, none built yet."""
    return tuple(
        Entry(
            f"timm-{name}",
            "timm",
            _builder(small, size, arguments),
            None if full is None else _builder(*full, {}),
        )
        for name, small, size, arguments, full in _MODELS
    )


def _builder(model_name: str, size: int, arguments: dict[str, Any]) -> Builder:
    def build() -> Sample:
        import timm

        module = timm.create_model(model_name, pretrained=False, **arguments)
        return Sample(module, (torch.randn(1, 3, size, size),))

    return build
