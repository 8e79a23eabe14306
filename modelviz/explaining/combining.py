"""Tensors that meet element by element, or side by side."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from ..analysis.settings import settings
from ..graph import Shape
from .case import Case, Met

_EXPANDED = r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)"


def remedies(case: Case) -> Iterator[str]:
    """What to do about tensors whose shapes do not go together."""
    if case.found(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)"):
        yield from _elementwise(case)
    elif case.found(r"shape mismatch: value tensor of shape") or (
        case.found(_EXPANDED) and case.op is not None and case.op.name in ("setitem", "copy_")
    ):
        yield from _written(case)
    elif case.found(_EXPANDED + r"|broadcast") and len(case.met) > 1:
        yield from _elementwise(case)
    elif expanded := case.found(_EXPANDED):
        yield (
            f"expand only dimensions of size 1: one has {expanded[2]} and is to have {expanded[1]}"
        )
    elif case.found(r"Sizes of tensors must match except in dimension|stack expects each tensor"):
        yield from _side_by_side(case)
    elif case.found(r"Tensors must have same number of dimensions"):
        yield from _other_ranks(case)


def _elementwise(case: Case) -> Iterator[str]:
    clashing = next(
        (pair for pair in combinations(range(len(case.met)), 2) if _clashes(case, *pair)), None
    )
    if clashing is None:
        return
    first, second = clashing
    one, other = case.met[first].shape, case.met[second].shape
    small, large = (first, second) if len(one) < len(other) else (second, first)
    longer, shorter = case.met[large].shape, case.met[small].shape
    index = _lined_up(longer, shorter) if len(one) != len(other) else None
    if index is not None:
        yield f"line it up with the other: {case.called(small)}[{index}]"
        return
    tables = list(_table(case, first, second))
    if tables:
        yield from tables
        return
    if len(one) == len(other):
        yield from _differing(case, case.met[first], case.met[second])
        return
    removable = [size for size in longer if size != 1]
    if removable == list(shorter):
        yield f"drop the dimensions of size 1: {case.called(large)}.squeeze()"
        return
    yield (
        "give both shapes that broadcast, which are compared from the right: "
        f"{list(one)} and {list(other)}"
    )


def _lined_up(longer: Shape, shorter: Shape) -> str | None:
    """The index that puts each dimension of the shorter below its equal; None without one.

    Where there are several, the batch stays first, and the rest goes as far back as it can, as the
    keys of a mask do.
    """
    places = [
        place
        for place in combinations(range(len(longer)), len(shorter))
        if all(longer[to] == size for to, size in zip(place, shorter, strict=True))
    ]
    if not places:
        return None
    best = max(places, key=lambda place: (place[0] == 0, place))
    parts = [":" if dim in best else "None" for dim in range(len(longer))]
    return ", ".join(parts[best[0] :])


def _clashes(case: Case, first: int, second: int) -> bool:
    """Whether two of what met do not broadcast."""
    sizes = zip(case.met[first].shape[::-1], case.met[second].shape[::-1], strict=False)
    return any(a != b and 1 not in (a, b) for a, b in sizes)


def _table(case: Case, first: int, second: int) -> Iterator[str]:
    """A table of positions, or a mask that was made once, that is shorter or longer than needed."""
    for place, against in ((first, second), (second, first)):
        met, other = case.met[place], case.met[against]
        root = case.root(met)
        if root is None or case.root(other) is not None or not met.shape:
            continue
        rank = min(len(met.shape), len(other.shape))
        pairs = [(met.shape[-n], other.shape[-n]) for n in range(1, rank + 1)]
        differing = {(have, want) for have, want in pairs if have != want and 1 not in (have, want)}
        if len(differing) != 1:
            continue
        [(have, want)] = differing
        if have not in root.shape:
            continue
        name = root.name or case.called(place)
        sizes = [want if size == have else size for size in root.shape]
        features = pairs[0] in differing and (len(pairs) < 2 or pairs[1] not in differing)
        if want > have or features:
            yield f"make {name} of the shape {sizes}: it has {have} where {want} are needed"
            if not features:
                yield f"give an input of at most {have} positions, not {want}"
        else:
            yield f"take as much of {name} as is needed: {want} of its {have}, as in [:, :{want}]"
        return


def _differing(case: Case, one: Met, other: Met) -> Iterator[str]:
    """Two shapes of equal rank. The one with the shorter way is taken for the shortcut."""
    if sorted(one.shape) == sorted(other.shape):
        differ = [d for d, (a, b) in enumerate(zip(one.shape, other.shape, strict=True)) if a != b]
        if len(differ) == 2:
            yield f"transpose one of the two: {case.called(1)}.transpose({differ[0]}, {differ[1]})"
            return
    short, main = (one, other) if _is_shorter(case, one, other) else (other, one)
    sizes = enumerate(zip(short.shape, main.shape, strict=True))
    dims = [dim for dim, (a, b) in sizes if a != b and 1 not in (a, b)]
    rank = len(main.shape)
    layer = case.layer_before(main)
    path = "" if layer is None else layer.path
    if not dims:
        return
    if dims == [0]:
        yield (
            f"give both the same number of samples: {short.shape[0]} ({short.origin}) and "
            f"{main.shape[0]} ({main.origin})"
        )
    elif rank in (3, 4, 5) and set(dims) <= set(range(1, rank)) and _is_image(case, main):
        yield from _shortcut(case, short, main, dims, path)
    elif dims == [rank - 1] and not path:
        yield (
            f"give both one last dimension: {short.shape[-1]} ({short.origin}) and "
            f"{main.shape[-1]} ({main.origin})"
        )
    elif dims == [rank - 1]:
        yield (
            f"bring the first to {main.shape[-1]} features: "
            f"nn.Linear({short.shape[-1]}, {main.shape[-1]}) for what comes {_from(short)}"
        )
        yield f"let {path} give {short.shape[-1]} features"
    else:
        yield f"bring both to one shape: {list(one.shape)} and {list(other.shape)}"


def _is_shorter(case: Case, one: Met, other: Met) -> bool:
    """Whether fewer ops lead to the first alone than to the second alone."""
    ways = [_makers(case, one), _makers(case, other)]
    return len(ways[0] - ways[1]) <= len(ways[1] - ways[0])


def _makers(case: Case, met: Met) -> set[int]:
    found: set[int] = set()
    tensors = [met.tensor]
    while tensors:
        made_by = case.graph.tensors[tensors.pop()].producer
        if made_by is not None and made_by not in found:
            found.add(made_by)
            tensors += case.graph.ops[made_by].inputs
    return found


def _is_image(case: Case, met: Met) -> bool:
    return len(met.shape) > 3 or case.convolution_before(met) is not None


def _from(met: Met) -> str:
    return met.origin if met.origin.startswith("from") else f"from {met.origin}"


def _shortcut(case: Case, short: Met, main: Met, dims: list[int], path: str) -> Iterator[str]:
    rank = len(main.shape)
    stride = _stride(short.shape, main.shape)
    spatial = [dim for dim in dims if dim > 1]
    own = case.convolution_before(short)
    alone = _makers(case, short) - _makers(case, main)
    if own is not None and own.path in {case.maker(op).path for op in alone}:
        if 1 in dims:
            yield f"let {own.path} ({own.class_name}) give {main.shape[1]} channels"
        if spatial and stride is not None and stride > 1:
            yield f"give {own.path} ({own.class_name}) the stride of the other way: stride={stride}"
    elif 1 in dims or (spatial and stride is not None and stride > 1):
        step = f", stride={stride}" if stride is not None and stride > 1 else ""
        yield (
            "put a 1×1 convolution on the shortcut: "
            f"nn.Conv{rank - 2}d({short.shape[1]}, {main.shape[1]}, kernel_size=1{step}) for what "
            f"comes {_from(short)}"
        )
    if spatial:
        convolution = case.convolution_before(main)
        kernel = convolution.kernel_size if convolution is not None else None
        unpadded = convolution is not None and "padding" not in convolution.config
        if kernel and unpadded and kernel[0] > 1 and stride is None:
            assert convolution is not None
            dilation = settings(convolution.config).get("dilation", "1")
            apart = int(re.sub(r"\D.*", "", dilation.lstrip("(")) or 1)
            yield (
                f"keep the size with padding={apart * (kernel[0] - 1) // 2} in {convolution.path} "
                f"({convolution.class_name}), and in others before it that make it smaller"
            )
        yield f"resize one to the other: F.interpolate(x, size={list(main.shape[2:])}), or crop it"
    elif path:
        yield f"let {path} give {short.shape[1]} channels"


def _stride(short: Shape, main: Shape) -> int | None:
    """How many times smaller each side is, where that is one number; 1 for equal sides."""
    ratios = {-(-a // b) for a, b in zip(short[2:], main[2:], strict=True) if b}
    fits = all(
        b and -(-a // -(-a // b)) == b and a >= b for a, b in zip(short[2:], main[2:], strict=True)
    )
    return ratios.pop() if len(ratios) == 1 and fits else None


def _written(case: Case) -> Iterator[str]:
    """A value that does not fit where it is written to."""
    if len(case.met) > 1:
        yield (
            f"write a value of the shape of the place: it is {list(case.met[-1].shape)}, and goes "
            f"into a part of {list(case.met[0].shape)}"
        )


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
    other = next((shape for shape in shapes[1:] if _clash(one, shape, given)), shapes[1])
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
        padded = [max(sizes) for sizes in zip(one, other, strict=True)]
        yield (
            f"stack takes equal shapes, and got {list(one)} and {list(other)}: pad to {padded}, "
            "as torch.nn.utils.rnn.pad_sequence does"
        )
        if len(dims) == 1:
            yield f"put them one after another: torch.cat(..., dim={dims[0]})"
    elif inner and len(one) > 3:
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
