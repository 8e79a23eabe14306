"""How kernels run: for real, or on fake tensors that have shapes and no data."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
    FakeTensor,
    FakeTensorMode,
)
from torch.utils._python_dispatch import _disable_current_modes

from .guard import Guard
from .recorder import Recorder


class RealExecutor:
    """Runs kernels as they are."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the kernel returns."""
        return function(*args, **kwargs)

    def before_write(self, tensor: torch.Tensor) -> None:
        """Keep what ``tensor`` holds, to put it back afterwards."""
        self._guard.before_write(tensor)


class FakeExecutor:
    """Runs kernels on fake tensors: real ones (weights, constants) get a stand-in at first use.

    The model keeps its real parameters, so nothing in it is swapped or restored; kernels never
    see them, so no data is read or written.
    """

    def __init__(self, mode: FakeTensorMode, recorder: Recorder) -> None:
        self._mode = mode
        self._recorder = recorder
        self._fakes: dict[int, FakeTensor] = {}
        self._reals: dict[int, torch.Tensor] = {}
        self._written: set[int] = set()

    def run(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the kernel returns on stand-ins; a real tensor it changed comes back itself."""
        swapped = False
        fake_args = []
        for value in args:
            fake = self._fake(value)
            swapped = swapped or fake is not value
            fake_args.append(fake)
        fake_kwargs = {name: self._fake(value) for name, value in kwargs.items()}
        try:
            result = function(*fake_args, **fake_kwargs)
        except (DataDependentOutputException, DynamicOutputShapeException):
            if not self._has_data((*args, *kwargs.values())):
                raise
            return self._run_on_data(function, args, kwargs)
        return self._real(result) if swapped or kwargs else result

    def before_write(self, tensor: torch.Tensor) -> None:
        """From now on the data of ``tensor`` is not what the forward would see."""
        self._written.add(id(tensor))

    def _fake(self, value: Any) -> Any:
        kind = type(value)
        if kind is FakeTensor:
            return value
        if isinstance(value, torch.Tensor):
            fake = self._fakes.get(id(value))
            if fake is None:
                fake = self._stand_in(value)
                self._fakes[id(value)] = fake
                self._reals[id(fake)] = value
                self._recorder.same_storage(value, fake)
            return fake
        if kind is list or kind is tuple:
            return kind(self._fake(part) for part in value)
        return value

    def _stand_in(self, tensor: torch.Tensor) -> FakeTensor:
        plain = (
            type(tensor) in (torch.Tensor, nn.Parameter)
            and tensor.layout is torch.strided
            and not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
            and tensor.storage_offset() == 0
            and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        )
        if not plain:
            return self._mode.from_tensor(tensor)
        # What ``from_tensor`` comes to for a tensor that is its whole storage, in a fifth of the
        # time: it also carries gradients, views and subclasses over.
        with _disable_current_modes():
            shape = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
            )
            # A single value is known, so that control flow may depend on it.
            known = tensor.numel() == 1 and not tensor.is_meta
            constant = tensor.detach().clone() if known else None
        return FakeTensor(self._mode, shape, tensor.device, constant=constant)

    def _real(self, result: Any) -> Any:
        if isinstance(result, torch.Tensor):
            return self._reals.get(id(result), result)
        if type(result) in (list, tuple):
            return type(result)(self._real(part) for part in result)
        return result

    def _has_data(self, values: Any) -> bool:
        """Whether every tensor among ``values`` is a real one that the forward has not changed."""
        for value in values:
            if isinstance(value, (list, tuple)):
                if not self._has_data(value):
                    return False
            elif isinstance(value, torch.Tensor) and (
                isinstance(value, FakeTensor) or value.is_meta or id(value) in self._written
            ):
                return False
        return True

    def _run_on_data(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A constant of the model decides (``int(self.window)``): look at its data."""
        with _disable_current_modes():
            return function(*args, **kwargs)
