"""Which models of the zoo are drawn, and how large."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from ..zoo import Entry, Scale, missing, zoo

# The zoo keeps these small only; together with all that it keeps at their published size, every
# family of architectures is there.
SMALL = (
    "torch-transformer-decoder",
    "torch-lstm-tagger",
    "torch-gru-attention-seq2seq",
    "torch-lstm-cell-loop",
    "torch-wavenet",
    "torch-siamese",
    "torch-vae",
    "torch-dcgan",
    "torch-dlrm",
    "torch-mixture-of-experts",
    "torchvision-googlenet",
    "torchvision-deeplabv3",
    "torchvision-r3d",
    "torchvision-raft",
    "timm-darknet",
    "timm-focalnet",
    "timm-edgenext",
    "transformers-gemma2",
    "transformers-mixtral",
    "transformers-deepseek-v3",
    "transformers-mamba2",
    "transformers-jamba",
    "transformers-detr",
    "transformers-mask2former",
    "transformers-sam",
    "transformers-llava",
    "transformers-vits",
    "transformers-patchtst",
    "diffusers-controlnet",
    "diffusers-autoencoder-kl",
    "diffusers-flux",
    "diffusers-sd3",
    "pyg-gin",
    "pyg-graph-transformer",
)


def chosen(patterns: Sequence[str]) -> list[tuple[Entry, Scale]]:
    """The models whose names match a pattern, of those that can be built here.

    Without patterns: all that the zoo keeps at full size, and the small ones listed here.
    """
    found: list[tuple[Entry, Scale]] = []
    for entry in zoo():
        if missing(entry.family):
            continue
        if patterns:
            wanted = any(fnmatch.fnmatch(entry.name, pattern) for pattern in patterns)
        else:
            wanted = entry.full is not None or entry.name in SMALL
        if wanted:
            found.append((entry, "small" if entry.full is None else "full"))
    return found
