"""Measured times beside PyTorch's own: ``torch.utils.benchmark`` and ``torch.profiler``.

``python -m benchmarks.profile_times`` profiles ten models of the zoo, and writes the table into
``benchmarks/profile_times.md``. One thread, and processor time in place of the clock on the wall,
so that other work on the machine does not count: a plain forward, its ops as ``profile`` measures
them, and a forward with the clocks of ``profile`` in it. Beside them the median of
``torch.utils.benchmark`` and the CPU time of the kernels that ``torch.profiler`` saw, itself slowed
by the profiler.
"""

from __future__ import annotations

import logging
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time
from typing import Any

import torch
from torch.profiler import ProfilerActivity
from torch.profiler import profile as torch_profile
from torch.utils.benchmark import Timer

from modelviz import profile
from modelviz.tracing import timer
from modelviz.tracing.timing_parts import PartTimer

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
    rows, shares, costs = [], [], []
    for name in MODELS:
        item = entry(name)
        if missing(item.family):
            continue
        sample = item.build("small" if item.full is None else "full")
        with processor_time() as taken:
            graph = profile(sample.module, **sample.trace_arguments())
        plain = middle(taken["plain"][1:] or taken["plain"])
        slower = middle(taken["slower"])
        watched = middle(taken["part"] or taken["run"])
        ops = graph.total_seconds or 0.0
        shares.append(ops / plain)
        costs.append(slower)
        times = (plain, ops, watched, benchmark(sample), profiled(sample))
        texts = [f"{1e3 * seconds:.2f}" for seconds in times]
        rows.append([name, *texts[:3], f"{shares[-1]:.2f}", f"{costs[-1]:.2f}", *texts[3:]])
        print(*rows[-1], sep=" | ", flush=True)
    head = ["model", "plain", "ops", "watched", "ops / plain", "watched / plain"]
    head += ["torch.utils.benchmark", "torch.profiler"]
    near = sum(abs(share - 1) <= 0.05 for share in shares)
    REPORT.write_text(
        "# Measured times beside PyTorch's own\n\n"
        f"`python -m benchmarks.profile_times`, {machine()}. Milliseconds; those of PyTorch's "
        "timer are by the clock on the wall, with whatever else the machine did, the others "
        "processor time of one thread. What Python "
        "does between ops is in the plain forward and in no op: ops are "
        f"{middle(shares):.2f} of it in the median, within 5% of it in {near} of {len(rows)} "
        f"models. A forward that is watched takes {middle(costs):.2f} times a plain one in the "
        f"median, at most {max(costs):.2f}.\n\n{table(head, rows)}\n",
        encoding="utf-8",
    )


@contextmanager
def processor_time() -> Iterator[dict[str, list[float]]]:
    """What ``profile`` takes for each forward: ``plain``, with clocks in it (``run``, or ``part``
    where they are in a share of the modules), and beside the plain one of its round (``slower``).

    Its own clock is that of the processor as long as this lasts.
    """
    taken: dict[str, list[float]] = defaultdict(list)
    kept = {name: getattr(timer.Timer, name) for name in ("run", "plain")}
    clock = timer.perf_counter

    def watched(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            start = process_time()
            result = method(*args)
            seconds = process_time() - start
            kind = "part" if isinstance(args[0], PartTimer) else name
            if kind == "part" and not taken["part"]:
                taken["slower"].clear()  # of forwards that were found to be too slow
            taken[kind].append(seconds)
            if kind != "plain":
                taken["slower"].append(seconds / taken["plain"][-1])
            return result

        return call

    for name, method in kept.items():
        setattr(timer.Timer, name, watched(name, method))
    timer.perf_counter = process_time
    try:
        yield taken
    finally:
        timer.perf_counter = clock
        for name, method in kept.items():
            setattr(timer.Timer, name, method)


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
