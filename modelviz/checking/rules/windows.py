"""Windows that miss some of their input, and normalisations of nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator

from ...graph import Level, Op
from ..flow import Flow
from ..kinds import CONVOLUTIONS, OTHER_NORMS, POOLS
from ..rule import Spot, rule
from ..subject import Subject

_WINDOWS = CONVOLUTIONS | POOLS
_SMALL_SHARE = 0.2
"""A border up to this part of a dimension is told at level info: it depends on the input's size."""


@rule("MV206", "skipped-input", "warning", "forward")
def skipped_input(subject: Subject) -> Iterator[Spot]:
    """A convolution or pooling never reads some of its input."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name == "unfold":
            yield from _frames(flow, op)
        if op.name not in _WINDOWS:
            continue
        window = _window(flow, op)
        if window is None:
            continue
        sizes, kernel, stride, padding, dilation, ceil = window
        reach = _reach(kernel, dilation)
        if _is_beyond(sizes, reach, stride):
            point = all(k == 1 for k in kernel)
            yield Spot(
                f"a stride of {_text(stride)} is beyond the kernel of {_text(kernel)}: "
                "some of the input is never read",
                "use a kernel at least as large as the stride, or pool before it",
                op=op.id,
                level="info" if (point and max(stride) == 2) or _read_beside(flow, op) else None,
            )
            continue
        if any(map(_leaves_out, sizes, kernel, stride, dilation)):
            yield Spot(
                f"a kernel of {_text(kernel)} with a dilation of {_text(dilation)} and a stride of "
                f"{_text(stride)} meets the same places again: some of the input is never read",
                "take a stride of 1, or a dilation that has no divisor in common with the stride",
                op=op.id,
                level="info" if _read_beside(flow, op) else None,
            )
            continue
        left = [
            _left_over(n, r, s, p) for n, r, s, p in zip(sizes, reach, stride, padding, strict=True)
        ]
        if not ceil and any(left):
            share = max(part / n for part, n in zip(left, sizes, strict=True))
            level: Level | None = "info" if share < _SMALL_SHARE or max(left) == 1 else None
            yield Spot(
                f"of an input of {_text(sizes)}, a border of {_text(left)} is never read with "
                f"kernel {_text(kernel)}, stride {_text(stride)} and padding {_text(padding)}",
                "choose sizes that divide, pad the input, or use ceil_mode=True for pooling",
                op=op.id,
                level=level,
            )


def _read_beside(flow: Flow, op: Op) -> bool:
    """Whether another op reads the same tensor, as another branch may, and leaves nothing out."""
    given = flow.data(op)[0]
    others = [flow.graph.ops[reader] for reader in flow.readers[given] if reader != op.id]
    return any(not _skips(flow, other) for other in others)


def _skips(flow: Flow, op: Op) -> bool:
    """Whether an op is a window that leaves some of its input out."""
    window = _window(flow, op) if op.name in _WINDOWS else None
    if window is None:
        return False
    sizes, kernel, stride, _, dilation, _ = window
    beyond = _is_beyond(sizes, _reach(kernel, dilation), stride)
    return beyond or any(map(_leaves_out, sizes, kernel, stride, dilation))


def _reach(kernel: list[int], dilation: list[int]) -> list[int]:
    """How far a window reaches in each dimension."""
    return [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]


def _is_beyond(sizes: list[int], reach: list[int], stride: list[int]) -> bool:
    """Whether a window moves on farther than it reaches, and there is something beyond it."""
    return any(s > r and n > r for s, r, n in zip(stride, reach, sizes, strict=True))


def _leaves_out(size: int, kernel: int, stride: int, dilation: int) -> bool:
    """Whether the windows of one dimension leave positions between them out."""
    met = {tap * dilation % stride for tap in range(kernel)}
    return len(met) < stride < size and kernel > 1


def _frames(flow: Flow, op: Op) -> Iterator[Spot]:
    """Frames that are cut with a step beyond their length."""
    data = flow.data(op)
    dim, size, step = (flow.argument(op, name) for name in ("dimension", "size", "step"))
    if not data or not all(isinstance(number, int) for number in (dim, size, step)):
        return
    assert isinstance(dim, int) and isinstance(size, int) and isinstance(step, int)
    if step > size and flow.tensor(data[0]).shape[dim] > step:
        yield Spot(
            f"unfold takes {size} of each {step} along dimension {dim}: some of the input is never "
            "read",
            "use a step of at most the size",
            op=op.id,
        )


def _window(
    flow: Flow, op: Op
) -> tuple[list[int], list[int], list[int], list[int], list[int], bool] | None:
    """Input sizes, kernel, stride, padding, dilation, ceil_mode; None where they are not known."""
    data = flow.data(op)
    if not data:
        return None
    shape = flow.tensor(data[0]).shape
    if op.name in POOLS:
        kernel = flow.argument(op, "kernel_size")
        dims = 3 if "3d" in op.name else 2 if "2d" in op.name else 1
        kernels = _listed(kernel, dims)
    else:
        weight = next((w for w in flow.weights(op) if len(w.shape) > 2), None)
        if weight is None:
            return None
        kernels = list(weight.shape[2:])
        dims = len(kernels)
    if kernels is None or len(shape) < dims:
        return None
    strides = _listed(flow.argument(op, "stride"), dims)
    if strides is None:
        strides = kernels if op.name in POOLS else [1] * dims
    padding = flow.argument(op, "padding", 0)
    if isinstance(padding, str):
        return None
    paddings = _listed(padding, dims) or [0] * dims
    dilations = _listed(flow.argument(op, "dilation"), dims) or [1] * dims
    if min(*kernels, *strides, *dilations) < 1:
        return None  # of a saved graph that somebody changed
    ceil = flow.argument(op, "ceil_mode", False) is True
    return list(shape[-dims:]), kernels, strides, paddings, dilations, ceil


def _listed(value: object, count: int) -> list[int] | None:
    if isinstance(value, int):
        return [value] * count
    if isinstance(value, tuple) and value and all([isinstance(part, int) for part in value]):
        each = list(value) * (count if len(value) == 1 else 1)
        return each if len(each) == count else None
    return None


def _left_over(size: int, reach: int, stride: int, padding: int) -> int:
    """How many of the last positions no window covers."""
    padded = size + 2 * padding
    if padded < reach:
        return 0
    return max(0, (padded - reach) % stride - padding)


def _text(numbers: list[int]) -> str:
    return "×".join(map(str, numbers))


@rule("MV207", "one-value-norm", "error", "forward")
def one_value_norm(subject: Subject) -> Iterator[Spot]:
    """A normalisation over a single value, whose output is constant."""
    flow = subject.flow
    for op in subject.graph.ops:
        if op.name not in _NORMALISING or not flow.data(op):
            continue
        # What is made of weights alone, as in a spectral norm of one row, is no output of a layer.
        if not flow.from_input[flow.data(op)[0]]:
            continue
        if op.name in _SPREADS | {"normalize"} and _over(flow, op) == 1:
            unit = op.name == "normalize"
            yield Spot(
                f"{op.name} over a single value: "
                + ("only its sign is left" if unit else "the result is nan, or 0"),
                "take it over more values: another dimension, or a layer with more outputs",
                op=op.id,
            )
            continue
        count = _normalised(flow, op)
        if count == 1:
            yield Spot(
                f"{op.name} over a single value: its output is the bias, whatever the input is",
                "normalise over more values: other groups, another dimension, or a larger input",
                op=op.id,
            )


_SPREADS = frozenset({"std", "var", "std_mean", "var_mean"})
_NORMALISING = OTHER_NORMS | _SPREADS | {"batch_norm", "normalize"}


def _over(flow: Flow, op: Op) -> int:
    """How many values a deviation or a norm is taken over."""
    shape = flow.tensor(flow.data(op)[0]).shape
    dim = flow.argument(op, "dim", 1 if op.name == "normalize" else None)
    dims = [dim] if isinstance(dim, int) else dim if isinstance(dim, tuple) else range(len(shape))
    return math.prod(shape[d] for d in dims if isinstance(d, int) and -len(shape) <= d < len(shape))


def _normalised(flow: Flow, op: Op) -> int | None:
    """Over how many values each mean is taken; None where it is not known."""
    shape = flow.tensor(flow.data(op)[0]).shape
    if op.name in _SPREADS | {"normalize"}:
        return None
    if op.name in ("layer_norm", "rms_norm"):
        over = flow.argument(op, "normalized_shape")
        return math.prod(over) if isinstance(over, tuple) else None
    spatial = math.prod(shape[2:])
    if op.name == "group_norm":
        groups = flow.argument(op, "num_groups")
        if not isinstance(groups, int) or not groups:
            return None
        return shape[1] // groups * spatial
    if op.name == "instance_norm":
        return spatial if flow.argument(op, "use_input_stats", True) is not False else None
    return shape[0] * spatial if flow.argument(op, "training") is True else None
