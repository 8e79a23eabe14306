"""Products of matrices, and sums of products by subscripts."""

from __future__ import annotations

from collections.abc import Iterator

from ..graph import Module, Shape
from ..units import counted
from .case import Case, Met

_NO_PRODUCT = (
    r"shapes cannot be multiplied|batch2 tensor|must be a matrix|size mismatch|"
    r"inconsistent tensor|expected size for first two dimensions|must be 3D|batch1|vector"
)

_PRODUCTS = frozenset({"matmul", "mm", "bmm", "baddbmm", "addmm", "mv"})
_ARRANGING = frozenset(
    {"transpose", "permute", "movedim", "swapaxes", "t", "mT", "view", "reshape", "unflatten"}
)


def remedies(case: Case) -> Iterator[str]:
    """What to do about factors that do not go together."""
    if len(case.met) < 2 and case.found("TorchScript interpreter"):
        return  # what met inside a scripted module is not known
    columns = case.found(r"same number of columns\. X1: (\d+) X2: (\d+)")
    if columns and len(case.met) > 1:
        first, second = case.met[0].origin, case.met[1].origin
        yield f"give both as many columns: {columns[1]} ({first}) and {columns[2]} ({second})"
    elif case.found(r"einsum\(\)"):
        yield from _einsum(case)
    elif case.found(_NO_PRODUCT) or (
        case.op_name in _PRODUCTS and case.found("must match the size of")
    ):
        yield from _product(case)


def _product(case: Case) -> Iterator[str]:
    shapes = [met.shape for met in case.met if met.shape]
    if not shapes:
        return
    one, other = shapes[0], shapes[-1]  # the same one where a tensor meets itself
    first, second = case.called(0), case.called(1 if len(case.met) > 1 else 0)
    rows = other[-2] if len(other) > 1 else other[-1]
    if len(one) != len(other) and case.found(r"3D|batch"):
        yield _three_dimensions(one, other, first, second)
        return
    if case.op_name in ("bmm", "baddbmm") and len(one) == len(other) == 4:
        yield "use torch.matmul (@) in place of bmm, which takes exactly 3 dimensions"
        return
    if len(one) > 2 and len(one) == len(other) and one[-1] == rows and one[:-2] != other[:-2]:
        yield from _repeated(one, other, first, second)
        yield f"give both the same batch: {list(one[:-2])} and {list(other[:-2])}"
        return
    yield from _layers(case)
    if len(other) > 1 and one[-1] == other[-1]:
        yield f"transpose the second: {second}.transpose(-1, -2)"
        if len(one) > 1 and one[-2] == other[-2] and one[-1] != one[-2]:
            yield f"transpose the first: {first}.transpose(-1, -2)"
    elif len(one) > 1 and one[-2] == rows:
        if len(other) > 1 and other[-1] == rows:  # a square of all rows, as of neighbours
            yield f"swap the two: {second} @ {first}"
        yield f"transpose the first: {first}.transpose(-1, -2)"
    elif len(one) > 1 and len(other) > 1 and one[-2] == other[-1]:
        yield f"swap the two: {second} @ {first}"
    else:
        held = next((met for met in case.held if met.shape == other), None)
        if held is not None and len(other) == 2:
            name = held.name or second
            yield f"make {name} of shape [{one[-1]}, {other[-1]}]: it is {list(other)}"
        yield (
            f"make the last dimension of the first ({one[-1]}) and the second to last of the "
            f"second ({rows}) equal"
        )


def _three_dimensions(one: Shape, other: Shape, first: str, second: str) -> str:
    """What to do about factors of ``bmm`` of which one has other dimensions than three."""
    if len(one) == 2 and len(other) == 3 and one == other[:2]:
        return f"make each sample a row: {first}.unsqueeze(1), of [{one[0]}, 1, {one[1]}]"
    if len(one) == 3 and len(other) == 2 and other == (one[0], one[-1]):
        return f"make each sample a column: {second}.unsqueeze(2), of [{one[0]}, {one[-1]}, 1]"
    if one[-1] == other[-2 if len(other) > 1 else -1]:
        return "use torch.matmul (@), which broadcasts, in place of bmm"
    return f"give both three dimensions that fit: {list(one)} and {list(other)} do not"


def _repeated(one: Shape, other: Shape, first: str, second: str) -> Iterator[str]:
    """Fewer heads of keys and values than of queries, each for a group of them."""
    apart = [dim for dim in range(len(one) - 2) if one[dim] != other[dim]]
    if len(apart) != 1:
        return
    (dim,) = apart
    few, many = sorted((one[dim], other[dim]))
    if few > 1 and many % few == 0:
        fewer, times = second if other[dim] == few else first, many // few
        yield f"repeat one for each group of the other: {fewer}.repeat_interleave({times}, {dim})"


def _layers(case: Case) -> Iterator[str]:
    """Two layers, as of queries and keys, whose features are multiplied and are not as many."""
    if len(case.met) != 2:
        return
    (one, width), (other, got) = (_layer_behind(case, met) for met in case.met)
    if one is None or other is None or one.path == other.path or width == got:
        return
    yield (
        f"let {other.path} give {counted(width, 'feature')}, as {one.path} does, in place of "
        f"{got}: they are multiplied"
    )


def _layer_behind(case: Case, met: Met) -> tuple[Module | None, int]:
    """The layer whose features were only split and turned on the way to a tensor, and how many."""
    for op, current, _ in case.way(met):
        if case.sizes(op):
            module = case.maker(op.id)
            return (module if module.path and current.shape else None), current.shape[-1]
        if op.name not in _ARRANGING:
            break
    return None, 0


def _einsum(case: Case) -> Iterator[str]:
    equation = case.op and dict(case.op.args).get("equation")
    if not isinstance(equation, str) and case.op is not None:
        texts = [value for _, value in case.op.args if isinstance(value, str)]
        equation = texts[0] if texts else None
    if not isinstance(equation, str):
        return
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    shapes = [met.shape for met in case.met]
    if len(terms) != len(shapes):
        return
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True), 1):
        if "." not in term and len(term) != len(shape):
            yield (
                f"name {len(shape)} dimensions for operand {number}: it has the shape "
                f"{list(shape)}, and {term!r} names {len(term)}"
            )
            return
    sizes: dict[str, tuple[int, int]] = {}
    for number, (term, shape) in enumerate(zip(terms, shapes, strict=True), 1):
        for letter, size in zip(term, shape, strict="." not in term):
            known, where = sizes.setdefault(letter, (size, number))
            if known != size and 1 not in (known, size):
                yield (
                    f"give the two dimensions that {letter!r} names one size, or two letters: it "
                    f"is {known} in operand {where} and {size} in operand {number}, of shapes "
                    f"{' and '.join(str(list(shape)) for shape in shapes)}"
                )
                return
