"""Two processes that take a step of one model over gloo, and what each of them measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

ROOT = Path(__file__).parents[2]


def measured(spread: str, make: str, batch: int, ranks: int = 2) -> list[dict[str, Any]]:
    """What each of ``ranks`` processes found in real steps.

    ``make`` and ``spread`` name functions (``module:function``): of a model with its inputs, and
    of that model and a DeviceMesh, over which it spreads the model.
    """
    with tempfile.TemporaryDirectory() as folder:
        commands = [
            [sys.executable, "-m", __name__, spread, make, str(batch), str(rank), str(ranks),
             f"{folder}/store", f"{folder}/{rank}.json"]
            for rank in range(ranks)
        ]  # fmt: skip
        # What a kernel takes beside its results depends on the threads, here as in a plan.
        env = {**os.environ, "OMP_NUM_THREADS": str(torch.get_num_threads())}
        running = [subprocess.Popen(c, cwd=ROOT, stderr=subprocess.PIPE, env=env) for c in commands]
        for process in running:
            _, told = process.communicate(timeout=300)
            assert process.returncode == 0, told.decode()[-3000:]
        return [json.loads(Path(f"{folder}/{rank}.json").read_text()) for rank in range(ranks)]


class Sends(TorchDispatchMode):
    """Counts the collectives, with the bytes of the largest tensor of each."""

    def __init__(self) -> None:
        super().__init__()
        self.count: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if any(hasattr(kind, "__tensor_flatten__") for kind in types):
            return NotImplemented
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__.replace("_", "")
        for letters in ("allgather", "reducescatter", "allreduce"):
            if func.namespace in ("c10d", "_c10d_functional") and letters in name:
                self.count[letters] += 1
                self.bytes[letters] += max(_sizes((args, result)))
        return result


def _sizes(value: Any) -> list[int]:
    if isinstance(value, torch.Tensor):
        return [value.nbytes]
    return [n for part in value for n in _sizes(part)] if isinstance(value, (tuple, list)) else []


def _locals(values: Any) -> list[torch.Tensor]:
    return [v.to_local() if hasattr(v, "to_local") else v for v in values]


def named(text: str) -> Callable[..., Any]:
    """The function that ``module:function`` names."""
    module, _, name = text.partition(":")
    return getattr(__import__(module, fromlist=[name]), name)  # type: ignore[no-any-return]


def work(spread: str, make: str, batch: int, rank: int, ranks: int, store: str) -> dict[str, Any]:
    """One of the processes."""
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor

    import modelviz

    from .real import allocated

    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=ranks)
    torch.manual_seed(0)
    model, inputs = named(make)(batch)
    spreading = named(spread)
    mesh = init_device_mesh("cpu", (ranks,), mesh_dim_names=(spreading.axis,))
    model.train()
    with torch.no_grad():
        whole = model(*inputs).clone()
    given = (inputs,) if "inputs" in signature(spreading).parameters else ()
    spreading(model, mesh, *given)
    with torch.no_grad():
        error = float((model(*inputs) - whole).abs().max() / whole.abs().max())
    del whole
    for module in model.modules():
        if hasattr(module, "reshard"):
            module.reshard()  # after a forward without a backward, the root keeps its weights whole
    graph = modelviz.trace(model, input_data=list(inputs), execution="fake")
    planned = _planned(model, inputs, rank, ranks)
    optimizer = torch.optim.AdamW(model.parameters())

    def step() -> None:
        output = model(*inputs)
        loss = output.mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()

    local = {
        name: p.to_local() if isinstance(p, DTensor) else p.data
        for name, p in model.named_parameters()
    }
    storages = {
        t.untyped_storage().data_ptr(): t.untyped_storage().nbytes()
        for t in (*local.values(), *model.buffers(), *inputs)
    }
    shapes = {name: list(tensor.shape) for name, tensor in local.items()}
    del local
    step()
    # The threads of gloo let go of what they sent a little later, now and then, and on a busy
    # machine in most steps: what is held then is only ever more, so the least of many is right.
    stays = sum(t.nbytes for state in optimizer.state.values() for t in _locals(state.values()))
    peak = sum(storages.values()) + stays + min(allocated(step, 1) for _ in range(24))
    with Sends() as sends:
        step()
    dist.destroy_process_group()
    return {
        "peak": peak, "shapes": shapes, "count": sends.count, "bytes": sends.bytes,
        "params": graph.total_params, "param_bytes": graph.total_param_bytes, "planned": planned,
        "error": error,
    }  # fmt: skip


def _planned(model: Any, inputs: Any, rank: int, ranks: int) -> dict[str, Any]:
    """The plan of the model as it is, made while the other process waits: nothing may be sent."""
    import torch.distributed as dist

    import modelviz

    for turn in range(ranks):
        if turn == rank:
            found = modelviz.plan(model, input_data=list(inputs), loss=torch.mean)
        dist.barrier()
    return summed(found)


def summed(plan: Any) -> dict[str, Any]:
    """What a plan says of what is measured: the peak, shapes of shards, counts and bytes sent."""
    count, size = Counter[str](), Counter[str]()
    for one in plan.collectives:
        count[one.kind.replace("-", "")] += one.count
        size[one.kind.replace("-", "")] += one.bytes
    shapes = {shard.path: list(shard.local_shape) for shard in plan.shards}
    return {"peak": plan.peak_bytes, "shapes": shapes, "count": count, "bytes": size}


class Block(nn.Module):
    """Attention and a wide layer, each with its residual; heads are told by their size alone."""

    def __init__(self, width: int, size: int) -> None:
        super().__init__()
        self.size = size
        self.norm, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v = (nn.Linear(width, width, bias=False) for _ in range(3))
        self.o = nn.Linear(width, width, bias=False)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x)
        q, k, v = (
            f(y).unflatten(-1, (-1, self.size)).transpose(1, 2) for f in (self.q, self.k, self.v)
        )
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o(y.transpose(1, 2).flatten(2))
        return x + self.narrow(nn.functional.gelu(self.wide(self.norm2(x))))


class Language(nn.Module):
    """Tokens (batch, seq) to logits (batch, seq, 512)."""

    def __init__(self, width: int = 64, depth: int = 3) -> None:
        super().__init__()
        self.embed = nn.Embedding(512, width)
        self.blocks = nn.ModuleList(Block(width, 16) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 512, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        x = self.embed(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def language(batch: int) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """A small language model and its tokens."""
    return Language(), (torch.zeros(batch, 32, dtype=torch.int64),)


def wide_language(batch: int) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """A wider one with fewer blocks."""
    return Language(256, 2), (torch.zeros(batch, 64, dtype=torch.int64),)


class Classifier(Language):
    """Features (batch, seq, 64) in place of tokens."""

    def __init__(self) -> None:
        super().__init__(64, 4)
        self.embed = nn.Linear(64, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).mean(1)


def classifier(batch: int) -> tuple[nn.Module, tuple[torch.Tensor, ...]]:
    """A model of features, whose first layer is not split."""
    return Classifier(), (torch.zeros(batch, 48, 64),)


def sharded(model: Any, mesh: Any) -> None:
    """FSDP2 of each block and of the rest."""
    from torch.distributed.fsdp import fully_shard

    for block in model.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def split(model: Any, mesh: Any) -> None:
    """Tensor parallelism as PyTorch's tutorial writes it."""
    from torch.distributed.tensor import Replicate
    from torch.distributed.tensor.parallel import (
        ColwiseParallel,
        RowwiseParallel,
        parallelize_module,
    )

    plan: dict[str, Any] = {"head": ColwiseParallel(output_layouts=Replicate())}
    if isinstance(model.embed, nn.Embedding):
        plan["embed"] = RowwiseParallel(input_layouts=Replicate())
    for index in range(len(model.blocks)):
        for name in ("q", "k", "v", "wide"):
            plan[f"blocks.{index}.{name}"] = ColwiseParallel()
        for name in ("o", "narrow"):
            plan[f"blocks.{index}.{name}"] = RowwiseParallel()
    parallelize_module(model, mesh, plan)


sharded.axis, split.axis = "dp", "tp"  # type: ignore[attr-defined]


if __name__ == "__main__":
    *what, batch, rank, ranks, store, answer = sys.argv[1:]
    found = work(what[0], what[1], int(batch), int(rank), int(ranks), store)
    Path(answer).write_text(json.dumps(found))
