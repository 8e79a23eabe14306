"""Plans of models that ``fully_shard`` or ``parallelize_module`` was applied to by the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.distributed._composable.replicate import replicate
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import (
    CPUOffloadPolicy,
    FullyShardedDataParallel,
    MixedPrecisionPolicy,
    fully_shard,
)
from torch.distributed.tensor import Shard

import modelviz
from modelviz.planning import Plan
from modelviz.tracing.distributed_internals import own_process_group

from . import processes
from .processes import Language

TOKENS = torch.zeros(4, 16, dtype=torch.int64)


@pytest.fixture(autouse=True)
def group() -> Iterator[None]:
    with own_process_group(8):
        yield


def axes(**sizes: int) -> Any:
    return init_device_mesh("cpu", tuple(sizes.values()), mesh_dim_names=tuple(sizes))


def planned(model: nn.Module, **choices: Any) -> Plan:
    return modelviz.plan(model, input_data=[TOKENS], loss=torch.mean, **choices)


def sent(plan: Plan) -> dict[tuple[str, str, str | None], int]:
    """Bytes by kind, phase and module."""
    return {(c.kind, c.phase, c.path): c.bytes for c in plan.collectives}


def both(model: Any, mesh: Any) -> None:
    processes.split(model, mesh["tp"])
    processes.sharded(model, mesh["dp"])


def mixed(model: Any, mesh: Any) -> None:
    policy = MixedPrecisionPolicy(torch.bfloat16, torch.float32)
    for unit in (*model.blocks, model):
        fully_shard(unit, mesh=mesh, mp_policy=policy)


@pytest.mark.parametrize(
    ("by_hand", "sizes", "choices"),
    [
        (processes.sharded, {"dp": 8}, {}),
        pytest.param(both, {"dp": 4, "tp": 2}, {}, marks=pytest.mark.slow),
        pytest.param(
            mixed, {"dp_replicate": 2, "dp_shard": 4}, {"precision": "bf16-mixed"},
            marks=pytest.mark.slow,
        ),
    ],
)  # fmt: skip
def test_it_is_the_plan_of_the_same_mesh(
    by_hand: Callable[..., Any], sizes: dict[str, int], choices: dict[str, Any]
) -> None:
    model = Language(64, 2)
    by_hand(model, axes(**sizes))
    found, wanted = planned(model), planned(Language(64, 2), mesh=sizes, **choices)
    assert found.breakdown == wanted.breakdown and found.timeline == wanted.timeline
    assert found.shards == wanted.shards and found.collectives == wanted.collectives
    assert "this rank has" in str(found)


@pytest.mark.slow
def test_nothing_of_it_changes() -> None:
    model = Language(64, 2)
    processes.sharded(model, axes(dp=8))
    before = {name: (id(p), p.to_local().data_ptr()) for name, p in model.named_parameters()}
    hooks = {name: list(m._forward_pre_hooks) for name, m in model.named_modules()}
    first = planned(model)
    model(TOKENS).mean().backward()
    assert planned(model).to_dict() == first.to_dict()
    after = {name: (id(p), p.to_local().data_ptr()) for name, p in model.named_parameters()}
    assert before == after
    assert hooks == {name: list(m._forward_pre_hooks) for name, m in model.named_modules()}


def by_columns(parameter: nn.Parameter) -> Shard | None:
    return Shard(1) if parameter.ndim > 1 else None


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized")
def test_every_choice_of_fully_shard_is_kept() -> None:
    model, mesh = Language(64, 2), axes(dp=8)
    fully_shard(model.blocks[0], mesh=mesh, shard_placement_fn=by_columns)
    fully_shard(model.blocks[1], mesh=mesh, reshard_after_forward=2)
    fully_shard([model.norm, model.head], mesh=mesh)
    fully_shard(model, mesh=mesh, ignored_params={model.embed.weight})
    found = planned(model)
    shards = {shard.path: shard for shard in found.shards}
    assert shards["blocks.0.wide.weight"].local_shape == (256, 8)
    assert shards["blocks.1.wide.weight"].local_shape == (32, 64)
    assert shards["embed.weight"].placements == {} and shards["norm.bias"].local_shape == (8,)
    again = [c.ranks for c in found.collectives if c.kind == "all-gather" and c.phase == "backward"]
    assert sorted(again) == [2, 8, 8]  # of the second block over two ranks, as it was told
    assert ("all-gather", "forward", "norm, head") in sent(found)
    assert not any(path == "" for kind, _, path in sent(found) if kind == "reduce-scatter")


@pytest.mark.slow
def test_what_was_set_on_units_is_kept() -> None:
    model = Language(64, 2)
    processes.sharded(model, axes(dp=8))
    model.set_requires_gradient_sync(False)
    model.blocks[0].set_modules_to_forward_prefetch([model.blocks[1]])
    found = planned(model)
    assert {c.kind for c in found.collectives} == {"all-gather"}
    assert found.breakdown["gradients"] + found.breakdown["temporaries"] > 0


@pytest.mark.slow
def test_choices_of_the_plan_hold_as_well() -> None:
    model = Language(64, 2)
    processes.sharded(model, axes(dp=8))
    whole = planned(model)
    assert (
        planned(model, checkpoint="blocks.*").breakdown["activations"]
        < (whole.breakdown["activations"])
    )
    half = planned(model, precision="bfloat16")
    assert half.breakdown["parameters"] == whole.breakdown["parameters"] // 2
    lora = planned(model, lora="*.q")
    assert lora.breakdown["optimizer"] < whole.breakdown["optimizer"] / 10
    assert planned(model, optimizer=None).breakdown["optimizer"] == 0


@pytest.mark.parametrize("mesh", [{"dp": 8}, {"tp": 2}])
def test_a_mesh_beside_is_refused(mesh: dict[str, int]) -> None:
    model = Language(64, 1)
    fully_shard(model, mesh=axes(dp=8))
    with pytest.raises(modelviz.InputError, match=r"distributed already, .* leave out mesh="):
        planned(model, mesh=mesh)


def normed() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 4))


def test_wrappers_that_cannot_be_followed_are_named() -> None:
    wrapped = nn.parallel.DistributedDataParallel(normed())
    with pytest.raises(modelviz.InputError, match="wrapped by DistributedDataParallel"):
        modelviz.plan(wrapped, (2, 4))


def _flat() -> nn.Module:
    return FullyShardedDataParallel(normed(), device_id=torch.device("cpu"))


def _replicated() -> nn.Module:
    return replicate(normed())


@pytest.mark.parametrize(
    ("make", "name"), [(_flat, r"FullyShardedDataParallel \(FSDP1\)"), (_replicated, "replicate")]
)
def test_wrappers_whose_forward_sends_weights_are_refused(
    make: Callable[[], nn.Module], name: str
) -> None:
    model = nn.Sequential(make(), nn.Linear(4, 2))
    for look in (modelviz.summary, modelviz.trace, modelviz.check, modelviz.plan):
        with pytest.raises(modelviz.InputError, match=f"0 is wrapped by {name}, whose "):
            look(model, (2, 4))


def test_a_look_at_a_wrapped_model_sends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one rank looks and the others do not, it would wait for them without an end."""
    wrapped = nn.parallel.DistributedDataParallel(normed())
    plain = modelviz.trace(wrapped.module, (2, 4))

    def send(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("buffers are sent")

    monkeypatch.setattr(wrapped, "_sync_buffers", send)
    before = dict(vars(wrapped))
    for execution in ("fake", "real"):
        graph = modelviz.trace(wrapped, (2, 4), execution=execution)
        assert graph.total_params == plain.total_params
        assert [op.name for op in graph.ops] == [op.name for op in plain.ops]
    modelviz.check(wrapped, (2, 4))
    modelviz.profile(wrapped, (2, 4), backward=True)
    assert vars(wrapped) == before


def test_weights_that_are_kept_on_the_host_are_told() -> None:
    model = nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))
    fully_shard(model, mesh=axes(dp=8), offload_policy=CPUOffloadPolicy(pin_memory=False))
    found = modelviz.plan(model, (2, 64))
    assert any("kept on the host" in finding.message for finding in found.findings)
