"""A copy of a model whose tensors have shapes and no data."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ..errors import InputError
from ..tracing.mode_internals import disable_current_modes, disable_torch_dispatch
from ..tracing.modules import (
    NamedModule,
    held,
    held_once,
    holds_shards,
    refuse_lazy,
    uncompiled,
    walk,
)
from ..tracing.recipes import has_strides, may_be_known
from ..tracing.torch_internals import (
    FakeTensor,
    FakeTensorMode,
    buffers_of,
    parameters_of,
    storage_key,
)
from ..tracing.twins import twin_of
from .caches import held_tensors

if TYPE_CHECKING:
    from .resharding import Units

_PLAIN = (torch.Tensor, nn.Parameter)
_FOLLOWED = (torch.strided, torch.jagged)


class ValuesUnknown(RuntimeError):
    """A step cannot be followed by shapes: how many values a sparse tensor holds is not known."""


class Fakes:
    """Fake tensors on the CPU, one for each tensor; tensors that share memory still do.

    ``dtype``, if given, is that of every floating-point tensor.
    """

    def __init__(self, mode: FakeTensorMode, dtype: torch.dtype | None = None) -> None:
        self._mode, self._dtype = mode, dtype
        self._memory: dict[Any, torch.UntypedStorage] = {}
        self._made: dict[int, torch.Tensor] = {}
        self._kept: list[torch.Tensor] = []

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The fake for ``tensor``; it knows the value of a small one, as a trace does."""
        fake = self._made.get(id(tensor))
        if fake is None:
            fake = self._made[id(tensor)] = self._fake(tensor)
            self._kept.append(tensor)
            self._carry(tensor, fake)
        return fake

    def _carry(self, tensor: torch.Tensor, fake: torch.Tensor) -> None:
        """What a library keeps on a tensor, such as the scales of a packed one, is on its fake."""
        for name, value in list(getattr(tensor, "__dict__", {}).items()):
            if not hasattr(fake, name) and not name.startswith("__"):
                memo = {id(inner): self.of(inner) for inner in held_tensors(value)}
                setattr(fake, name, copy.deepcopy(value, memo))

    def known(self, tensor: torch.Tensor) -> torch.Tensor:
        """The fake for a small tensor, which knows its value."""
        with disable_current_modes():
            fake: torch.Tensor = self._mode.fake_tensor_converter.from_real_tensor(
                self._mode, tensor.detach().clone(), make_constant=True
            )
        return fake

    def new(self, shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
        """A fake tensor that stands for none that is there."""
        with self._mode:
            return torch.empty(shape, dtype=self._wanted(dtype))

    def _fake(self, tensor: torch.Tensor) -> torch.Tensor:
        if _is_setting(tensor):
            return self.known(tensor)
        usual = type(tensor) in _PLAIN and has_strides(tensor)
        if tensor.layout not in _FOLLOWED:
            raise ValuesUnknown("a fake tensor does not know how many values a sparse one holds")
        if not usual or tensor.is_quantized or tensor.is_conj() or tensor.is_neg():
            return self._mode.from_tensor(tensor)
        dtype = self._wanted(tensor.dtype)
        with disable_torch_dispatch(), torch.no_grad():
            shape = torch.empty(0, dtype=dtype, device="meta")
            memory = self._memory_of(tensor, dtype)
            shape.set_(memory, tensor.storage_offset(), tensor.shape, tensor.stride())
            shape.requires_grad_(tensor.requires_grad)
        fake = FakeTensor(self._mode, shape, torch.device("cpu"))
        if isinstance(tensor, nn.Parameter):
            fake._is_param = True
        return fake

    def _wanted(self, dtype: torch.dtype) -> torch.dtype:
        return self._dtype if self._dtype is not None and dtype.is_floating_point else dtype

    def _memory_of(self, tensor: torch.Tensor, dtype: torch.dtype) -> torch.UntypedStorage:
        storage = tensor.untyped_storage()
        key = storage_key(storage), dtype
        if key not in self._memory:
            size = storage.nbytes() // tensor.element_size() * dtype.itemsize
            memory = torch.empty(size, dtype=torch.uint8, device="meta").untyped_storage()
            self._memory[key] = memory
        return self._memory[key]


def _is_setting(tensor: torch.Tensor) -> bool:
    """Whether the value of a tensor may decide what a forward does: a small one of integers."""
    plain = type(tensor) is torch.Tensor and tensor.layout is torch.strided
    counts = plain and not (tensor.is_floating_point() or tensor.is_complex())
    return counts and not tensor.is_quantized and may_be_known(tensor)


def fake_copy(model: nn.Module, fakes: Fakes, units: Units | None = None) -> nn.Module:
    """A copy of ``model`` that holds fake tensors. Raises InputError where it cannot be copied.

    ``units`` are those of FSDP, without which the copy is.
    """
    model = uncompiled(model)
    places = list(walk(model))
    refuse_lazy(model, places, "it is planned")
    _refuse_scripted(places)
    memo: dict[int, Any] = {} if units is None else units.memo(fakes.new)
    memo |= {id(t): fakes.of(t) for t in held(places) if id(t) not in memo}
    memo |= {id(value): value for value in _of_processes(places)}
    try:
        # What hooks compute before each forward, as ``weight_norm`` does, comes anew.
        twin = twin_of(model, memo, lambda tensor: fakes.of(tensor.detach()))
        if units is not None:
            units.fill(memo)
    except Exception as error:
        raise InputError(
            f"cannot copy {type(model).__name__} to plan its step ({type(error).__name__}: {error})"
        ) from error
    return twin


def _refuse_scripted(places: Iterable[NamedModule]) -> None:
    for path, module in places:
        if isinstance(module, torch.jit.ScriptModule):
            raise InputError(
                f"{path or 'the model'} is a scripted module, whose steps cannot be followed: "
                "give the model as it was before torch.jit"
            )


_SHARED = {"DeviceMesh", "ProcessGroup"}


def _of_processes(places: Iterable[NamedModule]) -> Iterator[Any]:
    """Meshes and process groups that modules hold: a copy has the same ones."""
    for _, module in places:
        for value in vars(module).values():
            inside = value.values() if isinstance(value, dict) else (value,)
            for one in inside:
                if any(kind.__name__ in _SHARED for kind in type(one).__mro__):
                    yield one


def is_distributed(model: nn.Module) -> bool:
    """Whether a parameter is a distributed tensor, of which this process has a part."""
    return any(holds_shards(module) for _, module in walk(model))


def parameters(model: nn.Module) -> dict[str, nn.Parameter]:
    """The parameters by path, each object once."""
    return held_once(model, parameters_of)


def buffers(model: nn.Module) -> dict[str, torch.Tensor]:
    """The buffers by path, each object once."""
    return held_once(model, buffers_of)
