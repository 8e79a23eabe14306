"""The pictures in ``examples/pictures``, which the README shows, and the figures for print.

``python -m benchmarks.example_pictures`` draws them again; the same code gives the same files.
``--figures`` makes those of ``docs/figures`` instead, which docs/pictures.md shows: as PDF, in the
size in which they are printed.
"""

from __future__ import annotations

import argparse
import logging
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from modelviz import ModelGraph, draw, trace
from modelviz.sources import resolve

from .pictures.geometry import crossings, faults, page, smallest_text
from .zoo import entry, missing

_ROOT = Path(__file__).resolve().parent.parent
FOLDER = _ROOT / "examples" / "pictures"
PRINTED = _ROOT / "docs" / "figures"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its title, where the model comes from, and the options it is drawn with."""

    title: str
    graph: Callable[[], ModelGraph]
    needs: str = "torch"
    options: dict[str, Any] = field(default_factory=dict)


def _from_zoo(name: str) -> Callable[[], ModelGraph]:
    def graph() -> ModelGraph:
        found = entry(name)
        sample = found.build("small" if found.full is None else "full")
        return trace(sample.module, **sample.trace_arguments())

    return graph


def _from_gallery(name: str) -> Callable[[], ModelGraph]:
    def graph() -> ModelGraph:
        source = resolve(name)
        if isinstance(source.model, ModelGraph):
            return source.model
        return trace(source.model, input_data=source.inputs, mode="eval")

    return graph


PICTURES: dict[str, Picture] = {
    "resnet50": Picture("ResNet-50", _from_zoo("timm-resnet"), "timm"),
    "unet": Picture("U-Net", _from_zoo("torch-unet")),
    "transformer": Picture("Transformer", _from_gallery("transformer")),
    "lstm_tagger": Picture("LSTM tagger", _from_gallery("lstm_tagger")),
    "mixture_of_experts": Picture("Mixture of experts", _from_gallery("mixture_of_experts")),
    "llama": Picture("Llama, 135 M", _from_zoo("transformers-llama"), "transformers"),
    "resnet50-flops": Picture(
        "ResNet-50, coloured by FLOPs",
        _from_zoo("timm-resnet"),
        "timm",
        {"color_by": "flops"},
    ),
    "lstm_tagger-paper": Picture(
        "LSTM tagger", _from_gallery("lstm_tagger"), options={"theme": "paper"}
    ),
    "transformer-dark": Picture(
        "Transformer", _from_gallery("transformer"), options={"theme": "dark"}
    ),
}


COLUMN, PAGE_WIDTH = "3.3in", "6.8in"
"""The width of one column of a paper, and of both."""

FIGURES: dict[str, Picture] = {
    "unet": Picture("U-Net", _from_zoo("torch-unet"), options={"width": COLUMN, "title": False}),
    "resnet50": Picture(
        "ResNet-50", _from_zoo("timm-resnet"), "timm", {"width": COLUMN, "theme": "paper"}
    ),
    "gpt2": Picture(
        "GPT-2",
        _from_zoo("transformers-gpt2"),
        "transformers",
        {
            "width": COLUMN,
            "hide": ("cache*", "attention_mask"),
            "label": {
                "GPT2Block": "Block",
                "GPT2MLP": "Feed forward",
                "GPT2Attention": "Attention",
            },
        },
    ),
    "swin": Picture("Swin-T", _from_zoo("timm-swin"), "timm", {"width": PAGE_WIDTH}),
    "vit": Picture(
        "ViT-B/16", _from_zoo("timm-vit"), "timm", {"width": PAGE_WIDTH, "font_size": 7}
    ),
    "diffusion-unet": Picture(
        "Diffusion U-Net",
        _from_zoo("diffusers-unet2d"),
        "diffusers",
        {"width": PAGE_WIDTH, "label": {"TimestepEmbedding": "Time embedding"}},
    ),
    "two-branches": Picture(
        "Two towers",
        _from_zoo("torch-siamese"),
        options={"width": COLUMN, "theme": "paper", "legend": False},
    ),
    "transformer": Picture(
        "Transformer",
        _from_gallery("transformer"),
        options={"width": PAGE_WIDTH, "direction": "TB"},
    ),
    "llama": Picture(
        "Llama",
        _from_zoo("transformers-llama"),
        "transformers",
        {
            "width": PAGE_WIDTH,
            "hide": ("cache*", "attention_mask"),
            "color": {"LlamaAttention": "#f4b6c2", "LlamaMLP": "#bcd4e6"},
        },
    ),
    "mixture-of-experts": Picture(
        "Mixture of experts", _from_gallery("mixture_of_experts"), options={"width": COLUMN}
    ),
    "efficientnet-row": Picture(
        "EfficientNet-B0",
        _from_zoo("timm-efficientnet"),
        "timm",
        {"width": PAGE_WIDTH, "direction": "LR", "title": False},
    ),
    "resnet50-flops": Picture(
        "ResNet-50 by FLOPs",
        _from_zoo("timm-resnet"),
        "timm",
        {"width": COLUMN, "color_by": "flops"},
    ),
}


def main(arguments: list[str] | None = None) -> int:
    """Draw them, say how large they are and whether anything in them overlaps."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--format", nargs="*", help="svg, png, pdf, tex")
    parser.add_argument("--only", nargs="*", help="some of them")
    parser.add_argument("--figures", action="store_true", help="those for print")
    options = parser.parse_args(arguments)
    pictures, folder, formats = (
        (FIGURES, PRINTED, ["pdf"]) if options.figures else (PICTURES, FOLDER, ["svg"])
    )
    folder, formats = options.out or folder, options.format or formats
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for name in options.only or pictures:
        picture = pictures[name]
        if reason := missing(picture.needs):
            print(f"{name}: {reason}")
            continue
        graph = replace(picture.graph(), name=picture.title)
        diagram = draw(graph, **picture.options)
        found = [*faults(diagram.svg), *crossings(diagram.svg)]
        wrong += len(found)
        paths = [diagram.save(folder / f"{name}.{suffix}") for suffix in formats]
        width, height = page(diagram.svg)
        print(f"{'  '.join(map(str, paths))}: {diagram.view.size} nodes and groups, ", end="")
        print(f"{width:.0f} × {height:.0f} points, ", end="")
        print(f"text of {smallest_text(diagram.svg):.1f} points", *found, sep="\n    ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
