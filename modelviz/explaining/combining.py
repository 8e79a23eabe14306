"""Tensors that meet element by element."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..analysis.settings import settings
from ..graph import Module, Shape
from ..told_numbers import numbers_in
from ..units import counted
from .case import Case, Met
from .convolutions import same_padding

_EXPANDED = r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)"


def remedies(case: Case) -> Iterator[str]:
    """What to do about tensors whose shapes do not go together."""
    if case.found(r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)"):
        yield from _elementwise(case)
    elif case.found(r"shape mismatch: value tensor of shape") or (
        case.found(_EXPANDED) and case.op_name in ("setitem", "copy_")
    ):
        yield from _written(case)
    elif case.found(_EXPANDED + r"|broadcast") and len(case.met) > 1:
        yield from _elementwise(case)
    elif expanded := case.found(_EXPANDED):
        yield from _too_short(case, int(expanded[2]), int(expanded[1]))
        yield (
            f"expand only dimensions of size 1: one has {expanded[2]} and is to have {expanded[1]}"
        )


def _too_short(case: Case, have: int, want: int) -> Iterator[str]:
    """A table of positions that was made once, of which a part is expanded to a longer input."""
    for met in case.met if have < want else ():
        made_by = sorted(_makers(case, met))
        tensors = {met.tensor, *(t for op in made_by for t in case.graph.ops[op].inputs)}
        for tensor in (case.graph.tensors[t] for t in sorted(tensors)):
            if tensor.kind in ("buffer", "parameter") and have in tensor.shape:
                name = tensor.name or "the table"
                yield f"give an input of at most {have} positions, not {want}: {name} has {have}"
                yield f"make {name} for {want} positions"
                return


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
    ahead = case.convolution_before(case.met[large]) is not None
    index = _lined_up(longer, shorter, ahead) if len(one) != len(other) else None
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


def _lined_up(longer: Shape, shorter: Shape, ahead: bool) -> str | None:
    """The index that puts each dimension of the shorter below its equal; None without one.

    Where there are several, the batch stays first, and the rest goes as far back as it can, as the
    keys of a mask do, or ``ahead``, as the channels of a picture.
    """
    places = [
        place
        for place in combinations(range(len(longer)), len(shorter))
        if all(longer[to] == size for to, size in zip(place, shorter, strict=True))
    ]
    if not places:
        return None
    batched = [place for place in places if place[0] == 0] or places
    best = min(batched) if ahead else max(batched)
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
        if features and other.kind != "constant" and case.layer_before(other) is None:
            yield f"give an input with {counted(have, 'feature')}, not {want}: {name} has {have}"
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
    elif dims == [rank - 1] and (told := list(differing_layers(case, one, other))):
        yield from told
    elif dims == [rank - 1] and not path:
        yield (
            f"give both one last dimension: {short.shape[-1]} ({short.origin}) and "
            f"{main.shape[-1]} ({main.origin})"
        )
    elif dims == [rank - 1]:
        yield (
            f"bring the first to {counted(main.shape[-1], 'feature')}: "
            f"nn.Linear({short.shape[-1]}, {main.shape[-1]}) for what comes {_from(short)}"
        )
        yield f"let {path} give {counted(short.shape[-1], 'feature')}"
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


def differing_layers(case: Case, one: Met, other: Met) -> Iterator[str]:
    """What to do where two layers beside each other give the last dimensions, which differ."""
    found = []
    for met, against in ((one, other), (other, one)):
        alone = [case.graph.ops[op] for op in _makers(case, met) - _makers(case, against)]
        paths = {
            case.maker(op.id).path
            for op in alone
            if case.sizes(op) and case.graph.tensors[op.outputs[0]].shape[-1:] == met.shape[-1:]
        }
        if len(paths) == 1 and (path := paths.pop()):
            found.append((path, met.shape[-1]))
    if len(found) == 2:
        (first, width), (second, got) = found
        wide = counted(width, "feature")
        yield f"let {second} give {wide}, as {first} does, or {first} {got}, as {second}"


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
            yield f"let {own.path} ({own.class_name}) give {counted(main.shape[1], 'channel')}"
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
        if convolution is not None and "Transpose" in convolution.class_name:
            yield from larger_output(convolution, main.shape, short.shape)
        elif convolution is not None and stride is None:
            yield from _unpadded(convolution)
        yield from interpolated(case, short, main)
        yield f"resize one to the other: F.interpolate(x, size={list(main.shape[2:])}), or crop it"
    elif path:
        yield f"let {path} give {counted(short.shape[1], 'channel')}"


def _unpadded(layer: Module) -> Iterator[str]:
    """What keeps the size in a convolution that has no padding."""
    if "padding" not in layer.config and (padding := same_padding(layer)):
        yield (
            f"keep the size with padding={padding} in {layer.path} ({layer.class_name}), and in "
            "others before it that make it smaller"
        )


def larger_output(layer: Module, got: Shape, wanted: Shape) -> Iterator[str]:
    """What to do where a transposed convolution lacks less than a step of what is wanted."""
    steps = numbers_in(settings(layer.config).get("stride", "1"))
    missing = {b - a for a, b in zip(got[2:], wanted[2:], strict=True)}
    if len(missing) == 1 and 0 < (more := missing.pop()) < min(steps):
        yield f"make up for it with output_padding={more} in {layer.path} ({layer.class_name})"


def interpolated(case: Case, one: Met, other: Met) -> Iterator[str]:
    """What to do where one was made larger on its way, by another factor than the other needs."""
    for met, against in ((one, other), (other, one)):
        for op, current, _ in case.way(met):
            if current.shape[2:] != met.shape[2:]:
                break
            if op.name in ("interpolate", "upsample"):
                place = f", {case.place(op)}" if op.line is not None else ""
                yield (
                    f"interpolate to the size of the other{place}: "
                    f"size={list(against.shape[2:])} in place of the factor"
                )
                return


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
