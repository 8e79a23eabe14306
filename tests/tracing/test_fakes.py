"""Fake tensors made without PyTorch's constructor are what it makes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import TraceError, trace
from modelviz.tracing.execution import _fake_mode
from modelviz.tracing.fakes import FakeMaker
from modelviz.tracing.torch_internals import FakeTensor

from .flow import tensors_from


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_second_fake_is_as_the_constructor_makes_it(device: str) -> None:
    mode = _fake_mode()
    make = FakeMaker(mode)
    place = torch.device(device)
    metas = [torch.empty(size, device="meta") for size in ((2, 3), (4,))]
    first, second = (make(meta, place) for meta in metas)
    made = FakeTensor(mode, metas[1], place)
    assert type(second) is FakeTensor
    assert vars(second) == vars(made)
    assert vars(second) is not vars(first)
    assert (second.shape, second.device, second.requires_grad) == ((4,), place, False)
    assert second.untyped_storage()._cdata == metas[1].untyped_storage()._cdata
    assert torch._C._dispatch_keys(second).raw_repr() == torch._C._dispatch_keys(made).raw_repr()
    for fake in (second, made):
        with pytest.raises(RuntimeError, match="data pointer"):
            fake.data_ptr()


def test_what_one_fake_is_given_no_other_has() -> None:
    make = FakeMaker(_fake_mode())
    meta, cpu = torch.empty(2, device="meta"), torch.device("cpu")
    first = make(meta, cpu)
    first.constant = torch.zeros(2)
    first.mark = True
    second = make(meta, cpu)
    assert second.constant is None
    assert not hasattr(second, "mark")


def test_fakes_compute() -> None:
    mode = _fake_mode()
    make = FakeMaker(mode)
    one, other = (
        make(torch.empty(size, device="meta"), torch.device("cpu")) for size in ((2, 3), (3, 5))
    )
    with mode:
        assert (one @ other).shape == (2, 5)


class Decides(nn.Module):
    """Writes to a view of what it made itself, and goes by what is there then."""

    def __init__(self, given: bool) -> None:
        super().__init__()
        self.given = given

    def forward(self, x: Any) -> Any:
        made = torch.tensor([0, 0])
        made.view(2, 1).unsqueeze(0)[0, 1] = x.sum().long() if self.given else 3
        return x + 1 if made[1] == 3 else x * 2


def test_a_value_written_through_views_is_known_where_what_was_written_is() -> None:
    for _ in range(2):
        known = trace(Decides(given=False), (2, 3), execution="fake")
        assert [op.name for op in known.ops][-1] == "add"
        for value, last in ((0.0, "mul"), (0.5, "add")):
            x = torch.full((2, 3), value)
            given = trace(Decides(given=True), input_data=x, execution="fake")
            assert [op.name for op in given.ops][-1] == last


class Gathers(nn.Module):
    """Makes tensors of lists of numbers and of tensors of one value."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(64, 64)

    def forward(self, x: Any) -> Any:
        size = torch.tensor(2)
        if torch.tensor([size, 3])[1] != 3:
            return x
        h = self.layer(x)
        one = torch.as_tensor([h.mean(), h[0, 0], 1])
        two = torch.tensor([[h.argmax(), True]])
        three = torch.tensor((h.double().sum(), 2), dtype=torch.float16)
        return one, two, three, torch.tensor([size, 0.5, h.argmax().bool()])


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_tensor_of_tensors_has_its_shape_where_their_values_are_not_known(device: str) -> None:
    graph = trace(Gathers().to(device), (64, 64), execution="fake")
    outputs = [graph.tensors[i] for i in graph.outputs]
    shapes = [(output.shape, output.dtype.removeprefix("torch.")) for output in outputs]
    assert shapes == [((3,), "float32"), ((1, 2), "int64"), ((2,), "float16"), ((3,), "float32")]
    real = trace(Gathers(), (64, 64), execution="real")
    for one, other in zip(graph.ops, real.ops, strict=True):
        assert (one.name, one.inputs, one.view) == (other.name, other.inputs, other.view)
        assert (one.bytes_read, one.bytes_written) == (other.bytes_read, other.bytes_written)
    assert [graph.tensors[i].dtype for i in graph.outputs] == [
        real.tensors[i].dtype for i in real.outputs
    ]


class AsksForOne(nn.Module):
    def forward(self, x: Any) -> Any:
        return x if torch.tensor([x.sum(), 1.0])[0] > 0 else -x


def test_what_is_made_of_a_value_that_is_not_known_is_not_known() -> None:
    with pytest.raises(TraceError, match="value of a tensor is needed"):
        trace(AsksForOne(), (64, 64), execution="fake")


class Reshapes(nn.Module):
    def __init__(self, change: Any) -> None:
        super().__init__()
        self.change = change
        self.register_buffer("table", torch.rand(4, 6))
        self.register_buffer("empty", torch.empty(0))
        self.constant = torch.rand(4, 6)

    def forward(self, x: Any) -> Any:
        changed = self.change(self, x)
        return torch.zeros(changed.shape) + changed


def resized(tensor: Any, *size: int) -> Any:
    tensor.resize_(*size)
    return tensor


def given_data(tensor: Any, data: Any) -> Any:
    tensor.data = data
    return tensor


