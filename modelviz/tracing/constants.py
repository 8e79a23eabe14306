"""Fake tensors, made without the detours that unusual ones need; of some the values are known."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch

from .fake_internals import active_fake_mode
from .fakes import FakeMaker
from .mode_internals import disable_torch_dispatch
from .no_compiler import LightConverter
from .torch_internals import FakeTensor, FakeTensorMode, is_view


def empty(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> torch.Tensor:
    """A tensor without values; a fake one where such are made, at a tenth of the mode's cost."""
    mode = active_fake_mode()
    if mode is None:
        return torch.empty(shape, dtype=dtype, device=device)
    with disable_torch_dispatch():
        meta = torch.empty(shape, dtype=dtype, device="meta")
    return FakeTensor(mode, meta, device)


class ConstantConverter(LightConverter):
    """PyTorch's converter of real tensors, in a fifth of the time where their values are kept.

    PyTorch's own carries gradients, subclasses and autograd's views over as well, for every
    intermediate result of arithmetic on indices.
    """

    new: FakeMaker | None = None
    """Makes its fake tensors, while a forward runs: it leads to the mode, which leads to this."""

    def from_real_tensor(
        self,
        fake_mode: FakeTensorMode,
        t: torch.Tensor,
        make_constant: bool = False,
        *more: Any,
        **rest: Any,
    ) -> FakeTensor:
        """The fake tensor for a real one, which it keeps where ``make_constant`` is true."""
        if make_constant and _is_plain(t) and self._get_memo(t) is None:
            fake = self._constant(fake_mode, t)
            if fake is not None:
                return fake
        return super().from_real_tensor(fake_mode, t, make_constant, *more, **rest)

    def _constant(self, mode: FakeTensorMode, tensor: torch.Tensor) -> FakeTensor | None:
        """The fake tensor; None for a part of memory that no fake tensor stands for yet."""
        memory = tensor.untyped_storage()
        key = self.meta_converter.describer.get_storage_id(memory)
        storages = self.meta_converter.storage_memo
        storage = storages.get(key)
        offset = tensor.storage_offset()
        whole = offset == 0 and memory.nbytes() == tensor.numel() * tensor.element_size()
        if storage is None and not whole:
            return None
        shape, stride = tensor.shape, tensor.stride()
        with disable_torch_dispatch():
            meta = torch.empty_strided(shape, stride, dtype=tensor.dtype, device="meta")
            if storage is None:
                storages[key] = meta.untyped_storage()
            else:
                # What views the same memory must do so as a fake tensor, too.
                meta.set_(storage, offset, shape, stride)
        fake = (self.new or partial(FakeTensor, mode))(meta, tensor.device)
        fake.constant = tensor
        self.add_constant_storage_mapping(fake)
        self.set_tensor_memo(tensor, fake)
        return fake


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) is torch.Tensor
        and tensor.layout is torch.strided
        and not tensor.requires_grad
        and not is_view(tensor)
        and not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
        and not tensor.is_meta
    )
