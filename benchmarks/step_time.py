"""Estimates of a step's seconds against real steps: ``python -m benchmarks.step_time``.

``modelviz.planning.probe`` measures this CPU, plans of models say how long a step is, and the
models take real steps, some before and some after the plan: the fastest of them. Both sides count
processor time with one thread, so that other work on the machine does the least. With names, only
these are measured; with them or ``--no-write`` nothing is written.
"""

from __future__ import annotations

import copy
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
    "gru", "gru inference", "lstm", "lstm both ways", "rnn", "resnet18", "resnet18 inference",
    "efficientnet_b0", "mobilenetv3_small_100", "regnetx_002", "convnext", "vit float32", "mixer",
    "gpt2 float32", "llama float32", "llama inference", "bert",
)  # fmt: skip
STEPS = 5


class Steps:
    """Real steps of a case, taken whenever asked for; ``fastest`` in processor seconds."""

    def __init__(self, case: Case, model: torch.nn.Module) -> None:
        self.args, self.kwargs = case.args(), case.kwargs()
        self.model = model.train(case.optimizer is not None)
        self.optimizer: Any = None
        if case.optimizer is not None:
            self.optimizer = OPTIMIZERS[case.optimizer](model.parameters())
        self.fastest = float("inf")
        self._step()

    def take(self) -> None:
        """A few steps more."""
        for _ in range(STEPS):
            started = time.process_time()
            self._step()
            self.fastest = min(self.fastest, time.process_time() - started)

    def _step(self) -> None:
        if self.optimizer is None:
            with torch.no_grad():
                self.model(*self.args, **self.kwargs)
            return
        mean(self.model(*self.args, **self.kwargs)).backward()
        self.optimizer.step()
        self.optimizer.zero_grad()


def main() -> None:
    """Probe, plan, measure, and write the table."""
    import_torchvision()
    torch.set_num_threads(1)
    device = probe(time.process_time)
    print(device.source, device.rates, device.bandwidth, device.calibration, sep="\n", flush=True)
    chosen = [word for word in sys.argv[1:] if not word.startswith("-")]
    rows, errors = [], []
    for case in (one for one in cases() if one.name in (chosen or NAMES)):
        torch.manual_seed(0)
        model = case.make()
        steps = Steps(case, copy.deepcopy(model))
        steps.take()
        plan = modelviz.plan(
            model, input_data=list(case.args()), **case.kwargs(), optimizer=case.optimizer,
            loss=mean, device=device,
        )  # fmt: skip
        found = plan.step_seconds
        assert found is not None
        steps.take()
        real = steps.fastest
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
    if not chosen and "--no-write" not in sys.argv:
        head = ("model", "bound", "estimate", "measured", "off")
        write_section("step_time", f"{said}\n\n{table(head, rows)}")


if __name__ == "__main__":
    main()
