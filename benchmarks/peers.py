"""modelviz beside torchinfo, torchview and torchlens on real models of full size.

``python -m benchmarks.peers`` measures all of them in one process, as ratios to a plain forward
under ``torch.no_grad()`` with the same inputs, and writes the table into ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import fnmatch
import gc
import json
import logging
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from modelviz import summary, trace

from .reference import reference_flops
from .report import geometric_mean, machine, middle, table, write_section
from .timing import Clock, Timing, interleaved
from .zoo import Entry, Sample, missing, zoo

RATIOS = {
    "real": "trace real",
    "fake": "trace fake",
    "summary": "summary",
    "torchinfo": "torchinfo",
    "torchview": "torchview",
    "torchlens": "torchlens",
}
PEERS = ("torchinfo", "torchview", "torchlens")


@dataclass(frozen=True, slots=True)
class Row:
    """The measurements of one model. ``failures`` says why a tool has none."""

    name: str
    params: int
    reference_flops: int
    forward: float
    seconds: dict[str, float]
    counted_params: dict[str, int]
    counted_flops: dict[str, int]
    failures: dict[str, str]


def measure(entry: Entry, rounds: int, limit: float, budget: float, clock: Clock) -> Row:
    """Every tool on one model, in turns; torchlens last, since it wraps torch's functions."""
    sample = entry.build("full")
    given = sample.trace_arguments()
    model = sample.module
    params = sum(parameter.numel() for parameter in model.parameters())
    reference = reference_flops(sample)
    functions: dict[str, Callable[[], Any]] = {
        "forward": sample.forward,
        "real": lambda: trace(model, execution="real", **given),
        "fake": lambda: trace(model, execution="fake", **given),
        "summary": lambda: str(summary(model, verbose=0, **given)),
        "torchinfo": lambda: _torchinfo(model, given),
        "torchview": lambda: _torchview(model, given),
    }
    with torch.no_grad():
        timings = interleaved(functions, rounds, limit, budget, clock)
        timings |= _with_torchlens(sample, rounds, limit, budget, clock)
    forward = timings.pop("forward").typical
    if forward is None:
        raise RuntimeError(f"{entry.name} does not run")
    return Row(
        entry.name,
        params,
        reference,
        forward,
        {name: t.typical for name, t in timings.items() if t.typical is not None},
        _counts(timings, _params_of),
        _counts(timings, _flops_of),
        {name: t.failure for name, t in timings.items() if t.failure is not None},
    )


def _torchinfo(model: torch.nn.Module, given: dict[str, Any]) -> Any:
    import torchinfo

    statistics = torchinfo.summary(model, verbose=0, device="cpu", **given)
    str(statistics)  # the table is what one wants from it
    return statistics


def _torchview(model: torch.nn.Module, given: dict[str, Any]) -> Any:
    import torchview

    return torchview.draw_graph(model, device="cpu", **given)


def _with_torchlens(
    sample: Sample, rounds: int, limit: float, budget: float, clock: Clock
) -> dict[str, Timing]:
    import torchlens
    from torchlens.backends.torch.wrappers import unwrap_torch

    def run() -> Any:
        return torchlens.trace(sample.module, list(sample.args), dict(sample.kwargs))

    try:
        return interleaved({"torchlens": run}, rounds, limit, budget, clock)
    finally:
        unwrap_torch()  # its wrappers would slow down everything that is measured after it


def _params_of(tool: str, result: Any) -> int:
    return int(result.num_params if tool == "torchlens" else result.total_params)


def _flops_of(tool: str, result: Any) -> int:
    if tool == "torchinfo":
        return 2 * int(result.total_mult_adds)
    if tool == "torchlens":
        return 2 * int(result.total_macs_forward)
    return int(result.total_flops)


def _counts(timings: dict[str, Timing], count: Callable[[str, Any], int]) -> dict[str, int]:
    tools = ("real", "fake", "torchinfo", "torchlens")
    return {
        tool: count(tool, timings[tool].result)
        for tool in tools
        if tool in timings and timings[tool].failure is None
    }


# -- the tables -------------------------------------------------------------------------------


def counts_table(rows: list[Row]) -> str:
    """Parameters and FLOPs of each model, by PyTorch and as a ratio to it by each tool."""
    head = ["model", "parameters", "modelviz", "torchinfo", "torchlens"]
    head += ["GFLOPs", "modelviz", "torchinfo", "torchlens"]
    lines = []
    for row in rows:
        line = [row.name, f"{row.params:,}"]
        line += [_against(row.counted_params.get(t), row.params) for t in _COUNTERS]
        line += [f"{row.reference_flops / 1e9:,.3f}"]
        line += [_against(row.counted_flops.get(t), row.reference_flops) for t in _COUNTERS]
        lines.append(line)
    ends = [_right(rows, "exact", 0.0), _right(rows, "within 0.1%", 1e-3)]
    return table(head, [*lines, *ends])


