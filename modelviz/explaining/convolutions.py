"""Convolutions and poolings: channels, dimensions and sizes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from ..analysis.settings import settings
from ..graph import Module
from ..told_numbers import numbers_in
from ..units import counted
from .case import Case, Met

KIND = re.compile(r"(?:Lazy)?Conv(Transpose)?(\d)d")
FUNCTION = re.compile(r"conv(_transpose)?(\d)d")
_CHANNELS = r"expected input\[.*?\] to have (\d+) channels"
_TOO_SMALL = r"Kernel size can't be greater|Output size is too small|non-empty|too small"


def remedies(case: Case, given: Met) -> Iterator[str]:
    """What to do about a convolution that got other channels, dimensions or sizes."""
    match = KIND.fullmatch(case.kind)
    found = match or FUNCTION.fullmatch(case.op_name)
    if found is None:
        return
    told = case.found(_CHANNELS)
    channels = case.number("0") if match else int(told[1]) if told else None
    if case.found(_TOO_SMALL):
        yield from too_small(case, given)
        return
    if channels is None and case.held and len(case.held[0].shape) == int(found[2]) + 2:
        channels = case.held[0].shape[1]
    if channels is None:
        return
    spatial = int(found[2])
    rank = len(given.shape)
    if rank == spatial + 2:
        yield from _channels(case, given, spatial, channels)
    elif rank == spatial + 1:
        yield from _without_batch(case, given, spatial, channels)
    elif rank < spatial + 1:
        yield from _flat(case, given, spatial, channels)
    else:
        yield from _more_dimensions(case, given, spatial, channels)


def _channels(case: Case, given: Met, spatial: int, channels: int) -> Iterator[str]:
    shape, x = given.shape, case.argument
    got = shape[1]
    if got == channels:
        return
    if shape[-1] == channels and not _channels_are_second(case, given):
        order = ", ".join(map(str, (0, spatial + 1, *range(1, spatial + 1))))
        if spatial == 1:
            yield f"move the channels before the length: {x}.transpose(1, 2)"
        else:
            yield f"move the channels before the other dimensions: {x}.permute({order})"
        return
    if channels in shape[2:] and case.layer_before(given) is None:
        place = shape.index(channels, 2)
        yield f"move the channels to dimension 1: {x}.movedim({place}, 1)"
    if shape[0] == channels and case.layer_before(given) is None:
        yield f"move the batch to the front: {x}.transpose(0, 1)"
    before, parts = case.layer_before(given), case.joined(given)
    if parts is not None:
        yield _resize(case, got, f"what is put together has {' + '.join(map(str, parts))}")
        return
    if before is None:
        wide = {1: "grey", 3: "colour"}
        kind = f" ({wide[got]} images)" if got in wide and channels in wide else ""
        yield _resize(case, got, f"the input has {counted(got, 'channel')}{kind}")
        yield f"give an input with {counted(channels, 'channel')}"
        if (got, channels) == (1, 3):
            yield f"repeat the channel: {x}.expand(-1, 3{', -1' * spatial})"
        return
    name = before.path or before.class_name
    yield _resize(case, got, f"so many come from {name}")
    yield f"let {name} give {counted(channels, 'channel')}"


_IMAGES = re.compile(r"conv|batch_norm|group_norm|instance_norm|pool|interpolate|upsample")
_MOVING = re.compile(r"permute|transpose|movedim|swap|view|reshape|flatten|getitem|^t$|^T$|einsum")


def _channels_are_second(case: Case, given: Met) -> bool:
    """Whether what a tensor comes from has its channels in dimension 1."""
    for op, _, _ in case.way(given):
        if _IMAGES.search(op.name):
            return True
        if _MOVING.search(op.name):
            return False
    return False


def _resize(case: Case, got: int, why: str) -> str:
    if KIND.fullmatch(case.kind) is None:
        name = case.held[0].name if case.held else None
        return f"make {name or 'the weight'} for in_channels={got}: {why}"
    out = case.settings.get("1", "...")
    kind = case.kind
    groups, channels = case.number("groups"), case.number("0")
    if groups and channels and groups == channels and out.isdigit():
        # Each channel by itself: there are as many groups as channels.
        wide = got * (int(out) // channels)
        return f"make {case.layer} {kind}({got}, {wide}, ..., groups={got}): {why}"
    return f"make {case.layer} {kind}(in_channels={got}, out_channels={out}, ...): {why}"


def _without_batch(case: Case, given: Met, spatial: int, channels: int) -> Iterator[str]:
    """One dimension less than a batch has: the batch is missing, or the channels are."""
    shape, x = given.shape, case.argument
    if shape[0] == channels:
        return
    if channels == 1:
        yield f"add the channel: {x}.unsqueeze(1) has shape {[shape[0], 1, *shape[1:]]}"
    elif shape[-1] == channels:
        order = ", ".join(map(str, (spatial, *range(spatial))))
        yield f"move the channels to the front and add the batch: {x}.permute({order})[None]"
    elif spatial == 1 and shape[1] == channels:
        yield f"add the length: {x}.unsqueeze(-1) has shape {[*shape, 1]}"
    else:
        yield (
            f"add the channel, {x}.unsqueeze(1), and make the layer for in_channels=1"
            if case.layer_before(given) is None
            else f"make it for in_channels={shape[0]}, and add the batch: {x}.unsqueeze(0)"
        )
        yield f"give {spatial + 2} dimensions, (batch, channels, ...): it got {list(shape)}"


def _flat(case: Case, given: Met, spatial: int, channels: int) -> Iterator[str]:
    """Two dimensions less, or more: rows of numbers, as they come from a linear layer."""
    shape, x = given.shape, case.argument
    if len(shape) == spatial and channels == 1:
        yield f"add the batch and the channel: {x}[None, None] has shape {[1, 1, *shape]}"
        if len(shape) == 2:
            ones = ", 1" * (spatial - 1)
            yield f"make each number a channel of its own: {x}.view({shape[0]}, {shape[1]}{ones})"
    elif len(shape) == 2 and shape[1] == channels:
        ones = ", None" * spatial
        yield f"add the other dimensions: {x}[:, :{ones}] has shape {[*shape, *[1] * spatial]}"
    elif len(shape) == 2 and channels and shape[1] % channels == 0:
        area = shape[1] // channels
        side = round(area ** (1 / spatial))
        sizes = [side] * spatial if side**spatial == area else ["..."] * spatial
        inside = ", ".join(map(str, (channels, *sizes)))
        yield f"make it a picture again: {x}.view(-1, {inside}), of {shape[1]} numbers each"
    else:
        yield f"give it {spatial + 2} dimensions, (batch, channels, ...): it got {list(shape)}"


def _more_dimensions(case: Case, given: Met, spatial: int, channels: int) -> Iterator[str]:
    shape, x = given.shape, case.argument
    extra = len(shape) - spatial - 2
    ones = [dim for dim, size in enumerate(shape) if size == 1 and dim]
    left = [size for dim, size in enumerate(shape) if dim not in ones[:extra]]
    if len(ones) >= extra and left[1:2] == [channels]:
        dims = ", ".join(map(str, ones[:extra]))
        yield f"drop the dimension of size 1: {x}.squeeze({dims})"
    yield (
        f"it takes {spatial + 2} dimensions and got {len(shape)}: merge the first {extra + 1} with "
        f"{x}.flatten(0, {extra})"
    )
    if spatial < 3 and extra == 1:
        yield f"use Conv{spatial + 1}d, which takes so many"


def pooling(case: Case, given: Met) -> Iterator[str]:
    """What to do about a pooling that got too little, or another number of dimensions."""
    dims = re.search(r"(\d)d", case.kind) or re.search(r"(\d)d", case.op_name)
    spatial = int(dims[1]) if dims else 2
    if len(given.shape) not in (spatial + 1, spatial + 2):
        shape = list(given.shape)
        yield f"give it {spatial + 2} dimensions, (batch, channels, ...): it got {shape}"
        if len(given.shape) in (2, 3) and spatial > 1 and "Adaptive" in case.kind:
            yield f"use the pooling for {len(given.shape) - 2 or 1} dimensions, or leave it out"
        return
    yield from too_small(case, given)


def too_small(case: Case, given: Met) -> Iterator[str]:
    """What to do about a tensor that is smaller than the window that is moved over it."""
    size = "×".join(map(str, given.shape[2:])) or str(list(given.shape))
    kernel = case.module.kernel_size
    wide = f", and the window {'×'.join(map(str, kernel))}" if kernel else ""
    yield f"the tensor is only {size} here{wide}: give a larger input"
    padding = f"padding={math.ceil(kernel[0] / 2) - 1 or 1}" if kernel else "padding"
    yield f"leave out a pooling or a stride before, or add {padding}"


def same_padding(layer: Module) -> int | None:
    """The padding with which a window keeps every side, at stride 1; None where no number does."""
    dilation = one_number(settings(layer.config).get("dilation", "1"))
    sizes = set(layer.kernel_size or ())
    if dilation is None or len(sizes) != 1 or (size := sizes.pop()) % 2 == 0:
        return None
    return dilation * (size - 1) // 2


def one_number(setting: str) -> int | None:
    """The number that a setting is in every dimension; None where there is no such."""
    numbers = set(numbers_in(setting))
    return numbers.pop() if len(numbers) == 1 else None
