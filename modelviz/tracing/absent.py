"""Functions that ask a device's driver, on fake tensors of a device that is not there.

Kernels run by shape, and need no device. A few functions of PyTorch's Python layer do, since they
make the device of their argument the current one; these run here by the kernels below them. So does
attention, whose choice among kernels is made by code that only builds for the device contain.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from .attribute_set import attribute_set
from .torch_internals import FakeTensor

_aten = torch.ops.aten
_HALF = (torch.float16, torch.bfloat16)
# FlashAttention 2 has kernels of up to this size of a head.
_MAX_FLASH_HEAD = 256


class AbsentDevice(TorchFunctionMode):
    """Runs such functions by their kernels where a tensor claims to be on ``device``."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if func is functional.multi_head_attention_forward:
            with self, _by_its_body():
                return func(*args, **kwargs)
        stand_in = _STAND_INS.get(func)
        if stand_in is None or not (args and self._claims(args[0])):
            return func(*args, **kwargs)
        result = stand_in(*args, **kwargs)
        return func(*args, **kwargs) if result is NotImplemented else result

    def _claims(self, value: Any) -> bool:
        return isinstance(value, FakeTensor) and value.fake_device.type == self._device.type


CAPABILITY = (9, 0)
"""The compute capability that a CUDA device is taken to have: that of the H100 and H200."""


def capability_known(device: torch.device) -> AbstractContextManager[None]:
    """Libraries that ask for a capability before they choose a kernel are told ``CAPABILITY``."""
    if device.type != "cuda":
        return nullcontext()
    return attribute_set(torch.cuda, "get_device_capability", lambda device=None: CAPABILITY)


@contextmanager
def _by_its_body() -> Iterator[None]:
    """The next function written in Python runs its body, whose calls the active modes then see."""
    names = vars(functional)
    asked = names["has_torch_function"]

    def not_once(tensors: Any) -> bool:
        names["has_torch_function"] = asked
        return False

    names["has_torch_function"] = not_once
    try:
        yield
    finally:
        names["has_torch_function"] = asked


# -- indexing ----------------------------------------------------------------------------------


def _contiguous(x: Any, memory_format: Any = torch.contiguous_format) -> Any:
    return _aten.contiguous.default(x, memory_format=memory_format)


def _get_item(x: Any, index: Any) -> Any:
    view, indices = _indexed(x, index)
    if any(part is not None for part in indices):
        return _aten.index.Tensor(view, indices)
    return _aten.alias.default(x) if view is x else view


def _set_item(x: Any, index: Any, value: Any) -> None:
    view, indices = _indexed(x, index)
    number = not isinstance(value, torch.Tensor)
    if any(part is not None for part in indices):
        value = torch.full((), value, dtype=x.dtype, device=x.device) if number else value
        _aten.index_put_.default(view, indices, value.to(x.dtype))
    elif number:
        _aten.fill_.Scalar(view, value)
    else:
        _aten.copy_.default(view, value)


def _indexed(x: Any, index: Any) -> tuple[Any, list[Any]]:
    """The view that the plain parts of an index give, and the tensors that index its axes."""
    parts = index if isinstance(index, tuple) else (index,)
    parts = tuple(torch.tensor(p) if isinstance(p, (list, range)) else p for p in parts)
    taken = sum(_axes(part) for part in parts)
    view, axis = x, 0
    tensors: dict[int, Any] = {}
    for part in parts:
        if part is Ellipsis:
            axis += x.dim() - taken
        elif part is None:
            view, axis = _aten.unsqueeze.default(view, axis), axis + 1
        elif isinstance(part, slice):
            if part != slice(None):
                step = 1 if part.step is None else int(part.step)
                view = _aten.slice.Tensor(view, axis, _number(part.start), _number(part.stop), step)
            axis += 1
        elif isinstance(part, torch.Tensor) and (part.dim() or part.dtype is torch.bool):
            tensors[axis] = part
            axis += _axes(part)
        else:
            # A tensor that is a number is looked at, as PyTorch itself does.
            view = _aten.select.int(view, axis, int(part))
    return view, _by_axis(tensors)


def _by_axis(tensors: dict[int, Any]) -> list[Any]:
    """The tensors in the order of their axes, None between; a mask stands for all its axes."""
    indices: list[Any] = []
    axis = 0
    while axis <= max(tensors, default=-1):
        part = tensors.get(axis)
        indices.append(part)
        axis += 1 if part is None else _axes(part)
    return indices


