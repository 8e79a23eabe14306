"""Real tensors and the fake ones that stand for them while a forward runs on fake tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from .devices import StandIns
from .fakes import FakeMaker
from .guard import Guard
from .mode_internals import disable_current_modes, disable_torch_dispatch
from .recipes import Output, may_be_known
from .recorder import Recorder
from .state.memory import unwatched
from .structure import kernel_tensors
from .torch_internals import FakeTensor, FakeTensorMode, schema_of

_SETTING = frozenset(getattr(torch.ops.aten.set_, name) for name in torch.ops.aten.set_.overloads())
"""What gives a tensor other memory, though it may have the same shape there."""


class Counterparts:
    """The fake tensor for each real one (a weight, a constant), made at first use, and back.

    The model keeps its real parameters, so nothing in it is swapped or restored; kernels never
    see them, so no data is read or written.
    """

    def __init__(
        self, mode: FakeTensorMode, recorder: Recorder, guard: Guard, stand_ins: StandIns | None
    ) -> None:
        self.new = FakeMaker(mode)
        self._mode = mode
        self._recorder = recorder
        self._guard = guard
        self._stand_ins = stand_ins
        self._fakes: dict[int, FakeTensor] = {}
        self._reals: dict[int, torch.Tensor] = {}
        # What has been replaced stays, so that nothing else gets its ``id``.
        self._replaced: list[Any] = []

    # -- one for the other ----------------------------------------------------------------

    def fake(self, value: Any) -> Any:
        """A fake tensor for a real one, also for each in a list; anything else as it is."""
        kind = type(value)
        if kind is FakeTensor:
            return value
        if isinstance(value, torch.Tensor):
            fake = self._fakes.get(id(value))
            if fake is None:
                fake = self._stand_in(value)
                self._fakes[id(value)] = fake
                self._reals[id(fake)] = value
                self._recorder.stores.unite(value, fake)
            return fake
        if (kind is list or kind is tuple) and any(isinstance(p, torch.Tensor) for p in value):
            return kind(self.fake(part) for part in value)
        return value

    def real(self, result: Any) -> Any:
        """The real tensor that a fake one stands for, also for each in a list, or ``result``."""
        if isinstance(result, torch.Tensor):
            return self._reals.get(id(result), result)
        if type(result) in (list, tuple):
            return type(result)(self.real(part) for part in result)
        return result

    def met(self, tensor: torch.Tensor) -> torch.Tensor:
        """The fake tensor for ``tensor``, if it has one already, or else itself."""
        return self._fakes.get(id(tensor), tensor)

    # -- new fake tensors -----------------------------------------------------------------

    def made(self, output: Output, tensors: Sequence[torch.Tensor] = ()) -> FakeTensor:
        """A tensor like ``output``, which may be a view of one of ``tensors``."""
        # As FakeTensorMode does for an output that it has cached.
        base = None if output.source is None else self.fake(tensors[output.source])
        with disable_torch_dispatch():
            shape = torch.empty_strided(
                output.shape, output.stride, dtype=output.dtype, device="meta"
            )
            if base is not None:
                offset = base.storage_offset() + output.offset
                shape.set_(base.untyped_storage(), offset, output.shape, output.stride)
        made = self.new(shape, output.device)
        if output.learns:
            made.requires_grad_()
        return made

    def known(self, tensor: torch.Tensor) -> FakeTensor:
        """A fake tensor whose value is known, so that control flow may depend on it.

        FakeTensorMode computes what follows from known values alone, and forgets a value that
        is written over.
        """
        with disable_current_modes():
            return self._mode.fake_tensor_converter.from_real_tensor(
                self._mode, tensor.detach().clone(), make_constant=True
            )

    def alias(self, tensor: torch.Tensor) -> FakeTensor:
        """Another fake tensor with the memory of ``tensor``, and its value where it is known."""
        result = self.made(Output.of(tensor, tensor, 0), [tensor])
        constant = self.fake(tensor).constant
        if constant is not None:
            result.constant = constant
            self._mode.fake_tensor_converter.add_constant_storage_mapping(result)
        return result

    def _stand_in(self, tensor: torch.Tensor) -> FakeTensor:
        plain = (
            type(tensor) in (torch.Tensor, nn.Parameter)
            and tensor.layout is torch.strided
            and not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
            and tensor.storage_offset() == 0
            and tensor.untyped_storage().nbytes() == tensor.numel() * tensor.element_size()
        )
        if self._stand_ins is not None and tensor.is_meta:
            claiming = self._stand_ins.of(tensor)
            if isinstance(claiming, FakeTensor):
                return claiming
        if not plain:
            return self._mode.from_tensor(tensor)
        # What ``from_tensor`` comes to for a tensor that is its whole storage, in a fifth of the
        # time: it also carries gradients, views and subclasses over.
        if may_be_known(tensor):
            return self.known(tensor)
        with disable_torch_dispatch():
            shape = torch.empty_strided(
                tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta"
            )
        return self.new(shape, tensor.device)

    # -- what happens to one happens to the other -----------------------------------------

    def reshaped(
        self,
        function: Any,
        args: tuple[Any, ...],
        fake_args: list[Any],
        kwargs: dict[str, Any],
        fake_kwargs: dict[str, Any],
    ) -> None:
        """A real tensor takes the shape that a kernel gave its stand-in: ``t_``, ``out=``."""
        schema = schema_of(function)
        if schema is None or not schema.is_mutable:
            return
        reals = kernel_tensors((*args, *kwargs.values()))
        fakes = kernel_tensors((*fake_args, *fake_kwargs.values()))
        for real, fake in zip(reals, fakes, strict=True):
            if real is not fake and (function in _SETTING or not _same_geometry(real, fake)):
                self._take_shape(real, fake)

    def takes_data(self, real: Any, fake: Any) -> bool:
        """Whether ``real`` was given the data of ``fake``, which a real tensor cannot hold.

        It gets the shape, and the fake tensor as its stand-in.
        """
        if type(real) is FakeTensor or type(fake) is not FakeTensor:
            return False
        stand_in = self.alias(fake)
        before = self._fakes.get(id(real))
        if before is not None:
            del self._reals[id(before)]
            self._replaced.append(before)
        self._fakes[id(real)] = stand_in
        self._reals[id(stand_in)] = real
        self._take_shape(real, fake)
        return True

    def _take_shape(self, real: Any, fake: torch.Tensor) -> None:
        """Give ``real`` memory for the shape of ``fake``, until all is put back."""
        self._guard.before_set(real)
        with unwatched():
            real.data = torch.empty_strided(
                fake.shape, fake.stride(), dtype=fake.dtype, device=real.device
            )
        self._recorder.stores.unite(fake, real)
        self._replaced.append(real.untyped_storage())


def _same_geometry(one: torch.Tensor, other: torch.Tensor) -> bool:
    if one.layout is not torch.strided or one.is_nested or one.is_quantized:
        return True  # which no kernel reshapes
    return one.shape == other.shape and one.stride() == other.stride()
