"""Time of a trace per op, from a thousand ops to fifty thousand: it must not grow.

``python -m benchmarks.scaling`` prints the table and writes it into ``benchmarks/README.md``.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from modelviz import ModelGraph, summary, trace

from .report import machine, middle, table, write_section

SIZES = (1_000, 3_000, 10_000, 25_000, 50_000)
OPS_IN_BLOCK = 5


class Block(nn.Module):
    """A residual block of five ops in three module calls."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, width)
        self.activation = nn.ReLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` and what the block adds to it, (batch, width)."""
        left, right = self.activation(self.linear(x)).chunk(2, dim=-1)
        return x + torch.cat([right, left], dim=-1)


class Loop(nn.Module):
    """Ops in one call, all reading the result of the first: a tensor with very many consumers."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The sum of many multiples of ``x``, (batch, width)."""
        first = x.exp()
        total = torch.zeros_like(x)
        for _ in range(self.steps // 2):
            total = total + first * 0.5
        return total


MODELS: dict[str, Callable[[int], nn.Module]] = {
    "blocks": lambda ops: nn.Sequential(*(Block(8) for _ in range(ops // OPS_IN_BLOCK))),
    "one call": Loop,
}


def measure(model: nn.Module, execution: Any, rounds: int) -> tuple[float, ModelGraph]:
    """The median seconds of a trace, and the graph."""
    seconds = []
    for _ in range(rounds):
        gc.collect()
        start = time.perf_counter()
        graph = trace(model, input_size=(2, 8), execution=execution)
        seconds.append(time.perf_counter() - start)
    return middle(seconds), graph


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args(arguments)
    trace(MODELS["blocks"](100), input_size=(2, 8), execution="fake")
    trace(MODELS["blocks"](100), input_size=(2, 8), execution="real")
    rows = []
    for name, build in MODELS.items():
        for size in SIZES:
            model = build(size).eval()
            with torch.no_grad():
                start = time.perf_counter()
                model(torch.rand(2, 8))
                plain = time.perf_counter() - start
            row = [name]
            for execution in ("real", "fake"):
                seconds, graph = measure(model, execution, options.rounds)
                if execution == "real":
                    row += [f"{len(graph.ops):,}", f"{plain / len(graph.ops) * 1e6:.1f}"]
                row += [f"{seconds:.2f}", f"{seconds / len(graph.ops) * 1e6:.0f}"]
            start = time.perf_counter()
            str(summary(graph, verbose=0))
            row.append(f"{time.perf_counter() - start:.2f}")
            start = time.perf_counter()
            graph.to_json()
            row.append(f"{time.perf_counter() - start:.2f}")
            rows.append(row)
            print(row, file=sys.stderr)
    head = ["model", "ops", "forward, µs an op", "trace real, s", "µs an op"]
    head += ["trace fake, s", "µs an op", "table, s", "JSON, s"]
    text = f"Measured on {machine()}.\n\n{table(head, rows)}"
    print(text)
    if not options.no_write:
        write_section("scaling", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
