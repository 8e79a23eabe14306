"""Trace and summary as multiples of a plain forward, of this version and of an older one.

``python -m benchmarks.speed --against FOLDER`` measures the other checkout of modelviz beside this
one, model by model in turns, in processes of their own, and writes the README's section. With
``--calls`` it counts calls of functions in place of seconds: also on a machine that is busy.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
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
COUNTED = (
    "torchvision-shufflenet",
    "timm-efficientnet",
    "timm-mobilenetv3",
    "timm-ghostnet",
    "timm-levit",
    "transformers-electra",
)
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
def calls(run):
    count = 0
    def seen(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")
    gc.collect()
    gc.disable()
    sys.setprofile(seen)
    try:
        run()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count
least = dict.fromkeys(tools, float("inf"))
with torch.no_grad():
    if not rounds:
        for tool, run in tools.items():
            run()
            run()
            least[tool] = calls(run)
        print(json.dumps(least))
        sys.exit()
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
    parser.add_argument("models", nargs="*")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each tool after a warm-up")
    parser.add_argument("--calls", action="store_true", help="count calls of functions")
    parser.add_argument("--against", type=Path, help="root of another checkout, measured as well")
    options = parser.parse_args(arguments)
    roots = {"now": ROOT}
    if options.against is not None:
        roots = {"before": options.against.resolve(), "now": ROOT}
    if options.calls:
        count_calls(options.models or COUNTED, roots, whole=not options.models)
        return 0
    options.models = options.models or MODELS
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


def count_calls(models: Sequence[str], roots: dict[str, Path], whole: bool) -> None:
    """Print how many functions of Python and C each tool calls; write the section if ``whole``."""
    rows = []
    for model in models:
        found = {label: measured(model, 0, root) for label, root in roots.items()}
        row = [f"{int(one[tool]):,}" for tool in TOOLS[:-1] for one in found.values()]
        rows.append([model, *row, f"{int(found['now']['torchinfo']):,}"])
        print(*rows[-1], file=sys.stderr)
    head = ["model", *(f"{tool}, {label}" for tool in TOOLS[:-1] for label in roots), "torchinfo"]
    text = table(head, rows)
    print(text)
    if whole:
        write_section("calls", text)


def measured(model: str, rounds: int, root: Path) -> dict[str, float]:
    """Seconds of each tool on one model, with the modelviz at ``root``."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, model, str(rounds)],
        # Code given by ``-c`` imports from the folder that it runs in before all others.
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    sys.exit(main())
