"""What a check must not claim, because it cannot be sure."""

from __future__ import annotations

import copy
import random
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from modelviz import InputError, check, formulas, plan, summary, trace
from modelviz.checking.samples import has_batch


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
    (told,) = check(Sampler(), (2, 4), select=["MV301"])
    assert told.level == "info"
    assert "right for a sampler" in told.message


class Teacher(nn.Module):
    """Is told what comes next in some of its calls, as chance has it."""

    def __init__(self, draws: str) -> None:
        super().__init__()
        self.net = nn.Linear(4, 4)
        self.draws = draws

    def forward(self, x: Any, target: Any) -> Any:
        forced = torch.rand(1).item() < 0 if self.draws else target is None
        return self.net(target if forced else x)


class Forced(Teacher):
    def forward(self, x: Any, target: Any) -> Any:
        return self.net(target if random.random() < 0 else x)


def test_an_input_that_chance_passed_over_may_be_read_next_time() -> None:
    sizes = [(2, 4), (2, 4)]
    for model in (Teacher("torch"), Forced("python")):
        (told,) = check(model, sizes, select=["MV106"])
        assert told.level == "info" and "random numbers" in told.message
    (unread,) = check(Teacher(""), sizes, select=["MV106"])
    assert unread.level == "warning" and "random" not in unread.message


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


def test_what_a_convolution_takes_as_one_sample_has_no_batch() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())
    report = check(model, (3, 8, 8))
    assert not {"MV204", "MV205"} & {finding.code for finding in report}
    of_two = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Unflatten(0, (2, 1)))
    assert "MV205" in found(of_two, (2, 3, 8, 8))


class Dropping(nn.Module):
    """Passes over layers at random, as networks with layer drop do in training."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(6)])

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            if torch.rand(1).item() < 0.5:
                x = torch.relu(x + layer(x))
        return x


def test_a_layer_that_the_watched_forward_passed_over_is_not_cut_off() -> None:
    for seed in range(3):
        torch.manual_seed(seed)
        assert "MV301" not in found(Dropping(), (2, 4), mode="train")


class Told(nn.Module):
    """What belongs to each sample comes beside the tensor, as an array or a list."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any, beside: Any) -> Any:
        return self.layer(x) + torch.as_tensor(beside).reshape(-1, 1)


def test_more_samples_are_not_given_where_something_else_may_be_one_for_each() -> None:
    x = torch.rand(2, 4)
    for beside in (np.zeros(2, np.float32), [0.0, 1.0]):
        assert "MV205" not in found(Told(), input_data=[x, beside])


class Scaled(Told):
    """Mixes its samples, beside a list that has nothing to do with them, or gives one row each."""

    def forward(self, x: Any, scale: Any, rows: bool = False) -> Any:
        if rows:
            return torch.stack([self.layer(row) for row, _ in zip(x, scale, strict=False)])
        return self.layer(x).softmax(0)


@pytest.mark.parametrize("scale", [[1.0], [1.0, 2.0]])
def test_samples_that_mix_are_seen_beside_a_list_of_so_many(scale: list[float]) -> None:
    x = torch.rand(len(scale), 4)
    for code in ("MV202", "MV204"):
        assert found(Scaled(), input_data=[x, scale], select=code)
    assert "MV205" not in found(Scaled(), input_data=[x, scale, True])


class Reads(tuple[Any, ...]):
    """Counts how often one of its parts is read."""

    count = 0

    def __getitem__(self, place: Any) -> Any:
        type(self).count += 1
        return super().__getitem__(place)


def test_whether_there_is_a_batch_is_told_without_a_walk_from_each_convolution() -> None:
    model = nn.Sequential(*(nn.Conv1d(2, 2, 1) for _ in range(30)))
    graph = trace(model, (2, 2, 4))
    assert has_batch(replace(graph, ops=Reads(graph.ops)))
    assert Reads.count <= len(graph.ops)
    assert not has_batch(trace(model, (2, 4)))


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


class Padded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, rows: Any) -> Any:
        return self.layer(rows.to_padded_tensor(0.0))


@pytest.mark.parametrize("layout", [torch.strided, torch.jagged])
def test_the_samples_of_a_nested_input_are_not_changed(layout: Any) -> None:
    rows = torch.nested.nested_tensor([torch.rand(2, 4), torch.rand(3, 4)], layout=layout)
    found = check(Padded(), input_data=rows)
    assert not found and "MV205" in found.skipped
    # 5 rows of 4 floats, and with jagged ones the three bounds of two samples.
    inputs = plan(Padded(), input_data=rows, optimizer=None).breakdown["inputs"]
    assert inputs == 80 + 24 * (layout is torch.jagged)
    with pytest.raises(InputError, match=r"nested tensor.*padded"):
        formulas(Padded(), input_data=rows)


