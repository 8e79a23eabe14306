"""Every form in which torchinfo takes arguments, and gives figures, through both."""

from __future__ import annotations

import re
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
import torchinfo
from torch import nn

import modelviz
from modelviz import InputError
from modelviz.modes import MODES
from modelviz.table import options

Pair = namedtuple("Pair", ["x", "y"])


class Words(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(20, 8)
        self.rnn = nn.GRU(8, 8, batch_first=True)
        self.out = nn.Linear(8, 20)

    def forward(self, ids: Any) -> Any:
        return self.out(self.rnn(self.words(ids))[0])


class Two(nn.Module):
    """A vector and whole numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(6, 4)
        self.b = nn.Embedding(9, 4)

    def forward(self, x1: Any, x2: Any) -> Any:
        return self.a(x1) + self.b(x2).sum(1)


class Settings(nn.Module):
    """Further arguments that are no tensors, and one that is."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({"wide": nn.Linear(4, 8), "deep": nn.Linear(4, 4)})

    def forward(self, x: Any, layer: str = "wide", times: int = 1, bias: Any = None) -> Any:
        for _ in range(times):
            y = self.layers[layer](x)
        return y if bias is None else y + bias


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any, factor: float = 1.0) -> Any:
        return {key: self.layer(value[0]) * factor for key, value in x.items()}


class Pairs(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, pair: Any) -> Any:
        return self.layer(pair.x + pair.y)


class Array(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.layer(torch.as_tensor(x))


class Power(nn.Module):
    """A vector without a batch."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x: Any) -> Any:
        return self.scale * x


class Partly(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fixed = nn.Conv1d(1, 4, 1).requires_grad_(False)
        self.both = nn.Conv1d(4, 4, 1)
        self.both.bias.requires_grad_(False)  # type: ignore[union-attr]

    def forward(self, x: Any) -> Any:
        return self.both(self.fixed(x))


class Again(nn.Module):
    """One layer called three times."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Any, *names: str, **more: str) -> Any:
        return self.layer(self.layer(self.layer(x)))


def unit_letter(name: re.Match[str]) -> str:
    return next(unit.value for unit in torchinfo.enums.Units if f"Units.{unit.name}" == name[0])


def picture() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(2704, 5, bias=False)
    )


PICTURE = (2, 1, 28, 28)
DATA = torch.rand(PICTURE)
IDS = torch.randint(0, 9, (2, 5))
long, byte = torch.long, torch.uint8

