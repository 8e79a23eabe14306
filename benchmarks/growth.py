"""Time for each item as a model grows to 200,000 of them: it must stay what it was.

``python -m benchmarks.growth`` prints a table; names of models and ``--sizes 1000,4000`` choose
less of it.
"""

from __future__ import annotations

import argparse
import gc
import json
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from modelviz import ModelGraph, draw, export, summary, trace
from modelviz.sources import from_safetensors

from .report import machine, table

SIZES = (12_500, 50_000, 200_000)
DRAWN = 50_000
"""The most items that are drawn: a picture of more is nothing to look at."""
WIDTH = 2


class UnusedParameters(nn.Module):
    """Parameters that no op reads."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.used = nn.Linear(WIDTH, WIDTH)
        for number in range(count):
            self.register_parameter(f"unused{number}", nn.Parameter(torch.zeros(1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One layer, (batch, width)."""
        result: torch.Tensor = self.used(x)
        return result


class UnusedModules(UnusedParameters):
    """Layers that nothing calls, each with a layer of its own, beside calls of one that is used."""

    def __init__(self, count: int) -> None:
        super().__init__(0)
        self.count = count // 4
        self.unused = nn.Module()
        for number in range(self.count):
            self.unused.add_module(f"part{number}", nn.Sequential(nn.Linear(1, 1 + number % 3)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The same layer again and again, (batch, width)."""
        for _ in range(self.count):
            x = self.used(x)
        return x


class Ties(UnusedParameters):
    """Layers that all share one weight."""

    def __init__(self, count: int) -> None:
        super().__init__(0)
        weight = nn.Parameter(torch.zeros(WIDTH, WIDTH))
        self.layers = nn.ModuleList(nn.Linear(WIDTH, WIDTH, bias=False) for _ in range(count // 2))
        for layer in self.layers:
            layer.weight = weight

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Every second layer, (batch, width)."""
        for layer in self.layers[::2]:
            x = layer(x)
        return x


class Ops(nn.Module):
    """Ops in one call, of which none is like the one before."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Sums and products, (batch, width)."""
        for _ in range(self.count // 2):
            x = x + 1
            x = x * 2
        return x


class Outputs(Ops):
    """Results that are all given back."""

    def forward(self, x: torch.Tensor) -> Any:
        """As many tensors as ops, each (batch, width)."""
        return [x + number for number in range(self.count)]


def layers(count: int) -> nn.Module:
    """Layers of three kinds in a row, so that few are alike in sequence."""
    kinds: tuple[Callable[[], nn.Module], ...] = (
        lambda: nn.Linear(WIDTH, WIDTH),
        nn.ReLU,
        nn.Identity,
    )
    return nn.Sequential(*(kinds[(n + n // 2) % 3]() for n in range(count)))


def weights(count: int) -> Path:
    """A file with so many tensors, in modules of four."""
    header = {
        f"layers.{number // 4}.part{number % 4}.weight": {
            "dtype": "F32",
            "shape": [1 + number % 3],
            "data_offsets": [12 * number, 12 * number + 4 + 4 * (number % 3)],
        }
        for number in range(count)
    }
    end = 0
    for entry in header.values():
        size = 4 * entry["shape"][0]  # type: ignore[index]
        entry["data_offsets"] = [end, end + size]
        end += size
    text = json.dumps(header).encode()
    path = Path(tempfile.mkdtemp()) / "weights.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    return path


MODELS: dict[str, Callable[[int], nn.Module]] = {
    "unused parameters": UnusedParameters,
    "unused modules": UnusedModules,
    "ties": Ties,
    "ops": Ops,
    "outputs": Outputs,
    "layers": layers,
}
FILE = "weights file"


def start(name: str, size: int) -> Callable[[], ModelGraph]:
    """How the graph of that size comes about."""
    if name == FILE:
        path = weights(size)

        def read() -> ModelGraph:
            graph = from_safetensors(path).model
            assert isinstance(graph, ModelGraph)
            return graph

        return read
    model = MODELS[name](size)
    return lambda: trace(model, input_size=(1, WIDTH), execution="fake")


def stages(graph: ModelGraph, drawn: bool) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is done with a graph, by name."""
    text = graph.to_json()
    yield "to JSON", graph.to_json
    yield "from JSON", lambda: ModelGraph.from_dict(json.loads(text))
    yield "table", lambda: str(summary(graph, verbose=0))
    if drawn:
        yield "picture", lambda: draw(graph).source
        yield "page", lambda: export(graph, Path(tempfile.mkdtemp()) / "model.html")


def measure(name: str, size: int) -> dict[str, float]:
    """Microseconds for each item, by stage."""
    begin = start(name, size)
    taken: dict[str, float] = {}
    graph = timed(begin, "graph", size, taken)
    for stage, function in stages(graph, size <= DRAWN):
        timed(function, stage, size, taken)
    return taken


def timed(function: Callable[[], Any], stage: str, size: int, taken: dict[str, float]) -> Any:
    """What the function gives; its processor time goes into ``taken``."""
    gc.collect()
    begun = time.process_time()
    result = function()
    taken[stage] = (time.process_time() - begun) / size * 1e6
    return result


def main(arguments: list[str]) -> int:
    """Measure and print. The last column is how much longer an item takes in the largest model."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", default=[*MODELS, FILE])
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",")]
    rows = []
    for name in options.models:
        measure(name, 100)  # imports, caches
        found = []
        for size in sizes:
            found.append(measure(name, size))
            print(name, size, {k: round(v, 1) for k, v in found[-1].items()}, file=sys.stderr)
        for stage in found[0]:
            each = [taken[stage] for taken in found if stage in taken]
            texts = [f"{value:.1f}" for value in each] + ["–"] * (len(found) - len(each))
            rows.append([name, stage, *texts, f"× {each[-1] / max(each[0], 1e-3):.2f}"])
    head = ["model", "stage", *(f"{size:,}, µs an item" for size in sizes), "growth"]
    print(f"Processor time. Measured on {machine()}.\n\n{table(head, rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