class Unpacks(Padded):
    def forward(self, x: Any) -> Any:
        return self.layer(x.dequantize())


@pytest.mark.filterwarnings("ignore:.*quantized tensor creation")
@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
def test_a_quantized_input_is_planned() -> None:
    x = torch.quantize_per_tensor(torch.rand(3, 4), 0.1, 0, torch.qint8)
    found = plan(Unpacks(), input_data=x, optimizer=None)
    assert found.breakdown["inputs"] == 12 and found.breakdown["parameters"] == 80


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


class Averaged(nn.Module):
    """Keeps an average of its weights, and a queue in memory that its caller gives."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Linear(4, 4)
        self.average = copy.deepcopy(self.net).requires_grad_(False)
        self.idle = nn.Linear(4, 4)

    def forward(self, x: Any, queue: Any) -> Any:
        with torch.no_grad():
            for own, mean in zip(self.net.parameters(), self.average.parameters(), strict=True):
                mean.lerp_(own, 0.1)
        y = self.net(x)
        queue[:, :2] = y[:, :2].detach()
        return y


def test_what_the_forward_writes_into_is_a_state() -> None:
    report = check(Averaged(), input_data=(torch.rand(2, 4), torch.zeros(2, 8)))
    told = [(f.code, f.path) for f in report if f.code in ("MV101", "MV102", "MV106")]
    assert told == [("MV101", "idle")]


class Made(nn.Module):
    """The weights of ``main`` come from elsewhere at each call."""

    def __init__(self) -> None:
        super().__init__()
        self.main = nn.Linear(4, 6)
        self.makes = nn.Linear(3, 30)

    def forward(self, x: Any, of: Any) -> Any:
        made = self.makes(of)
        parameters = {"weight": made[:24].view(6, 4), "bias": made[24:]}
        return torch.func.functional_call(self.main, parameters, (x,))


def test_a_layer_that_is_called_with_other_weights_is_a_remark() -> None:
    (finding,) = check(Made(), input_data=(torch.rand(2, 4), torch.rand(3)), select=["MV102"])
    assert finding.level == "info" and finding.path == "main"
    assert "with other weights in their place" in finding.message


class Patched(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return F.linear(x, self.layer.weight)


def test_a_parameter_that_nothing_reads_is_not_said_to_be_used() -> None:
    (finding,) = check(Patched(), (2, 4), select=["MV102"])
    assert finding.message == "bias of Linear is not used in the forward"


class Routed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(4, 3)
        nn.init.zeros_(self.gate.weight)
        self.gate.bias.data = torch.tensor([1.0, 0.0, 0.0])
        self.experts = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))

    def forward(self, x: Any) -> Any:
        chosen = self.gate(x).argmax(-1)
        result = torch.zeros_like(x)
        for place, expert in enumerate(self.experts):
            rows = torch.where(chosen == place)[0]
            if len(rows) == 0:
                continue
            result = result.index_add(0, rows, expert(x[rows]))
        return result


def test_experts_without_rows_are_not_idle() -> None:
    levels = {f.path: f.level for f in check(Routed(), (2, 4), select=["MV101"])}
    assert set(levels.values()) == {"info"} and "experts.1" in levels
    text = str(summary(Routed(), (2, 4), verbose=0))
    assert "[no token came]" in text and "never called" not in text


class Ensemble(nn.Module):
    """Several networks at once, run by a template without data."""

    def __init__(self) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nn.Linear(4, 2) for _ in range(3))

    def forward(self, x: Any) -> Any:
        from torch.func import functional_call, vmap

        template = copy.deepcopy(self.nets[0]).to("meta")
        stacked = {
            name: torch.stack([dict(net.named_parameters())[name] for net in self.nets])
            for name, _ in template.named_parameters()
        }
        return vmap(lambda p, x: functional_call(template, p, (x,)), (0, None))(stacked, x).mean(0)


def test_a_template_without_data_is_no_layer_made_in_the_forward() -> None:
    report = check(Ensemble(), (2, 4))
    assert not report and not report.skipped
    assert plan(Ensemble(), (2, 4)).breakdown["gradients"] <= 3 * 10 * 4


class Coder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(6, 4), nn.Linear(4, 6)

    def decode(self, code: Any) -> Any:
        return self.decoder(code)

    def forward(self, x: Any) -> Any:
        return self.decode(self.encoder(x))


def test_what_one_method_does_not_use_another_may() -> None:
    (finding,) = check(Coder(), (2, 4), method="decode", select=["MV101"])
    assert finding.level == "info" and "by decode" in finding.message
    text = str(summary(Coder(), (2, 4), method="decode", verbose=0))
    assert "[not called by decode]" in text and "Never used in decode: encoder.weight" in text


class Packed(nn.Module):
    """Weights of eight bits in a buffer, with a scale for each row."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randn(8, 4).to(torch.float8_e4m3fn))
        self.scale = nn.Parameter(torch.ones(8, 1))

    def forward(self, x: Any) -> Any:
        return F.linear(x, self.weight.float() * self.scale)


