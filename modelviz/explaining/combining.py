"""Tensors that meet element by element, side by side, or in a product."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph import Shape
from .case import Case

_NO_PRODUCT = (
    r"shapes cannot be multiplied|batch2 tensor|must be a matrix|size mismatch|"
    r"inconsistent tensor|expected size for first two dimensions"
)


def remedies(case: Case) -> Iterator[str]:
    """What to do about two tensors whose shapes do not go together."""
    if case.found(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)"):
        yield from _elementwise(case)
    elif case.found(r"Sizes of tensors must match except in dimension|stack expects each tensor"):
        yield from _side_by_side(case)
    elif case.found(r"Tensors must have same number of dimensions"):
        yield "give both as many dimensions: unsqueeze the smaller one"
    elif case.found(_NO_PRODUCT):
        yield from _product(case)


def _elementwise(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.met]
    if len(shapes) < 2:
        return
    one, other = shapes[0], shapes[1]
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    if len(longer) > len(shorter) and longer[: len(shorter)] == shorter:
        added = ", ".join(["..."] + ["None"] * (len(longer) - len(shorter)))
        yield f"add dimensions at the end of the smaller one: x[{added}]"
    elif len(longer) > len(shorter) and len(shorter) == 1 and shorter[0] in longer:
        place = longer.index(shorter[0])
        index = ", ".join([":"] + ["None"] * (len(longer) - 1 - place))
        yield f"line the {shorter[0]} up with dimension {place}: x[{index}]"
    elif sorted(longer) == sorted(shorter) and len(longer) == len(shorter):
        dims = [d for d, (a, b) in enumerate(zip(longer, shorter, strict=True)) if a != b]
        if len(dims) == 2:
            yield f"transpose one of the two: x.transpose({dims[0]}, {dims[1]})"
    elif len(longer) == len(shorter):
        yield from _differing(case, one, other)
    else:
        yield f"give both shapes that broadcast, from the right: {list(one)} and {list(other)}"


def _differing(case: Case, one: Shape, other: Shape) -> Iterator[str]:
    sizes = enumerate(zip(one, other, strict=True))
    dims = [dim for dim, (a, b) in sizes if a != b and 1 not in (a, b)]
    layers = [case.layer_before(met) for met in case.met[:2]]
    names = [layer.path for layer in layers if layer is not None and layer.path]
    given = f" ({' and '.join(dict.fromkeys(names))})" if names else ""
    if dims == [1] and len(one) >= 3:
        yield (
            f"bring both to the same channels{given}: a 1×1 convolution from {one[1]} to "
            f"{other[1]} on the shortcut, or the other way round"
        )
    elif dims and min(dims) >= 2:
        yield (
            f"bring both to the same size{given}: padding and stride of the layers, or "
            "F.interpolate(x, size=y.shape[2:])"
        )
    elif dims == [len(one) - 1]:
        yield (
            f"give both the same last dimension{given}: a linear layer from {one[-1]} to "
            f"{other[-1]}"
        )
    elif dims == [0]:
        yield f"give both the same number of samples: {one[0]} and {other[0]}"
    elif dims:
        yield f"bring both to one shape{given}: {list(one)} and {list(other)}"


def _side_by_side(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.met]
    match = case.found(r"except in dimension (\d+)")
    given = int(match[1]) if match else 0
    if len(shapes) < 2:
        return
    one, other = shapes[0], shapes[1]
    if len(one) != len(other):
        yield "give both as many dimensions first"
        return
    dims = [d for d, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(dims) == 1 and dims[0] != given:
        yield f"concatenate in the dimension that differs: dim={dims[0]}"
    inner = [d for d in dims if d >= 2 and d != given]
    if inner:
        yield "resize one to the other: F.interpolate(x, size=skip.shape[2:]), or crop or pad it"
        yield "choose an input size that can be halved as often as the model does"
    elif not dims or dims == [given]:
        yield f"give all the same sizes, but in dimension {given}"


def _product(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.met if met.shape]
    if not shapes:
        return
    one, other = shapes[0], shapes[-1]  # the same one where a tensor meets itself
    if len(other) > 1 and one[-1] == other[-1]:
        yield "transpose the second: y.transpose(-1, -2)"
    elif len(one) > 1 and len(other) > 1 and one[-2] == other[-2]:
        yield "transpose the first: x.transpose(-1, -2)"
    elif len(one) > 1 and len(other) > 1 and one[0] == other[-1]:
        yield "swap the two: y @ x"
    elif len(one) != len(other) and 3 in (len(one), len(other)) and case.found(r"3D|batch"):
        yield "give both a batch dimension: x.unsqueeze(0), or use torch.matmul, which broadcasts"
    else:
        yield (
            f"make the last dimension of the first ({one[-1]}) and the second to last of the "
            f"second ({other[-2] if len(other) > 1 else other[-1]}) equal"
        )
