"""Where data leaves PyTorch's sight: as a NumPy array, a Python number, an address in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from ..findings import note
from ..graph import Escape, Finding, ModelGraph
from ..graph.flow import depending_ops
from ..places import place_text
from .records import EscapeRecord, OpRecord

_MEMORY = "numpy __array__ tolist __dlpack__ data_ptr storage untyped_storage share_memory_"
_WRAPPING = "new_tensor __array_wrap__"
_MAKING = ("tensor", "as_tensor", "asarray")


def _methods(names: str) -> frozenset[Any]:
    found = [getattr(torch.Tensor, name, None) for name in names.split()]
    return frozenset(method for method in found if method is not None)


HANDS_OUT = _methods(_MEMORY)
"""Methods that give all values of a tensor, or its memory, to something other than PyTorch."""

READS_UNSEEN = HANDS_OUT | _methods(_WRAPPING) | {getattr(torch, name) for name in _MAKING}
"""Functions that read the data of their arguments outside any kernel."""

# No value comes back from these: they stop the forward, or let it go on.
_ASSERTIONS = ("_assert", "_check", "record_stream")

_WORDS = {
    "array": "given to NumPy",
    "numpy": "given to NumPy",
    "tolist": "made Python numbers",
    "dlpack": "given away through DLPack",
    "share_memory_": "shared with other processes",
    "data_ptr": "handed out by its address",
    "storage": "handed out as raw memory",
    "untyped_storage": "handed out as raw memory",
}
_LISTED = 3
"""How many lines of the source a finding names before it counts the rest."""


def escape_of(op: OpRecord) -> EscapeRecord | None:
    """What left with ``op``, which is over; None where its results are tensors, if it has any."""
    whole = op.function in HANDS_OUT
    if not op.inputs or (op.outputs and not whole) or op.name.startswith(_ASSERTIONS):
        return None
    return EscapeRecord(tuple(op.inputs), op.name, op.call, whole, op.file, op.line)


def escape_findings(graph: ModelGraph) -> Iterator[Finding]:
    """One finding for each way in which data of an input or a parameter left, with the places."""
    depends = depending_ops(graph)

    def is_told(escape: Escape) -> bool:
        tensor = graph.tensors[escape.tensor]
        if not escape.is_read:
            return False
        if tensor.producer is None:
            return tensor.kind in ("input", "parameter")
        return depends[tensor.producer]

    ways: dict[tuple[str, bool], list[Escape]] = defaultdict(list)
    for escape in filter(is_told, graph.escapes):
        ways[_way(escape), escape.whole].append(escape)
    for (way, whole), escapes in ways.items():
        first = escapes[0]
        where = _places(escapes)
        if whole:
            message = f"data was {way}{where}: what is computed with it there is not seen"
        else:
            message = f"a value was read from a tensor ({way}){where}: what it decides is not seen"
        yield note(
            "MV014" if whole else "MV015",
            message,
            path=graph.calls[first.call].module,
            file=first.file,
            line=first.line,
        )


def _way(escape: Escape) -> str:
    return _WORDS[escape.how] if escape.whole else escape.how.lstrip("_")


def _places(escapes: Iterable[Escape]) -> str:
    places = list(dict.fromkeys(place_text(e.file, e.line) for e in escapes if e.file is not None))
    more = len(places) - _LISTED
    if more > 0:
        places = [*places[:_LISTED], f"{more} more places"]
    return " at " + ", ".join(places) if places else ""
