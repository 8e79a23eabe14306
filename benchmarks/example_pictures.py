"""The pictures in ``examples/pictures``, which the README shows.

``python -m benchmarks.example_pictures`` draws them again; the same code gives the same files.
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

from .pictures.geometry import crossings, faults, page
from .zoo import entry, missing

FOLDER = Path(__file__).resolve().parent.parent / "examples" / "pictures"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its title, where the model comes from, and the options it is drawn with."""

    title: str
    graph: Callable[[], ModelGraph]
    needs: str = "torch"
    options: dict[str, Any] = field(default_factory=dict)


def _from_zoo(name: str) -> Callable[[], ModelGraph]:
    def graph() -> ModelGraph:
        sample = entry(name).build("full")
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


def main(arguments: list[str] | None = None) -> int:
    """Draw them, say how large they are and whether anything in them overlaps."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--format", nargs="*", default=["svg"], help="svg, png, pdf")
    parser.add_argument("--only", nargs="*", default=list(PICTURES), help="some of them")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    options.out.mkdir(parents=True, exist_ok=True)
    wrong = 0
    for name in options.only:
        picture = PICTURES[name]
        if reason := missing(picture.needs):
            print(f"{name}: {reason}")
            continue
        graph = replace(picture.graph(), name=picture.title)
        diagram = draw(graph, **picture.options)
        found = [*faults(diagram.svg), *crossings(diagram.svg)]
        wrong += len(found)
        paths = [diagram.save(options.out / f"{name}.{suffix}") for suffix in options.format]
        width, height = page(diagram.svg)
        print(f"{'  '.join(map(str, paths))}: {diagram.view.size} nodes and groups, ", end="")
        print(f"{width:.0f} × {height:.0f} points", *found, sep="\n    ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
