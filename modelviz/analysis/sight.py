"""What a graph is sure of: whether something that it does not show may have happened all the same.

Every sentence that denies something ("never used", "reaches no output") is worded here.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import ModelGraph
from .unknown_sizes import has_unknown_sizes

UNSEEN_BODIES = frozenset({"MV016", "MV018", "MV019"})
"""Codes of findings that say that code of the model ran later, elsewhere, or not at all."""
UNSEEN_RESULTS = frozenset({"MV026"})
"""Codes of findings that say that the model returned what cannot be looked into."""
DECIDED = frozenset({"MV015"})
"""Codes of findings that say that a value was asked for, which may have decided what ran."""
UNCOUNTED = frozenset({"MV002"})
"""Codes of findings that say that an op was seen whose multiply-adds are not known."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How far a graph saw.

    ``escaped`` are the tensors whose data, or a value of it, left PyTorch; ``handed_out`` those of
    them that left as a whole, so that a result may have been computed from them elsewhere.
    ``calls_known`` says that every call of a module was seen, ``reads_known`` that every use of a
    tensor was; ``results_known``, that all that the model returned was looked into;
    ``counts_known``, that the multiply-adds are all there are. ``decided`` says that values, or
    sizes that follow from values, may have decided what ran: others may take another branch.
    ``method`` is the one that was called: others of the model may use what it does not.
    """

    escaped: frozenset[int]
    handed_out: frozenset[int]
    calls_known: bool
    reads_known: bool
    results_known: bool
    counts_known: bool
    decided: bool = False
    method: str = "forward"

    def count(self, number: str) -> str:
        """A number of multiply-adds or FLOPs: the least it can be where something is missing."""
        return number if self.counts_known else f"at least {number}"

    @property
    def unused(self) -> str:
        """What is said of a parameter that no op reads."""
        if not self.reads_known:
            return "no use seen"
        if self.method != "forward":
            return f"not used by {self.method}"
        return "not used with these values" if self.decided else "never used"

    @property
    def uncalled(self) -> str:
        """What is said of a module without a call."""
        if not self.calls_known:
            return "no call seen"
        if self.method != "forward":
            return f"not called by {self.method}"
        return "not called with these values" if self.decided else "never called"

    @property
    def unread(self) -> str:
        """What is said of an input that no op reads."""
        return "never read" if self.reads_known else "no use seen"

    @property
    def useless(self) -> str:
        """What is said of an input that is read and leads to no output."""
        return "reaches no output" if self.reads_known else "no way to an output seen"


def sight_of(graph: ModelGraph) -> Sight:
    """What the graph of a forward is sure of."""
    handed_out = frozenset(escape.tensor for escape in graph.escapes if escape.whole)
    codes = {finding.code for finding in graph.findings}
    calls_known = codes.isdisjoint(UNSEEN_BODIES)
    results_known = calls_known and codes.isdisjoint(UNSEEN_RESULTS)
    return Sight(
        escaped=frozenset(escape.tensor for escape in graph.escapes),
        handed_out=handed_out,
        calls_known=calls_known,
        reads_known=calls_known and not handed_out and results_known,
        results_known=results_known,
        counts_known=calls_known and codes.isdisjoint(UNCOUNTED),
        decided=not codes.isdisjoint(DECIDED) or has_unknown_sizes(graph),
        method=graph.calls[0].method if graph.calls else "forward",
    )
