"""Views and reshapes that do not come out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .case import Case, product


def remedies(case: Case) -> Iterator[str]:
    """What to do about a view or reshape whose sizes do not fit."""
    invalid = case.found(r"shape '\[(.*?)\]' is invalid for input of size (\d+)")
    if invalid:
        wanted = [int(number) for number in re.findall(r"-?\d+", invalid[1])]
        yield from _invalid(case, wanted, int(invalid[2]))
    elif case.found(r"view size is not compatible"):
        yield "use x.reshape(...) in place of view, or x.contiguous() before it"
    elif case.found(r"number of dimensions in the tensor input does not match|permute"):
        rank = len(case.data[0].shape) if case.data else 0
        yield f"name all {rank} dimensions in permute: the tensor has {list(case.data[0].shape)}"
    elif case.found(r"Dimension out of range"):
        _rank = len(case.data[0].shape) if case.data else 0
        yield f"choose a dimension from {-_rank} to {_rank - 1}: the tensor has {_rank}"
    elif case.found(r"not enough values to unpack|too many values to unpack"):
        shape = f": the tensor has the shape {list(case.data[0].shape)}" if case.data else ""
        yield f"unpack as many sizes as x.shape has{shape}"


def _invalid(case: Case, wanted: list[int], elements: int) -> Iterator[str]:
    if not case.data:
        return
    shape = case.data[0].shape
    known = [size for size in wanted if size > 0]
    if not shape:
        return
    batch, inside = shape[0], product(shape[1:])
    if len(wanted) == 2 and (wanted[0] in (-1, batch)):
        yield (
            f"each sample has {inside} elements, from {list(shape[1:])}: write x.flatten(1), or "
            f"x.view({wanted[0]}, {inside})"
        )
        return
    if len(known) == len(wanted) and known[0] != batch and product(tuple(known[1:])) == inside:
        yield f"take the batch size from the input: x.view(x.shape[0], {_rest(wanted)})"
        return
    if len(wanted) > 2:
        place, size = _indivisible(wanted, shape)
        if place is not None:
            yield f"{size} cannot be divided so: choose sizes whose product is {size}"
    have = product(tuple(known))
    yield (
        f"the tensor {list(shape)} has {elements} elements, and {wanted} asks for "
        f"{'a multiple of ' if -1 in wanted else ''}{have}: make the products equal"
    )


def _rest(wanted: list[int]) -> str:
    return ", ".join(map(str, wanted[1:]))


def _indivisible(wanted: list[int], shape: tuple[int, ...]) -> tuple[int | None, int]:
    """The last dimension, where the heads that it is split into do not divide it."""
    split = wanted[-2] * wanted[-1]
    last = shape[-1]
    return (len(wanted) - 2, last) if split > 0 and split != last else (None, last)
