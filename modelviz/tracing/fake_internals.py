"""What of ``torch_internals`` is about fake tensors: private names of torch, used nowhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import takewhile
from typing import Any

import torch
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode

from .attribute_set import attribute_set


def active_fake_mode() -> FakeTensorMode | None:
    """The mode that makes fake tensors at the moment, if there is one."""
    mode: FakeTensorMode | None = torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE)
    return mode


def refuse_addresses(mode: FakeTensorMode) -> None:
    """Let the address of a fake tensor be an error: DLPack would be handed 0, and read there."""
    mode._allow_unsafe_data_ptr_access = False


def bare_fake(meta: torch.Tensor, device: torch.device) -> FakeTensor:
    """A fake tensor with the memory of ``meta`` and without an attribute yet."""
    fake = torch.Tensor._make_subclass(
        FakeTensor, meta, False, dispatch_device=True, device_for_backend_keys=device
    )
    torch._C._set_throw_on_mutable_data_ptr(fake)
    return fake


class _WithoutValue(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, FakeTensor) and instance.constant is None


class _UnknownTensor(metaclass=_WithoutValue):
    """Stands for the class of fake tensors: those whose value is not known."""


@contextmanager
def known_values_pass() -> Iterator[None]:
    """Models that ask whether a tensor is fake are told so of those without a value only.

    Libraries ask (``isinstance(mask, torch._subclasses.FakeTensor)``) before they look at a value,
    and take another way if it is; where the value is known, the way of a real forward is right.
    """
    package = torch._subclasses
    before, last = package.FakeTensor, next(reversed(sys.modules))
    package.FakeTensor = _UnknownTensor  # type: ignore[assignment,misc]
    try:
        yield
    finally:
        package.FakeTensor = before  # type: ignore[misc]
        # Modules that were first imported meanwhile have the other name.
        names_now = [] if next(reversed(sys.modules)) == last else list(sys.modules)
        for module in takewhile(lambda one: one != last, reversed(names_now)):
            names = getattr(sys.modules.get(module), "__dict__", {})
            if names.get("FakeTensor") is _UnknownTensor:
                names["FakeTensor"] = before


class _NoReferences:
    """In place of ``weakref``: nobody refers to a tensor who would not follow a swap."""

    @staticmethod
    def getweakrefs(tensor: torch.Tensor) -> list[Any]:
        return []


def swaps_followed(
    exchange: Callable[[torch.Tensor, torch.Tensor], None],
) -> AbstractContextManager[None]:
    """``exchange`` is told of two tensors that get each other's contents.

    A module that is moved or cast does that to fake parameters; PyTorch refuses to where something
    has a weak reference, as whoever follows tensors does. It still refuses to make a fake tensor
    of one that was there before.
    """
    utils: Any = torch.utils
    swap, references = utils.swap_tensors, utils.weakref

    def followed(one: torch.Tensor, other: torch.Tensor) -> None:
        inside = isinstance(one, FakeTensor) and isinstance(other, FakeTensor)
        if inside:
            # While either still shows what it did.
            with torch._C.DisableTorchFunction():
                exchange(one, other)
            utils.weakref = _NoReferences
        try:
            swap(one, other)
        finally:
            utils.weakref = references

    return attribute_set(utils, "swap_tensors", followed)
