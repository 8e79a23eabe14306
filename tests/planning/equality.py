"""Whether models that are split as a plan splits them compute the same, on two real processes.

``python -m tests.planning.equality llama t5`` starts them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

ROOT = Path(__file__).parents[2]


def compared(families: list[str], ranks: int = 2, batch: int = 4) -> dict[str, dict[str, Any]]:
    """By family: how far off outputs and gradients are, and how many parameters are split.

    ``families`` are functions of ``families``; all of them run in the same processes.
    """
    with tempfile.TemporaryDirectory() as folder:
        commands = [
            [sys.executable, "-m", "tests.planning.equality", str(rank), str(ranks), str(batch),
             f"{folder}/store", f"{folder}/{rank}.json", *families]
            for rank in range(ranks)
        ]  # fmt: skip
        running = [subprocess.Popen(c, cwd=ROOT, stderr=subprocess.PIPE) for c in commands]
        for process in running:
            _, told = process.communicate(timeout=600)
            assert process.returncode == 0, told.decode()[-3000:]
        each = [json.loads(Path(f"{folder}/{rank}.json").read_text()) for rank in range(ranks)]
    return {
        name: {what: max(found[name][what] for found in each) for what in each[0][name]}
        for name in families
    }


def work(rank: int, ranks: int, batch: int, store: str, families: list[str]) -> dict[str, Any]:
    """One of the processes."""
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh

    from . import families as made

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=ranks)
    mesh = init_device_mesh("cpu", (ranks,), mesh_dim_names=("tp",))
    found = {}
    for family in families:
        torch.manual_seed(0)
        model, inputs = getattr(made, family)(batch)
        found[family] = _one(model.train(), inputs, mesh)
        if rank == 0:
            print(family, found[family], file=sys.stderr, flush=True)
    dist.destroy_process_group()
    return found


def _one(model: Any, inputs: Any, mesh: Any) -> dict[str, Any]:
    from torch.distributed.tensor import DTensor

    from .split import as_planned

    before = _stepped(model, inputs)
    notes = as_planned(model, mesh, inputs)
    after = _stepped(model, inputs)
    split = [name for name, p in model.named_parameters() if isinstance(p, DTensor)]
    least = max(before[1].values()) / 1000
    errors = {
        name: abs(after[1][name] - norm) / max(norm, least) for name, norm in before[1].items()
    }
    worst = max(errors, key=errors.__getitem__)
    return {
        "output": float((after[0] - before[0]).abs().max() / before[0].abs().max()),
        "gradient": errors[worst],
        "worst": worst,
        "split": len(split),
        "whole": [name for name in before[1] if name not in split],
        "notes": notes,
    }


def _stepped(model: Any, inputs: Any) -> tuple[torch.Tensor, dict[str, float]]:
    """The output, and the norm of the gradient of each parameter, which no order changes."""
    import torch.distributed as dist
    from torch.distributed.tensor import DTensor

    model.zero_grad()
    output = model(*inputs)
    scale = torch.linspace(0.5, 1.5, output.numel()).reshape(output.shape)
    (output * scale).mean().backward()
    norms = {}
    for name, parameter in model.named_parameters():
        grad = parameter.grad
        if grad is None:
            continue
        spread = isinstance(grad, DTensor) and not all(p.is_replicate() for p in grad.placements)
        own = grad.to_local() if isinstance(grad, DTensor) else grad
        square = own.double().square().sum()
        if spread:
            dist.all_reduce(square)
        norms[name] = float(square.sqrt())
    return output.detach().clone(), norms


if __name__ == "__main__":
    if sys.argv[1].isdigit():
        rank, ranks, batch, store, answer, *names = sys.argv[1:]
        found = work(int(rank), int(ranks), int(batch), store, names)
        Path(answer).write_text(json.dumps(found))
    else:
        for name, told in compared(sys.argv[1:]).items():
            print(name, told)
