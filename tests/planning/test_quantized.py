"""Plans of quantized models: their weights as packed."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_map

import modelviz


class Net(nn.Module):
    """64 features to 64, by 128."""

    def __init__(self, layer: Any = nn.Linear) -> None:
        super().__init__()
        self.a, self.b = layer(64, 128), layer(128, 64)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.b(torch.relu(self.a(x)))


class Packed(nn.Module):
    """Two values of four bits in each byte of a buffer, a scale for each row."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        self.in_features, self.out_features = wide, narrow
        self.register_buffer("qweight", torch.zeros(narrow, wide // 2, dtype=torch.uint8))
        self.register_buffer("scales", torch.ones(narrow, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight = torch.stack((self.qweight & 15, self.qweight >> 4), -1).flatten(1).float()
        return nn.functional.linear(x, weight * self.scales)


class Scaled(nn.Module):
    """Whole numbers of one byte, whose scales are an attribute of the parameter."""

    def __init__(self, wide: int, narrow: int) -> None:
        super().__init__()
        numbers = torch.zeros(narrow, wide, dtype=torch.int8)
        self.weight: Any = nn.Parameter(numbers, requires_grad=False)
        self.weight.SCB = torch.ones(narrow)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, self.weight.float() * self.weight.SCB[:, None])


class Wrapped(torch.Tensor):
    """A tensor made of whole numbers and scales, as those of torchao are."""

    def __new__(cls, numbers: torch.Tensor, scales: torch.Tensor) -> Any:
        return torch.Tensor._make_wrapper_subclass(cls, numbers.shape, dtype=scales.dtype)

    def __init__(self, numbers: torch.Tensor, scales: torch.Tensor) -> None:
        self.numbers, self.scales = numbers, scales

    def __tensor_flatten__(self) -> Any:
        return ["numbers", "scales"], None

    @classmethod
    def __tensor_unflatten__(cls, inner: Any, meta: Any, size: Any, stride: Any) -> Any:
        return cls(inner["numbers"], inner["scales"])

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten.detach.default:
            return cls(args[0].numbers, args[0].scales)
        plain = tree_map(lambda t: t.numbers * t.scales if isinstance(t, cls) else t, args)
        return func(*plain, **(kwargs or {}))


def wrapped(wide: int, narrow: int) -> nn.Linear:
    made = nn.Linear(wide, narrow, bias=False)
    inner = Wrapped(torch.zeros(narrow, wide, dtype=torch.int8), torch.ones(narrow, 1))
    made.weight = nn.Parameter(inner, requires_grad=False)
    return made


def dynamic(model: nn.Module, dtype: torch.dtype = torch.qint8) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kinds = {nn.Linear, nn.LSTM}
        return torch.ao.quantization.quantize_dynamic(model, kinds, dtype=dtype)


SIZE = 2 * 64 * 128
ROWS = 4 * (64 + 128)
MODELS = {
    "dynamic": (lambda: dynamic(Net()), SIZE + ROWS),
    "dynamic in half precision": (lambda: dynamic(Net(), torch.float16), 2 * SIZE + ROWS),
    "four bits": (lambda: Net(Packed), SIZE // 2 + ROWS),
    "scales on the parameter": (lambda: Net(Scaled), SIZE),
    "made of tensors": (lambda: Net(wrapped), SIZE + ROWS),
}


@pytest.mark.parametrize("name", MODELS)
def test_weights_count_as_packed(name: str) -> None:
    make, size = MODELS[name]
    model = make()
    found = modelviz.plan(model, (2, 64), optimizer=None)
    assert found.breakdown["parameters"] == size
    assert sum(found.breakdown.values()) == found.peak_bytes
    with pytest.raises(modelviz.InputError, match=r"no trainable parameter .*optimizer=None"):
        modelviz.plan(model, (2, 64))


def test_kernels_without_a_shape_function_run_for_real() -> None:
    found = modelviz.plan(dynamic(nn.Sequential(nn.LSTM(16, 32))), (5, 2, 16), optimizer=None)
    assert 4 * 32 * (16 + 32) <= found.breakdown["parameters"] <= 4 * 32 * (16 + 32 + 8)
    assert [finding.code for finding in found.findings] == ["MV001"]


def test_adapters_train_beside_packed_layers() -> None:
    model = nn.Sequential(Net(Packed), nn.Linear(64, 8))
    found = modelviz.plan(model, (2, 64), lora="1", lora_rank=4)
    assert found.breakdown["optimizer"] == 2 * 4 * 4 * (64 + 8) + 2 * 4
