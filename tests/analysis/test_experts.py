"""Which parameters one token passes through in a mixture of experts."""

from __future__ import annotations

import re

import pytest
import torch
from torch import Tensor, nn

from benchmarks.zoo import entry
from modelviz import trace
from modelviz.analysis.experts import ExpertGroup, find_experts


class ListOfExperts(nn.Module):
    """Experts in a list, each run on the tokens that chose it."""

    def __init__(self, experts: int = 6, active: int = 2) -> None:
        super().__init__()
        self.active = active
        self.router = nn.Linear(8, experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8)) for _ in range(experts)
        )
        self.shared = nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        weights, chosen = self.router(x).softmax(-1).topk(self.active, dim=-1)
        result = self.shared(x)
        for number, expert in enumerate(self.experts):
            token, rank = torch.where(chosen == number)
            result = result.index_add(0, token, expert(x[token]) * weights[token, rank, None])
        return result


class StackedExperts(nn.Module):
    """Experts stacked in one tensor, the router's weight beside them, all of them computed."""

    def __init__(self, experts: int = 6, active: int = 2) -> None:
        super().__init__()
        self.active = active
        self.router = nn.Parameter(torch.rand(experts, 8))
        self.weight = nn.Parameter(torch.rand(experts, 8, 8))
        self.bias = nn.Parameter(torch.rand(experts, 8))
        self.scale = nn.Parameter(torch.rand(8))

    def forward(self, x: Tensor) -> Tensor:
        scores = x @ self.router.T
        weights, chosen = scores.topk(self.active, dim=-1)
        gates = torch.zeros_like(scores).scatter(-1, chosen, weights)
        every = torch.einsum("td,edh->teh", x, self.weight) + self.bias
        return (every * gates.unsqueeze(-1)).sum(1) * self.scale


def test_experts_in_a_list() -> None:
    experts = find_experts(trace(ListOfExperts(), (10, 8)))
    one = 8 * 16 + 16 + 16 * 8 + 8
    rest = 8 * 6 + 8 * 8 + 8
    assert experts.total_params == 6 * one + rest
    assert experts.active_params == 2 * one + rest
    modules = tuple(f"experts.{number}" for number in range(6))
    assert experts.groups == (ExpertGroup("experts", 6, 2, 6 * one, modules),)


def test_experts_stacked_in_parameters_with_their_biases() -> None:
    experts = find_experts(trace(StackedExperts(), (10, 8)))
    # The router's weight also has a leading 6, but the choice is computed from it.
    assert experts.groups == (ExpertGroup("", 6, 2, 6 * (8 * 8 + 8), ()),)
    assert experts.active_params == 2 * (8 * 8 + 8) + 6 * 8 + 8


def test_a_model_of_layers_counts_the_experts_of_each() -> None:
    model = nn.Sequential(*(ListOfExperts() for _ in range(6)))
    experts = find_experts(trace(model, (10, 8)))
    one = find_experts(trace(ListOfExperts(), (10, 8)))
    # Six layers with six experts each: the layers themselves are no experts.
    assert len(experts.groups) == 6
    assert experts.active_params == 6 * one.active_params


def test_every_expert_is_active_when_nothing_is_chosen() -> None:
    class Soft(ListOfExperts):
        def forward(self, x: Tensor) -> Tensor:
            weights = self.router(x).softmax(-1)
            return sum(e(x) * weights[:, i, None] for i, e in enumerate(self.experts))

    experts = find_experts(trace(Soft(), (10, 8)))
    assert (experts.groups, experts.active_params) == ((), experts.total_params)


def test_experts_that_all_run_before_the_best_are_chosen() -> None:
    class Late(ListOfExperts):
        def forward(self, x: Tensor) -> Tensor:
            answers = torch.stack([expert(x) for expert in self.experts], dim=1)
            weights, chosen = self.router(x).topk(self.active, dim=-1)
            index = chosen.unsqueeze(-1).expand(-1, -1, 8)
            return (answers.gather(1, index) * weights.unsqueeze(-1)).sum(1)

    (group,) = find_experts(trace(Late(), (10, 8))).groups
    assert (group.experts, group.active) == (6, 2)


@pytest.mark.parametrize("choice", ["argmax", "max", "sort"])
def test_other_ways_to_choose(choice: str) -> None:
    class Top(ListOfExperts):
        def forward(self, x: Tensor) -> Tensor:
            scores = self.router(x)
            if choice == "argmax":
                chosen = scores.argmax(-1)
            elif choice == "max":
                chosen = scores.max(-1).indices
            else:
                chosen = scores.sort(-1, descending=True).indices[:, :3]
            result = torch.zeros_like(x)
            for number, expert in enumerate(self.experts):
                picked = (chosen == number).reshape(len(x), -1).any(-1)
                result[picked] += expert(x[picked])
            return result

    (group,) = find_experts(trace(Top(), (10, 8))).groups
    assert (group.experts, group.active) == (6, 3 if choice == "sort" else 1)


