"""What an error says about the inputs: the sizes that met and did not fit, the dtype, a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from math import prod

from ..graph import Failure, Shape
from ..told_numbers import numbers_in, sizes_in
from .misfit_kinds import Dimensions, Exact, Key, Kind, Larger, Misfit, Several, Sizes, Words

_Reader = Callable[[re.Match[str], Failure], Iterator[Misfit]]


def misfits(failure: Failure) -> list[Misfit]:
    """What the error of a forward says about its inputs, the likeliest first."""
    found: list[Misfit] = []
    for pattern, read in _READERS:
        match = re.search(pattern, failure.message)
        if match is not None:
            found += read(match, failure)
    compared = dict(failure.facts).get("compared", "")
    if match := re.fullmatch(r"(.*) and (.*)", compared):
        found += _compared(match[1], match[2], dict(failure.facts).get("source", ""))
    if failure.error == "KeyError":
        found.append(Key(failure.message.strip("'\"")))
    found += _shapes(failure.shapes)
    if not found or (failure.op is None and not _DISPATCH.search(failure.message)):
        found += _numbers(failure)
    return list(dict.fromkeys(found))


def _compared(first: str, second: str, source: str) -> Iterator[Misfit]:
    """The two values that the model's own check compared: sizes, or shapes."""
    if first.isdecimal() and second.isdecimal():
        if re.search(r"\.dim\(\)|\.ndim|\.ndimension\(\)|len\([\w.]*(?:shape|size\(\))\)", source):
            yield Dimensions(int(first), int(second))
        elif re.search(r"\blen\(\w+\)", source):
            yield from (Several(count) for count in (int(second), int(first)) if 1 < count <= 16)
        yield from _both(int(first), int(second))
    elif "," in first and "," in second:
        yield Exact(numbers_in(first), numbers_in(second))
        yield Exact(numbers_in(second), numbers_in(first))


def _both(first: int, second: int) -> list[Misfit]:
    return [Sizes(first, second), Sizes(second, first)]


def _told(make: Callable[[int, int], Misfit], got: int, wanted: int) -> _Reader:
    """Reads what there is and what is wanted from two groups of the pattern."""
    return lambda match, failure: iter([make(int(match[got]), int(match[wanted]))])


_wanted_first, _got_first = _told(Sizes, 2, 1), _told(Sizes, 1, 2)
_dimensions, _permuted = _told(Dimensions, 2, 1), _told(Dimensions, 1, 2)


