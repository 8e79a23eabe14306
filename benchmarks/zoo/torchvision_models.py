"""torchvision: segmentation, video, optical flow and its own classifiers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from .entry import Builder, Entry, Sample


def entries() -> tuple[Entry, ...]:
    """The torchvision entries, none built yet."""
    return (
        _entry("alexnet", "alexnet", _image(64), {}, _image(224)),
        _entry("squeezenet", "squeezenet1_1", _image(64), {}, _image(224)),
        _entry("googlenet", "googlenet", _image(64), {"init_weights": False}),
        _entry("shufflenet", "shufflenet_v2_x0_5", _image(64), {}, _image(224)),
        _entry("resnet50", "resnet50", _image(64)),
        _entry("vit", "vit_b_16", _image(64), {"image_size": 64}),
        _entry("swin-v2", "swin_v2_t", _image(64)),
        _entry("maxvit", "maxvit_t", _image(224)),
        _entry("fcn", "segmentation.fcn_resnet50", _image(64), _NO_WEIGHTS),
        _entry("deeplabv3", "segmentation.deeplabv3_mobilenet_v3_large", _image(64), _NO_WEIGHTS),
        _entry("lraspp", "segmentation.lraspp_mobilenet_v3_large", _image(64), _NO_WEIGHTS),
        _entry("r3d", "video.r3d_18", lambda: (torch.randn(1, 3, 4, 32, 32),)),
        _entry("raft", "optical_flow.raft_small", _two_frames, {"num_flow_updates": 2}),
    )


_NO_WEIGHTS: dict[str, Any] = {"weights": None, "weights_backbone": None}


def _entry(
    name: str,
    path: str,
    inputs: Callable[[], tuple[Any, ...]],
    settings: dict[str, Any] | None = None,
    full_inputs: Callable[[], tuple[Any, ...]] | None = None,
) -> Entry:
    settings = settings or {}
    return Entry(
        f"torchvision-{name}",
        "torchvision",
        _builder(path, settings, inputs),
        None if full_inputs is None else _builder(path, settings, full_inputs),
    )


def _builder(path: str, settings: dict[str, Any], inputs: Callable[[], tuple[Any, ...]]) -> Builder:
    def build() -> Sample:
        import torchvision.models

        factory: Any = torchvision.models
        for part in path.split("."):
            factory = getattr(factory, part)
        # RAFT takes the number of refinements in forward, the others take settings when built.
        if "num_flow_updates" in settings:
            return Sample(factory(), inputs(), settings)
        return Sample(factory(**settings), inputs())

    return build


def _image(size: int) -> Callable[[], tuple[Any, ...]]:
    return lambda: (torch.randn(1, 3, size, size),)


def _two_frames() -> tuple[Any, ...]:
    return torch.randn(1, 3, 128, 128), torch.randn(1, 3, 128, 128)
