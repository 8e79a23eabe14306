"""Linear layers that got another number of features."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from ..units import counted
from .case import Case, Met
from .convolutions import KIND as CONVOLUTION

_FLATTENING = frozenset({"flatten", "view", "reshape", "ravel"})
_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})


def remedies(case: Case, given: Met) -> Iterator[str]:
    """What to do about a product with a weight that has another width."""
    if told := case.found(
        r"bilinear\(\): input(\d) size does not match.*got (\d+) but expected (\d+)"
    ):
        yield (
            f"make {case.layer} nn.Bilinear with in{told[1]}_features={told[2]}, or give it "
            f"{told[3]} features as its input {told[1]}"
        )
        return
    wanted = case.number("in_features")
    if wanted is None and case.held and len(case.held[0].shape) == 2:
        wanted = case.held[0].shape[-1]
    shape = given.shape
    if wanted is None or not shape or shape[-1] == wanted:
        return
    got, x = shape[-1], case.argument
    flattened = _flattened(case, given)
    rest = prod(shape[1:])
    whole = flattened if flattened is not None else given
    if len(shape) == wanted == 1:
        yield f"make each number a row: {x}.unsqueeze(-1), of shape [{got}, 1]"
    elif len(shape) > 1 and prod(whole.shape) == wanted and whole.kind == "input":
        yield case.with_batch(whole)
    elif flattened is not None and (image := case.image_without_batch(flattened)) is not None:
        yield case.with_batch(image)
        if prod(flattened.shape) != wanted:
            yield _resize(case, prod(flattened.shape), f"the size of {list(flattened.shape)}")
    elif flattened is not None and len(shape) == 1 and len(flattened.shape) > 1:
        inside = prod(flattened.shape[1:])
        yield (
            f"keep the batch when you flatten: x.flatten(1), which gives "
            f"[{flattened.shape[0]}, {inside}]"
        )
        if inside != wanted:
            yield _resize(case, inside, "the flattened size of one sample")
    elif flattened is not None and len(flattened.shape) > 2 and prod(flattened.shape[1:]) == got:
        yield _resize(case, got, f"the flattened size of {list(flattened.shape[1:])}")
        yield from _pool(flattened, wanted)
    elif flattened is not None and prod(flattened.shape[1:]) == wanted:
        yield f"flatten with x.flatten(1): that gives {counted(wanted, 'feature')} a sample"
    elif len(shape) > 2 and rest == wanted:
        yield f"flatten before it: {x}.flatten(1) gives {counted(wanted, 'feature')}"
    elif wanted in shape[1:-1]:
        place = shape.index(wanted, 1)
        if _is_picture(case, given):
            yield f"move the channels to the end: {x}.movedim({place}, -1), or flatten first"
        else:
            yield f"move the features to the end: {x}.transpose({place}, -1)"
        yield _resize(case, got, "the last dimension")
    elif len(shape) > 3 or (len(shape) > 2 and _is_picture(case, given)):
        yield (
            f"flatten before it, with {x}.flatten(1), and make it so wide: "
            + _resize(case, rest, f"the size of {list(shape[1:])}")
        )
    else:
        yield from _width(case, given, wanted)


def _width(case: Case, given: Met, wanted: int) -> Iterator[str]:
    got = given.shape[-1]
    parts = case.joined(given)
    before = case.layer_before(given)
    if parts is not None:
        if sum(shape[-1] for shape in case.joined_shapes(given)) == wanted:
            yield f"concatenate the features: dim=-1 gives {wanted:,} of them"
        yield _resize(case, got, f"what is put together, {' + '.join(map(str, parts))}")
        return
    maker = case.producer(given)
    if before is None and maker is not None:
        yield _resize(case, got, f"what {maker.name} gives")
        return
    if before is None:
        yield _resize(case, got, "the input's")
        yield f"give an input with {counted(wanted, 'feature')} in the last dimension, not {got:,}"
        return
    name = before.path or "the layer before"
    if before.class_name in _RECURRENT and "bidirectional=True" in before.config:
        yield _resize(case, got, f"{name} gives {got // 2} in each of two directions")
        if got == 2 * wanted:
            yield f"take one direction, or their sum: x[..., :{wanted}] + x[..., {wanted}:]"
        return
    yield _resize(case, got, f"what {name} gives")
    yield f"let {name} give {counted(wanted, 'feature')}"


def _resize(case: Case, size: int, why: str) -> str:
    if case.kind.endswith("Linear"):
        out = case.settings.get("out_features", "...")
        return f"make {case.layer} nn.Linear(in_features={size}, out_features={out}): {why}"
    weight = case.held[0] if case.held else None
    name, rows = (None, "...") if weight is None else (weight.name, weight.shape[0])
    return f"make {name or 'the weight'} of shape [{rows}, {size}], for in_features={size}: {why}"


def _pool(flattened: Met, wanted: int) -> Iterator[str]:
    """Another way than a wider layer: pictures of the size that it was made for."""
    _, channels, *sides = flattened.shape
    if not channels or wanted % channels:
        return
    side = round((wanted // channels) ** (1 / len(sides)))
    if side ** len(sides) * channels == wanted:
        yield f"pool to the size that it is made for: nn.AdaptiveAvgPool{len(sides)}d({side})"


def _flattened(case: Case, given: Met) -> Met | None:
    """What was flattened to make a tensor; looks through activations and dropout."""
    for op, _, before in case.way(given):
        if op.name in _FLATTENING:
            return before
        if op.flops:
            return None
    return None


def _is_picture(case: Case, given: Met) -> bool:
    before = case.layer_before(given)
    return before is not None and bool(CONVOLUTION.fullmatch(before.class_name))
