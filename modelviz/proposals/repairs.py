"""Other guesses, after what an error said."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch import nn

from ..signatures import parameters_of
from ..tracing.modules import walk
from .arguments import by_name, takes_any_name, takes_any_number
from .described import packed
from .guess import EMPTY, ArgumentPart, Guess
from .layers import FRAMES, SEQUENCE, SIDES, Option, float_dtype
from .misfit_kinds import Dimensions, Exact, Key, Kind, Larger, Misfit, Several, Sizes, Words
from .texts import with_texts

MAX_SIDE = 4096
"""Sides and lengths beyond this are no guess worth trying."""


LONG_SIDED = 4
"""What has one side so many times the other is a table, and its longer side is what varies."""


def repaired(
    guess: Guess, misfit: Misfit, touched: Sequence[str], model: nn.Module
) -> Iterator[Guess]:
    """Guesses that would satisfy the misfit, the likeliest first.

    ``touched`` are the parts that the failure concerns, the nearest first. The parts of a list,
    which are alike, change together before one of them changes alone.
    """
    for other in _repaired(guess, misfit, touched, model):
        together = _together(guess, other)
        if together is not None:
            yield together
        yield other


def otherwise(guess: Guess, misfit: Misfit, touched: Sequence[str]) -> Iterator[Guess]:
    """Guesses with one of the options that a part has, in the dimensions that are needed."""
    if not isinstance(misfit, Dimensions) or misfit.got is None or not misfit.wanted:
        return
    for name, part in guess.tensors():
        count = len(part.now.shape) + misfit.wanted - misfit.got
        known = [option for option in part.options if len(option.shape) == count]
        if name in touched and known and part.now in part.options:
            yield guess.having({name: replace(part, now=known[0])})


def _together(guess: Guess, other: Guess) -> Guess | None:
    """The same change for all parts of a list that were alike; None where there is one part."""
    changed = [name for name, part in other.parts.items() if guess.parts.get(name) != part]
    if len(changed) != 1 or not changed[0].endswith("]") or changed[0] not in guess.parts:
        return None
    before = guess.parts[changed[0]].now.given
    stem = changed[0].rpartition("[")[0]
    alike = [
        name
        for name, part in guess.parts.items()
        if name.rpartition("[")[0] == stem and part.now.given == before
    ]
    return guess.having(dict.fromkeys(alike, other.parts[changed[0]])) if len(alike) > 1 else None


def _repaired(
    guess: Guess, misfit: Misfit, touched: Sequence[str], model: nn.Module
) -> Iterator[Guess]:
    dtype = float_dtype(model)
    names = [name for name, _ in guess.tensors()]
    near = [name for name in touched if name in names]
    order = [*near, *(name for name in names if name not in near)]
    if isinstance(misfit, Sizes):
        yield from _resized(guess, misfit, near, order, model)
    elif isinstance(misfit, Exact):
        yield from _exactly(guess, misfit, order, model)
    elif isinstance(misfit, Dimensions):
        # Those that have just the dimensions that were met come first.
        order.sort(key=lambda name: len(guess.parts[name].now.shape) != misfit.got)
        for name in order:
            yield from _with_dimensions(guess, name, misfit)
    elif isinstance(misfit, Kind):
        for name in order:
            yield from _of_kind(guess, name, misfit, dtype)
    elif isinstance(misfit, Larger):
        yield from _larger(guess, misfit, order)
    elif isinstance(misfit, Words):
        for name in order:
            yield from with_texts(guess, name, misfit)
    elif isinstance(misfit, Several):
        yield from _split(guess, misfit, order, model)
    else:
        yield from _with_key(guess, misfit, order, model)


def _split(
    guess: Guess, several: Several, order: Sequence[str], model: nn.Module
) -> Iterator[Guess]:
    """Several parts like it in place of one, or beside the first positional argument."""
    amounts = counts(model) if several.count is None else [several.count]
    for name in order:
        part = guess.parts[name]
        for count in amounts:
            stem = name.removesuffix("[0]")
            if takes_any_number(model) and stem != name:
                yield guess.having({f"{stem}[{place}]": part for place in range(count)})
            yield guess.split(name, {f"{name}[{place}]": part for place in range(count)})


def counts(model: nn.Module) -> list[int]:
    """How many things a list may hold: as many as a list of layers does, or two."""
    lists = [len(part) for _, part in walk(model) if isinstance(part, nn.ModuleList)]
    return list(dict.fromkeys([*(count for count in lists if 1 < count <= 16), 2]))


# -- sizes --------------------------------------------------------------------------------------


def _resized(
    guess: Guess, sizes: Sizes, near: list[str], order: list[str], model: nn.Module
) -> Iterator[Guess]:
    if sizes.wanted <= 0 or sizes.got <= 0 or sizes.got == sizes.wanted:
        return
    yield from _one_each(guess, sizes)
    for name in near or order:
        yield from _axis(guess, name, sizes)
    for name in near:
        yield from _axis(guess, name, Sizes(sizes.wanted, sizes.got))
    batch = max(sizes.got, sizes.wanted)
    if min(sizes.got, sizes.wanted) == 1 and batch in _batches(guess):
        yield from _same_batch(guess, batch)
    for name in near or order:
        yield from _sides(guess, name, sizes)
    yield from _sums(guess, near or order, sizes, model)
    for name in near or order:
        yield from _multiples(guess, name, sizes)
    for name in order:
        if near and name not in near:
            yield from _axis(guess, name, sizes)


def _axis(guess: Guess, name: str, sizes: Sizes) -> Iterator[Guess]:
    """The axis that has just the size that did not fit."""
    part = guess.parts[name]
    shape = part.now.shape
    if sizes.got == 1:
        return
    if sizes.got in shape and sizes.wanted in shape[1:]:
        # It is there, at another place: channels last, or the other way round.
        one, other = len(shape) - 1 - shape[::-1].index(sizes.got), shape.index(sizes.wanted, 1)
        order = list(shape)
        order[one], order[other] = order[other], order[one]
        yield guess.having({name: part.shaped(tuple(order), "the sizes are needed in this order")})
    if shape == (sizes.wanted, sizes.got):
        yield guess.having({name: part.shaped(shape[::-1], "the sizes are needed in this order")})
    if len(shape) > 3 and set(shape[2:]) == {sizes.got} and sizes.wanted <= MAX_SIDE:
        square = (*shape[:2], *(sizes.wanted for _ in shape[2:]))
        yield guess.having({name: part.shaped(square, f"sides of {sizes.wanted:,} are needed")})
    for axis in reversed(range(len(part.now.shape))):
        if part.now.shape[axis] == sizes.got and sizes.wanted <= MAX_SIDE * 16:
            yield _changed(guess, name, axis, sizes.wanted)


def _one_each(guess: Guess, sizes: Sizes) -> Iterator[Guess]:
    """A class for each token, where as many as there are tokens are needed."""
    tokens = (1, max(sizes.got, sizes.wanted))
    whole = {name: part for name, part in guess.tensors() if part.now.dtype == "int64"}
    if min(sizes.got, sizes.wanted) != 1 or all(p.now.shape != tokens for p in whole.values()):
        return
    for name, part in whole.items():
        if part.now.shape == (1,):
            yield guess.having({name: part.shaped(tokens, "one for each token")})


def _same_batch(guess: Guess, batch: int) -> Iterator[Guess]:
    parts = {
        name: part.shaped((batch, *part.now.shape[1:]), part.now.why)
        for name, part in guess.tensors()
        if part.now.shape and part.now.shape[0] == 1
    }
    if parts:
        yield guess.having(parts)


def _batches(guess: Guess) -> set[int]:
    return {part.now.shape[0] for _, part in guess.tensors() if part.now.shape}


def _sides(guess: Guess, name: str, sizes: Sizes) -> Iterator[Guess]:
    """All sides of an image at once, by how what came of them grows with them."""
    part = guess.parts[name]
    shape = part.now.shape
    count = len(shape) - 2
    if count < 1 or "int" in part.now.dtype:
        return
    # Images may have their channels last.
    places = range(1, len(shape) - 1) if count > 1 and shape[-1] <= 4 else range(2, len(shape))
    if count == 2 and max(shape[2:]) >= LONG_SIDED * min(shape[2:]):
        longer = 2 + (shape[2] < shape[3])
        places, count = range(longer, longer + 1), 1
    side = math.prod(shape[place] for place in places) ** (1 / count)
    got, wanted = sizes.got ** (1 / count), sizes.wanted ** (1 / count)
    slope = got / side
    if part.trail is not None and part.trail[1] == got:
        return  # what came of them does not depend on the sides
    if part.trail is not None and part.trail[0] != side:
        slope = (got - part.trail[1]) / (side - part.trail[0])
    solved = side + (wanted - got) / slope if slope > 0 else side * wanted / got
    exact = round(solved)
    close = solved / 7 if part.trail is None else max(3.0, solved / 20)
    usual = sorted(
        (known for known in SIDES if abs(known - solved) < close),
        key=lambda known: abs(known - solved),
    )
    for new in dict.fromkeys((*usual[:2], exact, exact + 1, exact - 1, exact + 2, exact - 2)):
        if 0 < new <= MAX_SIDE:
            changed = tuple(new if place in places else size for place, size in enumerate(shape))
            why = f"sides of {new} give the {sizes.wanted:,} numbers that are needed"
            yield guess.having({name: part.shaped(changed, why, (side, got))})


def _sums(guess: Guess, names: list[str], sizes: Sizes, model: nn.Module) -> Iterator[Guess]:
    """Parts put side by side: their last sizes add up, or the channels of pictures."""
    pictures = [name for name in names if len(guess.parts[name].now.shape) > 3]
    each, rest = divmod(sizes.wanted, max(len(pictures), 1))
    if len(pictures) > 1 and not rest and each:
        result = guess
        for name in pictures:
            result = _changed(result, name, 1, each)
        yield result
    for name in names:
        shape = guess.parts[name].now.shape
        channels = shape[1] + sizes.wanted - sizes.got if len(shape) > 3 else 0
        if channels > 0 and shape[1] < sizes.got:
            yield _changed(guess, name, 1, channels)
    last = {name: guess.parts[name].now.shape[-1] for name in names if guess.parts[name].now.shape}
    floats = [name for name in last if "int" not in guess.parts[name].now.dtype]
    for name in (*floats, *(name for name in last if name not in floats)):
        size = last[name] + sizes.wanted - sizes.got
        axis = len(guess.parts[name].now.shape) - 1
        if size > 0 and last[name] < sizes.got:
            yield _changed(guess, name, axis, size)
        # It may be there twice: the nodes at either end of an edge.
        half, odd = divmod(sizes.wanted - sizes.got, 2)
        if not odd and last[name] + half > 0 and 2 * last[name] <= sizes.got:
            yield _changed(guess, name, axis, last[name] + half)
    yield from _told(guess, floats, sizes, model)
    alike = [name for name in floats if last[name] == last[floats[0]]]
    if len(alike) > 1 and sizes.wanted >= len(alike):
        each, rest = divmod(sizes.wanted, len(alike))
        result = guess
        for place, name in enumerate(alike):
            axis = len(guess.parts[name].now.shape) - 1
            result = _changed(result, name, axis, each + (rest if place == 0 else 0))
        yield result


def _told(guess: Guess, names: list[str], sizes: Sizes, model: nn.Module) -> Iterator[Guess]:
    """Widths of the parts that the model keeps, or its class has by default, in their order."""
    numbers = [
        value
        for value in (*vars(model).values(), *_defaults(model))
        if type(value) is int and 0 < value < sizes.wanted
    ]
    in_order = sorted(names, key=list(guess.parts).index)
    if not 1 < len(names) <= len(numbers):
        return
    for start in range(len(numbers) - len(names) + 1):
        widths = numbers[start : start + len(names)]
        if sum(widths) == sizes.wanted:
            result = guess
            for name, size in zip(in_order, widths, strict=True):
                axis = len(guess.parts[name].now.shape) - 1
                result = _changed(result, name, axis, size)
            yield result


def _defaults(model: nn.Module) -> list[object]:
    """The default values of what makes the model, in their order."""
    return [p.default for p in parameters_of(type(model).__init__)]


def _multiples(guess: Guess, name: str, sizes: Sizes) -> Iterator[Guess]:
    """One axis, where what came of it is a multiple of its size."""
    shape = guess.parts[name].now.shape
    for axis in reversed(range(1, len(shape))):
        size, rest = divmod(shape[axis] * sizes.wanted, sizes.got)
        if not rest and 0 < size <= MAX_SIDE and size != shape[axis]:
            yield _changed(guess, name, axis, size)


def _changed(guess: Guess, name: str, axis: int, size: int) -> Guess:
    part = guess.parts[name]
    shape = (*part.now.shape[:axis], size, *part.now.shape[axis + 1 :])
    return guess.having({name: part.shaped(shape, f"{size:,} is the size that is needed")})


# -- shapes -------------------------------------------------------------------------------------


def _exactly(guess: Guess, exact: Exact, order: list[str], model: nn.Module) -> Iterator[Guess]:
    why = f"it has to be {list(exact.wanted)}"
    for name in order:
        part = guess.parts[name]
        kept = len(part.now.shape) - len(exact.got)
        if kept >= 0 and part.now.shape[kept:] == exact.got:
            shape = (*part.now.shape[:kept], *exact.wanted)
            yield guess.having({name: part.shaped(shape, why)})
    for got, wanted in zip(exact.got, exact.wanted, strict=False):
        if got != wanted:
            yield from _resized(guess, Sizes(got, wanted), [], order, model)


def _with_dimensions(guess: Guess, name: str, wanted: Dimensions) -> Iterator[Guess]:
    part = guess.parts[name]
    shape = part.now.shape
    there = len(shape) if wanted.got is None else wanted.got
    needed = wanted.wanted or there + 1
    count = len(shape) + needed - there
    if not 0 < count <= 6 or count == len(shape):
        return
    whole = "int" in part.now.dtype
    if count > len(shape):
        more = count - len(shape)
        inner = (SEQUENCE if len(shape) < 4 else FRAMES,) * more
        # A vector for each sample becomes a sequence of them, a picture several pictures.
        shapes = [(*shape[:1], *inner, *shape[1:]), (*shape, *inner), (1,) * more + shape]
        if len(shape) <= 3 and not whole and count == 4:
            shapes.insert(len(shape) < 3, (1, 3, 64, 64))
        # A mask or a map beside a picture has the sides of that.
        for _, other in guess.tensors():
            if len(other.now.shape) == count > 2 and other is not part:
                shapes.insert(0, (other.now.shape[0], 1, *other.now.shape[2:]))
    else:
        shapes = [(*shape[:1], *shape[len(shape) - count + 1 :]), shape[:count], shape[-count:]]
    known = [option.shape for option in part.options if len(option.shape) == count]
    for new in dict.fromkeys((*known[:1], *shapes)):
        yield guess.having({name: part.shaped(new, f"{count} dimensions are needed")})


def _larger(guess: Guess, larger: Larger, order: list[str]) -> Iterator[Guess]:
    if larger.batch:
        yield from _same_batch(guess, 2)
        return
    for name in order:
        part = guess.parts[name]
        sides = [size * 2 if place > 1 else size for place, size in enumerate(part.now.shape)]
        if len(sides) > 2 and max(sides) <= MAX_SIDE:
            yield guess.having({name: part.shaped(tuple(sides), "smaller ones do not fit")})
        if len(sides) == 2 and part.now.shape[0] == 1:
            turned = (SEQUENCE, *part.now.shape[1:])
            yield guess.having({name: part.shaped(turned, "smaller ones do not fit")})


# -- what is no tensor --------------------------------------------------------------------------


def _of_kind(guess: Guess, name: str, kind: Kind, dtype: str) -> Iterator[Guess]:
    part = guess.parts[name]
    if kind.wanted in ("int", "bool"):
        switch = kind.wanted == "bool"
        why = "a switch is needed" if switch else "a whole number is needed"
        number = Option((), kind.wanted, why, False if switch else 2)
        yield guess.having({name: ArgumentPart.of([number])})
        return
    wanted = dtype if kind.wanted == "float" else kind.wanted
    if part.now.dtype == wanted:
        return
    typed = part.typed(wanted, f"{wanted} is needed")
    if kind.each and len(part.now.shape) > 1 and part.now.shape[0] == 1:
        yield guess.having({name: typed.shaped(part.now.shape[:1], typed.now.why)})
    yield guess.having({name: typed})


def _with_key(guess: Guess, key: Key, order: list[str], model: nn.Module) -> Iterator[Guess]:
    """A dict in place of a tensor, or one more item in a dict, or one more keyword."""
    if key.name is not None and key.name.isidentifier() and takes_any_name(model):
        yield guess.having({key.name: _item(guess, key.name, model)})
    if key.name in ("batch_sizes", "sorted_indices", "unsorted_indices"):
        for name in order:
            yield guess.split(name, packed(name, guess.parts[name]))
    empty = [name for name, part in guess.parts.items() if part.now.dtype == EMPTY]
    holders = dict.fromkeys(
        [*empty, *(name.rpartition(".")[0] for name in guess.parts if "." in name)]
    )
    if holders and key.name is not None:
        for holder in holders:
            added = {f"{holder}.{key.name}": _item(guess, key.name, model)}
            if holder in guess.parts:
                yield guess.split(holder, added)
            else:
                yield guess.having(added)
        return
    for name in order:
        box = Option((), EMPTY, "it is a dict")
        yield guess.split(name, {name: ArgumentPart.of([box])})


def _item(guess: Guess, name: str, model: nn.Module) -> ArgumentPart:
    """What an item of a dict may be: by its name, or like what is there."""
    dtype = float_dtype(model)
    named = by_name(name, None, model, dtype)
    if name in named:
        return named[name]
    first = next(iter(guess.tensors()), None)
    made = Option((1, 16), dtype, "nothing says what it is: a vector, as a guess")
    return ArgumentPart.of([made]) if first is None else replace(first[1], turn=0)