# A model, and arguments that torchinfo takes.
FORMS: dict[str, tuple[Callable[[], nn.Module], dict[str, Any]]] = {
    "shape": (picture, {"input_size": PICTURE}),
    "shape as a list": (picture, {"input_size": list(PICTURE)}),
    "torch.Size": (picture, {"input_size": torch.Size(PICTURE)}),
    "list of a tuple": (picture, {"input_size": [PICTURE]}),
    "tuple of a tuple": (picture, {"input_size": (PICTURE,)}),
    "list of a torch.Size": (picture, {"input_size": [torch.Size(PICTURE)]}),
    "NumPy sizes": (picture, {"input_size": tuple(np.array(PICTURE))}),
    "batch_dim 0": (picture, {"input_size": PICTURE[1:], "batch_dim": 0}),
    "batch_dim -1": (Power, {"input_size": (3, 3), "batch_dim": 1}),
    "one size": (Power, {"input_size": (3,)}),
    "one size in a list": (Power, {"input_size": [3]}),
    "one size in a list of tuples": (Power, {"input_size": [(3,)]}),
    "several shapes": (Two, {"input_size": [(2, 6), (2, 5)], "dtypes": [torch.float, long]}),
    "shapes in a tuple": (Two, {"input_size": ((2, 6), (2, 5)), "dtypes": (torch.float, long)}),
    "shapes as lists": (Two, {"input_size": [[2, 6], [2, 5]], "dtypes": [torch.float, long]}),
    "types of tensors": (
        Two,
        {"input_size": [(2, 6), (2, 5)], "dtypes": [torch.FloatTensor, torch.LongTensor]},
    ),
    "names of types": (
        Two,
        {"input_size": [(2, 6), (2, 5)], "dtypes": ["torch.FloatTensor", "torch.LongTensor"]},
    ),
    "dtype": (Words, {"input_size": (2, 5), "dtypes": [long]}),
    "dtypes for each size": (Words, {"input_size": (2, 5), "dtypes": [long] * 2}),
    "batch_dim and dtype": (Words, {"input_size": (5,), "dtypes": [long], "batch_dim": 0}),
    "tensor": (picture, {"input_data": DATA}),
    "list of tensors": (Two, {"input_data": [torch.rand(2, 6), IDS]}),
    "tuple of tensors": (Two, {"input_data": (torch.rand(2, 6), IDS)}),
    "dict of tensors": (Two, {"input_data": {"x1": torch.rand(2, 6), "x2": IDS}}),
    "tensor and a keyword": (Two, {"input_data": torch.rand(2, 6), "x2": IDS}),
    "shape and keywords": (Settings, {"input_size": (2, 4), "layer": "deep", "times": 2}),
    "tensor and keywords": (Settings, {"input_data": torch.rand(2, 4), "bias": torch.rand(8)}),
    "dict with settings": (
        Settings,
        {"input_data": {"x": torch.rand(2, 4), "times": 3}, "layer": "deep"},
    ),
    "dict as the argument": (Nested, {"input_data": [{7: [torch.rand(2, 4)]}], "factor": 2.0}),
    "nested dict by name": (Nested, {"input_data": {"x": {7: [torch.rand(2, 4)]}}}),
    "named tuple": (Pairs, {"input_data": {}, "pair": Pair(torch.rand(2, 4), torch.rand(2, 4))}),
    "array": (Array, {"input_data": np.ones((2, 4), np.float32)}),
    "list of an array": (Array, {"input_data": [np.ones((2, 4), np.float32)]}),
    "unknown keywords": (Again, {"input_size": (1, 4, 8, 8), "args1": "a", "args2": "b"}),
    "device as text": (picture, {"input_size": PICTURE, "device": "cpu"}),
    "device": (picture, {"input_data": DATA, "device": torch.device("cpu")}),
    "mode": (picture, {"input_data": DATA, "mode": torchinfo.Mode.TRAIN}),
    "mode as text": (picture, {"input_data": DATA, "mode": "train"}),
    "verbosity": (picture, {"input_data": DATA, "verbose": torchinfo.Verbosity.QUIET}),
    "columns": (picture, {"input_data": DATA, "col_names": list(torchinfo.ColumnSettings)}),
    "columns in a tuple": (picture, {"input_data": DATA, "col_names": ("num_params", "mult_adds")}),
    "columns in a set": (picture, {"input_data": DATA, "col_names": {"num_params"}}),
    "columns from a generator": (
        picture,
        {"input_data": DATA, "col_names": (name for name in ("num_params",))},
    ),
    "rows": (picture, {"input_data": DATA, "row_settings": tuple(torchinfo.RowSettings)}),
    "rows as text": (picture, {"input_data": DATA, "row_settings": ["var_names", "ascii_only"]}),
    "rows in a set": (picture, {"input_data": DATA, "row_settings": {"depth"}}),
    "every level": (picture, {"input_data": DATA, "depth": float("inf")}),
    "depth 0": (picture, {"input_data": DATA, "depth": 0}),
    "width": (picture, {"input_data": DATA, "col_width": 12}),
    "cached": (picture, {"input_size": PICTURE, "cache_forward_pass": True}),
    "not trained": (Partly, {"input_size": (1, 1, 6), "col_names": ("trainable",)}),
    "several calls": (Again, {"input_size": (1, 4, 8, 8)}),
}
# torchinfo counts a bias as a multiplication, and a recurrent layer by the shape of its output.
EXACT_MACS = {name for name, (model, _) in FORMS.items() if model is picture}


