"""What the real kernels refuse, by asking them: a fake kernel knows shapes, and too few dtypes.

PyTorch's shape functions accept a product of float and double matrices, a softmax of integers or a
norm in half precision that no CPU kernel has. So each kernel is run once on tiny real tensors of
the same dtypes and ranks; what it raises is what the forward would have raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import torch

from .asked import known_words, may_be_asked
from .misfits import misfit
from .mode_internals import disable_current_modes, is_any_autocast_enabled
from .recipes import device_of
from .structure import kernel_tensors
from .torch_internals import FakeTensor, schema_of

# Up to so many elements in all, a kernel is asked with the very shapes that it was given; up to the
# second number, where it takes no others.
_SMALL, _BEARABLE = 4096, 2**20
# A kernel whose fake version refuses its arguments is asked for its own words, up to this size.
_AFFORDABLE = 2**24
# Of so many tensors the dtype is tried by itself: no kernel but ``cat`` and its kind has more.
_TRIED_ALONE = 6
_AT_HAND = frozenset({"cpu", "meta"})
# As ``TensorIterator`` says it, in ATen/TensorIterator.cpp.
_TWO_DEVICES = (
    "Expected all tensors to be on the same device, but found at least two devices, {} and {}!"
)
_TO_COPY, _COPY = torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default
_NO_DATA = "Cannot copy out of meta tensor; no data!"
# Whatever the shapes and values are.
_ABOUT_DTYPES = (
    "\" not implemented for '",
    "Could not run 'aten::",
    "to be Float32, BFloat16 or Float16 matrix",
)
# Whatever the sizes and values are: only the number of dimensions and plain numbers matter.
_ABOUT_RANKS = (
    "Dimension out of range (expected",
    "Index is supposed to be a vector",
    "non-positive dilation is not supported",
    "non-positive stride is not supported",
    "output padding must be smaller than",
    "Expected reduction dim",
    "expects p to be in [0, 1]",
    "boundaries tensor must be 1 dimension",
)
# Whatever the values are.
_ABOUT_SIZES = ("cannot sample n_sample",)
# Numbers that may be dimensions, which decide by their value.
_DIMENSIONS = range(-8, 8)
_OVERLAP = "more than one element of the written-to tensor"
# Far more than any model has; a process that traces models all day forgets them at times.
_MAX_ANSWERS = 20_000

Dtypes = Callable[[torch.dtype], torch.dtype]
Plain = Callable[[Any], Any]
Make = Callable[[torch.Tensor, torch.dtype], torch.Tensor]

_accepted: set[tuple[Any, ...]] = set()
# Whether a kernel may be asked, and whether it writes.
_asked: dict[int, tuple[bool, bool]] = {}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a real kernel raised; ``certain`` if it was given the very shapes of the forward."""

    error: Exception
    certain: bool


def refusal(function: Any, args: Any, kwargs: dict[str, Any]) -> Refusal | None:
    """What the real kernel raises because of the dtypes or ranks of its arguments; None if it runs.

    ``args`` and ``kwargs`` are those of the fake kernel.
    """
    known = _asked.get(id(function))
    if known is None:
        schema = schema_of(function)
        writes = schema is not None and schema.is_mutable
        known = _asked[id(function)] = may_be_asked(function), writes
    may_ask, writes = known
    if function is _TO_COPY and _out_of_meta(args[0], kwargs.get("device")):
        return _certain(NotImplementedError(_NO_DATA))
    if function is _COPY and _out_of_meta(args[1], device_of(args[0])):
        return _certain(NotImplementedError(_NO_DATA))
    if not may_ask:
        words = known_words(function, kernel_tensors(args))
        error = misfit(function, args, kwargs) if words is None else RuntimeError(words)
        return _certain(error)
    tensors = kernel_tensors((*args, *kwargs.values()) if kwargs else args)
    if not all(map(_is_plain, tensors)) or not (tensors or _is_unusual(kwargs.get("dtype"))):
        return None
    if writes and _is_expanded(args[0]):
        # One place in memory for several elements: the strides matter, and not the dtypes alone.
        error = _Trial(function, args, kwargs, _alike_or_one).error()
        return _certain(error) if _OVERLAP in str(error) else None
    key = _key(function, args, kwargs, tensors)
    if key in _accepted:
        return None
    refused = _ask(function, args, kwargs, tensors)
    if refused is None:
        if len(_accepted) >= _MAX_ANSWERS:
            _accepted.clear()
        _accepted.add(key)
    return refused


def _is_expanded(value: Any) -> bool:
    """Whether several elements of what a kernel writes to lie in one place."""
    return isinstance(value, torch.Tensor) and any(
        step == 0 and size > 1 for step, size in zip(value.stride(), value.shape, strict=True)
    )


def _out_of_meta(tensor: Any, device: Any) -> bool:
    """Whether a copy is to have data which the tensor has not."""
    if device is None or not isinstance(tensor, FakeTensor):
        return False
    return tensor.device.type == "meta" and torch.device(device).type != "meta"


