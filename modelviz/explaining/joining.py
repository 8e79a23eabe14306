"""Tensors that are put side by side."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ..analysis.settings import settings
from ..graph import Shape
from .case import Case, Met
from .combining import differing_layers, interpolated, larger_output
from .convolutions import one_number, same_padding


def remedies(case: Case) -> Iterator[str]:
    """What to do about tensors that cannot be concatenated or stacked."""
    if case.found(r"Sizes of tensors must match except in dimension|stack expects each tensor"):
        yield from _side_by_side(case)
    elif case.found(r"Tensors must have same number of dimensions"):
        yield from _other_ranks(case)


def _other_ranks(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.met]
    if len(shapes) < 2:
        return
    most = max(range(len(shapes)), key=lambda n: len(shapes[n]))
    least = min(range(len(shapes)), key=lambda n: len(shapes[n]))
    longer, shorter = shapes[most], shapes[least]
    spare = longer[len(shorter) :]
    if set(spare) == {1}:
        if len(shorter) == 2:
            yield f"drop the empty dimensions of {list(longer)}: flatten(1)"
        else:
            yield f"drop the empty dimensions of {list(longer)}: squeeze(-1)"
        return
    if len(longer) - len(shorter) == 1:
        for dim in range(len(longer)):
            if longer[:dim] + longer[dim + 1 :] == shorter:
                yield f"add a dimension to {list(shorter)}: unsqueeze({dim})"
                return
        if longer[: len(shorter)] == shorter:
            yield f"add a dimension to {list(shorter)}: unsqueeze(-1)"
            return
    if len(shorter) == 2 and len(longer) > 2 and longer[0] == shorter[0]:
        sizes = ", ".join(map(str, longer[1:-1]))
        if len(longer) == 3:
            yield (
                f"repeat {list(shorter)} along the sequence: "
                f"unsqueeze(1).expand(-1, {sizes}, -1), for dim=-1"
            )
        else:
            rest = ", ".join(map(str, longer[2:]))
            ones = "[:, :, " + ", ".join(["None"] * (len(longer) - 2)) + "]"
            yield f"repeat {list(shorter)} over the picture: {ones}.expand(-1, -1, {rest})"
        yield f"flatten {list(longer)} first: flatten(1)"
        return
    yield (
        f"give all the same number of dimensions, with unsqueeze or flatten: {list(longer)} and "
        f"{list(shorter)}"
    )


def _side_by_side(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.met]
    match = case.found(r"except in dimension (\d+)")
    given = int(match[1]) if match else None
    if len(shapes) < 2:
        return
    one = shapes[0]
    met = next((met for met in case.met[1:] if _clash(one, met.shape, given)), case.met[1])
    other = met.shape
    if len(one) != len(other):
        yield "give all as many dimensions first"
        return
    dims = [d for d, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    inner = [d for d in dims if d >= 2 and d != given]
    clash = [d for d in dims if d != given]
    if given is not None and clash and all(1 in (one[d], other[d]) for d in clash):
        small = one if any(one[d] == 1 for d in clash) else other
        to = [str(max(one[d], other[d])) if d in clash else "-1" for d in range(len(one))]
        yield f"repeat the smaller one, {list(small)}: x.expand({', '.join(to)})"
        return
    if given is None:
        if dims == [len(one) - 1]:
            yield from differing_layers(case, case.met[0], met)
        padded = [max(sizes) for sizes in zip(one, other, strict=True)]
        yield (
            f"stack takes equal shapes, and got {list(one)} and {list(other)}: pad to {padded}, "
            "as torch.nn.utils.rnn.pad_sequence does"
        )
        if len(dims) == 1:
            yield f"put them one after another: torch.cat(..., dim={dims[0]})"
    elif inner and len(one) > 3:
        yield from interpolated(case, case.met[0], met)
        yield from _kept(case, case.met[0], met)
        yield (
            f"resize one to the other: F.interpolate(x, size={list(one[2:])}), or crop or pad it"
        )
        yield "choose an input size that can be halved as often as the model does"
    elif given == 1 and dims == [2] and len(one) == 3:
        yield "bring them to one length: reduce each over dimension 2 first, as .amax(2) does, or pad the layers alike (padding='same')"  # fmt: skip  # noqa: E501
        yield f"concatenate in the dimension that differs: dim={dims[0]}"
    elif len(dims) == 1:
        yield f"concatenate in the dimension that differs: dim={dims[0]}"
        yield f"bring both to the same size in dimension {dims[0]}: {list(one)} and {list(other)}"
    else:
        yield (
            f"give all the same sizes, but in dimension {given}: they are {list(one)} and "
            f"{list(other)}"
        )


def _clash(one: Shape, other: Shape, dim: int | None) -> bool:
    if len(one) != len(other):
        return True
    return any(a != b and d != dim for d, (a, b) in enumerate(zip(one, other, strict=True)))


def _kept(case: Case, one: Met, other: Met) -> Iterator[str]:
    """The window that made one smaller than the other, and what keeps the size there."""
    sides = (one.shape[2:], other.shape[2:])
    small, large = (one, sides[1]) if prod(sides[0]) < prod(sides[1]) else (other, sides[0])
    last = case.convolution_before(small)
    if last is not None and "Transpose" in last.class_name:
        yield from larger_output(last, small.shape, (*small.shape[:2], *large))
        return
    for op, current, before in case.way(small):
        if before is None or current.shape[2:] != small.shape[2:]:
            return
        if before.shape[2:] != large:
            continue
        layer = case.maker(op.id)
        stride = one_number(settings(layer.config).get("stride", "1"))
        if (padding := same_padding(layer)) is not None:
            keep = f"padding={padding}" if stride == 1 else f"stride=1 and padding={padding}"
            yield f"keep the size with {keep} in {layer.path} ({layer.class_name})"
        return