def both(name: str) -> tuple[Any, Any]:
    torchinfo.torchinfo.clear_cached_forward_pass()
    make, arguments = FORMS[name]
    repeated = {
        key: list(value) if hasattr(value, "__next__") else value
        for key, value in arguments.items()
    }
    torch.manual_seed(0)
    model = make()
    quiet = {"verbose": 0, **repeated}
    return torchinfo.summary(model, **quiet), modelviz.summary(model, **quiet)


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str) -> None:
    theirs, ours = both(name)
    for figure in ("total_params", "trainable_params"):
        assert getattr(ours, figure) == getattr(theirs, figure), figure
    assert ours.graph.execution != "none"
    assert [(i.class_name, i.depth, i.num_params) for i in ours.summary_list if i.executed] == [
        (i.class_name, i.depth, i.num_params) for i in theirs.summary_list if i.executed
    ]
    if name in EXACT_MACS:
        assert ours.total_mult_adds == theirs.total_mult_adds
        assert ours.total_output_bytes == theirs.total_output_bytes
        assert ours.total_param_bytes == theirs.total_param_bytes
    ran = ([i for i in table.summary_list if i.executed] for table in (ours, theirs))
    for our, their in zip(*ran, strict=True):
        if their.class_name in ("Conv2d", "Linear", "Embedding", "Flatten"):
            assert our.input_size == their.input_size and our.output_size == their.output_size
            assert (our.is_recursive, our.is_leaf_layer) == (their.is_recursive, True)
            assert our.trainable == their.trainable
            assert our.var_name == their.var_name
            # Ours number the layers that are never called, too.
            if all(info.executed for info in ours.summary_list):
                assert our.depth_index == their.depth_index
            for deepest in (False, True):
                text = our.num_params_to_str(deepest)
                assert text == their.num_params_to_str(reached_max_depth=deepest)


def test_the_lists_and_looks_are_torchinfos() -> None:
    theirs, ours = both("shape")
    assert len(ours.summary_list) == len(theirs.summary_list) == 5
    for our, their in zip(ours.summary_list, theirs.summary_list, strict=True):
        assert our.kernel_size == their.kernel_size
        assert our.leftover_params() == their.leftover_params()
        # torchinfo gives a parent no multiply-adds of its own, and a bias-free layer all.
        if our.is_leaf_layer and our.class_name != "ReLU":
            assert our.macs == their.macs
    assert ours.formatting.max_depth == theirs.formatting.max_depth == 3
    assert set(ours.formatting.col_names) == {str(n.value) for n in theirs.formatting.col_names}
    for units in (torchinfo.enums.Units.NONE, "G", "T", "auto"):
        ours.formatting.macs_units = units
        theirs.formatting.macs_units = torchinfo.enums.Units(units)
        (line,) = [line for line in str(ours).split("\n") if "mult-adds" in line]
        # Since Python 3.11 torchinfo prints a unit by its name in the code.
        assert line in re.sub(r"Units\.\w+", unit_letter, str(theirs)).split("\n")
    ours.formatting.params_units = torchinfo.enums.Units.MEGABYTES
    assert "Total params (M): 0.01" in str(ours)
    ours.formatting.col_names = ("kernel_size",)
    ours.formatting.max_depth = 0
    assert "Kernel Shape" in str(ours) and "Conv2d" not in str(ours)
    ours.formatting.max_depth = float("inf")
    ours.formatting.verbose = 2
    assert "weight" in str(ours)
    ours.formatting.row_settings = {"ascii_only"}
    assert str(ours).isascii() and ours.formatting.row_settings == {"ascii_only"}
    with pytest.raises(InputError, match="units='K'"):
        ours.formatting.macs_units = "K"


