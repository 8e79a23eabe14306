"""Models whose attributes hide, or whose classes change, what nn.Module has under those names."""

from __future__ import annotations

import types
from typing import Any

import pytest
import torch
from torch import nn

from modelviz import draw, summary
from modelviz.proposals import propose_inputs

EXECUTIONS = ("fake", "real")
HIDDEN = [
    "parameters",
    "children",
    "modules",
    "named_modules",
    "named_parameters",
    "named_children",
    "buffers",
    "named_buffers",
    "train",
    "eval",
    "training",
    "to",
    "half",
    "type",
    "apply",
    "state_dict",
    "requires_grad_",
    "extra_repr",
    "register_buffer",
    "get_submodule",
    "_get_name",
    "call",
    "float",
    "__name__",
    "original_name",
    "kernel_size",
    "unpack",
]


class Base(nn.Module):
    """A layer and a normalisation: 20 + 8 parameters, 2 * 4 * 4 multiply-adds on (2, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.l = nn.Linear(4, 4)
        self.bn = nn.BatchNorm1d(4)

    def forward(self, x: Any) -> Any:
        return self.bn(self.l(x))


class Hides(Base):
    """Has an attribute with the name of a method."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.__dict__[name] = [1]


class Methods(Base):
    """Methods of other meanings."""

    def parameters(self) -> Any:  # type: ignore[override]
        return [{"params": []}]

    def children(self) -> Any:
        return 5

    def modules(self) -> Any:
        return None

    def named_modules(self) -> Any:  # type: ignore[override]
        return {}


class Property(Base):
    """A property in the place of a method."""

    @property
    def parameters(self) -> Any:  # type: ignore[override]
        return 3


class NoText(Base):
    """Cannot be printed."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def extra_repr(self) -> str:
        raise RuntimeError("no")


class Compares(Base):
    """Is empty, false, equal to everything and not hashable."""

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        raise RuntimeError("neither")

    def __eq__(self, other: object) -> Any:
        return torch.tensor([1, 0])


class AnyAttribute(Base):
    """Has every attribute that one asks for."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return "anything"


class Delegates(Base):
    """Gives the attributes of what it wraps."""

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(super().__getattr__("l"), name)


def with_forward() -> nn.Module:
    model = Base()
    model.forward = types.MethodType(lambda self, x: self.l(x) * 2, model)  # type: ignore
    return model


def with_function() -> nn.Module:
    model = Base()
    model.forward = lambda x: model.l(x) * 2  # type: ignore[method-assign]
    return model


class Outer(nn.Module):
    """Holds such a model."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Any) -> Any:
        return self.inner(x)


MAKERS: dict[str, Any] = {
    **{name: lambda name=name: Hides(name) for name in HIDDEN},
    **{
        kind.__name__: kind
        for kind in (Methods, Property, NoText, Compares, AnyAttribute, Delegates)
    },
    "with_forward": with_forward,
    "with_function": with_function,
}


@pytest.mark.parametrize("inside", [False, True], ids=["root", "inside"])
@pytest.mark.parametrize("name", MAKERS)
def test_every_entry_point_works(name: str, inside: bool) -> None:
    def make() -> nn.Module:
        model = MAKERS[name]()
        return Outer(model) if inside else model

    bare = summary(make(), verbose=0)
    assert bare.total_params == 28 and str(bare)
    for execution in EXECUTIONS:
        found = summary(make(), (2, 4), verbose=0, execution=execution)
        assert (found.total_params, found.total_mult_adds) == (28, 32)
    assert str(found) and draw(found.graph).svg
    model = make()
    once = summary(model, (2, 4), verbose=0, cache_forward_pass=True, mode="train", device="cpu")
    again = summary(model, (2, 4), verbose=0, cache_forward_pass=True, mode="train", device="cpu")
    assert once.graph is again.graph


@pytest.mark.parametrize("kind", [Methods, NoText, AnyAttribute])
def test_inputs_are_proposed(kind: Any) -> None:
    assert propose_inputs(kind())[0].shape[-1] == 4


def test_a_mode_that_a_part_holds_on_to_is_kept() -> None:
    model = nn.Sequential(Base(), Base())
    model[1].train = lambda mode=True: model[1]  # type: ignore[method-assign]
    modes = {
        module.path: module.training
        for module in summary(model, (2, 4), verbose=0, mode="eval").graph.modules
    }
    assert modes["0.bn"] is False and modes["1.bn"] is True
    assert all(module.training for module in model.modules())
