"""``modelviz.plan(mesh=...)``: one of many devices, on PyTorch's own engine."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from math import prod
from typing import Any

import pytest
import torch
from torch import nn

import modelviz
from modelviz.planning import Plan
from modelviz.tracing.distributed_internals import own_process_group

from . import equality, families, processes, split
from .processes import Language, summed

TOKENS = torch.zeros(4, 16, dtype=torch.int64)


def planned(**choices: Any) -> Plan:
    return modelviz.plan(Language(64, 2), input_data=TOKENS, loss=torch.mean, **choices)


@pytest.fixture(scope="module")
def both() -> Plan:
    return planned(mesh={"dp": 8, "tp": 2})


@pytest.fixture(scope="module")
def one() -> Plan:
    return planned()


def test_each_device_has_its_part(both: Plan, one: Plan) -> None:
    assert both.mesh == {"dp": 8, "tp": 2}
    shards = {shard.path: shard for shard in both.shards}
    wide = shards["blocks.0.wide.weight"]
    assert wide.shape == (256, 64) and wide.local_shape == (16, 64)
    assert wide.placements == {"dp": "Shard(0)", "tp": "Shard(0)"}
    assert shards["blocks.0.narrow.weight"].placements == {"dp": "Shard(0)", "tp": "Shard(1)"}
    assert shards["norm.weight"].placements == {"dp": "Shard(0)"}
    assert sum(s.global_bytes for s in both.shards) == one.breakdown["parameters"]
    assert both.breakdown["parameters"] == sum(s.bytes for s in both.shards)
    assert both.breakdown["parameters"] < one.breakdown["parameters"] / 15
    assert both.breakdown["optimizer"] < one.breakdown["optimizer"] / 15
    assert sum(both.breakdown.values()) == both.peak_bytes


def test_collectives_are_those_of_fsdp_and_of_pairs_of_layers(both: Plan) -> None:
    count, size = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for found in both.collectives:
        count[found.kind, found.axis] += found.count
        size[found.kind, found.axis] += found.bytes
    # Each block twice, the rest once, which stays until the backward pass.
    assert count["all-gather", "dp"] == 5 and count["reduce-scatter", "dp"] == 3
    # Forward: two of each block and the embedding; backward: four layers of each, and the head.
    assert count["all-reduce", "tp"] == 5 + 9
    assert size["all-reduce", "tp"] == 14 * 4 * 16 * 64 * 4
    assert count["all-gather", "tp"] == 1 and size["all-gather", "tp"] == 4 * 16 * 512 * 4
    block = [c for c in both.collectives if c.path == "blocks.1" and c.axis == "dp"]
    own = sum(s.global_bytes for s in both.shards if s.path.startswith("blocks.1"))
    replicated = sum(
        s.global_bytes
        for s in both.shards
        if s.path.startswith("blocks.1") and len(s.placements) < 2
    )
    bias = 64 * 4  # of the rows: each device has all of it
    assert [c.bytes for c in block] == [(own + replicated + bias) // 2] * 3
    assert all(c.wire_bytes == c.bytes * 7 // 8 for c in block)


def test_shows_itself(both: Plan) -> None:
    text = str(both)
    assert "each of 16 devices (dp=8, tp=2)" in text and "8 batches at once, 32 samples" in text
    assert "256×64 → 16×64" in text and "all-reduce" in text
    assert "256×64 → 16×64" in both._repr_html_()
    data = both.to_dict()
    assert data["mesh"] == {"dp": 8, "tp": 2} and len(data["shards"]) == len(both.shards)
    assert data["collectives"][0]["wire_bytes"] > 0


@pytest.mark.slow
def test_a_function_of_ones_own(one: Plan) -> None:
    found = planned(mesh={"x": 4}, parallelize=lambda model, mesh: processes.sharded(model, mesh))
    named = planned(mesh={"fsdp": 4})
    assert found.breakdown == named.breakdown and found.peak_bytes < one.peak_bytes
    assert {c.axis for c in found.collectives} == {"x"}


@pytest.mark.slow
def test_repeated_shards_are_reduced_over_both_axes() -> None:
    found = planned(mesh={"dp_replicate": 2, "dp_shard": 4}, precision="bf16-mixed")
    kinds = {(c.kind, c.axis) for c in found.collectives}
    assert ("all-reduce", "dp_replicate") in kinds and ("reduce-scatter", "dp_shard") in kinds
    gathered = sum(c.bytes for c in found.collectives if c.kind == "all-gather")
    reduced = sum(c.bytes for c in found.collectives if c.kind == "reduce-scatter")
    single = planned(mesh={"dp_shard": 4})
    assert 2 * gathered == sum(c.bytes for c in single.collectives if c.kind == "all-gather")
    assert reduced == sum(c.bytes for c in single.collectives if c.kind == "reduce-scatter")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        (
            {"mesh": {"pp": 2, "tp": 2}},
            "'pp' is not planned, .* plan one stage",
        ),
        ({"mesh": {"cp": 2}}, "'cp' is not planned, which splits the sequence"),
        ({"mesh": {"ep": 2}}, "'ep' is not planned, which splits experts over devices"),
        ({"mesh": {"dp": 2, "xp": 2}}, "'xp' is no axis that is known; expected dp, fsdp"),
        ({"mesh": {"dp": 0}}, "dp=0: expected a whole number of at least 1"),
        ({"mesh": 8}, "mesh=8: expected the axes with their sizes"),
        ({"mesh": {"dp": 2, "fsdp": 2}}, "dp and fsdp are for the same"),
        ({"mesh": {"dp_replicate": 2}}, "give dp_shard too"),
        ({"parallelize": print}, "give mesh="),
        ({"mesh": {"tp": 3}}, "tp=3 does not divide the 4 heads of blocks.0.q .* 1, 2, 4"),
        ({"mesh": {"x": 2}, "parallelize": lambda m, mesh: None}, "left all 28 parameters whole"),
    ],
)
def test_what_cannot_be_spread_is_said(choices: dict[str, Any], message: str) -> None:
    with pytest.raises(modelviz.InputError, match=message):
        planned(**choices)


def test_layers_that_nothing_joins_are_not_split() -> None:
    with pytest.raises(modelviz.InputError, match="tp=2 splits no layer of Conv2d"):
        modelviz.plan(nn.Conv2d(3, 4, 3), (1, 3, 8, 8), mesh={"tp": 2})


@pytest.mark.parametrize(
    ("mesh", "what"),
    [({"dp": 2}, "batch"), pytest.param({"tp": 2}, "seq", marks=pytest.mark.slow)],
)
def test_the_largest_that_fits_one_of_many(mesh: dict[str, int], what: Any) -> None:
    plan = planned(mesh=mesh, device="4MB")
    found = plan.largest(what)
    sizes = {"batch": plan.sizes["batch"], "seq": plan.sizes["seq"]}
    fits, beyond = (plan.resized(**{what: n}) for n in (int(found), int(found) + 1))
    assert found > (sizes[what] or 0) and found.bytes == fits.peak_bytes <= 4e6
    assert found.beyond_bytes == beyond.peak_bytes > 4e6
    assert len(fits.collectives) == len(plan.collectives) and fits.shards == plan.shards
    assert f"{what} {int(found)}" in str(found)


def test_the_process_group_of_the_caller_stays(tmp_path: Any) -> None:
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard, distribute_tensor

    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/store", rank=0, world_size=1)
    try:
        mesh = init_device_mesh("cpu", (1,), mesh_dim_names=("tp",))
        given = distribute_tensor(torch.ones(4), mesh, [Shard(0)])
        before = dist.group.WORLD, dict(os.environ), sys.excepthook
        group = dist.new_group([0])
        planned(mesh={"tp": 1, "dp": 2})
        assert (dist.group.WORLD, dict(os.environ), sys.excepthook) == before
        assert dist.get_world_size() == 1 and dist.get_backend() == "gloo"
        dist.all_reduce(torch.ones(1), group=group)
        total = (given + given).sum()
        assert isinstance(total, DTensor) and total.full_tensor().item() == 8
        assert dist.get_world_size(dist.new_group([0])) == 1
    finally:
        dist.destroy_process_group()


@pytest.mark.slow
def test_distributed_models_are_seen_as_they_are(one: Plan) -> None:
    from torch.distributed.device_mesh import init_device_mesh

    with own_process_group(2):
        model = Language(64, 2)
        whole = sum(p.numel() for p in model.parameters())
        processes.sharded(model, init_device_mesh("cpu", (2,), mesh_dim_names=("dp",)))
        graph = modelviz.trace(model, input_data=[TOKENS])
        again = modelviz.trace(model, input_data=[TOKENS])
        halves = Language(64, 2)
        processes.split(halves, init_device_mesh("cpu", (2,), mesh_dim_names=("tp",)))
        found = modelviz.plan(halves, input_data=[TOKENS], loss=torch.mean)
    assert graph.total_params == whole and graph.to_json() == again.to_json()
    assert graph.total_param_bytes == one.breakdown["parameters"] // 2
    (finding,) = [f for f in graph.findings if f.code == "MV025"]
    assert "distributed over dp=2: this rank has" in finding.message
    assert "no use seen" not in str(modelviz.summary(graph))
    planned_so = planned(mesh={"tp": 2})
    assert found.breakdown == planned_so.breakdown and found.shards == planned_so.shards
    assert found.collectives == planned_so.collectives


@pytest.mark.slow
def test_a_plan_of_one_device_brings_nothing_of_many() -> None:
    # PyTorch itself may: its compiler does, which fake tensors and optimizers import.
    code = (
        "import sys, torch, modelviz; modelviz.plan(torch.nn.Linear(4, 4), (2, 4));"
        "assert 'modelviz.planning.shards' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("how", "axis"), [("sharded", "dp"), ("split", "tp")])
def test_two_processes_measure_what_is_planned(how: str, axis: str) -> None:
    name = processes.__name__
    first, second = processes.measured(f"{name}:{how}", f"{name}:language", 8)
    model, inputs = processes.language(8)
    found = modelviz.plan(model, input_data=list(inputs), loss=torch.mean, mesh={axis: 2})
    assert {s.path: list(s.local_shape) for s in found.shards} == first["shapes"]
    assert first["shapes"] == second["shapes"]
    assert first["params"] == sum(p.numel() for p in model.parameters())
    assert first["param_bytes"] == sum(4 * prod(shape) for shape in first["shapes"].values())
    # Both have halves of the same sizes; gloo's threads may hold what one of them sent.
    peak = min(first["peak"], second["peak"])
    assert found.peak_bytes == pytest.approx(peak, rel=0.002)
    assert summed(found)["count"] == first["count"] and summed(found)["bytes"] == first["bytes"]
    # Each process planned its model as it is, and sent nothing for that.
    for rank in (first, second):
        assert rank["planned"] == {**summed(found), "shapes": rank["shapes"]}


PROVEN = (
    "llama", "qwen3", "neox", "gpt2", "phi3", "bloom", "falcon", "falcon_alibi", "t5", "bert",
    "mixtral", "deepseek", "vit", "swin", "torchvision_vit", "translator", "attending", "adding",
    "falcon_multi_query", "bigcode", "gemma",
)  # fmt: skip


@pytest.mark.slow
def test_outputs_and_gradients_are_the_same_on_two_processes() -> None:
    for family, found in equality.compared(list(PROVEN)).items():
        assert found["split"], family
        assert found["output"] < 1e-5 and found["gradient"] < 1e-4, (family, found)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["llama", "mixtral", "deepseek", "gpt2", "translator", "vit"])
def test_what_a_plan_splits_gives_the_same_on_two_processes(family: str) -> None:
    names = f"{split.__name__}:as_planned", f"{families.__name__}:{family}"
    first, second = processes.measured(*names, 4)
    assert max(first["error"], second["error"]) < 1e-5
    model, inputs = getattr(families, family)(4)
    found = summed(
        modelviz.plan(model.train(), input_data=list(inputs), loss=torch.mean, mesh={"tp": 2})
    )
    for what in ("shapes", "count", "bytes"):
        assert found[what] == first[what] == second[what]
    assert first["planned"] == found
    assert found["peak"] == pytest.approx(first["peak"], rel=0.01)