@pytest.mark.parametrize("value", [0, 1, 999_999, 1_000_000, 1_500_000, 2 * 10**9, 3.5e12, 10**15])
@pytest.mark.parametrize("units", list(torchinfo.enums.Units))
def test_numbers_read_as_torchinfos(value: float, units: Any) -> None:
    theirs = torchinfo.ModelStatistics
    unit, number = modelviz.Summary.to_readable(value, units)
    expected_unit, expected = theirs.to_readable(value, units)  # type: ignore[arg-type]
    assert (unit, number) == (expected_unit.value, expected)
    assert modelviz.Summary.to_megabytes(value) == theirs.to_megabytes(value)  # type: ignore[arg-type]
    assert modelviz.Summary.float_to_megabytes(value) == value * 4 / 1e6


@pytest.mark.parametrize(
    ("arguments", "dtype"),
    [
        ({"dtypes": long}, torch.int64),
        ({"dtypes": "int64"}, torch.int64),
        ({"dtypes": ["torch.int32"]}, torch.int32),
        ({"dtypes": [np.int64]}, torch.int64),
        ({"dtypes": [np.dtype("int32")]}, torch.int32),
        ({"dtypes": [int]}, torch.int64),
        ({"dtypes": ["LongTensor"]}, torch.int64),
        ({"dtypes": torch.IntTensor}, torch.int32),
        ({"dtypes": [torch.cuda.LongTensor]}, torch.int64),
    ],
)
def test_more_ways_to_say_a_dtype(arguments: dict[str, Any], dtype: torch.dtype) -> None:
    graph = modelviz.trace(nn.Embedding(9, 4), (2, 5), **arguments)
    assert graph.tensors[graph.inputs[0]].dtype == str(dtype).removeprefix("torch.")


@pytest.mark.parametrize(
    "size", [np.array([2, 6]), (np.int32(2), 6), {"input": (2, 6)}, range(2, 7, 4)]
)
def test_more_ways_to_say_a_size(size: Any) -> None:
    graph = modelviz.trace(nn.Linear(6, 3), size)
    assert graph.tensors[graph.inputs[0]].shape == (2, 6)


def test_sizes_by_name_with_their_dtypes() -> None:
    graph = modelviz.trace(
        Two(), {"x2": (2, 5), "x1": (2, 6)}, dtypes=[long, torch.float], execution="real"
    )
    assert {graph.tensors[i].name: graph.tensors[i].shape for i in graph.inputs} == {
        "x1": (2, 6),
        "x2": (2, 5),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_size": (2, -6)}, r"\(2, -6\) is not a shape"),
        ({"input_size": (2, 6.0)}, "is not a shape"),
        ({"input_size": (True, 6)}, "is not a shape"),
        ({"input_size": "26"}, "is not a shape"),
        ({"input_size": []}, "is not a shape"),
        ({"input_size": torch.rand(2, 6)}, "give data as input_data"),
        ({"input_size": {}}, "is not a shape"),
        ({"input_size": {3: (2, 6)}}, "is not a shape"),
        ({"input_size": (6,), "batch_dim": 3}, r"batch_dim=3: expected .* from -2 to 1"),
        ({"input_size": (6,), "batch_dim": "first"}, "batch_dim='first'"),
        ({"input_size": (2, 6), "dtypes": ["floaty"]}, "'floaty' is none"),
        ({"input_size": (2, 6), "dtypes": [nn.Linear]}, "dtypes: .* is none"),
        ({"input_size": (2, 6), "dtypes": [long, byte]}, "got 2 dtypes for 1 inputs"),
    ],
)
def test_what_is_no_size_or_dtype_is_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        modelviz.summary(nn.Linear(6, 3), verbose=0, **arguments)


def test_the_values_of_torchinfos_enums_are_known() -> None:
    assert tuple(setting.value for setting in torchinfo.RowSettings) == options.ROW_SETTINGS
    assert tuple(mode.value for mode in torchinfo.Mode) == MODES
    assert tuple(torchinfo.Verbosity) == options.VERBOSITIES
