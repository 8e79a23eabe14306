"""Results as JSON-ready data, and back. What comes from a worker is not trusted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, get_args

from ..graph import ModelGraph
from ..planning.outline import Outline
from ..proposals import InputProposal, InputSpec
from .result import ErrorKind, JobError, JobResult
from .spec import input_from_dict

MAX_TEXT = 20_000
"""Characters kept of each text in a result."""


def inputs_of(graph: ModelGraph) -> tuple[InputSpec, ...]:
    """The inputs with which the graph was traced."""
    tensors = [graph.tensors[number] for number in graph.inputs]
    return tuple(InputSpec(tensor.shape, tensor.dtype, tensor.name) for tensor in tensors)


def result_to_dict(result: JobResult) -> dict[str, Any]:
    """The result as JSON-ready data."""
    return {
        "graph": None if result.graph is None else result.graph.to_dict(),
        "error": None if result.error is None else _cut(result.error),
        "notes": list(_texts(result.notes)),
        "inputs": [asdict(given) for given in result.inputs],
        "proposals": [asdict(proposal) for proposal in result.proposals],
        "candidates": list(result.candidates),
        "chosen": result.chosen,
        "plan": None if result.plan is None else result.plan.to_dict(),
        "printed": result.printed[-MAX_TEXT:],
    }


def result_from_dict(values: dict[str, Any]) -> JobResult:
    """The result that ``result_to_dict`` described.

    Raises GraphFileError, KeyError, TypeError or ValueError when it described none.
    """
    return JobResult(
        graph=None if values["graph"] is None else ModelGraph.from_dict(values["graph"]),
        error=None if values["error"] is None else _error(values["error"]),
        notes=_texts(values["notes"]),
        inputs=tuple(input_from_dict(given) for given in values["inputs"]),
        proposals=tuple(
            InputProposal(
                str(one["name"]), tuple(map(int, one["shape"])), str(one["dtype"]), str(one["why"])
            )
            for one in values["proposals"]
        ),
        candidates=_texts(values["candidates"]),
        chosen=str(values["chosen"])[:MAX_TEXT],
        plan=None if values["plan"] is None else Outline.from_dict(values["plan"]),
        printed=str(values["printed"])[-MAX_TEXT:],
    )


def _error(values: dict[str, Any]) -> JobError:
    kind, line = values.pop("kind"), int(values.pop("line"))
    if kind not in get_args(ErrorKind):
        raise ValueError(f"unknown kind of error {kind!r}")
    texts = {name: str(value)[:MAX_TEXT] for name, value in values.items()}
    return JobError(kind, **texts, line=line)


def _cut(error: JobError) -> dict[str, Any]:
    held = asdict(error)
    return {name: v[:MAX_TEXT] if isinstance(v, str) else v for name, v in held.items()}


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(str(value)[:MAX_TEXT] for value in values)
