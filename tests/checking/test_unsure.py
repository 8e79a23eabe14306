"""What a check must not claim, because it cannot be sure."""

from __future__ import annotations

import copy
import weakref
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from modelviz import check, formulas, plan, summary


def found(model: nn.Module, *args: Any, **kwargs: Any) -> dict[str, str]:
    return {finding.code: finding.level for finding in check(model, *args, **kwargs)}


class Sampler(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.SiLU(), nn.Linear(8, 4))

    @torch.no_grad()
    def forward(self, noise: Any) -> Any:
        for _ in range(3):
            noise = noise - 0.1 * self.net(noise)
        return noise


def test_a_sampler_without_gradients_is_told_of_in_one_remark() -> None:
    report = [f for f in check(Sampler(), (2, 4)) if f.code == "MV301"]
    assert {f.level for f in report} == {"info"}
    assert "right for a sampler" in report[0].message


class Student(nn.Module):
    def __init__(self, chained: bool) -> None:
        super().__init__()
        self.chained = chained
        self.student = nn.Sequential(nn.Linear(8, 8), nn.ReLU())
        self.teacher = copy.deepcopy(self.student)

    def forward(self, x: Any) -> Any:
        with torch.no_grad():
            wanted = self.teacher(x)
        return self.student(wanted) if self.chained else F.mse_loss(self.student(x), wanted)


def test_a_teacher_built_as_what_is_trained_may_be_meant_to_follow_it() -> None:
    assert found(Student(False), (2, 8))["MV301"] == "info"
    assert found(Student(True), (2, 8))["MV301"] == "error", "it is an encoder that is cut off"


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(4, 4), nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return torch.cond(x.sum() > 0, lambda x: self.a(x), lambda x: self.b(x), (x,))


def test_gradients_reach_the_branch_that_cond_takes() -> None:
    x = torch.ones(2, 4)
    assert set(found(Branching(), input_data=[x])) == {"MV101", "MV703"}
    assert plan(Branching(), input_data=[x], optimizer="sgd").breakdown["gradients"] == 80


class Callable:
    """No module, and holds one."""

    def __init__(self) -> None:
        self.layer = nn.Linear(4, 4)

    def __call__(self, x: Any) -> Any:
        return self.layer(x).relu()


class Registered(nn.Module):
    """The weights of what it calls are its own, whoever holds the module."""

    def __init__(self, holder: Any) -> None:
        super().__init__()
        self.block = holder
        layer = holder.layer if isinstance(holder, Callable) else holder[0]
        self.weights = nn.ParameterList(layer.parameters())

    def forward(self, x: Any) -> Any:
        return self.block(x) if isinstance(self.block, Callable) else self.block[0](x)


def test_a_module_whose_weights_are_registered_is_not_hidden() -> None:
    assert "MV103" not in found(Registered(Callable()), (2, 4))
    assert "MV103" not in found(Registered([nn.Linear(4, 4)]), (2, 4))
    assert "MV103" not in found(Proxied(), (2, 4))


class Proxied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.__dict__["again"] = [weakref.proxy(self.a)]

    def forward(self, x: Any) -> Any:
        return self.again[0](self.a(x).relu())


class Chosen(nn.Module):
    """How many rows there are is up to the values."""

    def __init__(self) -> None:
        super().__init__()
        self.score, self.read = nn.Linear(4, 1), nn.Linear(4, 2)

    def forward(self, x: Any) -> Any:
        return self.read(x[self.score(x).squeeze(-1) > 0])


def test_rows_that_values_choose_are_no_lost_batch() -> None:
    torch.manual_seed(0)
    assert "MV205" not in found(Chosen(), input_data=[torch.randn(10, 4)])


class Squeezed(nn.Module):
    def __init__(self, each: bool) -> None:
        super().__init__()
        self.each = each
        self.layer = nn.Linear(4, 1)

    def forward(self, x: Any) -> Any:
        if self.each:
            return torch.vmap(lambda row: self.layer(row).squeeze())(x)
        return self.layer(x).squeeze()


def test_squeeze_inside_vmap_keeps_the_samples() -> None:
    assert "MV205" not in found(Squeezed(True), (3, 4))
    assert "MV205" in found(Squeezed(False), (3, 4))


class Subclass(torch.Tensor):
    pass


class Recast(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.layer(x.as_subclass(Subclass)).tanh()


class Back(nn.Module):
    """A buffer of another class, whose product becomes a plain tensor again."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.register_buffer("scale", torch.rand(4).as_subclass(Subclass))

    def forward(self, x: Any) -> Any:
        return (self.layer(x) * self.scale).as_subclass(torch.Tensor)


def test_data_flows_on_in_a_tensor_of_another_class() -> None:
    assert "MV106" not in found(Recast(), (2, 4))
    assert not found(Back(), (2, 4)).keys() & {"MV102", "MV105", "MV106"}
    assert plan(Recast(), (2, 4), optimizer=None).peak_bytes > 0


def test_a_dimension_that_takes_too_few_sizes_gets_no_name_of_its_own() -> None:
    made = formulas(Fixed(), (2, 1, 8, 8))
    assert "height" not in str(made.flops) and "batch" in str(made.flops)


class Fixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, 2)

    def forward(self, x: Any) -> Any:
        return self.conv(x).view(x.size(0), 18, 4)


class Nothing(nn.Module):
    """A layer without a single weight is nothing to miss."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.none = nn.Linear(4, 4), nn.Embedding(0, 4)

    def forward(self, x: Any) -> Any:
        return self.layer(x)


def test_weights_of_no_size_are_not_unused() -> None:
    assert not found(Nothing(), (2, 4))
    assert "Never used" not in str(summary(Nothing(), (2, 4), verbose=0))


@torch.library.custom_op("modelviz_tests::summed", mutates_args=())
def summed(x: torch.Tensor) -> torch.Tensor:
    """An operator that says nothing of shapes."""
    return x.cumsum(-1)


class Custom(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return summed(self.layer(x))


def test_an_operator_without_shapes_runs_for_real() -> None:
    text = " ".join(str(summary(Custom(), verbose=0)).split())
    assert "says nothing of shapes (register_fake)" in text and "x [1, 4]" in text
    assert plan(Custom(), (2, 4), optimizer=None).peak_bytes > 0


class Ragged(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, rows: Any) -> Any:
        nested = torch.nested.nested_tensor(rows, layout=torch.jagged)
        return self.layer(nested).to_padded_tensor(0.0)


def test_what_fake_tensors_cannot_run_is_planned_for_real_as_it_is_traced() -> None:
    rows = [torch.randn(2, 4), torch.randn(3, 4)]
    found = plan(Ragged(), input_data=[rows], optimizer=None)
    assert found.peak_bytes > 0
    assert any("ran for real" in finding.message for finding in found.findings)


class Curved(nn.Module):
    """Second derivatives inside the forward: forward mode has zeros without memory."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))

    def energy(self, q: Any, v: Any) -> Any:
        return self.net(torch.cat([q, v])).sum()

    def forward(self, q: Any, v: Any) -> Any:
        return torch.vmap(torch.func.hessian(self.energy, 1))(q, v)


def test_second_derivatives_are_planned() -> None:
    given = [torch.randn(3, 2), torch.randn(3, 2)]
    assert plan(Curved(), input_data=given, optimizer=None).breakdown["parameters"] == 196
