"""Views and reshapes that do not come out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod

from ..told_numbers import numbers_in
from ..units import counted
from .case import Case


def remedies(case: Case) -> Iterator[str]:
    """What to do about a view or reshape whose sizes do not fit."""
    invalid = case.found(r"shape '\[(.*?)\]' is invalid for input of size (\d+)")
    if invalid:
        yield from _invalid(case, list(numbers_in(invalid[1])), int(invalid[2]))
    elif case.found(r"^t\(\) expects a tensor with <= 2 dimensions"):
        written = re.search(r"(\w+)\.t\(\)", case.source)
        x = written[1] if written else "x"
        yield f"turn the last two dimensions: {x}.transpose(-2, -1); t() takes two at most"
    elif case.found(r"view size is not compatible"):
        yield from _turned_back(case)
        yield "use x.reshape(...) in place of view, or x.contiguous() before it"
    elif case.found(r"number of dimensions in the tensor input does not match|permute"):
        rank = len(case.shape)
        yield f"name all {rank} dimensions in permute: the tensor has {list(case.shape)}"
    elif out := case.found(r"Dimension out of range.*but got (-?\d+)"):
        rank, shape = len(case.shape), list(case.shape)
        yield f"choose a dimension from {-rank} to {rank - 1}: the tensor has {rank}, {shape}"
        if int(out[1]) == rank:
            yield "add the missing dimension: x.unsqueeze(0)"


def _turned_back(case: Case) -> Iterator[str]:
    """Heads that are to be put together, and stand before the positions."""
    shape = case.shape
    asked = [size for _, size in case.op.args if isinstance(size, int)] if case.op else []
    if len(shape) != 4 or shape[1] == shape[2] or len(asked) != 3 or asked[1] != shape[2]:
        return
    if asked[2] in (-1, shape[1] * shape[3]):
        yield (
            f"turn the two back first: x.transpose(1, 2).reshape({', '.join(map(str, asked))}); "
            "without that, heads and positions are mixed"
        )


def _invalid(case: Case, wanted: list[int], elements: int) -> Iterator[str]:
    shape = case.shape
    known = [size for size in wanted if size > 0]
    if not shape:
        return
    batch, inside = shape[0], prod(shape[1:])
    if len(wanted) == 2 and (wanted[0] in (-1, batch)):
        yield (
            f"each sample has {inside} elements, from {list(shape[1:])}: write x.flatten(1), or "
            f"x.view({wanted[0]}, {inside})"
        )
        return
    other_batch = known[:1] != [batch] and prod(known[1:]) == inside
    # For another batch, the sizes would be right.
    if len(known) == len(wanted) and (other_batch or (inside and prod(known) % inside == 0)):
        rest = ", ".join(map(str, wanted[1:]))
        yield f"take the batch size from the input: x.view(x.shape[0], {rest})"
        return
    instead = _instead(wanted, shape, elements)
    if instead is not None:
        yield instead
        return
    uneven = _uneven(wanted, shape)
    if uneven:
        before = case.producer(case.data[0])
        features = before is not None and before.name in ("linear", "matmul", "addmm", "cat")
        if features and wanted[: len(shape) - 1] == list(shape[:-1]):
            yield _heads(shape[-1], wanted[-2])
        yield from uneven
        return
    place, size = _indivisible(wanted, shape)
    if place is not None and len(wanted) > 2:
        heads, width = wanted[-2], wanted[-1]
        last = f"the last dimension, {size}, is not {heads} × {width}"
        if heads > 0 and size % heads:
            yield (
                f"{last}: choose a number of parts that divides {size}, or a width that is a "
                f"multiple of {heads}, such as {-(-size // heads) * heads}"
            )
        elif width > 0 and heads > 0:
            yield f"{last}: write {heads} and {size // heads}"
        return
    asked = f"{'a multiple of ' if -1 in wanted else ''}{prod(known)}"
    yield (
        f"the tensor {list(shape)} has {elements} elements, and {wanted} asks for {asked}: make "
        "the products equal"
    )


def _instead(wanted: list[int], shape: tuple[int, ...], elements: int) -> str | None:
    """The one size of several that is wrong, where all others, and the tensor, leave one number."""
    if len(wanted) < 3 or min(wanted) < 1:
        return None
    fits = []
    for place, size in enumerate(wanted):
        others = prod((*wanted[:place], *wanted[place + 1 :]))
        if place and size not in shape and elements % others == 0:
            fits.append((place, elements // others))
    if len(fits) != 1:
        return None
    [(place, right)] = fits
    sizes = [*wanted[:place], right, *wanted[place + 1 :]]
    return f"write {right} in place of {wanted[place]}, or -1: {sizes} has {elements:,} elements"


def _heads(features: int, heads: int) -> str:
    """What to do where features are split among heads that do not divide them."""
    near = sorted(
        (n for n in range(2, features) if features % n == 0), key=lambda n: abs(n - heads)
    )[:2]
    instead = f", such as {' or '.join(map(str, sorted(near)))}" if near else ""
    return (
        f"{counted(features, 'feature')} cannot be split into {heads} equal parts: take a number "
        f"of parts that divides {features}{instead}, or {heads * (features // heads)} features"
    )


def _uneven(wanted: list[int], shape: tuple[int, ...]) -> list[str]:
    """What to do where a side is cut into pieces that leave a rest."""
    said: dict[str, None] = {}
    place = 0
    for size in shape:
        here = wanted[place : place + 2]
        if here[:1] == [size] or (here[:1] == [-1] and place == 0):
            place += 1
            continue
        piece = next((n for n in here[::-1] if n > 0 and size % n), None)
        if len(here) < 2 or piece is None or here[0] * here[1] != size - size % piece:
            return []
        down, up = size - size % piece, size - size % piece + piece
        said[f"{size} is no multiple of {piece}: crop it to {down}, or pad it to {up}"] = None
        place += 2
    return list(said) if place == len(wanted) else []


def _indivisible(wanted: list[int], shape: tuple[int, ...]) -> tuple[int | None, int]:
    """The last dimension, where the parts that it is split into do not make it up."""
    if len(wanted) < 2:
        return None, shape[-1]
    split = wanted[-2] * wanted[-1]
    last = shape[-1]
    before = prod(wanted[:-2]) if -1 not in wanted[:-2] else None
    same = before is None or before == prod(shape[:-1])
    return (len(wanted) - 2, last) if split > 0 and split != last and same else (None, last)
