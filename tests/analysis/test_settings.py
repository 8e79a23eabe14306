"""The settings of PyTorch's layers have the names that their constructors take."""

from __future__ import annotations

import inspect

import pytest
from torch import nn

import modelviz
from modelviz.analysis.settings import named_settings

LAYERS: list[tuple[type[nn.Module], tuple[int, ...]]] = [
    *((kind, (4, 6, 3)) for kind in (nn.Conv1d, nn.Conv2d, nn.Conv3d)),
    *((kind, (4, 6, 3)) for kind in (nn.ConvTranspose1d, nn.ConvTranspose2d)),
    *((kind, (7, 5)) for kind in (nn.Embedding, nn.EmbeddingBag, nn.LSTM, nn.GRU, nn.RNN)),
    *((kind, (7, 5)) for kind in (nn.LSTMCell, nn.GRUCell, nn.RNNCell, nn.Linear)),
    *((kind, (8,)) for kind in (nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm2d, nn.LayerNorm)),
    (nn.GroupNorm, (2, 8)),
]


@pytest.mark.parametrize(
    ("kind", "arguments"), LAYERS, ids=lambda one: getattr(one, "__name__", "")
)
def test_each_is_named_as_its_constructor_names_it(
    kind: type[nn.Module], arguments: tuple[int, ...]
) -> None:
    layer = kind(*arguments)
    module = modelviz.trace(layer, execution="none").modules[0]
    names = list(inspect.signature(kind.__init__).parameters)[1:]
    if names[0] == "args":  # recurrent layers hand on what they take
        names = ["input_size", "hidden_size"]
    found = named_settings(module)
    for name, value in zip(names[:2], arguments, strict=False):
        if name in found:
            assert found[name].strip("(),") == str(value)
    assert names[0] in found
    assert not any(name.isdigit() for name in found)


def test_what_a_class_of_ones_own_writes_keeps_its_place() -> None:
    class Conv2d(nn.Module):
        def extra_repr(self) -> str:
            return "3, 8, bias=False"

    module = modelviz.trace(Conv2d(), execution="none").modules[0]
    assert named_settings(module) == {"0": "3", "1": "8", "bias": "False"}


def test_a_diff_names_them() -> None:
    before, after = (nn.Sequential(nn.Conv2d(3, width, 3)) for width in (8, 12))
    assert "out_channels=8 → out_channels=12" in str(modelviz.diff(before, after, (1, 3, 8, 8)))