def resized_again_and_again(model: Any, x: Any) -> Any:
    total = x
    for _ in range(3):
        out = torch.empty(0)
        torch.mm(x, x.t(), out=out)
        total = total + out.sum()
        torch.cat([x, x], out=model.empty.resize_(0))
        total = total + model.empty[:4]
    return total


RESHAPES = [
    lambda model, x: x.t_(),
    lambda model, x: x.unsqueeze_(1).squeeze_(),
    lambda model, x: model.table.transpose_(0, 1).add_(1),
    lambda model, x: model.table.set_(torch.rand(3, 3)),
    lambda model, x: resized(model.table, 5, 6),
    lambda model, x: resized(model.constant, 2, 2),
    lambda model, x: given_data(model.table, torch.rand(3, 3)),
    lambda model, x: (torch.add(x, 1, out=model.empty), model.empty)[1],
    lambda model, x: (torch.cat([x, x], out=model.empty), model.empty)[1],
    resized_again_and_again,
]


@pytest.mark.parametrize("change", RESHAPES)
def test_real_tensors_take_the_shapes_of_their_stand_ins(change: Any) -> None:
    model, x = Reshapes(change), torch.rand(4, 6)
    before = {name: (t.clone(), t.untyped_storage()) for name, t in model.named_buffers()}
    with torch.no_grad():
        real = trace(model, input_data=[x], execution="real")
        fake = trace(model, input_data=[x], execution="fake")
    assert [t.shape for t in fake.tensors] == [t.shape for t in real.tensors]
    assert [(o.name, o.inputs, o.outputs) for o in fake.ops] == [
        (o.name, o.inputs, o.outputs) for o in real.ops
    ]
    assert fake.storages == real.storages
    assert x.shape == model.constant.shape == (4, 6)
    for name, buffer in model.named_buffers():
        data, storage = before[name]
        assert torch.equal(buffer, data) and buffer.untyped_storage()._cdata == storage._cdata


def test_memory_that_grows_is_counted() -> None:
    def grows(model: Any, x: Any) -> Any:
        out = torch.empty(0)
        return torch.cat([x, x], out=out)

    graph = trace(Reshapes(grows), input_data=[torch.rand(4, 6)], execution="fake")
    assert [storage.bytes for storage in graph.storages if storage.born == 0] == [8 * 6 * 4]


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize(
    "loss", ["mse_loss", "smooth_l1_loss", "binary_cross_entropy", "soft_margin_loss", "l1_loss"]
)
def test_the_memory_that_a_loss_keeps(loss: str, reduction: str) -> None:
    def twice(model: Any, x: Any) -> Any:
        function = getattr(nn.functional, loss)
        target = torch.ones_like(x)
        return function(x, target, reduction=reduction) + function(x, target, reduction=reduction)

    real, fake = (
        trace(Reshapes(twice), input_data=[torch.rand(4, 6)], execution=way)  # type: ignore[arg-type]
        for way in ("real", "fake")
    )
    assert fake.storages == real.storages
    whole = reduction == "none" or loss != "l1_loss"
    assert fake.storages[2].bytes == (4 * 6 * 4 if whole else 4)


class FirstBatch(nn.Module):
    """Sets the data of its weights by the first batch, and writes into them afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1, 4))
        self.shift = nn.Parameter(torch.zeros(1, 1))
        self.devices: list[torch.device] = []

    def forward(self, x: Any) -> Any:
        self.scale.data = x.std(0, keepdim=True)
        self.shift.data = (-x.mean(0, keepdim=True) * self.scale).data
        with torch.no_grad():
            self.shift.mul_(2)
        self.devices.append(self.shift.device)
        return x * self.scale + self.shift


def test_weights_whose_data_is_set_flow_as_real_ones_do() -> None:
    model = FirstBatch()
    fake, real = (trace(model, (3, 4), execution=how) for how in ("fake", "real"))
    assert [op.name for op in fake.ops] == [op.name for op in real.ops]
    assert fake.edges == real.edges and fake.total_flops == real.total_flops
    assert [(t.shape, t.dtype, t.device) for t in fake.tensors] == [
        (t.shape, t.dtype, t.device) for t in real.tensors
    ]
    assert fake.tensors[fake.outputs[0]].shape == (3, 4)
    assert model.scale.tolist() == [[1.0] * 4] and model.shift.tolist() == [[0.0]]
    assert model.devices == [] and model.scale.device.type == "cpu"


class Makes(nn.Module):
    """Makes layers in the forward: a new one, and casts of copies."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        copy.deepcopy(self.layer).to("meta")
        cast = copy.deepcopy(self.layer).double()
        return cast(x.double()), nn.Linear(4, 2)(self.layer(x)), nn.Parameter(x) * 2


def test_parameters_that_a_forward_makes_are_no_ops_on_fake_tensors_either() -> None:
    fake, real = (trace(Makes(), (2, 4), execution=execution) for execution in ("fake", "real"))
    assert [(op.name, op.inputs) for op in fake.ops] == [(op.name, op.inputs) for op in real.ops]
    assert fake.notes == real.notes == ()
    used = tensors_from(fake, fake.inputs)
    assert used.issuperset(fake.outputs)
    weight = next(tensor.id for tensor in fake.tensors if tensor.name == "layer.weight")
    assert fake.outputs[0] in tensors_from(fake, (weight,))
