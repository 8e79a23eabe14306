"""Branches that are put together over the samples, where their features were meant."""

from __future__ import annotations

from collections.abc import Iterator

from ...graph import Op
from ..flow import Flow
from ..rule import Spot, rule
from ..subject import Subject
from .batches import widened

_JOINING = frozenset({"cat", "concat", "concatenate", "vstack", "row_stack"})


@rule("MV210", "joined-along-batch", "warning", "batch")
def joined_along_batch(subject: Subject) -> Iterator[Spot]:
    """Branches are joined along the dimension of the samples, and the output has all the rows."""
    wide, dims = widened(subject)
    if wide is None or subject.batches is None:
        return
    size = subject.batches.size
    for op in wide.graph.ops:
        branches = wide.data(op)
        if op.name not in _JOINING or len(set(branches)) < 2 or len(branches) < len(op.inputs):
            continue
        place = _joined(wide, op)
        if place is None or any(place not in dims[t] for t in branches):
            continue
        if any(wide.tensor(t).shape[place] != size for t in branches):
            continue  # something else than one row for each sample
        rows = size * len(branches)
        if _have_layers_of_their_own(wide, branches) and _leads_to(wide, op, rows):
            yield Spot(
                f"{len(branches)} branches are joined along dimension {place}, that of the "
                f"samples: {size} samples give an output of {rows} rows",
                "join their features: torch.cat(..., dim=1), or -1",
                op=op.id,
            )


def _joined(flow: Flow, op: Op) -> int | None:
    """The dimension along which an op joins what it is given."""
    made, given = flow.tensor(op.outputs[0]).shape, flow.tensor(op.inputs[0]).shape
    if len(made) != len(given):
        return None
    grown = [dim for dim, (a, b) in enumerate(zip(made, given, strict=True)) if a != b]
    return grown[0] if len(grown) == 1 else None


def _have_layers_of_their_own(flow: Flow, branches: tuple[int, ...]) -> bool:
    """Whether each branch depends on parameters on which no other does.

    Views of one sample that share an encoder, or the halves of a doubled batch, do not.
    """
    behind: list[int] = [0] * len(flow.graph.tensors)
    for held in flow.graph.tensors:
        if held.kind == "parameter":
            behind[held.id] = 1 << held.id
    for op in flow.graph.ops:
        found = 0
        for tensor in op.inputs:
            found |= behind[tensor]
        for tensor in op.outputs:
            behind[tensor] |= found
    for branch in branches:
        others = 0
        for other in branches:
            others |= behind[other] if other != branch else 0
        if not behind[branch] & ~others:
            return False
    return True


def _leads_to(flow: Flow, op: Op, rows: int) -> bool:
    """Whether an output of the model that depends on an op has so many rows."""
    reached = set(op.outputs)
    for later in flow.graph.ops[op.id + 1 :]:
        if not reached.isdisjoint(later.inputs):
            reached.update(later.outputs)
    return any(
        tensor in reached and flow.tensor(tensor).shape[:1] == (rows,)
        for tensor in flow.graph.outputs
    )
