"""Normalisations of another rank or width."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..told_numbers import numbers_in
from ..units import counted
from .case import Case, Met

KIND = re.compile(r"(Batch|Instance)Norm(\d)d|SyncBatchNorm")


def batch_norm(case: Case, given: Met) -> Iterator[str]:
    """What to do about a normalisation by channels."""
    match = KIND.fullmatch(case.kind)
    channels = case.number("0")
    if channels is None and (told := case.found(r"should contain \d+ elements not (\d+)")):
        channels = int(told[1])
    shape = given.shape
    if case.found(r"more than 1 spatial element"):  # of one sample, in every mode
        yield "leave out the normalisation here: each channel of a sample has a single value"
        yield "normalise before the pooling, or take nn.GroupNorm with several channels in a group"
        return
    if case.found(r"more than 1 value per channel"):
        yield "use more than one sample in training mode (drop_last=True), or model.eval()"
        yield "leave out the normalisation where each channel has one value"
        return
    if match and case.found(r"expected (.+?) input \(got (\d)D input\)"):
        yield from _rank(case, given, match, channels)
        return
    if len(shape) < 2 or channels is None or shape[1] == channels:
        return
    if shape[-1] == channels:
        if len(shape) == 3:
            x = case.argument
            yield f"move the channels to dimension 1 and back: {x}.transpose(1, 2), also after it"
        else:
            yield f"move the channels to dimension 1: {case.argument}.movedim(-1, 1)"
        return
    before = case.layer_before(given)
    kind = case.kind if match else "the normalisation"
    yield f"make {case.layer} {kind}({shape[1]}): it gets {counted(shape[1], 'channel')}"
    if before is not None:
        yield f"let {before.path or before.class_name} give {counted(channels, 'channel')}"


def _rank(case: Case, given: Met, match: re.Match[str], channels: int | None) -> Iterator[str]:
    shape, x = given.shape, case.argument
    kind = match[1] or "Batch"
    dims = {2: 1, 3: 1, 4: 2, 5: 3}.get(len(shape))
    squeezed = case.squeezed(given)
    if squeezed:
        yield f"keep the batch of one: name the dimension in squeeze(...), {squeezed}"
    if len(shape) == 3 and match[2] == "2" and shape[0] == channels:
        yield f"add the batch: {x}.unsqueeze(0)"
    if dims is not None:
        yield f"use nn.{kind}Norm{dims}d({channels}), which takes {len(shape)} dimensions"
    if len(shape) == 3 and match[2] == "2" and shape[0] != channels:
        yield f"add the batch: {x}.unsqueeze(0)"
    if len(shape) == 1 and not squeezed:
        yield f"add the batch: {x}.unsqueeze(0)"
    if len(shape) == 4 and match[2] == "1":
        yield f"flatten before it: {x}.flatten(2)"


def layer_norm(case: Case, given: Met) -> Iterator[str]:
    """What to do about a normalisation over the last dimensions."""
    told = case.found(r"normalized_shape=\[([\d, ]+)\]")
    text = told[1] if told else case.settings.get("0", "")
    wanted = numbers_in(text)
    shape, x = given.shape, case.argument
    if not wanted or tuple(shape[-len(wanted) :]) == wanted:
        return
    name = case.kind if "Norm" in case.kind else "LayerNorm"
    if len(wanted) == 1 and wanted[0] in shape[1:-1]:
        place = shape.index(wanted[0], 1)
        if len(shape) == 4 and place == 1:
            yield (
                f"move the channels to the end and back: {x}.permute(0, 2, 3, 1) before it, and "
                "permute(0, 3, 1, 2) after it"
            )
            yield f"use nn.GroupNorm(1, {wanted[0]}), which takes the channels second"
        else:
            yield f"move dimension {place} to the end first: {x}.transpose({place}, -1)"
        return
    size = shape[-1] if len(wanted) == 1 else list(shape[-len(wanted) :])
    yield f"make {case.layer} nn.{name}({size}): the size of what it gets"
    before = case.layer_before(given)
    if before is not None and len(wanted) == 1:
        yield f"let {before.path or before.class_name} give {counted(wanted[0], 'feature')}"


def group_norm(case: Case, given: Met) -> Iterator[str]:
    """What to do about a normalisation of groups of channels."""
    shape = given.shape
    channels = shape[1] if len(shape) > 1 else 0
    groups = case.settings.get("0", "num_groups")
    wanted = case.number("1")
    if groups.isdigit() and int(groups) and channels % int(groups):
        groups = str(next(n for n in range(int(groups), 0, -1) if channels % n == 0))
    if wanted is not None and shape[-1] == wanted and channels != wanted:
        yield f"move the channels to dimension 1: {case.argument}.movedim(-1, 1)"
        return
    got = counted(channels, "channel")
    yield f"make {case.layer} nn.GroupNorm({groups}, {channels}): it gets {got}"
    before = case.layer_before(given)
    if before is not None and wanted is not None:
        yield f"let {before.path or before.class_name} give {counted(wanted, 'channel')}"