def own_words(function: Any, args: Any, kwargs: dict[str, Any]) -> Refusal | None:
    """What the real kernel raises for these very shapes and known values; None if nothing."""
    tensors = kernel_tensors((*args, *kwargs.values()))
    devices = {device_of(tensor) for tensor in tensors}
    if len(devices) > 1 and not _AT_HAND.issuperset([device.type for device in devices]):
        first, second = list(dict.fromkeys(map(device_of, tensors)))[:2]
        return two_devices(first, second)
    if not may_be_asked(function) or not all(map(_is_plain, tensors)):
        return None
    if sum([tensor.numel() for tensor in tensors]) > _AFFORDABLE:
        return None
    return _certain(_Trial(function, args, kwargs, _alike).error())


def two_devices(first: torch.device, second: torch.device) -> Refusal:
    """What a kernel raises that is given tensors of two devices."""
    return Refusal(RuntimeError(_TWO_DEVICES.format(first, second)), certain=False)


def index_error(function: Any, args: Any, kwargs: dict[str, Any]) -> Refusal | None:
    """What the real kernel raises for the known values of its indices; None if nothing."""
    make = _alike if schema_of(function).is_mutable else _alike_or_one
    return _certain(_Trial(function, args, kwargs, make).error())


def _certain(error: Exception | None) -> Refusal | None:
    return None if error is None else Refusal(error, certain=True)


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        isinstance(tensor, FakeTensor)
        and tensor.layout is torch.strided
        and not tensor.is_quantized
    )


def _is_unusual(dtype: torch.dtype | None) -> bool:
    """Whether not every kernel that makes tensors from nothing can make them of this dtype."""
    return dtype not in (None, torch.float32)


def _key(
    function: Any, args: Any, kwargs: dict[str, Any], tensors: list[torch.Tensor]
) -> tuple[Any, ...]:
    """Calls that agree in this are refused or accepted alike."""
    key: list[Any] = [function, is_any_autocast_enabled()]
    for tensor in tensors:
        shape = tensor.shape
        key += (tensor.dtype, len(shape), 0 in shape)
    for value in (*args, *kwargs.values()):
        kind = type(value)
        if kind is int or kind is float:
            small = value if value in _DIMENSIONS else None
            key += (kind, value < 0, value > 1, isfinite(value), small)
        elif value is None or kind is torch.dtype or kind is str or kind is bool:
            key.append(value)
        elif kind is list and 0 < len(value) <= 3 and all(type(part) is int for part in value):
            # Strides, paddings and dilations are refused by their values.
            key.append(tuple([part if part in _DIMENSIONS else part < 0 for part in value]))
    return tuple(key)


def _ask(
    function: Any, args: Any, kwargs: dict[str, Any], tensors: list[torch.Tensor]
) -> Refusal | None:
    """What the real kernel raises because of the dtypes: with others of these shapes it runs.

    Or because of the ranks, which it says itself.
    """
    for zeros, ones, plain in _sizes(tensors):
        # Zeros are valid as indices, ones as divisors and probabilities.
        trials = [_Trial(function, args, kwargs, make, plain) for make in (zeros, ones)]
        error = trials[0].error()
        if error is None or trials[1].error() is None:
            return None
        told = str(error)
        exact = zeros is _alike
        if any(words in told for words in _ABOUT_RANKS) or (
            exact and any(words in told for words in _ABOUT_SIZES)
        ):
            return Refusal(error, certain=exact)
        by_dtype = any(words in told for words in _ABOUT_DTYPES)
        if by_dtype and not _on_cpu(tensors, kwargs):
            return None
        if by_dtype or any(trial.runs(*c) for trial in trials for c in _controls(tensors)):
            return Refusal(error, certain=exact)
    return None


def _on_cpu(tensors: list[torch.Tensor], kwargs: dict[str, Any]) -> bool:
    """Whether the kernel that will run is that of the CPU, which may lack dtypes others have."""
    stated = kwargs.get("device")
    devices = [device_of(tensor) for tensor in tensors] + ([stated] if stated is not None else [])
    return all(device.type == "cpu" for device in devices)


def _sizes(tensors: list[torch.Tensor]) -> Iterator[tuple[Make, Make, Plain]]:
    """Ways to make small arguments: of zeros, of ones, and what becomes of plain values."""
    size = sum([tensor.numel() for tensor in tensors])
    if size <= _SMALL:
        yield _alike, _alike_ones, _same
    yield _zeros, _ones, _same
    yield _zeros, _ones, _at_most_one
    if _SMALL < size <= _BEARABLE:
        yield _alike, _alike_ones, _same


