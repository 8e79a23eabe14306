"""The node for parameters that nothing in the view holds or reads."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..analysis.figures import Figures
from ..analysis.sight import sight_of
from ..dotted import relative, with_ancestors
from ..graph import Call, ModelGraph
from .document import Item
from .labels import cut
from .weights import UnusedParameter


def unused_node(graph: ModelGraph, call: Call, unused: Sequence[UnusedParameter]) -> Item:
    """The node for parameters that nothing in the view holds or reads."""
    called = {path for call in graph.calls for path in with_ancestors(call.module)}
    names = list(dict.fromkeys(_unused_name(called, one.path, one.inside) for one in unused))
    failed = graph.failure is not None
    return Item(
        f"x{call.id}",
        "unused",
        "not reached" if failed else sight_of(graph).unused,
        detail=cut(", ".join(names), 40),
        path=call.module,
        contents=tuple(one.path for one in unused),
        figures=Figures(sum(one.size for one in unused)),
    )


def _unused_name(called: Collection[str], path: str, inside: str) -> str:
    """The outermost module around a parameter that is never called, or the parameter itself.

    ``called`` are the paths of the modules that are, or that have such a module inside.
    """
    steps = relative(path, inside).split(".")
    prefix = f"{inside}." if inside else ""
    for end in range(1, len(steps)):
        name = ".".join(steps[:end])
        if prefix + name not in called:
            return name
    return ".".join(steps)
