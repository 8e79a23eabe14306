"""Measured times beside PyTorch's own: ``torch.utils.benchmark`` and ``torch.profiler``.

``python -m benchmarks.profile_times`` profiles ten models of the zoo, and writes the table into
``benchmarks/profile_times.md``. The plain forward is the median of ``torch.utils.benchmark``; the
kernels are the CPU time of what ``torch.profiler`` saw, itself slowed by the profiler. One thread.
"""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile as torch_profile
from torch.utils.benchmark import Timer

from modelviz import profile

from .report import machine, middle, table
from .zoo import Sample, entry, missing

REPORT = Path(__file__).with_suffix(".md")
RUNS = 7
MODELS = (
    "torchvision-resnet50",
    "torchvision-squeezenet",
    "torchvision-vit",
    "timm-efficientnet",
    "timm-convnext",
    "timm-swin",
    "transformers-bert",
    "transformers-gpt2",
    "transformers-llama",
    "torch-lstm-language-model",
    "diffusers-unet2d",
)


def main() -> None:
    """Measure and write the report."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    rows, shares, wholes = [], [], []
    for name in MODELS:
        item = entry(name)
        if missing(item.family):
            continue
        sample = item.build("small" if item.full is None else "full")
        plain = benchmark(sample)
        graph = profile(sample.module, **sample.trace_arguments())
        again = benchmark(sample)
        whole = (plain + again) / 2
        ops = graph.total_seconds or 0.0
        calls = sum(op.seconds or 0.0 for op in graph.ops)
        assert abs(calls - ops) < 1e-9
        kernels = profiled(sample)
        shares.append(ops / whole)
        wholes.append(ops <= max(plain, again))
        rows.append(
            [
                name,
                f"{1e3 * plain:.2f}",
                f"{1e3 * again:.2f}",
                f"{1e3 * ops:.2f}",
                f"{ops / whole:.2f}",
                f"{1e3 * kernels:.2f}",
            ]
        )
        print(*rows[-1], sep=" | ", flush=True)
    head = ["model", "plain, before", "plain, after", "ops, modelviz", "ops / plain", "profiler"]
    REPORT.write_text(
        "# Measured times beside PyTorch's own\n\n"
        f"`python -m benchmarks.profile_times`, one thread, {machine()}. Milliseconds. What Python "
        "does between ops is in the plain forward and in no op, so that ops are less than plain: "
        f"in {sum(wholes)} of {len(wholes)} models, {middle(shares):.2f} of it in the median.\n\n"
        f"{table(head, rows)}\n",
        encoding="utf-8",
    )


def benchmark(sample: Sample) -> float:
    """Seconds of a plain forward, the median of PyTorch's own timer."""
    with torch.no_grad():
        timer = Timer("sample.forward()", globals={"sample": sample}, num_threads=1)
        return float(timer.blocked_autorange(min_run_time=0.5).median)


def profiled(sample: Sample) -> float:
    """Seconds of the kernels of one forward, as ``torch.profiler`` saw them; the median."""
    found = []
    with torch.no_grad():
        for _ in range(RUNS):
            with torch_profile(activities=[ProfilerActivity.CPU]) as seen:
                sample.forward()
            found.append(sum(event.self_cpu_time_total for event in seen.key_averages()) / 1e6)
    return middle(found)


if __name__ == "__main__":
    main()