def test_packed_weights_of_a_buffer_are_used() -> None:
    assert "MV102" not in found(Packed(), (2, 4))


class Logged(nn.Module):
    """Holds a tensor that the forward does not read."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.example = torch.rand(1, 4)
        self.last: Any = None

    def forward(self, x: Any) -> Any:
        self.last = self.layer(x)
        return self.last * nn.Parameter(torch.ones(4))


def test_who_watches_reads_no_attribute_itself() -> None:
    assert not [f for f in check(Logged(), (2, 4), select=["MV104"]) if "example" in f.message]


class Anchored(nn.Module):
    """Reads a tensor that is neither a parameter nor a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.anchor = torch.rand(4)

    def forward(self, x: Any) -> Any:
        return self.layer(x) - self.anchor


class MovedByTo(Anchored):
    def to(self, *args: Any, **kwargs: Any) -> Any:
        self.anchor = self.anchor.to(*args, **kwargs)
        return super().to(*args, **kwargs)


class MovedByApply(Anchored):
    def _apply(self, fn: Any, recurse: bool = True) -> Any:
        self.anchor = fn(self.anchor)
        return super()._apply(fn, recurse)


class MovedElsewhere(Anchored):
    def to(self, *args: Any, **kwargs: Any) -> Any:
        return super().to(*args, **kwargs)


def test_a_tensor_that_the_model_moves_itself_is_not_left_behind() -> None:
    for kind in (MovedByTo, MovedByApply):
        assert kind().to(torch.float64).anchor.dtype == torch.float64
        assert "MV104" not in found(kind(), (2, 4))
    for kind in (Anchored, MovedElsewhere):
        assert kind().to(torch.float64).anchor.dtype == torch.float32
        assert "MV104" in found(kind(), (2, 4))


class Stacked(nn.Module):
    """Members whose weights are stacked, and a template of one that has none of its own."""

    def __init__(self, device: str) -> None:
        super().__init__()
        self.template = [nn.Linear(4, 2).to(device)]
        self.weight = nn.Parameter(torch.rand(3, 2, 4))
        self.bias = nn.Parameter(torch.rand(3, 2))

    def forward(self, x: Any) -> Any:
        def member(weight: Any, bias: Any) -> Any:
            weights = {"weight": weight, "bias": bias}
            return torch.func.functional_call(self.template[0], weights, (x,))

        return torch.vmap(member)(self.weight, self.bias)


def test_a_template_without_data_has_nothing_to_train() -> None:
    assert "MV103" not in found(Stacked("meta"), (5, 4))
    assert "MV103" in found(Stacked("cpu"), (5, 4))


class Rescaled(nn.Module):
    """A weight that is divided by its own sum many times, and asked for a value."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(4, 4))

    def forward(self, x: Any, unread: Any) -> Any:
        weight = self.weight.exp()
        for _ in range(40):
            weight = weight / weight.sum(0, keepdim=True)
        return x @ weight if float(weight.sum()) < 1e9 else x


def test_whether_a_value_is_drawn_is_asked_of_each_tensor_once() -> None:
    assert found(Rescaled(), [(2, 4), (2, 4)], select=["MV106"]) == {"MV106": "warning"}


class CutAfterScript(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = torch.jit.script(nn.Linear(4, 4))
        self.last = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.last(self.first(x).detach())


def test_a_scripted_layer_that_is_cut_off_is_told() -> None:
    assert found(CutAfterScript(), (2, 4), select=["MV301"]) == {"MV301": "error"}


class Noisy(nn.Module):
    """Draws what it computes with, which passes nothing over; a mask changes no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = nn.Linear(4, 4)

    @torch.no_grad()
    def forward(self, x: Any, unread: Any, mask: Any = None) -> Any:
        return torch.distributions.Normal(self.mean(x), 1.0).sample()


def test_a_draw_that_decides_nothing_and_a_mask_are_no_excuse() -> None:
    sizes = [(2, 4), (2, 4)]
    assert found(Noisy(), sizes, select=["MV106"]) == {"MV106": "warning"}
    (told,) = check(Noisy(), sizes, select=["MV301"])
    assert told.level == "info" and "mask" not in told.message


class Masked(nn.Module):
    """Cuts its layer off, with a mask or without."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x: Any, mask: Any = None) -> Any:
        y = self.linear(x).detach()
        return y if mask is None else y * mask


def test_a_mask_that_was_not_given_excuses_nothing() -> None:
    (told,) = check(Masked(), (2, 4), select=["MV301"])
    assert told.level == "error" and "linear.weight" in told.message
