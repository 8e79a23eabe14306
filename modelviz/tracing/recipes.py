"""What an op was seen to do, so that the same op on tensors of the same kind need not be watched.

Watching the kernels of an op takes longer than a small op itself, and models repeat their ops.
Two calls of one function that agree in every plain argument and in the shape, strides, dtype and
device of every tensor, in which of those are one and which of them learn, run the same kernels;
this holds for functions that write to none of their arguments and whose kernels do not depend on
values, and only those are remembered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import torch
from torch import is_grad_enabled, nn  # the question as it is when no trace listens to it

from ..graph import Shape
from .arguments import Argument
from .bounds import Bounds
from .mode_internals import is_any_autocast_enabled
from .names import device_name, dtype_name
from .records import Facts
from .structure import PLAIN
from .torch_internals import ATTENTION_SWITCHES, FakeTensor, maybe_current_level

# Their choice of kernel depends on switches that a model may turn while it runs.
_SWITCHED = frozenset(
    {
        torch.nn.functional.scaled_dot_product_attention,
        torch.nn.functional.multi_head_attention_forward,
    }
)
# A parameter is known to the model as this very object.
ALIASABLE = PLAIN - {nn.Parameter}
# Quantized and complex tensors carry more than shape and strides: a scale, a pending conjugation.
_PLAIN_DTYPES = frozenset(
    {
        torch.float64,
        torch.float32,
        torch.float16,
        torch.bfloat16,
        torch.int64,
        torch.int32,
        torch.int16,
        torch.int8,
        torch.uint8,
        torch.bool,
    }
)
_ATOMS = frozenset(
    {
        type(None),
        bool,
        int,
        float,
        str,
        torch.dtype,
        torch.device,
        torch.layout,
        torch.memory_format,
        type(Ellipsis),
    }
)
# A longer list is data rather than a setting.
_MAX_ITEMS = 64
# Far more than one model has; a process that traces models all day forgets them at times.
_MAX_RECIPES = 50_000


class Signature(NamedTuple):
    """A function with its arguments but for the data, and the tensors among the arguments."""

    key: tuple[Any, ...]
    tensors: list[torch.Tensor]


@dataclass(frozen=True, slots=True)
class Output:
    """A tensor that an op returned.

    ``source`` is the argument it is a view of, or None; ``same`` says it is that very object,
    ``learns`` that it requires a gradient, as a view of a parameter does.
    """

    shape: Shape
    stride: Shape
    offset: int
    dtype: torch.dtype
    device: torch.device
    source: int | None
    same: bool = False
    learns: bool = False

    @property
    def facts(self) -> Facts:
        """What the recorder writes down of it."""
        size = prod(self.shape) * self.dtype.itemsize
        return self.shape, dtype_name(self.dtype), device_name(self.device), size

    @classmethod
    def of(cls, tensor: torch.Tensor, base: torch.Tensor | None, source: int | None) -> Output:
        """What it takes to make a tensor like this one; the offset is relative to ``base``."""
        return cls(
            shape=tuple(tensor.shape),
            stride=tensor.stride(),
            offset=0 if base is None else int(tensor.storage_offset() - base.storage_offset()),
            dtype=tensor.dtype,
            device=device_of(tensor),
            source=source,
            same=tensor is base,
            learns=tensor.requires_grad,
        )


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an op did: which tensor arguments it read and wrote, what it returned, what that took.

    ``container`` is the type of what it returned: a tensor, or a tuple or list of them, with None
    among its outputs where it held None. ``bounds`` are those of the arguments by which it looks
    something up, which decide whether it runs; None where other indices do as well.
    """

    name: str
    arguments: tuple[Argument, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    outputs: tuple[Output | None, ...]
    container: type
    flops: int
    bytes_read: int
    bytes_written: int
    workspace: int
    moved_data: bool
    bounds: tuple[tuple[int, Bounds], ...] | None = ()
    facts: tuple[Facts, ...] = field(init=False)
    """Those of the outputs that are tensors."""
    hands_back: bool = field(init=False)
    """Whether it returned a view of an argument, or maybe the argument itself."""

    def __post_init__(self) -> None:
        outputs = [output for output in self.outputs if output is not None]
        view = any(output.source is not None for output in outputs)
        object.__setattr__(self, "facts", tuple(output.facts for output in outputs))
        object.__setattr__(self, "hands_back", view and self.container is torch.Tensor)


class RecipeBook:
    """Recipes by signature."""

    def __init__(self) -> None:
        self._recipes: dict[tuple[Any, ...], Recipe] = {}

    def find(self, signature: Signature) -> Recipe | None:
        """What is known of calls like this one."""
        return self._recipes.get(signature.key)

    def add(self, signature: Signature, recipe: Recipe) -> None:
        """Remember ``recipe`` for calls like this one."""
        if len(self._recipes) >= _MAX_RECIPES:
            self._recipes.clear()
        self._recipes[signature.key] = recipe

    def clear(self) -> None:
        """Forget everything, since what ops cost is counted differently from now on."""
        self._recipes.clear()


RECIPES = RecipeBook()


def signature(
    function: Any, args: Iterable[Any], kwargs: dict[str, Any], fake: bool
) -> Signature | None:
    """The signature of a call; None where calls that look the same may differ."""
    if is_any_autocast_enabled() or is_grad_enabled():
        return None
    if maybe_current_level() is not None:  # inside vmap or grad, tensors are wrappers
        return None
    key: list[Any] = [function, fake]
    tensors: list[torch.Tensor] = []
    if not _describe(args, key, tensors):
        return None
    if kwargs:
        key.extend(kwargs)
        if not _describe(kwargs.values(), key, tensors):
            return None
    if fake:
        for tensor in tensors:
            if not may_be_known(tensor):
                break
        else:
            return None
    if len(tensors) > 1:
        places = {id(tensor): place for place, tensor in enumerate(tensors)}
        if len(places) < len(tensors):
            # Attention has a way of its own for a key that is the query.
            key += [places[id(tensor)] for tensor in tensors]
    if function in _SWITCHED:
        key += [str(switch()) for switch in ATTENTION_SWITCHES]
    return Signature(tuple(key), tensors)


# A fake forward keeps the values of tensors of up to so many elements, if they follow from the
# model's buffers and the given inputs: masks and lengths, and of whole numbers the positions of a
# long sequence, which say whether a table of positions is long enough.
MAX_KNOWN = 65_536
MAX_INDICES = 2_097_152
_INDICES = frozenset({torch.int64, torch.int32})


def is_small(tensor: torch.Tensor) -> bool:
    """Whether a fake forward keeps the values of a tensor of this size and dtype, if it can."""
    return tensor.numel() <= (MAX_INDICES if tensor.dtype in _INDICES else MAX_KNOWN)


def may_be_known(tensor: torch.Tensor) -> bool:
    """Whether a fake forward may know the value of a tensor, and not its shape alone."""
    if isinstance(tensor, FakeTensor):
        return tensor.constant is not None
    weight = type(tensor) is not torch.Tensor and isinstance(tensor, nn.Parameter)
    return (tensor.numel() <= 1 if weight else is_small(tensor)) and not tensor.is_meta


def has_strides(tensor: torch.Tensor) -> bool:
    """Whether a tensor is one block of memory: neither sparse nor nested."""
    return tensor.layout is torch.strided and not tensor.is_nested


def device_of(tensor: torch.Tensor) -> torch.device:
    """The device a tensor is on, or pretends to be on."""
    # Asking a fake tensor for its device goes through the dispatcher.
    return tensor.fake_device if type(tensor) is FakeTensor else tensor.device


def _describe(values: Iterable[Any], key: list[Any], tensors: list[torch.Tensor]) -> bool:
    for value in values:
        kind = type(value)
        if kind in PLAIN:
            dtype = value.dtype
            if dtype not in _PLAIN_DTYPES or not has_strides(value):
                return False
            tensors.append(value)
            device = value.fake_device if kind is FakeTensor else value.device
            # A product takes other kernels for a factor that learns.
            key += (value.shape, value.stride(), dtype, device, value.requires_grad)
        elif kind in _ATOMS:
            key += (kind, value)
        elif kind in (tuple, list, torch.Size):
            if len(value) > _MAX_ITEMS:
                return False
            key += (kind, len(value))
            if not _describe(value, key, tensors):
                return False
        elif kind is slice:
            key.append(slice)
            if not _describe((value.start, value.stop, value.step), key, tensors):
                return False
        else:
            return False
    return True