class _Trial:
    """A call of a real kernel with arguments like those of the fake one."""

    def __init__(
        self,
        function: Any,
        args: Any,
        kwargs: dict[str, Any],
        make: Make,
        plain: Plain | None = None,
    ) -> None:
        self._function, self._args, self._kwargs = function, args, kwargs
        self._make, self._plain = make, plain or _same

    def runs(self, dtypes: Dtypes, settings: Dtypes, only: frozenset[int] | None) -> bool:
        """Whether it runs with other dtypes: of tensors (all, or ``only`` these), of settings."""
        return self.error(dtypes, settings, only) is None

    def error(
        self,
        dtypes: Dtypes | None = None,
        settings: Dtypes | None = None,
        only: frozenset[int] | None = None,
    ) -> Exception | None:
        """What the kernel raises."""
        made: dict[int, torch.Tensor] = {}
        change = _Change(dtypes or _same, settings or _same, only)
        with disable_current_modes(), torch.no_grad():
            try:
                args = [self._real(value, change, made) for value in self._args]
                kwargs = {n: self._real(value, change, made) for n, value in self._kwargs.items()}
                self._function(*args, **kwargs)
            except Exception as error:
                # Its frames hold the arguments, whose lifetimes the trace follows.
                return error.with_traceback(None)
        return None

    def _real(self, value: Any, change: _Change, made: dict[int, torch.Tensor]) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) not in made:
                made[id(value)] = self._make(value, change.of(value))
            return made[id(value)]
        if isinstance(value, (list, tuple)) and kernel_tensors(value):
            return type(value)([self._real(part, change, made) for part in value])
        if isinstance(value, torch.dtype):
            return change.settings(value)
        if isinstance(value, torch.Generator):
            return None
        if isinstance(value, torch.device):
            return value if value.type == "meta" else torch.device("cpu")
        return self._plain(value)


@dataclass(frozen=True, slots=True)
class _Change:
    """Other dtypes for tensors (all, or those whose ``id`` is in ``only``) and for settings."""

    tensors: Dtypes
    settings: Dtypes
    only: frozenset[int] | None

    def of(self, tensor: torch.Tensor) -> torch.dtype:
        if self.only is None or id(tensor) in self.only:
            return self.tensors(tensor.dtype)
        return tensor.dtype


# -- small arguments ---------------------------------------------------------------------------


def _alike(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A real tensor like a fake one: with its values where they are known, zeros else."""
    constant: torch.Tensor | None = getattr(tensor, "constant", None)
    if constant is not None:
        return constant.to(dtype, copy=True)
    place = "meta" if device_of(tensor).type == "meta" else "cpu"
    # Memory that nothing touches costs nothing; indices have to be valid.
    large = tensor.numel() > _SMALL and (dtype.is_floating_point or dtype.is_complex)
    make = torch.empty if large else torch.zeros
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    extent = 1 + sum([(size - 1) * step for size, step in steps]) if tensor.numel() else 0
    return make(extent, dtype=dtype, device=place).as_strided(tensor.shape, tensor.stride())


def _alike_ones(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The same, with ones where values are unknown."""
    known = getattr(tensor, "constant", None) is not None
    return _alike(tensor, dtype) if known else _alike(tensor, dtype).fill_(1)


def _alike_or_one(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """The same; a large one is a single element, seen as many."""
    if tensor.numel() <= _AFFORDABLE:
        return _alike(tensor, dtype)
    return torch.zeros((), dtype=dtype).expand(tensor.shape)


def _zeros(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """As many axes, each of size 1 unless it is empty."""
    place = "meta" if device_of(tensor).type == "meta" else "cpu"
    return torch.zeros([min(size, 1) for size in tensor.shape], dtype=dtype, device=place)


def _ones(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return _zeros(tensor, dtype).fill_(1)


def _same(value: Any) -> Any:
    return value


def _at_most_one(value: Any) -> Any:
    """Sizes, strides and numbers of groups become 1; what is 0 or negative stays."""
    if type(value) is int:
        return min(value, 1)
    if isinstance(value, (list, tuple)) and all(type(part) is int for part in value):
        return type(value)(min(part, 1) for part in value)
    return value


# -- other dtypes ------------------------------------------------------------------------------


def _controls(
    tensors: list[torch.Tensor],
) -> Iterator[tuple[Dtypes, Dtypes, frozenset[int] | None]]:
    """Dtypes with which a kernel may run: for tensors, for settings, of which tensors alone."""
    for change in (_single, _single_or_index, _float, _index, _bool):
        yield change, _same, None
        yield change, change, None
    for tensor in tensors[:_TRIED_ALONE]:
        like = frozenset(id(other) for other in tensors if other.dtype is tensor.dtype)
        for only in (frozenset({id(tensor)}), like):
            for change in (_float, _index, _short_index):
                yield change, _same, only


def _single(dtype: torch.dtype) -> torch.dtype:
    if dtype.is_complex:
        return torch.complex64
    return torch.float32 if dtype.is_floating_point else dtype


def _single_or_index(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype.is_floating_point else torch.int64


def _float(dtype: torch.dtype) -> torch.dtype:
    return torch.float32


def _index(dtype: torch.dtype) -> torch.dtype:
    return torch.int64


def _short_index(dtype: torch.dtype) -> torch.dtype:
    return torch.int32


def _bool(dtype: torch.dtype) -> torch.dtype:
    return torch.bool
