"""Estimates of a step's seconds against real steps: ``python -m benchmarks.step_time``.

``modelviz.planning.probe`` measures this CPU, plans of 20 models say how long a step is, and the
models take real steps: the fastest of several. Both sides count processor time with one thread, so
that other work on the machine does the least. With ``--no-write`` nothing is written.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

import torch

import modelviz
from modelviz.planning import probe
from modelviz.sources.torchvision_ops import import_torchvision
from modelviz.units import seconds_text

from .plan_memory import OPTIMIZERS, Case, cases, mean
from .report import machine, middle, table, write_section

NAMES = (
    "mlp adamw", "mlp sgd", "mlp None", "cnn adamw", "cnn None", "encoder", "encoder inference",
    "gru", "lstm", "resnet18", "resnet18 inference", "mobilenetv3_small_100", "regnetx_002",
    "convnext", "vit float32", "mixer", "gpt2 float32", "llama float32", "llama inference", "bert",
)  # fmt: skip
STEPS = 5


def real_seconds(case: Case, model: torch.nn.Module) -> float:
    """Processor seconds of the fastest of a few steps."""
    args, kwargs = case.args(), case.kwargs()
    model.train(case.optimizer is not None)
    optimizer: Any = None
    if case.optimizer is not None:
        optimizer = OPTIMIZERS[case.optimizer](model.parameters())

    def step() -> None:
        if optimizer is None:
            with torch.no_grad():
                model(*args, **kwargs)
            return
        mean(model(*args, **kwargs)).backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    times = []
    for _ in range(STEPS):
        started = time.process_time()
        step()
        times.append(time.process_time() - started)
    return min(times)


def main() -> None:
    """Probe, plan, measure, and write the table."""
    import_torchvision()
    torch.set_num_threads(1)
    device = probe(time.process_time)
    print(device.source, device.rates, device.bandwidth, device.calibration, sep="\n", flush=True)
    rows, errors = [], []
    for case in (one for one in cases() if one.name in NAMES):
        torch.manual_seed(0)
        model, args, kwargs = case.make(), case.args(), case.kwargs()
        plan = modelviz.plan(
            model, input_data=list(args), **kwargs, optimizer=case.optimizer, loss=mean,
            device=device,
        )  # fmt: skip
        found = plan.step_seconds
        assert found is not None
        real = real_seconds(case, model)
        errors.append(found.estimate / real - 1)
        rows.append((case.name, seconds_text(found.ideal), seconds_text(found.estimate),
                     seconds_text(real), f"{errors[-1]:+.0%}"))  # fmt: skip
        print(*rows[-1], sep=" | ", flush=True)
        gc.collect()
    said = (
        f"{len(errors)} models: the estimate is {middle([abs(e) for e in errors]):.0%} off in the "
        f"median, {max(map(abs, errors)):.0%} at worst. {machine()}, processor time."
    )
    print(said)
    if "--no-write" not in sys.argv:
        head = ("model", "bound", "estimate", "measured", "off")
        write_section("step_time", f"{said}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
