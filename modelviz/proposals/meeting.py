"""Which inputs led to a failure."""

from __future__ import annotations

from dataclasses import dataclass

from ..graph import ModelGraph


@dataclass(frozen=True, slots=True)
class Meeting:
    """The innermost module that failed, and the inputs whose data it got, the nearest first.

    ``direct`` is an input that reached the module through no layer with parameters.
    """

    module: str | None
    inputs: list[str]
    direct: str | None


def meeting(graph: ModelGraph) -> Meeting | None:
    """What met where the forward failed; None when the graph does not say."""
    failure = graph.failure
    if failure is None or failure.call is None:
        return None
    tensors = reached(graph)
    straight = input_names(graph, tensors, through_layers=False)
    return Meeting(
        graph.calls[failure.call].module,
        input_names(graph, tensors),
        straight[0] if straight else None,
    )


def reached(graph: ModelGraph) -> list[int]:
    """What the failing op read, then what the call around it got; none if that is not known."""
    failure = graph.failure
    if failure is None or failure.call is None:
        return []
    given = graph.calls[failure.call].inputs
    return [*(() if failure.op is None else graph.ops[failure.op].inputs), *given]


def input_names(graph: ModelGraph, tensors: list[int], *, through_layers: bool = True) -> list[str]:
    """Names of the inputs from which the tensors were computed, nearest first."""
    found: list[str] = []
    seen = set(tensors)
    queue = list(tensors)
    for tensor in queue:
        known = graph.tensors[tensor]
        if known.kind == "input" and known.name is not None:
            found.append(known.name)
        read = () if (op := graph.producer(tensor)) is None else op.inputs
        if through_layers or all(graph.tensors[source].kind != "parameter" for source in read):
            queue += [source for source in read if source not in seen]
            seen.update(read)
    return list(dict.fromkeys(found))
