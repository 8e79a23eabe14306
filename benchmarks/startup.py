"""What the first summary or picture of a process costs, as a multiple of ``import torch``.

``python -m benchmarks.startup`` starts whole processes in turns and writes the README's section.
``--against FOLDER`` measures another checkout of modelviz beside this one, in the same turns.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from .report import machine, table, write_section

MODEL = """
import torch, modelviz
from torch import nn
model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
    nn.Linear(8 * 30 * 30, 10), nn.LayerNorm(10), nn.Softmax(-1))
size = (1, 3, 32, 32)
"""
COMMAND = "import sys; from modelviz.cli import main; sys.argv = ['modelviz', {}]; main()"
PROCESSES = {
    "import torch": "import torch",
    "a small CNN: `summary`": MODEL + "str(modelviz.summary(model, size, verbose=0))",
    "a small CNN: `draw(…).svg`": MODEL + "modelviz.draw(model, size).svg",
    "`modelviz summary gpt`": COMMAND.format("'summary', 'gpt'"),
    "`modelviz export gpt -o gpt.svg`": COMMAND.format("'export', 'gpt', '-o', 'gpt.svg'"),
    "`modelviz --help`": COMMAND.format("'--help'"),
}
BASE = "import torch"
ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--against", type=Path, help="root of another checkout, measured as well")
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args(arguments)
    roots = {"now": ROOT}
    if options.against is not None:
        roots = {"before": options.against.resolve(), "now": ROOT}
    taken: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(options.rounds + 1):  # the first writes bytecode and fills caches
            for name, code in PROCESSES.items():
                for label, root in roots.items():
                    seconds = processor_seconds(code, root, Path(folder))
                    if turn:
                        taken[name, label].append(seconds)
    base = min([second for label in roots for second in taken[BASE, label]])
    head = ["process"]
    for label in roots:
        head += [f"{label}, s", f"{label}, × import torch"]
    rows = []
    for name in PROCESSES:
        row = [name]
        for label in roots:
            least = min(taken[name, label])
            row += [f"{least:.2f}", f"{least / base:.2f}"]
        rows.append(row)
    text = (
        f"Measured on {machine()}, one thread, least processor time of {options.rounds} processes "
        f"each, in turns.\n\n{table(head, rows)}"
    )
    print(text)
    if not options.no_write:
        write_section("startup", text)
    return 0


def processor_seconds(code: str, root: Path, folder: Path) -> float:
    """The processor time of a new process that runs ``code``, its children's included."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        stdout=subprocess.DEVNULL,
        env={**environment, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")},
        cwd=folder,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
