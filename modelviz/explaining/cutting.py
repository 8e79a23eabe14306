"""Functions that cut, repeat, pad, resize or pick, and the numbers that they were given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ..units import counted
from .case import Case

Said = re.Match[str]


def remedies(case: Case) -> Iterator[str]:
    """What to do about a number that does not fit the size of the tensor."""
    for pattern, advise in _ADVICE:
        if said := case.found(pattern):
            yield from advise(case, said)
            return


def _split(case: Case, said: Said) -> Iterator[str]:
    yield f"split into sizes that add up to {said[1]}, the size of dimension {said[2]}"


def _shuffle(case: Case, said: Said) -> Iterator[str]:
    have, factor = int(said[1]), int(said[2])
    channels = -(-have // factor) * factor
    yield (
        f"give a multiple of {factor} channels, such as {channels}, in the layer before: it has "
        f"{have}"
    )


def _unshuffle(case: Case, said: Said) -> Iterator[str]:
    yield f"give a size that is a multiple of {said[2]}: crop or pad the {said[1]}"


def _unflatten(case: Case, said: Said) -> Iterator[str]:
    yield f"unflatten into sizes whose product is {said[2]}: {said[1]} is another"


def _repeat(case: Case, said: Said) -> Iterator[str]:
    yield f"repeat along all {len(case.shape)} dimensions: one number for each"


def _halve(case: Case, said: Said) -> Iterator[str]:
    yield f"give an even number in dimension {said[1]}, such as {int(said[2]) + 1}"


def _mode(case: Case, said: Said) -> Iterator[str]:
    given, wanted = int(said[1]), int(said[2])
    if given == wanted - 1:
        yield "add the missing batch or channel: x.unsqueeze(0), or x.unsqueeze(1)"
    mode = {3: "linear", 4: "bilinear", 5: "trilinear"}.get(given)
    if mode:
        yield f"use mode={mode!r}, which takes {given} dimensions"


def _resize(case: Case, said: Said) -> Iterator[str]:
    sizes = len(said[1].split(",")) if said[1] else 0
    yield f"name {counted(sizes, 'size')}, as many as there are dimensions after the channels"
    yield "add the missing batch or channel: x.unsqueeze(0), or x.unsqueeze(1)"


def _expand(case: Case, said: Said) -> Iterator[str]:
    yield f"name all {said[2]} dimensions in expand, -1 for those that stay: {said[1]} are named"


def _infer(case: Case, said: Said) -> Iterator[str]:
    yield "write -1 for one dimension at most, and the sizes of the others"


def _whole(case: Case, said: Said) -> Iterator[str]:
    yield "give sizes as whole numbers: divide with // in place of /"


def _pick(case: Case, said: Said) -> Iterator[str]:
    yield "take no more than there are: min(k, x.shape[dim])"


def _pad(case: Case, said: Said) -> Iterator[str]:
    yield "pad by less than the size of the tensor, or with another mode than reflect"


_ADVICE: tuple[tuple[str, Callable[[Case, Said], Iterator[str]]], ...] = (
    (r"sum exactly to (\d+) \(input tensor's size at dimension (-?\d+)\), but got", _split),
    (r"input\.size\(-3\)=(\d+) is not divisible by ([1-9]\d*)", _shuffle),
    (r"divisible by downscale_factor, but .*=(\d+) is not divisible by (\d+)", _unshuffle),
    (r"Provided sizes (\[.*?\]) don't multiply up to the size.*\((\d+)\)", _unflatten),
    (r"Number of dimensions of repeat dims", _repeat),
    (r"Halving dimension must be even, but dimension (\d+) is size (\d+)", _halve),
    (r"Got (\d)D input, but \w+ mode needs (\d)D input", _mode),
    (r"same number of spatial dimensions, but got .*?dimensions of \[(.*?)\]", _resize),
    (r"number of sizes provided \((\d+)\) must be greater or equal .*\((\d+)\)", _expand),
    (r"only one dimension can be inferred", _infer),
    (r"must be tuple of ints, ?but got float", _whole),
    (r"selected index k out of range", _pick),
    (r"[Pp]adding size should be less than", _pad),
)
"""What a function says, and what to do about it; the first that is found is taken."""