def test_two_choices_one_after_the_other_are_two_experts() -> None:
    class Twice(ListOfExperts):
        def forward(self, x: Tensor) -> Tensor:
            scores = self.router(x)
            first = scores.argmax(-1, keepdim=True)
            second = scores.scatter(-1, first, float("-inf")).argmax(-1, keepdim=True)
            chosen = torch.cat([first, second], -1)
            result = torch.zeros_like(x)
            for number, expert in enumerate(self.experts):
                picked = (chosen == number).any(-1)
                result[picked] += expert(x[picked])
            return result

    (group,) = find_experts(trace(Twice(), (10, 8))).groups
    assert group.active == 2


def test_layers_in_sequence_are_no_experts() -> None:
    class Stack(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(8, 4)
            self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(4))

        def forward(self, x: Tensor) -> Tensor:
            chosen = self.score(x).topk(2, dim=-1).indices
            for layer in self.layers:
                x = layer(x)
            return x.gather(-1, chosen)

    assert find_experts(trace(Stack(), (3, 8))).groups == ()


def test_equal_heads_beside_a_score_over_classes_are_no_experts() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.heads = nn.ModuleList(nn.Linear(8, 3) for _ in range(3))

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            answers = torch.stack([head(x) for head in self.heads])
            return answers, answers.max(-1).values

    assert find_experts(trace(Heads(), (5, 8))).groups == ()


def test_parts_with_names_of_their_own_are_no_experts() -> None:
    class Branches(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Linear(8, 2), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            chosen = self.left(x).topk(1, dim=-1).indices
            return self.right(x).gather(-1, chosen)

    assert find_experts(trace(Branches(), (5, 8))).groups == ()


def test_what_experts_share_is_active_in_full() -> None:
    class Sharing(ListOfExperts):
        def __init__(self) -> None:
            super().__init__()
            for expert in self.experts:
                expert[2].weight = self.experts[0][2].weight

    experts = find_experts(trace(Sharing(), (10, 8)))
    one = 8 * 16 + 16 + 8
    assert experts.active_params == 2 * one + 16 * 8 + 8 * 6 + 8 * 8 + 8


def test_without_a_forward_nothing_is_known() -> None:
    experts = find_experts(trace(ListOfExperts(), execution="none"))
    assert (experts.groups, experts.active_params) == ((), experts.total_params)


def routed(name: str) -> str:
    """A pattern of the routed experts' parameters, as the model's own authors name them."""
    return {
        "jetmoe": r"(mlp|experts)\.(input_linear|output_linear)\.weight$",
        "dbrx": r"experts\.mlp\.",
    }.get(name, r"\bexperts\.")


@pytest.mark.parametrize(
    ("name", "experts", "active"),
    [
        ("mixtral", 4, 2),
        ("qwen2-moe", 4, 2),
        ("switch-transformers", 4, 1),
        pytest.param("phimoe", 4, 2, marks=pytest.mark.slow),
        pytest.param("gpt-oss", 4, 2, marks=pytest.mark.slow),
        pytest.param("dbrx", 4, 2, marks=pytest.mark.slow),
        pytest.param("deepseek-v3", 8, 2, marks=pytest.mark.slow),
        pytest.param("llama4", 4, 1, marks=pytest.mark.slow),
        pytest.param("jamba", 4, 2, marks=pytest.mark.slow),
        pytest.param("granitemoe", 4, 2, marks=pytest.mark.slow),
        pytest.param("olmoe", 4, 2, marks=pytest.mark.slow),
        pytest.param("jetmoe", 4, 2, marks=pytest.mark.slow),
    ],
)
def test_mixtures_of_transformers(name: str, experts: int, active: int) -> None:
    sample = entry(f"transformers-{name}").build()
    found = find_experts(trace(sample.module, **sample.trace_arguments()))
    sizes = {n: p.numel() for n, p in sample.module.named_parameters()}
    inside = sum(size for n, size in sizes.items() if re.search(routed(name), n))
    assert inside
    assert {(group.experts, group.active) for group in found.groups} == {(experts, active)}
    assert found.active_params == sum(sizes.values()) - inside // experts * (experts - active)


@pytest.mark.parametrize(
    "name", ["transformers-detr", "transformers-bert", "torch-transformer-encoder-padded"]
)
def test_models_without_experts_have_none(name: str) -> None:
    sample = entry(name).build()
    assert find_experts(trace(sample.module, **sample.trace_arguments())).groups == ()
