"""Plans of two devices against two processes: ``python -m benchmarks.plan_mesh`` writes the table.

The measured side is PyTorch's own: two processes over gloo on this machine take real steps with
FSDP2, or tensor parallelism, applied by hand. Each tells the shapes of its shards, the most that
its allocator gave (the least of six steps, since gloo's threads let go of what they sent now and
then a little later), and its collectives. Then 405 billion parameters on 512 devices: processor
seconds of the plan, imports and the building of the model aside, and the memory of the process.
``--no-large`` leaves that out.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections import Counter
from typing import Any

import torch

import modelviz
from modelviz.sources.torchvision_ops import import_torchvision
from modelviz.units import bytes_text, seconds_text
from tests.planning import processes

from .llama405b import CONFIG
from .report import machine, table, write_section

WAYS = {"sharded": "dp", "split": "tp"}
MODELS = ("language", "wide_language", "classifier")
BATCH = 8
TOKENS = 8192


def compared(how: str, make: str) -> tuple[str, ...]:
    """A row: planned and measured, of the first process."""
    name = processes.__name__
    both = processes.measured(f"{name}:{how}", f"{name}:{make}", BATCH)
    model, inputs = getattr(processes, make)(BATCH)
    axis = WAYS[how]
    plan = modelviz.plan(model, input_data=list(inputs), loss=torch.mean, mesh={axis: 2})
    shapes = {shard.path: list(shard.local_shape) for shard in plan.shards}
    planned, count = Counter[str](), Counter[str]()
    for one in plan.collectives:
        planned[one.kind.replace("-", "")] += one.bytes
        count[one.kind.replace("-", "")] += one.count
    first = both[0]
    same = dict(planned) == first["bytes"] and dict(count) == first["count"]
    equal = all(shapes == rank["shapes"] for rank in both)
    return (
        make,
        f"{axis}=2",
        f"{len(shapes)}, {'equal' if equal else 'NOT equal'}",
        bytes_text(plan.peak_bytes),
        bytes_text(first["peak"]),
        f"{plan.peak_bytes / first['peak'] - 1:+.3%}",
        f"{sum(count.values())}, {bytes_text(sum(planned.values()))}",
        "equal" if same else f"NOT equal: {first['count']}, {first['bytes']}",
    )


def large() -> str:
    """The sentence about Llama 3.1 405B."""
    import_torchvision()
    from transformers import LlamaConfig, LlamaForCausalLM

    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**CONFIG))
        tokens = torch.zeros(1, TOKENS, dtype=torch.int64)
    choices: dict[str, Any] = {
        "mesh": {"dp": 64, "tp": 8}, "device": "H100", "precision": "bf16-mixed",
        "checkpoint": "model.layers.*",
    }  # fmt: skip
    started = time.process_time()
    plan = modelviz.plan(model, input_data=[tokens], **choices)
    seconds = time.process_time() - started
    most = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (
        f"Llama 3.1 405B on 512 devices (dp=64, tp=8), a step of {TOKENS:,} tokens with "
        f"checkpoints in bf16-mixed: planned in {seconds_text(seconds)} of processor time, the "
        f"process at most {bytes_text(most)}. {plan.verdict}."
    )


def main() -> None:
    """Measure all, and write the section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-large", action="store_true")
    arguments = parser.parse_args()
    rows = []
    for make in MODELS:
        for how in WAYS:
            rows.append(compared(how, make))
            print(*rows[-1], sep=" | ", flush=True)
    head = (
        "model", "mesh", "shards", "planned peak", "measured", "off", "collectives",
        "counts and bytes",
    )  # fmt: skip
    text = f"{machine()}.\n\n{table(head, rows)}"
    if not arguments.no_large:
        said = large()
        print(said)
        text += f"\n\n{said}"
        write_section("plan_mesh", text)


if __name__ == "__main__":
    main()