def _right(rows: list[Row], label: str, tolerance: float) -> list[str]:
    """On how many models each tool's counts are within ``tolerance`` of PyTorch's own."""
    line = [label]
    for truth, counts in (("params", "counted_params"), ("reference_flops", "counted_flops")):
        line.append("")
        for tool in _COUNTERS:
            pairs = [(getattr(row, counts).get(tool), getattr(row, truth)) for row in rows]
            right = sum(n is not None and abs(n - true) <= tolerance * true for n, true in pairs)
            line.append(f"**{right} of {len(rows)}**")
    return line


_COUNTERS = ("real", "torchinfo", "torchlens")


def _against(counted: int | None, truth: int) -> str:
    if counted is None:
        return "failed"
    if counted == truth:
        return "="
    return f"{counted / truth:.4f}" if truth else f"{counted:,}"


def times_table(rows: list[Row]) -> str:
    """Seconds of each tool as a multiple of a plain forward, with means over the models."""
    lines = [
        [
            row.name,
            f"{row.forward * 1e3:.1f}",
            *(
                f"{row.seconds[tool] / row.forward:.2f}" if tool in row.seconds else "failed"
                for tool in RATIOS
            ),
        ]
        for row in rows
    ]
    for label, mean in (("geometric mean", geometric_mean), ("median", middle)):
        line = [f"**{label}**", ""]
        for tool in RATIOS:
            ratios = [row.seconds[tool] / row.forward for row in rows if tool in row.seconds]
            line.append(f"**{mean(ratios):.2f}**" if ratios else "")
        lines.append(line)
    lines.append(
        ["models it ran on", "", *(str(sum(t in row.seconds for row in rows)) for t in RATIOS)]
    )
    return table(["model", "forward, ms", *RATIOS.values()], lines)


def failures_list(rows: list[Row]) -> str:
    """What failed, with the error's first line."""
    lines = [
        f"- {row.name}, {RATIOS[tool]}: {text[:200]}"
        for row in rows
        for tool, text in row.failures.items()
    ]
    return "\n".join(lines) or "- none"


def faster_than_torchinfo(rows: list[Row]) -> str:
    """On how many models the summary took less time than torchinfo's, and how much less."""
    both = [row for row in rows if {"summary", "torchinfo"} <= row.seconds.keys()]
    if not both:
        return ""
    ratios = [row.seconds["summary"] / row.seconds["torchinfo"] for row in both]
    faster = sum(ratio < 1 for ratio in ratios)
    return (
        f"`modelviz.summary` is faster than `torchinfo.summary` on {faster} of {len(both)} models; "
        f"on the median model it takes {middle(ratios):.2f} of torchinfo's time."
    )


def report(rows: list[Row], clock: str) -> str:
    """The whole section for the README."""
    return "\n\n".join(
        (
            f"Measured on {machine()}, {clock}, medians; versions: {_versions()}.",
            "### Counts",
            "`=` is equal to PyTorch's own number, else the ratio to it.",
            counts_table(rows),
            "### Time, as a multiple of a plain forward",
            times_table(rows),
            faster_than_torchinfo(rows),
            "### What failed",
            failures_list(rows),
        )
    )


def _versions() -> str:
    from importlib.metadata import version

    return ", ".join(f"{name} {version(name)}" for name in PEERS)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section when every model was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("patterns", nargs="*", default=["*"], help="names of zoo models, as globs")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each tool after a warm-up")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one run")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds for all runs of a tool")
    parser.add_argument("--threads", type=int, help="torch threads; PyTorch's default if not given")
    parser.add_argument(
        "--cpu-time",
        action="store_true",
        help="count processor time with one thread, for a machine that is busy otherwise",
    )
    parser.add_argument("--json", type=Path, help="also keep the raw numbers in this file")
    options = parser.parse_args(arguments)
    if options.threads or options.cpu_time:
        torch.set_num_threads(options.threads or 1)
    clock: Clock = time.process_time if options.cpu_time else time.perf_counter
    _quiet()
    rows: list[Row] = []
    chosen = [
        entry
        for entry in zoo()
        if entry.full is not None
        and any(fnmatch.fnmatch(entry.name, pattern) for pattern in options.patterns)
    ]
    for entry in chosen:
        if missing(entry.family):
            print(f"{entry.name}: {missing(entry.family)}", file=sys.stderr)
            continue
        row = measure(entry, options.rounds, options.limit, options.budget, clock)
        rows.append(row)
        ratios = {t: round(s / row.forward, 2) for t, s in row.seconds.items()}
        print(f"{row.name}: {row.forward * 1e3:.1f} ms {ratios} {row.failures}", file=sys.stderr)
        if options.json:
            options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1))
        gc.collect()
    text = report(rows, "processor time" if options.cpu_time else "wall time")
    print(text)
    if options.patterns == ["*"]:
        write_section("peers", text)
    return 0


def _quiet() -> None:
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)


if __name__ == "__main__":
    sys.exit(main())
