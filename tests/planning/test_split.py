"""Which layers a plan over several devices splits, and what it says of those that stay whole."""

from __future__ import annotations

from collections import Counter

import pytest
import torch
from torch import nn

import modelviz
from modelviz.planning import Plan
from modelviz.planning.pairs import find_split

from .processes import Language
from .test_mesh import TOKENS, planned


class Counted(nn.Module):
    """Attention that shapes its heads by a number, and one layer for queries, keys and values."""

    def __init__(self, fused: bool) -> None:
        super().__init__()
        self.heads, self.width, self.fused = 4, 32, fused
        self.qkv = nn.ModuleList(
            nn.Linear(32, 96 if fused else 32) for _ in range(1 if fused else 3)
        )
        self.out = nn.Linear(32, 32)
        self.wide, self.narrow = nn.Linear(32, 64), nn.Linear(64, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = self.qkv[0](x).chunk(3, -1) if self.fused else [layer(x) for layer in self.qkv]
        q, k, v = (p.view(*p.shape[:2], self.heads, 8).transpose(1, 2) for p in parts)
        weights = torch.softmax(q @ k.transpose(-1, -2) / 8**0.5, dim=-1)
        y = (weights @ v).transpose(1, 2).reshape(*x.shape[:2], self.width)
        x = x + self.out(y)
        return x + self.narrow(torch.relu(self.wide(x)))


def test_heads_that_are_counted_by_a_number_are_split_too() -> None:
    model = nn.Sequential(Counted(False), Counted(False))
    found_split = find_split(modelviz.trace(model, (2, 5, 32)))
    assert [(g.kind, g.owner, g.heads) for g in found_split.groups] == [
        ("attention", "0", ((4,),) * 3), ("attention", "1", ((4,),) * 3), ("wide", "0", ()),
        ("wide", "1", ()),
    ]  # fmt: skip
    found = modelviz.plan(model, (2, 5, 32), mesh={"tp": 2})
    shards = {s.path: s.local_shape for s in found.shards}
    assert shards["0.qkv.1.weight"] == (16, 32) and shards["1.out.weight"] == (32, 16)
    assert model[0].heads == 4 and model[0].width == 32


def test_one_layer_for_queries_keys_and_values_is_split_too() -> None:
    found = modelviz.plan(nn.Sequential(Counted(True), Counted(True)), (2, 5, 32), mesh={"tp": 2})
    shards = {s.path: s.local_shape for s in found.shards}
    assert shards["0.qkv.0.weight"] == (48, 32) and shards["0.out.weight"] == (32, 16)
    with pytest.raises(modelviz.InputError, match="does not divide the 4 heads of"):
        modelviz.plan(nn.Sequential(Counted(True)), (2, 5, 32), mesh={"tp": 8})


class Biased(Counted):
    """Attention with a bias by head, whose heads are counted and whose sizes are not."""

    def __init__(self) -> None:
        super().__init__(True)
        self.bias = nn.Parameter(torch.randn(4, 5, 5))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = self.qkv[0](x).reshape(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = nn.functional.scaled_dot_product_attention(*parts, attn_mask=self.bias)
        return x + self.out(y.transpose(1, 2).flatten(2))


def local(plan: Plan) -> dict[str, tuple[int, ...]]:
    return {shard.path: shard.local_shape for shard in plan.shards}


def told(plan: Plan) -> str:
    return "; ".join(finding.message for finding in plan.findings)


def test_a_table_of_biases_is_split_by_head() -> None:
    model = nn.Sequential(Biased(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
    found = local(modelviz.plan(model, (2, 5, 32), mesh={"tp": 2}))
    assert found["0.qkv.0.weight"] == (48, 32) and found["0.bias"] == (2, 5, 5)


class Alike(Biased):
    """The same with a bias of which no dimension alone is the heads."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.randn(4, 4, 4))


def test_heads_are_not_cut_into_parts_of_their_size() -> None:
    model = nn.Sequential(Alike(), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
    plan = modelviz.plan(model, (2, 4, 32), mesh={"tp": 2})
    assert local(plan)["0.qkv.0.weight"] == (96, 32) and local(plan)["1.weight"] == (32, 32)
    assert "0.qkv.0: 0 does not run with its heads split" in told(plan)


class Normed(Counted):
    """Attention with a norm of the queries of all heads together."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (layer(x) for layer in self.qkv)
        q = nn.functional.layer_norm(q, (q.shape[-1],))
        heads = [part.unflatten(-1, (-1, 8)).transpose(1, 2) for part in (q, k, v)]
        made = nn.functional.scaled_dot_product_attention(*heads)
        return self.out(made.transpose(1, 2).flatten(2))


def test_a_norm_over_all_heads_keeps_them_whole() -> None:
    model = nn.Sequential(Normed(False), nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32))
    plan = modelviz.plan(model, (2, 5, 32), mesh={"tp": 2})
    assert local(plan)["0.qkv.0.weight"] == (32, 32)
    assert "layer_norm needs all 32 features of 0.qkv.0 at once" in told(plan)


class HeadNorm(Normed):
    """Attention with a norm by head, whose weight all heads share."""

    def __init__(self) -> None:
        super().__init__(False)
        self.norm = nn.LayerNorm(8)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (layer(x).unflatten(-1, (-1, 8)).transpose(1, 2) for layer in self.qkv)
        made = nn.functional.scaled_dot_product_attention(self.norm(q), k, v)
        return self.out(made.transpose(1, 2).flatten(2))


def test_gradients_of_what_heads_share_are_summed() -> None:
    plan = modelviz.plan(nn.Sequential(HeadNorm(), HeadNorm()), (2, 5, 32), mesh={"tp": 2})
    small = [c for c in plan.collectives if c.bytes == c.count * 8 * 4]
    # Weight and bias of both norms.
    assert [(c.kind, c.phase) for c in small] == [("all-reduce", "backward")] * len(small)
    assert sum(c.count for c in small) == 4


class Gated(nn.Module):
    """One layer for a gate and for what passes it: taken apart in halves, or by ``glu``."""

    def __init__(self, glu: bool) -> None:
        super().__init__()
        self.glu = glu
        self.wide, self.narrow = nn.Linear(32, 128), nn.Linear(64, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if self.glu:
            return self.narrow(nn.functional.glu(self.wide(x)))
        made = self.wide(x)
        gate, passed = made[..., :64], made[..., 64:]
        return self.narrow(nn.functional.silu(gate) * passed)


def test_a_gate_and_what_passes_it_are_split_alike() -> None:
    plan = modelviz.plan(nn.Sequential(Gated(True), Gated(True)), (6, 32), mesh={"tp": 2})
    assert local(plan)["0.wide.weight"] == (64, 32) and local(plan)["1.narrow.weight"] == (32, 32)
    group = find_split(modelviz.trace(Gated(True), (6, 32))).groups[0]
    assert group.parts == ((64, 64),)


def test_attention_of_torch_is_split() -> None:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    plan = modelviz.plan(encoder, (2, 5, 32), mesh={"tp": 2})
    assert local(plan)["layers.0.self_attn.in_proj_weight"] == (48, 32)
    assert local(plan)["layers.0.self_attn.out_proj.weight"] == (32, 16)
    count = Counter((c.kind, c.phase) for c in plan.collectives for _ in range(c.count))
    # Each layer has two pairs of columns and rows; what the model is given needs no gradient.
    assert count == {("all-reduce", "forward"): 4, ("all-reduce", "backward"): 3}
    inferred = modelviz.plan(encoder, (2, 5, 32), mesh={"tp": 2}, optimizer=None)
    assert {c.phase for c in inferred.collectives} == {"forward"}
    assert type(encoder.layers[0].self_attn) is nn.MultiheadAttention


def test_attention_that_adds_keys_and_values_is_split() -> None:
    layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
    layer.self_attn = nn.MultiheadAttention(32, 4, add_bias_kv=True, batch_first=True)
    plan = modelviz.plan(nn.Sequential(layer), (2, 5, 32), mesh={"tp": 2})
    assert local(plan)["0.self_attn.in_proj_weight"] == (48, 32)
    assert local(plan)["0.self_attn.bias_k"] == (1, 1, 16)


class Alone(nn.Module):
    """A convolution, a recurrent layer, a linear layer with a norm behind it, and two that pair."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(32, 64, 3), nn.LayerNorm(64)
        self.steps, self.first = nn.GRU(64, 64, batch_first=True), nn.Linear(64, 64)
        self.wide, self.narrow = nn.Linear(64, 128), nn.Linear(128, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.steps(self.conv(x.transpose(1, 2)).transpose(1, 2))[0]
        return self.narrow(torch.relu(self.wide(self.norm(self.first(x)))))


def test_what_stays_whole_is_told() -> None:
    plan = modelviz.plan(Alone(), (2, 5, 32), mesh={"tp": 2})
    assert local(plan)["wide.weight"] == (64, 64)
    assert "of the parameters unsplit" in told(plan)
    assert "conv: convolutions stay whole" in told(plan)
    assert "steps: recurrent layers stay whole" in told(plan)
    assert "first: layer_norm (" in told(plan) and "needs all that it gives at once" in told(plan)


class Shared(nn.Module):
    """Attention whose heads share their keys and values, all from one layer."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = nn.Linear(32, 48), nn.Linear(32, 32)
        self.wide, self.narrow = nn.Linear(32, 64), nn.Linear(64, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps, _ = x.shape
        heads = self.qkv(x).view(batch, steps, 6, 8)
        q, k, v = heads[..., :4, :], heads[..., 4:5, :], heads[..., 5:, :]
        y = nn.functional.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v)))
        x = self.out(y.transpose(1, 2).reshape(batch, steps, 32))
        return self.narrow(torch.relu(self.wide(x)))


def test_one_head_of_keys_and_values_stays_whole() -> None:
    plan = modelviz.plan(Shared(), (2, 5, 32), mesh={"tp": 2})
    assert "its 4 heads of queries share one head of keys and values" in told(plan)


class Stacked(nn.Module):
    """Experts in stacked weights, each of which sees every token."""

    def __init__(self) -> None:
        super().__init__()
        self.gate_up, self.down = (nn.Parameter(torch.randn(4, *s)) for s in ((80, 32), (32, 40)))
        self.features = 40

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made = x.unsqueeze(0) @ self.gate_up.transpose(1, 2)
        gate, up = made[..., : self.features], made[..., self.features :]
        return (torch.nn.functional.silu(gate) * up @ self.down.transpose(1, 2)).sum(0)


class Apart(nn.Module):
    """The same with one layer each, and no more than one head of keys and of values."""

    def __init__(self) -> None:
        super().__init__()
        self.q, self.k, self.v = nn.Linear(32, 32), nn.Linear(32, 8), nn.Linear(32, 8)
        self.out = nn.Linear(32, 32)
        self.norm = nn.LayerNorm(32)
        self.wide, self.narrow = nn.Linear(32, 64), nn.Linear(64, 32)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (layer(x).unflatten(-1, (-1, 8)).transpose(1, 2)
                   for layer in (self.q, self.k, self.v))  # fmt: skip
        y = nn.functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        x = self.norm(self.out(y.transpose(1, 2).flatten(2)))
        return self.narrow(torch.relu(self.wide(x)))


def test_one_head_of_keys_and_values_from_layers_of_their_own_is_no_error() -> None:
    plan = modelviz.plan(Apart(), (2, 5, 32), mesh={"tp": 2})
    assert "queries share one head of keys and values" in told(plan)
    assert local(plan)["wide.weight"] == (32, 32)


class BiasedExperts(Stacked):
    """Experts with biases."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.randn(4, 32))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x) + self.bias.sum(0)


class SquareExperts(nn.Module):
    """Experts as wide inside as outside."""

    def __init__(self) -> None:
        super().__init__()
        self.up, self.down = (nn.Parameter(torch.randn(4, 32, 32)) for _ in range(2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (torch.relu(x.unsqueeze(0) @ self.up) @ self.down).sum(0)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (BiasedExperts, "would add the biases of its experts to its part of their sum"),
        (SquareExperts, "do not tell what lies between their products"),
    ],
)
def test_experts_that_stay_whole_have_their_reason(make: type[nn.Module], why: str) -> None:
    split = [nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 32)]
    assert why in told(modelviz.plan(nn.Sequential(make(), *split), (6, 32), mesh={"tp": 2}))


def test_a_function_of_the_caller_that_fails_is_named() -> None:
    def spread_it(model: nn.Module, devices: object) -> None:
        raise KeyError("w1")

    with pytest.raises(
        modelviz.InputError, match=r"spread_it fails: KeyError: 'w1' \(.*\.py:\d+\)"
    ):
        modelviz.plan(Alone(), (2, 5, 32), mesh={"tp": 2}, parallelize=spread_it)


def test_adapters_are_split_with_their_layers() -> None:
    plan = planned(mesh={"tp": 2}, lora=["*.q", "*.o", "head"])
    shapes = local(plan)
    assert shapes["blocks.0.q.up"] == (32, 8) and shapes["blocks.0.q.down"] == (8, 64)
    assert shapes["blocks.0.o.down"] == (8, 32) and shapes["blocks.0.o.up"] == (64, 8)
    assert shapes["blocks.0.q.base.weight"] == (32, 64) and shapes["head.base.weight"] == (256, 64)
    narrow = 4 * 16 * 8 * 4
    sent = [c for c in plan.collectives if c.bytes == c.count * narrow]
    assert {c.phase: c.count for c in sent if c.path == "blocks.0.o"} == {"forward": 1}


def test_a_weight_that_an_idle_module_also_holds_is_split() -> None:
    model = Language(64, 1)
    model.shared = nn.Embedding(512, 64)
    model.shared.weight = model.head.weight = model.embed.weight
    plan = modelviz.plan(model, input_data=TOKENS, loss=torch.mean, mesh={"tp": 2})
    (held,) = [shard for shard in plan.shards if shard.shape == (512, 64)]
    assert held.local_shape == (256, 64)


def test_stacked_experts_are_split_between_their_products() -> None:
    model = nn.Sequential(nn.LayerNorm(32), Stacked())
    found = modelviz.plan(model, (6, 32), mesh={"tp": 2})
    shards = {s.path: s.local_shape for s in found.shards}
    assert shards["1.gate_up"] == (4, 40, 32) and shards["1.down"] == (4, 32, 20)
    sent = {(c.kind, c.phase): c.count for c in found.collectives}
    assert sent == {("all-reduce", "forward"): 1, ("all-reduce", "backward"): 1}
    assert found.breakdown["gradients"] <= found.breakdown["parameters"]