def _axes(part: Any) -> int:
    if part is None or part is Ellipsis:
        return 0
    if isinstance(part, torch.Tensor) and part.dtype in (torch.bool, torch.uint8):
        return part.dim()
    return 1


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


# -- values ------------------------------------------------------------------------------------


def _item(x: Any) -> Any:
    return _aten._local_scalar_dense.default(x) if x.numel() == 1 else NotImplemented


def _as(kind: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def number(x: Any) -> Any:
        value = _item(x)
        return value if value is NotImplemented else kind(value)

    return number


# -- attention ---------------------------------------------------------------------------------


def gpu_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """By the kernel that ``select_sdp_backend`` takes first on NVIDIA GPUs; PyTorch does the math.

    The rule is that of aten/src/ATen/native/transformers/cuda/sdp_utils.cpp: flash attention for
    half precision without a mask, memory-efficient attention for single precision or with a mask,
    each where the user has not switched it off; math where neither takes the arguments. What
    depends on the model of the GPU, as cuDNN's attention does, is left out.
    """
    tensors = (query, key, value)
    usual = all(t.dim() == 4 and t.dtype is query.dtype and 0 not in t.shape for t in tensors)
    grouped = query.shape[-3] != key.shape[-3] if usual else False
    if not usual or (grouped and not enable_gqa) or query.shape[0] != key.shape[0]:
        return NotImplemented
    if _takes_flash(query, key, value, attn_mask, is_causal):
        return _flash(query, key, value, dropout_p, is_causal, scale)
    if grouped or not _takes_efficient(query, value, attn_mask):
        return NotImplemented
    bias = _as_bias(attn_mask, query, key)
    return _aten._scaled_dot_product_efficient_attention.default(
        query, key, value, bias, False, dropout_p, is_causal, scale=scale
    )[0]


def _takes_flash(query: Any, key: Any, value: Any, mask: Any, is_causal: bool) -> bool:
    head = query.shape[-1]
    same = head == key.shape[-1] == value.shape[-1]
    # A causal mask of unequal lengths is aligned otherwise in flash attention.
    aligned = not is_causal or query.shape[-2] == key.shape[-2]
    fits = same and head <= _MAX_FLASH_HEAD and aligned
    enabled = torch.backends.cuda.flash_sdp_enabled()
    return enabled and mask is None and query.dtype in _HALF and fits


def _takes_efficient(query: Any, value: Any, mask: Any) -> bool:
    enabled = torch.backends.cuda.mem_efficient_sdp_enabled()
    half = query.dtype in _HALF
    # Sizes of heads must fill the vectors of the kernel: 16 bytes.
    step = 8 if half else 4
    fits = query.shape[-1] % step == 0 and value.shape[-1] % step == 0
    learns = mask is not None and mask.requires_grad
    return enabled and (half or query.dtype is torch.float32) and fits and not learns


def _flash(
    query: Any, key: Any, value: Any, dropout_p: float, is_causal: bool, scale: float | None
) -> Any:
    head = query.shape[-1]
    scale = 1 / math.sqrt(head) if scale is None else scale
    if head % 8:
        # Heads are padded to a multiple of 8, as ``pad_last_dim`` does, and cut again.
        pad = [0, 8 - head % 8]
        query, key, value = (_aten.constant_pad_nd.default(t, pad) for t in (query, key, value))
    out = _aten._scaled_dot_product_flash_attention.default(
        query, key, value, dropout_p, is_causal, False, scale=scale
    )[0]
    return _aten.slice.Tensor(out, -1, 0, head) if head % 8 else out


def _as_bias(mask: Any, query: Any, key: Any) -> Any:
    """The mask as what is added to the scores, of the shape of the scores."""
    if mask is None:
        return None
    if mask.dtype is torch.bool:
        zeros = torch.zeros(mask.shape, dtype=query.dtype, device=query.device)
        mask = _aten.masked_fill_.Scalar(zeros, _aten.logical_not.default(mask), -math.inf)
    return mask.expand(query.shape[0], query.shape[1], query.shape[-2], key.shape[-2])


_STAND_INS: dict[Any, Callable[..., Any]] = {
    torch.Tensor.contiguous: _contiguous,
    torch.Tensor.__getitem__: _get_item,
    torch.Tensor.__setitem__: _set_item,
    torch.Tensor.item: _item,
    torch.Tensor.__int__: _as(int),
    torch.Tensor.__index__: _as(int),
    torch.Tensor.__float__: _as(float),
    functional.scaled_dot_product_attention: gpu_attention,
}