def _either(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield from _both(int(match[1]), int(match[2]))


def _axes(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """Two lists of sizes, which should be alike."""
    for first, second in zip(numbers_in(match[1]), numbers_in(match[2]), strict=False):
        if first != second:
            yield from _both(second, first)


def _exact(got: int, wanted: int) -> _Reader:
    """The same for two shapes."""
    return lambda match, failure: iter([Exact(numbers_in(match[got]), numbers_in(match[wanted]))])


def _normalized(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    both = (reversed(numbers_in(match[place])) for place in (1, 2))
    for wanted, got in zip(*both, strict=False):
        if wanted != got:
            yield Sizes(got, wanted)


def _padded(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """Two numbers pad each of the last axes, and one or two axes stand before them."""
    yield Dimensions(int(match[2]), int(match[1]) // 2 + 1)


def _batched(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield Dimensions(len(numbers_in(match[2])), int(match[1]))


def _expanded(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """The numbers of dimensions of two tensors: more are likelier than fewer."""
    fewer, more = sorted((int(match[1]), int(match[2])))
    yield Dimensions(fewer, more)
    yield Dimensions(more, fewer)


def _of_a_shape(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield Dimensions(len(numbers_in(match[1])), int(match[2]))


def _of_samples(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """``of shape Nx2x3 ... Got torch.Size([1, 6])``"""
    wanted, got = tuple(map(int, match[1].split("x"))), numbers_in(match[2])
    yield Exact(got, (*got[:1], *wanted))


def _last_size(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """``to have size 2 in last dimension, but got grid with sizes [1, 4, 4, 3]``"""
    got = numbers_in(match[2])
    yield Exact(got, (*got[:-1], int(match[1])))


def _of_a_batch(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    place = int(match[1]) - 1
    if place < len(failure.shapes):
        yield Dimensions(len(failure.shapes[place]), int(match[2]))


def _vector(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield Dimensions(int(match[1]), 1)


def _split(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield Sizes(int(match[1]), sum(numbers_in(match[2])))


def _two_shapes(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """Two shapes in what the model itself says, one of which may have names for sizes."""
    first, second = (_items(match[place]) for place in (1, 2))
    if len(first) == len(second) and len(first) > 1:
        for got, wanted in ((second, first), (first, second)):
            if None not in got:
                pairs = zip(got, wanted, strict=True)
                yield Exact(
                    tuple(size for size in got if size is not None),
                    tuple(one if other is None else other for one, other in pairs if one),
                )


def _items(text: str) -> list[int | None]:
    items = [item.strip() for item in text.split(",") if item.strip()]
    return [int(item) if item.isdecimal() and item != "0" else None for item in items]


def _out_of_range(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    place = int(match[2])
    yield Dimensions(int(match[1]), place + 1 if place >= 0 else -place)


def _too_many_indices(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield Key(None)
    yield Dimensions(int(match[1]), int(match[1]) + 1)


def _index(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    axis = int(match[2])
    for shape in failure.shapes[:1]:
        if axis < len(shape):
            yield Exact(shape, (*shape[:axis], int(match[1]) + 1, *shape[axis + 1 :]))
    yield Sizes(int(match[3]), int(match[1]) + 1)


def _unpacked(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    wanted = int(match[1])
    # ``a, b = pair``, and not ``a, b = x.shape``.
    whole = re.search(r"=\s*\w+\s*(?:;|#|$)", dict(failure.facts).get("source", ""))
    found: list[Misfit] = [Dimensions(int(match[2]), wanted), Several(wanted)]
    yield from reversed(found) if whole else found


def _packed(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    yield Dimensions(None, int(match[1]))
    yield Several(int(match[1]))


def _reshaped(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """``view(-1, 400)``: what remains of the sizes must be a multiple of those that are told."""
    sizes, total = numbers_in(match[1]), int(match[2])
    known = abs(prod(sizes))
    yield Sizes(total, known)
    for left, right in pairwise([1, *sizes]):
        if left * right > 1 and known // (left * right):
            yield Sizes(total, known // (left * right))


def _table(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """An index beyond a table: there are more positions than the table has rows."""
    for shape in failure.shapes:
        for other in failure.shapes:
            if shape and len(other) == 2 and shape[-1] > other[0]:
                yield Sizes(shape[-1], other[0])


def _words(match: re.Match[str], failure: Failure) -> Iterator[Misfit]:
    """``text.lower()``, ``ord(text)``"""
    expression = dict(failure.facts).get("expression", "")
    owner = re.search(r"\((\w+)\)$", expression) or re.match(r"(\w+)\.", expression)
    yield Words(owner[1] if owner is not None else None)


def _of(*found: Misfit) -> _Reader:
    return lambda match, failure: iter(found)


_LISTED = r"[\(\[]([\d, ]+)[\)\]]"
_NAMED = r"[\(\[]\s*((?:[\w*]+|-1)(?:\s*,\s*(?:[\w*]+|-1))+)\s*[\)\]]"
_READERS: tuple[tuple[str, _Reader], ...] = (
    (
        r"Tensor\.split\(\) missing|expected (?:a )?str(?:ing)?\b|must be (?:a )?str(?:ing)?, not|"
        r"expected string or bytes|no attribute '(?:lower|upper|[lr]?strip|startswith|endswith|"
        r"encode|isalpha|isdigit|isspace|title|casefold|splitlines|partition|replace|find)'",
        _words,
    ),
    (r"reduction dim, but got \[\d+, (\d+)\] X \[(\d+), \d+\]", _got_first),
    (r"cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)", _got_first),
    (r"to have (\d+) channels, but got (\d+) channels", _wanted_first),
    (r"input\.size\(-1\) must be equal to input_size\. Expected (\d+), got (\d+)", _wanted_first),
    (r"inconsistent \w+_size:? got (\d+),? expected (\d+)", _got_first),
    (r"embedding dimension of (\d+), but got (\d+)", _wanted_first),
    (r"should contain (\d+) elements not (\d+)", _got_first),
    (
        r"expected input with shape \[\*, ([\d, ]+)\], but got input of size\s*\[([\d, ]+)\]",
        _normalized,
    ),
    (r"shape '\[([-\d, ]+)\]' is invalid for input of size (\d+)", _reshaped),
    (rf"Expected (?:hidden|cell|hidden\[\d\]) size {_LISTED}, got {_LISTED}", _exact(2, 1)),
    (rf"(?:shape|Size).*?{_LISTED}.*?should be {_LISTED}", _exact(1, 2)),
    (
        rf"[Tt]arget size \(torch\.Size\({_LISTED}\)\).*input size \(torch\.Size\({_LISTED}\)",
        _exact(1, 2),
    ),
    (rf"to be: {_LISTED} but got: {_LISTED}", _axes),
    (r"tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", _either),
    (r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)", _either),
    (r"[Ee]xpected (?:size )?(\d+)(?: in dimension \d+)? but got (?:size )?(\d+)", _either),
    (
        r"has size (\d+) for operand \d+ which does not broadcast with previously seen size (\d+)",
        _either,
    ),
    (r"Expected (\d+)-D tensors, but got (\d+)-D", _dimensions),
    (rf"{_NAMED}(?:[^(\[]|\((?=\[))*?{_NAMED}", _two_shapes),
    (
        r"number of sizes provided \((\d+)\) must be greater or equal to the number of dimensions"
        r" in the tensor \((\d+)\)",
        _dimensions,
    ),
    (r"Tensor\[([\d, ]+)\].*expected a (?:\dD or )?(\d)D tensor", _of_a_shape),
    (
        r"expects split_sizes to sum exactly to (\d+) .*got split_sizes=\[([\d, ]+)\]",
        _split,
    ),
    (
        r"\(unbatched\) or (\d+)D \(batched\) input to \w+, but got input of size: (\[[\d, ]+\])",
        _batched,
    ),
    (r"[Ee]xpected (?:\dD or )?(\d)D input \(got (\d)D input\)", _dimensions),
    (r"Expected (?:input|hidden|\w+) to be (?:\dD or )?(\d)D, got (\d)D", _dimensions),
    (r"must have (\d+) dimensions, got (\d+)", _dimensions),
    (r"must have same number of dimensions: got (\d+) and (\d+)", _expanded),
    (r"`len\(lengths\)` to be equal to batch_size, but got (\d+) \(batch_size=(\d+)\)", _either),
    (r"of shape Nx(\d+(?:x\d+)*) .*Got (?:torch\.Size\()?(\[[\d, ]+\])", _of_samples),
    (r"to have size (\d+) in last dimension, but got \w+ with sizes (\[[\d, ]+\])", _last_size),
    (r"batch(\d) must be a (\d)D tensor", _of_a_batch),
    (r"Index is supposed to be a vector, but got dim: (\d)", _vector),
    (r"Padding size (\d+) is not supported for (\d)D input", _padded),
    (
        r"number of subscripts in the equation \((\d+)\) does not match the number of dimensions"
        r" \((\d+)\)",
        _dimensions,
    ),
    (r"input\.dim\(\) = (\d+) is not equal to len\(dims\) = (\d+)", _permuted),
    (r"expected to be in range of \[-(\d+), \d+\], but got (-?\d+)", _out_of_range),
    (r"too many indices for tensor of dimension (\d+)", _too_many_indices),
    (r"index (\d+) is out of bounds for dimension (?=(\d+) with size (\d+))", _index),
    (r"not enough values to unpack \(expected (?:at least )?(\d+), got (\d+)\)", _unpacked),
    (r"too many values to unpack \(expected (\d+)", _packed),
    (r"index out of range|beyond|out of bounds for an? (?:embedding|table)", _table),
    (
        r"1D target tensor expected|inconsistent target size|one_hot is only|"
        r"tensors used as indices must be|"
        r"[Ee]xpected dtype int\S*(?: or int64)? for index",
        _of(Kind("int64", each=True)),
    ),
    (
        r"'indices' to have one of the following scalar types|"
        r"indices must be|expects? integer|must be integ|Long.*Int",
        _of(Kind("int64")),
    ),
    (
        r"non-complex|(?:expect|require|support)\w* (?:only )?(?:a )?complex|must be complex|"
        r"only supported for complex|c10::complex|ComplexFloat",
        _of(Kind("complex64")),
    ),
    (r"Could not run 'quantized::|quantize[dr]?\w* .*(?:QUInt8|quint8)", _of(Kind("quint8"))),
    (
        r"(?:list|tuple) index out of range|must be (?:a )?(?:tuple|list) of Tensors",
        _of(Several(None)),
    ),
    (
        r"same dtype|floating.point|expected scalar type|not implemented for '(?:Long|Int|Bool)'|"
        r"Input type|Found dtype Long but expected|Subtraction, the `-` operator|"
        r"can't be cast to the desired output type (?:Long|Int|Bool)",
        _of(Kind("float")),
    ),
    (
        r"cannot be interpreted as an integer|an integer is required|must be int, not|"
        r"can be converted to an index|invalid combination of arguments",
        _of(Kind("int")),
    ),
    (r"Boolean value of Tensor with more than one value", _of(Kind("bool"))),
    (r"shape of the mask \[([\d, ]+)\] at index (\d+) does not match", _of_a_shape),
    (r"more than 1 (?:value|spatial)", _of(Larger(batch=True), Larger())),
    (
        r"[Kk]ernel size|too small|negative dimension|Padding size|non-?empty|non-?zero|"
        r"numel\(\) == 0|output size",
        _of(Larger()),
    ),
    (r"no attribute '(\w+)'", lambda match, failure: iter([Key(match[1])])),
    (
        r"only integers, slices|invalid data type 'str'|must be integers or slices, not str|"
        r"string indices",
        _of(Key(None)),
    ),
)


# PyTorch lists the lines of its own source where it has no kernel.
_DISPATCH = re.compile(r"Could not run '.*' with arguments from")


def _numbers(failure: Failure) -> Iterator[Misfit]:
    """Sizes in what the model's own check says, in either order."""
    numbers = sizes_in(failure.message)
    for place, first in enumerate(numbers[:4]):
        for second in numbers[place + 1 : 4]:
            yield from _both(first, second)
    if failure.error == "IndexError" and "tuple" in failure.message:
        yield Dimensions(None, 0)


def _shapes(shapes: tuple[Shape, ...]) -> Iterator[Misfit]:
    """Sizes of the first two tensors that differ where they would be broadcast."""
    if len(shapes) < 2:
        return
    for first, second in zip(reversed(shapes[0]), reversed(shapes[1]), strict=False):
        if first != second and 1 not in (first, second):
            yield from _both(first, second)
