"""Every way in which a forward touches state, by every execution, ending and mode: what is left?

    python -m tests.tracing.trial [NAME ...]

Prints a table: how many runs, in how many something was left changed, what said so.
"""

from __future__ import annotations

import os
import sys
from typing import Any, Literal

import torch

from modelviz import TraceError, trace
from tests.tracing import ways
from tests.tracing.fingerprint import Fingerprint, differences
from tests.tracing.ways import WAYS, Host

EXECUTIONS = ("fake", "real", "auto")
ENDINGS = ("ok", "fails", "interrupted")
Outcome = tuple[list[str], str]


def run(
    way: str,
    execution: Literal["fake", "real", "auto"],
    ending: str,
    training: bool,
    mode: str | None = None,
) -> Outcome:
    """What one trace left changed, and how it ended."""
    raised = {"ok": None, "fails": ValueError("no"), "interrupted": KeyboardInterrupt()}[ending]
    model = Host(way, raised).train(training)
    x = torch.arange(12.0).view(3, 4)
    before = _look(model, x)
    try:
        trace(model, input_data=[x], execution=execution, mode=mode)
        said = "ok"
    except TraceError as error:
        said = (
            "ended"
            if error.__cause__ is raised
            else f"{type(error.__cause__).__name__}: {error.__cause__}"
        )
    return differences(before, _look(model, x)), said


def _look(model: Any, x: torch.Tensor) -> Fingerprint:
    return Fingerprint(
        model=model,
        x=x,
        all=ways.GLOBAL,
        count=ways.COUNT,
        variable=ways.VARIABLE.get(),
        inside=ways.INSIDE.get(None),
        thread=ways.THREAD,
        cls=ways.Plain,
        host=Host,
        library=vars(torch.nn.Dropout)["forward"],
    )


def main(names: list[str]) -> int:
    """Try ``names``, or every way; the number of runs that left something changed."""
    directory = os.getcwd()
    runs = changed = 0
    refused: dict[str, list[str]] = {}
    for way in names or WAYS:
        for execution in EXECUTIONS:
            for ending in ENDINGS:
                for training in (True, False):
                    left, said = run(way, execution, ending, training)  # type: ignore[arg-type]
                    os.chdir(directory)
                    runs += 1
                    changed += bool(left)
                    if left:
                        mode = "train" if training else "eval"
                        print(
                            f"{way} {execution} {ending} {mode}: {len(left)} {left[:3]}", flush=True
                        )
                    if said not in ("ok", "ended"):
                        refused.setdefault(f"{way} ({execution})", []).append(said)
    for name, messages in refused.items():
        print(f"  refused: {name}: {messages[0].splitlines()[0][:150]}")
    print(f"{len(names or WAYS)} ways, {runs} runs, {changed} left something changed")
    return changed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
