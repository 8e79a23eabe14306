"""Formulas beside PyTorch's own counter: 50 models, 10 random points each.

``python -m benchmarks.formulas`` makes the formulas of each model from its small inputs, draws
points in the range that they claim, runs the reference counter there on a real forward, and writes
the table into ``benchmarks/formulas.md``. A point counts when the FLOPs are equal, to the last one.
With names of models it runs only these, and with ``--missing`` those that the table does not have;
the other rows of the table stay.
"""

from __future__ import annotations

import argparse
import logging
import random
import time
import warnings
from pathlib import Path
from typing import Any

import torch

from modelviz import ModelvizError, formulas
from modelviz.growth import Formulas, Range
from modelviz.growth.inputs import named_inputs

from .reference import reference_flops
from .report import machine, middle, table
from .zoo import Sample, entry, missing

REPORT = Path(__file__).with_suffix(".md")
POINTS = 10
WIDER = 3
"""Points go up to so many times the sizes given, since the reference computes."""

_TEXT: Any = {"input_ids": ("batch", "seq")}
_MASKED: Any = {**_TEXT, "attention_mask": ("batch", "seq")}
_PAIR: Any = {"input_ids": ("batch", "source"), "decoder_input_ids": ("batch", "target")}
_IMAGE: Any = ("batch", None, "height", "width")
_BATCH: Any = ("batch", None, None, None)
_PIXELS: Any = {"pixel_values": _IMAGE}
_AUDIO: Any = {"input_values": ("batch", "samples")}
_GRAPH: Any = (("nodes", None), (None, "edges"))

MODELS: dict[str, Any] = {
    "transformers-bert": _MASKED,
    "transformers-roberta": _MASKED,
    "transformers-albert": _MASKED,
    "transformers-distilbert": _MASKED,
    "transformers-electra": _MASKED,
    "transformers-deberta": _MASKED,
    "transformers-modernbert": _MASKED,
    "transformers-fnet": _TEXT,
    "transformers-gpt2": None,
    "transformers-gpt-neox": None,
    "transformers-llama": None,
    "transformers-mistral": None,
    "transformers-qwen3": None,
    "transformers-gemma2": None,
    "transformers-phi3": None,
    "transformers-falcon": None,
    "transformers-bloom": None,
    "transformers-deepseek-v3": None,
    "transformers-mamba": None,
    "transformers-t5": _PAIR,
    "transformers-bart": _PAIR,
    "torch-lstm-tagger": None,
    "torch-lstm-language-model": None,
    "torchvision-alexnet": _IMAGE,
    "torchvision-squeezenet": _IMAGE,
    "torchvision-shufflenet": _IMAGE,
    "torchvision-resnet50": _IMAGE,
    "torchvision-fcn": _IMAGE,
    "torchvision-deeplabv3": _IMAGE,
    "torchvision-vit": _BATCH,
    "timm-resnet": _IMAGE,
    "timm-efficientnet": _IMAGE,
    "timm-mobilenetv3": _IMAGE,
    "timm-densenet": _IMAGE,
    "timm-regnety": _IMAGE,
    "timm-convnext": _IMAGE,
    "timm-hrnet": _IMAGE,
    "timm-vit": _BATCH,
    "timm-swin": _BATCH,
    "timm-mixer": _BATCH,
    "torch-unet": _IMAGE,
    "diffusers-unet2d": None,
    "diffusers-autoencoder-kl": None,
    "transformers-segformer": _PIXELS,
    "transformers-wav2vec2": _AUDIO,
    "transformers-hubert": _AUDIO,
    "transformers-encodec": None,
    "pyg-gcn": _GRAPH,
    "pyg-gat": _GRAPH,
    "pyg-sage": _GRAPH,
    "pyg-gin": _GRAPH,
}
"""Models and the names of their dimensions; None for those given by custom."""


def main() -> None:
    """Compare and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", help="names in the list; all of it if left out")
    parser.add_argument("--missing", action="store_true", help="those without a row in the table")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    rows = read_rows() if chosen.models or chosen.missing else {}
    names = chosen.models or [name for name in MODELS if name not in rows]
    for name in names:
        item = entry(name)
        if missing(item.family):
            continue
        rows[name] = row(name, item.build())
        print(*rows[name], sep=" | ", flush=True)
        write([rows[known] for known in MODELS if known in rows])


def row(name: str, sample: Sample) -> list[str]:
    """The row of a model: its formulas, where they hold, the points that agree, the seconds."""
    start = time.perf_counter()
    try:
        found = formulas(sample.module, dims=MODELS[name], **sample.trace_arguments())
    except ModelvizError as error:
        reason = str(error).partition(". ")[0][:160]
        return [name, "", f"no formulas: {reason}", f"0/{POINTS}", ""]
    seconds = time.perf_counter() - start
    right = compare(sample, found)
    ranges = "; ".join(map(str, found.valid.ranges.values()))
    return [name, str(found.flops), ranges, f"{right}/{POINTS}", f"{seconds:.1f}"]


def read_rows() -> dict[str, list[str]]:
    """The rows of the report as it is, by model."""
    if not REPORT.exists():
        return {}
    lines = REPORT.read_text(encoding="utf-8").splitlines()
    cells = [[part.strip() for part in line[1:-1].split(" | ")] for line in lines if "|" in line]
    return {listed[0]: listed for listed in cells if listed[0] in MODELS}


def write(rows: list[list[str]]) -> None:
    """Write the report, after each model."""
    head = ["model", "FLOPs", "proven for", "equal", "seconds"]
    equal = sum(listed[3] == f"{POINTS}/{POINTS}" for listed in rows)
    taken = [float(listed[4]) for listed in rows if listed[4]]
    text = (
        f"# Formulas beside PyTorch's counter\n\n`python -m benchmarks.formulas`, {machine()}.\n\n"
        f"Equal at all {POINTS} random points, to the last FLOP: {equal} of {len(rows)} models "
        f"tried ({len(MODELS)} in the list). "
        f"Making the formulas of one took {middle(taken):.1f} s (median).\n\n{table(head, rows)}\n"
    )
    REPORT.write_text(text, encoding="utf-8")


def compare(sample: Sample, found: Formulas) -> int:
    """At how many random points the reference counts the FLOPs of the formula."""
    chance = random.Random(found.graph.name)
    given = dict(zip(found.names, found.growth.given, strict=True))
    arguments = sample.trace_arguments()
    data = arguments.pop("input_data")
    right = 0
    for _ in range(POINTS):
        sizes = {
            one.name: size_in(chance, one, WIDER * given[one.name])
            for one in found.valid.ranges.values()
        }
        inputs = named_inputs(sample.module, None, data, found.dims, None, None, arguments)
        changed = inputs.at(sizes)
        args = tuple(changed.pop("input_data"))
        try:
            counted = reference_flops(Sample(sample.module, args, changed))
        except Exception as error:  # whatever a model raises: the range claims that it runs
            print("   fails at", sizes, str(error).partition("\n")[0])
            continue
        if counted == found.flops.subs(sizes):
            right += 1
        else:
            print("   differs at", sizes, counted, found.flops.subs(sizes))
    return right


def size_in(chance: random.Random, one: Range, most: int) -> int:
    """A size in a range, up to ``most``."""
    turns = (min(one.high, max(most, one.low)) - one.low) // one.step
    return one.low + chance.randint(0, turns) * one.step


if __name__ == "__main__":
    main()
