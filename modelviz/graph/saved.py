"""A graph as JSON-ready data, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from ..errors import GraphFileError
from ..findings import note
from .checked import check_values
from .records import (
    Buffer,
    Call,
    Escape,
    Failure,
    Finding,
    FunctionCall,
    Measure,
    Module,
    Op,
    Parameter,
    Storage,
    Tensor,
)
from .whole import check

if TYPE_CHECKING:
    from .model import ModelGraph

MAX_MESSAGE = 20_000
"""Characters kept of a message: what a reader can still read."""
FORMAT_VERSION = 2
"""Version 1 had sentences, ``notes``, in place of findings."""

_TABLES: dict[str, type] = {
    "modules": Module,
    "calls": Call,
    "ops": Op,
    "tensors": Tensor,
    "storages": Storage,
}
_NESTED: dict[tuple[type, str], type] = {
    (Module, "parameters"): Parameter,
    (Module, "buffers"): Buffer,
}
_MESSAGES = {(Finding, "message"), (Finding, "hint"), (Failure, "message")}
_IF_KNOWN = {
    (Op, "seconds"),
    (Op, "function"),
    (Op, "backward"),
    (Call, "function"),
    (Tensor, "dims"),
    (Module, "no_forward"),
    (Measure, "calls"),
}
"""Columns that are left out where no row has a value."""


def to_dict(graph: ModelGraph) -> dict[str, Any]:
    """The graph as JSON-ready lists and dicts: one row of values per record."""
    tables = {name: _table(getattr(graph, name), record) for name, record in _TABLES.items()}
    return {
        "format": "modelviz",
        "version": FORMAT_VERSION,
        "name": graph.name,
        "execution": graph.execution,
        "inputs": list(graph.inputs),
        "outputs": list(graph.outputs),
        "findings": _table(graph.findings, Finding),
        "failure": None if graph.failure is None else _row(graph.failure, Failure),
        "escapes": _table(graph.escapes, Escape),
        **({"functions": _table(graph.functions, FunctionCall)} if graph.functions else {}),
        **({"measures": _table(graph.measures, Measure)} if graph.measures else {}),
        **tables,
    }


def from_dict(data: Any, kind: type[ModelGraph]) -> ModelGraph:
    """The graph, of the class ``kind``, that ``to_dict`` described, known to be whole.

    Each value has its type, and each number that refers to a record refers to one that is there
    and agrees, so that what works with a graph needs no checks of its own. Halves of characters
    (lone surrogates), which no file and no screen takes, are spelled out, and messages are cut to
    what can be read. Raises GraphFileError.
    """
    if not isinstance(data, dict) or data.get("format") != "modelviz":
        raise GraphFileError("expected a graph saved by modelviz, got other JSON")
    version = data.get("version")
    if version not in (1, FORMAT_VERSION):
        raise GraphFileError(
            f"the graph has format version {version!r}; this modelviz reads versions 1 and "
            f"{FORMAT_VERSION}: save it again with this release"
        )
    try:
        failure = data["failure"]
        graph = kind(
            name=_plain(data["name"]),
            execution=data["execution"],
            inputs=tuple(data["inputs"]),
            outputs=tuple(data["outputs"]),
            findings=tuple(
                _old_findings(data["notes"])
                if version == 1
                else _records(data["findings"], Finding)
            ),
            failure=None if failure is None else _record(failure, Failure),
            escapes=tuple(_records(data["escapes"], Escape)) if "escapes" in data else (),
            functions=tuple(_records(data["functions"], FunctionCall))
            if "functions" in data
            else (),
            measures=tuple(_records(data["measures"], Measure)) if "measures" in data else (),
            **{name: tuple(_records(data[name], record)) for name, record in _TABLES.items()},
        )
        check_values(graph)
        check(graph)
    except (KeyError, TypeError, ValueError, IndexError, RecursionError) as error:
        raise GraphFileError(f"the saved graph is incomplete or damaged: {error!r}") from error
    return graph


def _old_findings(notes: Any) -> Iterator[Finding]:
    return (note("MV000", _cut(_plain(message))) for message in notes)


def _columns(record: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(record))


def _table(items: Sequence[Any], record: type) -> dict[str, Any]:
    columns = tuple(
        name
        for name in _columns(record)
        if (record, name) not in _IF_KNOWN or any(_is_known(getattr(item, name)) for item in items)
    )
    return {"columns": list(columns), "rows": [_row(item, record, columns) for item in items]}


def _is_known(value: Any) -> bool:
    return value is not None and value is not False


def _records(table: dict[str, Any], record: type) -> Iterator[Any]:
    every = _columns(record)
    left_out = {name for kind, name in _IF_KNOWN if kind is record} - set(table["columns"])
    columns = tuple(name for name in every if name not in left_out)
    if list(columns) != table["columns"]:
        raise ValueError(f"{record.__name__} has the columns {table['columns']}")
    return (_record(row, record, columns) for row in table["rows"])


def _row(item: Any, record: type, columns: Sequence[str] | None = None) -> list[Any]:
    row = []
    for name in columns or _columns(record):
        value = getattr(item, name)
        nested = _NESTED.get((record, name))
        row.append(value if nested is None else [_row(part, nested) for part in value])
    if record is Parameter and row[-1] is None:
        row.pop()
    return row


def _record(row: list[Any], record: type, columns: Sequence[str] | None = None) -> Any:
    values = []
    names = columns or _columns(record)
    if record is Parameter and len(names) - 3 < len(row) < len(names):
        # Of one that is not distributed; of version 1 also without how many bits it is stored in.
        row = [*row, *[None] * (len(names) - len(row))]
    if record is Failure and len(row) == len(names) - 1:
        # Of a release that kept no facts.
        row = [*row, []]
    for name, value in zip(names, row, strict=True):
        nested = _NESTED.get((record, name))
        if nested is not None:
            values.append(tuple(_record(part, nested) for part in value))
        elif (record, name) in _MESSAGES:
            values.append(_cut(_plain(value)))
        else:
            values.append(_plain(value))
    if columns is None or len(columns) == len(_columns(record)):
        return record(*values)
    return record(**dict(zip(names, values, strict=True)))  # what is left out may be in between


def _plain(value: Any) -> Any:
    """The value with tuples for lists, and every text one that can be encoded."""
    if isinstance(value, list):
        return tuple(map(_plain, value))
    if isinstance(value, dict):
        return {_plain(name): _plain(part) for name, part in value.items()}
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value


def _cut(text: Any) -> Any:
    """The beginning of a text that is too long to be read."""
    if not isinstance(text, str) or len(text) <= MAX_MESSAGE:
        return text
    kept = MAX_MESSAGE - 100  # with the rest of the sentence it is not cut once more
    return f"{text[:kept]} … (and {len(text) - kept:,} characters more)"
