"""What comes from elsewhere, wrong in every way: ``python -m benchmarks.hardening``.

Names choose some of it: ``python -m benchmarks.hardening graphs weights --part 0.1``. Each line
says how many were tried and what became of them; the exit status is 1 where there is a fault.
"""

from __future__ import annotations

import argparse
import sys

from . import code, configs, graphs, weights
from .trial import report

TRIALS = {
    "graphs": (graphs.run, 7_000),
    "weights": (weights.run, 20_000),
    "configs": (configs.run, 50),
    "code": (code.run, len(code.CODES)),
}


def main() -> int:
    """Try all, or what is named, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="*", default=list(TRIALS), metavar="|".join(TRIALS))
    parser.add_argument("--part", type=float, default=1.0, help="of the full count, from 0 to 1")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    faults = 0
    for name in given.trials:
        run, count = TRIALS[name]
        faults += report(name, run(max(1, round(count * given.part)), given.seed))
    return min(faults, 1)


if __name__ == "__main__":
    sys.exit(main())
