"""What is looked up by numbers that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from ..told_numbers import numbers_in
from .case import Case, Met

INDEXING = frozenset(
    {
        "index",
        "getitem",
        "setitem",
        "index_put",
        "index_select",
        "index_add",
        "gather",
        "scatter",
        "scatter_add",
        "scatter_add_",
        "scatter_",
        "take",
        "take_along_dim",
    }
)
"""Functions that take places in a tensor."""
_LARGER = (
    r"[Ee]xpected index \[([\d, ]+)\] to be no larger than self \[([\d, ]+)\] "
    r"apart from dimension (\d+)"
)
_OUTSIDE = r"index (-?\d+) is out of bounds for dimension (\d+) with size (\d+)"


def embedding(case: Case) -> Iterator[str]:
    """What to do about a table of vectors that has no such row."""
    if not case.found(r"out of range|out of bounds|not in the valid range"):
        return
    rows = case.number("0")
    if rows is None and case.held:
        rows = case.held[0].shape[0]
    given = case.data[0]
    smallest, largest = case.facts.get("smallest"), case.facts.get("largest")
    if smallest is not None and int(smallest) < 0:
        yield f"give indices from 0 on: the smallest is {smallest}"
        yield "give padding an index of its own, with padding_idx, and no negative number"
        return
    length = given.shape[-1] if given.shape else None
    if rows is not None and length is not None and length > rows and _counts(case, given):
        yield (
            f"make {case.layer} nn.Embedding(num_embeddings={length}, ...): the sequence has "
            f"{length} positions, and the table {rows}"
        )
        yield f"shorten the input to {rows} positions"
        return
    if told_value := case.found(r"takes value (\d+) which is not in"):
        largest = largest or told_value[1]
    size = None if largest is None else int(largest) + 1
    told = size if size is not None else "the largest index plus 1"
    yield (
        f"make the table larger: num_embeddings={told} at least; it has {rows} rows, for indices "
        f"up to {'...' if rows is None else rows - 1}"
    )
    if rows is not None and largest is not None and int(largest) == rows:
        yield "count from 0: subtract 1 from the indices"
    else:
        yield f"keep the indices below {rows}, or count the vocabulary anew"


def _counts(case: Case, given: Met) -> bool:
    """Whether the indices are positions, counted by the model itself."""
    tensor = case.graph.tensors[given.tensor]
    for _ in range(6):
        if tensor.producer is None:
            return "pos" in case.module.path.rpartition(".")[2].lower()
        op = case.graph.ops[tensor.producer]
        if op.name == "arange":
            return True
        if not op.inputs:
            return False
        tensor = case.graph.tensors[op.inputs[0]]
    return False


def index(case: Case) -> Iterator[str]:
    """What to do about a place in a tensor that is not there."""
    if case.found(r"Index tensor must have the same number of dimensions") and len(case.data) > 1:
        tensor, places = case.data[0].shape, case.data[-1].shape
        if len(places) == len(tensor) - 1:
            dims = [d for d in range(len(tensor)) if tensor[:d] + tensor[d + 1 :] == places]
            place = dims[-1] if dims else -1
            yield f"add the dimension to the indices, unsqueeze({place}), and squeeze the result"
        yield f"give indices of {len(tensor)} dimensions, as the tensor has: {list(places)}"
        return
    if larger := case.found(_LARGER):
        asked, table = list(numbers_in(larger[1])), list(numbers_in(larger[2]))
        along = int(larger[3])
        pairs = enumerate(zip(table, asked, strict=True))
        wide = [have if dim == along else max(have, need) for dim, (have, need) in pairs]
        yield (
            f"make the tensor {wide}, in place of {table}, or the index smaller: it is {asked}, "
            f"and may be larger only in dimension {along}"
        )
        return
    found = case.found(_OUTSIDE)
    if found is None:
        return
    size = int(found[3])
    yield (
        f"take an index from 0 to {size - 1} in dimension {found[2]}: {found[1]} is asked for, and "
        f"the tensor has {size}"
    )
    if case.data and case.data[0].shape:
        shape = list(case.data[0].shape)
        yield f"look at the order of the dimensions: the tensor has the shape {shape}"
