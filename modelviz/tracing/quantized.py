"""Weights that are stored in fewer bits than they stand for: what they stand for, and their bytes.

Libraries differ in how they keep such a weight, and none is imported here. Known by structure are
tensors that carry the state of their quantization (``quant_state``, ``SCB``, ``quant_shape``),
tensors made of inner tensors (``__tensor_flatten__``), and layers with the sizes of a matrix whose
own tensors hold it in integers, beside scales and zero points.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ..graph import Shape
from .structure import PLAIN, inner_tensors
from .torch_internals import buffers_of, parameters_of, sparse_parts

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
# What several narrow values are packed into, of which older releases of torch lack some.
_CARRIERS = frozenset(
    (
        *_INTEGERS,
        *(
            getattr(torch, name)
            for name in ("uint16", "uint32", "uint64", "float4_e2m1fn_x2")
            if hasattr(torch, name)
        ),
    )
)
_EIGHT_BIT_FLOATS = frozenset(
    getattr(torch, name)
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz")
    if hasattr(torch, name)
)
# How layers name the sizes of their matrix.
_SIZES = (
    ("in_features", "out_features"),
    ("infeatures", "outfeatures"),
    ("embedding_dim", "num_embeddings"),
)
# How modules that hold the matrices of several experts name the sizes of each.
_EXPERT_SIZES = ("hidden_size", "intermediate_size", "hidden_dim", "intermediate_dim")
# How deep the state of a quantization is looked into: its own scales may be quantized again.
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """A weight of ``shape`` that takes ``bytes``, scales and zero points included.

    ``beside`` are the names of the tensors of the same module that belong to it.
    """

    name: str
    shape: Shape
    bytes: int
    bits: int
    beside: tuple[str, ...] = ()

    @property
    def packing(self) -> str:
        """``4-bit``."""
        return f"{self.bits}-bit"


def stored_weights(module: nn.Module) -> dict[str, Stored]:
    """The weights of ``module`` itself that are stored in fewer bits, by name."""
    every = {**parameters_of(module), **buffers_of(module)}
    if not any([_is_unusual(tensor) for tensor in every.values() if tensor is not None]):
        return {}
    found = {}
    tensors = {
        name: tensor for name, tensor in every.items() if tensor is not None and not is_lazy(tensor)
    }
    for name, tensor in tensors.items():
        stored = _by_itself(module, name, tensor) or _in_bytes(module, name, tensor, tensors)
        if stored is not None:
            found[name] = stored
    # Floats of 8 bits may be the scales of what is packed beside them.
    if all([tensors[name].dtype in _EIGHT_BIT_FLOATS for name in found]):
        whole = _in_integers(module, tensors)
        if whole is not None:
            return {whole.name: whole}
    return {name: _with_scales(stored, tensors) for name, stored in found.items()}


def _with_scales(stored: Stored, tensors: Mapping[str, torch.Tensor]) -> Stored:
    """A weight with the scales that are named after it."""
    scales = [name for name in tensors if name.startswith(f"{stored.name}_scale")]
    beside = (*stored.beside, *scales)
    return replace(
        stored, bytes=stored.bytes + sum(stored_bytes(tensors[n]) for n in scales), beside=beside
    )


def _is_unusual(tensor: torch.Tensor) -> bool:
    """Whether a tensor may be more than its elements: nearly none is, and this is quick."""
    if type(tensor) not in (torch.Tensor, nn.Parameter):
        return not is_lazy(tensor)
    dtype = tensor.dtype
    unusual = not dtype.is_floating_point or dtype in _EIGHT_BIT_FLOATS or dtype in _CARRIERS
    return unusual and tensor.dim() > 0


def stored_bytes(tensor: torch.Tensor) -> int:
    """The bytes of a tensor, of those inside it where it is made of others, as a sparse one is."""
    if type(tensor) not in PLAIN and (inner := inner_tensors(tensor)):
        return sum(map(stored_bytes, inner))
    if tensor.layout is not torch.strided and (parts := sparse_parts(tensor)):
        return sum(map(stored_bytes, parts))
    return tensor.numel() * tensor.element_size()


# -- tensors that say it themselves -------------------------------------------------------------


def _by_itself(module: nn.Module, name: str, tensor: torch.Tensor) -> Stored | None:
    shape, extra = _said(module, tensor)
    held = stored_bytes(tensor) + _bytes_in(extra, _MAX_DEPTH)
    if shape is None:
        inner = inner_tensors(tensor)
        if not _is_packed(tensor, inner):
            return None
        shape = tuple(tensor.shape)
        data = max(map(stored_bytes, inner), default=held)
    else:
        data = stored_bytes(tensor)
    count = prod(shape)
    return Stored(name, shape, held, round(8 * data / count)) if count else None


def _said(module: nn.Module, tensor: torch.Tensor) -> tuple[Shape | None, Any]:
    """The shape a tensor stands for, where it says so, and what else belongs to it."""
    state = getattr(tensor, "quant_state", None)
    if state is not None:
        return _shape(getattr(state, "shape", None)), state
    shape = _shape(getattr(tensor, "quant_shape", None))
    if shape is not None:
        return shape, None
    if tensor.dtype is torch.int8 and hasattr(tensor, "SCB"):
        held = getattr(module, "state", None)
        scale = tensor.SCB if tensor.SCB is not None else getattr(held, "SCB", None)
        return tuple(tensor.shape), [scale]
    meta = vars(module).get("meta")
    if isinstance(meta, Mapping) and "nbits" in meta and tensor.dtype in _INTEGERS:
        return _shape(meta.get("shape")), meta
    return None, None


def _shape(value: Any) -> Shape | None:
    if isinstance(value, (tuple, list)) and value and all(type(part) is int for part in value):
        return tuple(value)
    return None


def _is_packed(tensor: torch.Tensor, inner: list[torch.Tensor]) -> bool:
    """Whether the largest tensor inside holds integers or floats of 8 bits for wider values."""
    if not inner:
        return tensor.dtype in _EIGHT_BIT_FLOATS and tensor.dim() > 1
    largest = max(inner, key=stored_bytes)
    deeper = inner_tensors(largest)
    if deeper:
        return _is_packed(largest, deeper)
    narrow = largest.dtype in _INTEGERS or largest.dtype in _EIGHT_BIT_FLOATS
    return narrow and tensor.dtype.is_floating_point


def _bytes_in(value: Any, depth: int) -> int:
    """The bytes of the tensors in the state of a quantization."""
    if isinstance(value, torch.Tensor):
        return stored_bytes(value)
    if value is None or isinstance(value, (int, float, str, bool)) or depth == 0:
        return 0
    if isinstance(value, Mapping):
        parts: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple)):
        parts = value
    else:
        parts = vars(value).values() if hasattr(value, "__dict__") else ()
    return sum(_bytes_in(part, depth - 1) for part in parts)


def _in_bytes(
    module: nn.Module, name: str, tensor: torch.Tensor, tensors: Mapping[str, torch.Tensor]
) -> Stored | None:
    """The matrices of several experts, two values of 4 bits in each byte.

    Either the rows are cut into blocks, with a scale for each, or half a row is as long as one of
    the sizes that the module names.
    """
    if tensor.dtype is not torch.uint8 or tensor.dim() < 3:
        return None
    *lead, last = tensor.shape
    held = stored_bytes(tensor)
    stem, blocks, rest = name.rpartition("_blocks")
    scales = tensors.get(f"{stem}_scales") if blocks and not rest else None
    if scales is not None and scales.shape == tensor.shape[:-1]:
        shape = (*lead[:-1], 2 * lead[-1] * last)
        return Stored(name, shape, held + stored_bytes(scales), 4, (f"{stem}_scales",))
    sizes = [getattr(module, size, None) for size in _EXPERT_SIZES]
    if 2 * last not in sizes or last in sizes:
        return None
    return Stored(name, (*lead, 2 * last), held, 4)


# -- layers that hold a matrix in integers ------------------------------------------------------


def _in_integers(module: nn.Module, tensors: Mapping[str, torch.Tensor]) -> Stored | None:
    sizes = _sizes(module) or _sizes_by_shapes(module, tensors)
    if sizes is None:
        return None
    count = prod(sizes)
    if any(t.dtype.is_floating_point and t.numel() >= count for t in tensors.values()):
        return None
    integers = {name: t for name, t in tensors.items() if t.dtype in _CARRIERS}
    if not integers or not count:
        return None
    name = max(integers, key=lambda name: stored_bytes(integers[name]))
    bits = 8 * stored_bytes(integers[name]) / count
    if not 1 <= bits <= 8.5:
        return None
    beside = tuple(other for other in tensors if other not in (name, "bias"))
    held = stored_bytes(integers[name]) + sum(stored_bytes(tensors[other]) for other in beside)
    return Stored(name, sizes, held, round(bits), beside)


def _sizes(module: nn.Module) -> Shape | None:
    """``(out, in)`` of a layer that names them, with the size of its kernel for a convolution."""
    for inner, outer in _SIZES:
        values = getattr(module, outer, None), getattr(module, inner, None)
        if type(values[0]) is int and type(values[1]) is int:
            return values[0], values[1]
    kernel = _shape(getattr(module, "kernel_size", None))
    names = ("out_channels", "in_channels", "groups")
    channels = _shape([getattr(module, name, None) for name in names])
    if kernel is None or channels is None or min(channels) < 1:
        return None
    outputs, inputs, groups = channels
    return outputs, inputs // groups, *kernel


def _sizes_by_shapes(
    module: nn.Module, tensors: Mapping[str, torch.Tensor]
) -> tuple[int, int] | None:
    """The same from ``scales`` of a column each, and from ``g_idx`` or the bits of ``qweight``."""
    packed, scales = tensors.get("qweight"), tensors.get("scales")
    if packed is None or scales is None or packed.dim() != 2 or scales.dim() != 2:
        return None
    outputs, groups = scales.shape[1], tensors.get("g_idx")
    if groups is not None and groups.numel():
        return outputs, groups.numel()
    named = [getattr(module, name, None) for name in ("bits", "w_bit", "wbits")]
    bits = next((value for value in named if type(value) is int), 0)
    return (outputs, stored_bytes(packed) * 8 // (bits * outputs)) if bits else None
