"""Llama 3.1 405B as a picture of one page: seconds and memory, from a new process to the PDF.

``python -m benchmarks.llama405b_pdf`` starts Python anew for each run, has it build the model on
the meta device from its configuration, trace it and write the PDF, and prints what the whole
process took. ``--out`` keeps the PDF.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

LIMIT = 8.0
"""Seconds that it may take."""


def child(path: Path, tokens: int) -> dict[str, float]:
    """The seconds of each step in this process, which ends with the PDF at ``path``."""
    import logging
    import warnings

    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def done(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step] = now - last
        last = now

    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    import torch

    from modelviz import draw, trace
    from modelviz.sources.torchvision_ops import import_torchvision

    done("import torch and modelviz")
    import_torchvision()
    from transformers import LlamaConfig, LlamaForCausalLM

    from .llama405b import CONFIG

    done("import transformers")
    with torch.device("meta"):
        model: Any = LlamaForCausalLM(LlamaConfig(**CONFIG))
        model = model.to(torch.bfloat16).eval()
    done("build the model on meta")
    graph = trace(model, input_data={"input_ids": torch.zeros(1, tokens, dtype=torch.long)})
    done(f"trace ({len(graph.ops):,} ops)")
    diagram = draw(graph)
    done(f"view ({diagram.view.size} nodes and groups)")
    diagram.save(path)
    done("layout and PDF")
    return seconds


def run(path: Path, tokens: int) -> tuple[float, float, dict[str, float]]:
    """Wall seconds and peak memory in GB of a new process, and the seconds of its steps."""
    command = [sys.executable, "-m", "benchmarks.llama405b_pdf", "--child", str(path)]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--tokens", str(tokens)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    answer = process.stdout.read()
    # wait4 gives the memory of this one process.
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise RuntimeError(f"the process failed with status {status}")
    unit = 1 if sys.platform == "darwin" else 1024
    return wall, used.ru_maxrss * unit / 1e9, json.loads(answer)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="where the PDF is kept")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        print(json.dumps(child(options.child, options.tokens)))
        return 0
    from .report import machine, middle, table  # imports torch, which the child does by its clock

    with tempfile.TemporaryDirectory() as folder:
        path = options.out or Path(folder) / "llama405b.pdf"
        runs = [run(path, options.tokens) for _ in range(options.rounds)]
        size = path.stat().st_size
    wall = middle([wall for wall, _, _ in runs])
    # Starting Python and ending it, which the process cannot time itself.
    for total, _, taken in runs:
        taken["start and end of Python"] = total - sum(taken.values())
    steps = [[step, f"{middle([taken[step] for _, _, taken in runs]):.2f}"] for step in runs[0][2]]
    print(
        f"Measured on {machine()}, {options.tokens} tokens, medians of {options.rounds} processes. "
        f"From the start of the process to its end: {wall:.2f} s "
        f"({', '.join(f'{seconds:.2f}' for seconds, _, _ in runs)}); the goal is {LIMIT:g} s. "
        f"Peak memory {max(peak for _, peak, _ in runs):.2f} GB; the PDF has {size / 1e3:.0f} kB.\n"
    )
    print(table(["step", "seconds"], [*steps, ["**whole process**", f"**{wall:.2f}**"]]))
    return 0 if wall < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
