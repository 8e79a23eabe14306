"""Trace and summary as multiples of a plain forward, of this version and of an older one.

``python -m benchmarks.speed --against FOLDER`` measures the other checkout of modelviz beside this
one, model by model in turns, in processes of their own, and writes the README's section.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from .report import geometric_mean, machine, table, write_section

MODELS = (
    "torch-transformer",
    "torch-lstm-language-model",
    "torch-embedding-bag",
    "torchvision-squeezenet",
    "torchvision-shufflenet",
    "timm-resnet",
    "timm-densenet",
    "timm-efficientnet",
    "timm-mobilenetv2",
    "timm-mobilenetv3",
    "timm-ghostnet",
    "timm-convnext",
    "timm-vit",
    "timm-swin",
    "timm-levit",
    "transformers-bert",
    "transformers-electra",
    "transformers-gpt2",
    "transformers-llama",
    "transformers-t5",
)
TOOLS = ("real", "fake", "summary", "torchinfo")
MEASURE = """
import gc, json, sys, time, warnings, logging
warnings.simplefilter("ignore"); logging.disable(logging.ERROR)
import torch, torchinfo, modelviz
from benchmarks.zoo import zoo
torch.set_num_threads(1)
name, rounds = sys.argv[1], int(sys.argv[2])
(entry,) = [entry for entry in zoo() if entry.name == name]
sample = entry.build("full")
model, given = sample.module, sample.trace_arguments()
tools = {
    "forward": sample.forward,
    "real": lambda: modelviz.trace(model, execution="real", **given),
    "fake": lambda: modelviz.trace(model, execution="fake", **given),
    "summary": lambda: str(modelviz.summary(model, verbose=0, **given)),
    "torchinfo": lambda: str(torchinfo.summary(model, verbose=0, device="cpu", **given)),
}
least = dict.fromkeys(tools, float("inf"))
with torch.no_grad():
    for turn in range(rounds + 1):
        for tool, run in tools.items():
            gc.collect()
            start = time.process_time()
            run()
            if turn:
                least[tool] = min(least[tool], time.process_time() - start)
print(json.dumps(least))
"""
ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section when every model was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=MODELS)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each tool after a warm-up")
    parser.add_argument("--against", type=Path, help="root of another checkout, measured as well")
    options = parser.parse_args(arguments)
    roots = {"now": ROOT}
    if options.against is not None:
        roots = {"before": options.against.resolve(), "now": ROOT}
    rows: list[list[str]] = []
    ratios: dict[tuple[str, str], list[float]] = {(t, r): [] for t in TOOLS for r in roots}
    for model in options.models:
        seconds = {label: measured(model, options.rounds, root) for label, root in roots.items()}
        row = [model, f"{min(found['forward'] for found in seconds.values()) * 1e3:.1f}"]
        for tool in TOOLS:
            for label, found in seconds.items():
                ratio = found[tool] / found["forward"]
                ratios[tool, label].append(ratio)
                row.append(f"{ratio:.2f}")
        print(*row, file=sys.stderr)
        rows.append(row)
    means = [f"**{geometric_mean(values):.2f}**" for values in ratios.values()]
    rows.append(["**geometric mean**", "", *means])
    head = ["model", "forward, ms", *(f"{tool}, {label}" for tool in TOOLS for label in roots)]
    ahead = sum(
        a < b for a, b in zip(ratios["summary", "now"], ratios["torchinfo", "now"], strict=True)
    )
    text = (
        f"Measured on {machine()}, one thread, least processor time of {options.rounds} runs, as a "
        f"multiple of a plain forward in the same process.\n\n{table(head, rows)}\n\n"
        f"The summary takes less time than torchinfo's on {ahead} of {len(options.models)} models."
    )
    print(text)
    if tuple(options.models) == MODELS:
        write_section("speed", text)
    return 0


def measured(model: str, rounds: int, root: Path) -> dict[str, float]:
    """Seconds of each tool on one model, with the modelviz at ``root``."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, model, str(rounds)],
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
