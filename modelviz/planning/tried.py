"""Memory that kernels of this CPU take unseen, found by running each of them once on zeros.

A kernel's shape function knows what it returns, not what it needs besides: layouts of oneDNN,
reserves of recurrent layers, copies in another dtype. That depends on the processor, the threads
and the release of torch, so a kernel that is small enough runs once in its own shapes, with the
allocator's events counted. For larger ones there are the formulas of ``kernels``.
"""

from __future__ import annotations

from typing import Any

import torch

from ..tracing.mode_internals import disable_current_modes
from ..tracing.structure import replaced
from ..tracing.torch_internals import allocations, schema_of

MOST_BYTES = 64 * 2**20
MOST_FLOPS = 10**9
"""Tensors and work of the largest kernel that is tried: about a tenth of a second."""
_REMEMBERED = 10_000

_aten = torch.ops.aten

Unseen = tuple[int, int]
"""Bytes that a kernel takes while it runs, beyond what it leaves, and those that it leaves."""

_known: dict[Any, Unseen | None] = {}
_OWN = ("aten", "quantized")
"""PyTorch's own kernels, the second of weights that are packed."""
_NEVER = (
    torch.Tag.dynamic_output_shape,
    torch.Tag.data_dependent_output,
    torch.Tag.nondeterministic_seeded,
)
"""What depends on values, or draws random numbers."""
_BY_VALUE = ("linalg_matrix_exp",)
"""Kernels that go a shorter way where all is zero."""
_ALIKE = ("_scaled_dot_product_flash_attention_for_cpu", "linalg_lstsq")
"""Kernels that draw no numbers on the CPU, and of which values decide small outputs alone."""


def tried(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], flops: int) -> Unseen | None:
    """What a kernel takes unseen and what it leaves; None where it was not tried."""
    if flops > MOST_FLOPS or not _may_be_tried(func, args):
        return None
    found: list[torch.Tensor] = []
    described = _described((args, kwargs), found)
    if not found or sum(t.untyped_storage().nbytes() for t in found) > MOST_BYTES:
        return None
    # A kernel may keep something for its backward pass where there can be one.
    switches = torch.is_grad_enabled(), torch.get_num_threads(), torch.backends.mkldnn.enabled
    key = (func, described, *switches)
    try:
        known = key in _known
    except TypeError:  # an argument that cannot be told from others
        return None
    if not known:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        _known[key] = _run(func, args, kwargs)
    return _known[key]


def _may_be_tried(func: Any, args: tuple[Any, ...]) -> bool:
    if func.namespace not in _OWN or isinstance(args[0] if args else None, (list, tuple)):
        return False
    name = func.overloadpacket.__name__
    if name in _BY_VALUE:
        return False
    if name not in _ALIKE and any(tag in func.tags for tag in _NEVER):
        return False
    if torch.Tag.pointwise in func.tags:
        # Values are cast to a common dtype first.
        dtypes = {a.dtype for a in args if isinstance(a, torch.Tensor) and a.dim()}
        return len(dtypes) > 1
    return not schema_of(func).name.startswith(("aten::_foreach", "aten::_fused"))


def _described(value: Any, found: list[torch.Tensor]) -> Any:
    """What tells a call from others of the same kernel: shapes and strides, and other values."""
    if isinstance(value, torch.Tensor):
        if value.layout is not torch.strided or value.is_quantized or value.is_nested:
            return object()  # equal to nothing
        found.append(value)
        return "tensor", tuple(value.shape), value.stride(), value.dtype
    if isinstance(value, (list, tuple)):
        return tuple(_described(part, found) for part in value)
    if isinstance(value, dict):
        return tuple((name, _described(part, found)) for name, part in value.items())
    return type(value), value


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Unseen | None:
    """Run the kernel on zeros. None where it cannot, or where somebody else counts events now."""
    with disable_current_modes():
        try:
            given = given_zeros(func, args, kwargs)
            events = allocations(lambda: func(*given[0], **given[1]))
        except (RuntimeError, NotImplementedError, IndexError, ValueError):
            return None  # zeros are no value for it, or no kernel of this CPU does it
    if events is None:
        return None
    held = most = 0
    for size in events:
        held += size
        most = max(most, held)
    left = max(held, 0)
    return most - left, left


def given_zeros(
    func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], kind: type[Any] = torch.Tensor
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a kernel with zeros in place of each tensor, or of what is of that kind."""
    positional, named = replaced((args, kwargs), _zeros, kind)
    if func is _aten.mkldnn_rnn_layer_backward.default:
        positional = (*positional[:-1], _reserve(positional))
    return positional, named


def _reserve(args: tuple[Any, ...]) -> torch.Tensor:
    """What the forward of a recurrent layer keeps for its backward pass, which must be whole."""
    reverse, mode, hidden, layers, has_biases, train, both, sizes, batch_first = args[13:22]
    settings = (reverse, sizes, mode, hidden, layers, has_biases, both, batch_first, train)
    with torch.enable_grad():
        reserve: torch.Tensor = _aten.mkldnn_rnn_layer(*args[:7], *settings)[3]
    return reserve


def _zeros(like: Any) -> torch.Tensor:
    """Zeros in the shape and the strides of a tensor."""
    reach = sum((size - 1) * step for size, step in zip(like.shape, like.stride(), strict=True))
    length = reach + 1 if all(like.shape) else 0
    zeros = torch.zeros(length, dtype=like.dtype)
    return zeros.as_strided(like.shape, like.stride())
