"""What ``import modelviz`` adds to ``import torch``, each time in a fresh interpreter.

``python -m benchmarks.imports`` prints the medians and writes them into the README.
"""

from __future__ import annotations

import argparse
import subprocess
import sys

from .report import machine, middle, table, write_section

STATEMENTS = {
    "import modelviz": "import modelviz",
    "… and modelviz.trace": "import modelviz; modelviz.trace",
    "… and modelviz.summary": "import modelviz; modelviz.trace; modelviz.summary",
    "import torchinfo": "import torchinfo",
    "import torchview": "import torchview",
    "import torchlens": "import torchlens",
}
CODE = """
import time
start = time.perf_counter()
import torch
middle = time.perf_counter()
{statement}
print(middle - start, time.perf_counter() - middle)
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; write the README's section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--no-write", action="store_true", help="only print")
    options = parser.parse_args(arguments)
    torch_seconds: list[float] = []
    seconds: dict[str, list[float]] = {name: [] for name in STATEMENTS}
    failed: dict[str, str] = {}
    for _ in range(options.rounds + 1):  # the first round fills the caches of files
        for name, statement in STATEMENTS.items():
            if name in failed:
                continue
            done = subprocess.run(
                [sys.executable, "-c", CODE.format(statement=statement)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                failed[name] = done.stderr.strip().splitlines()[-1]
                continue
            first, second = map(float, done.stdout.split())
            torch_seconds.append(first)
            seconds[name].append(second)
    rows = [["import torch", f"{middle(torch_seconds) * 1e3:.0f}"]]
    for name, values in seconds.items():
        rows.append([name, failed.get(name) or f"+ {middle(values[1:]) * 1e3:.0f}"])
    text = (
        f"Measured on {machine()}, medians of {options.rounds} interpreters.\n\n"
        f"{table(['', 'ms'], rows)}"
    )
    print(text)
    if not options.no_write:
        write_section("imports", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
