"""From the recorder's notes to the data model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..graph import (
    Call,
    Escape,
    Execution,
    Failure,
    Finding,
    FunctionCall,
    ModelGraph,
    Module,
    Op,
    Storage,
    Tensor,
)
from .arguments import named_arguments
from .escapes import escape_findings
from .recorder import Recorder
from .records import FunctionRecord, OpRecord, StoreRecord, TensorRecord
from .structure import joined_places


def build_graph(
    name: str,
    execution: Execution,
    modules: tuple[Module, ...],
    recorder: Recorder,
    outputs: list[tuple[str, int]],
    findings: tuple[Finding, ...],
    failure: Failure | None,
) -> ModelGraph:
    """The graph of a forward; ``outputs`` are the places and ids of what the model returned."""
    names = joined_places(outputs)
    functions = _Functions(recorder)
    root = recorder.calls[0] if recorder.calls else None
    graph = ModelGraph(
        name=name,
        execution=execution,
        modules=modules,
        calls=tuple(
            Call(
                id=call.id,
                module=call.module,
                index=call.index,
                parent=call.parent,
                inputs=call.inputs,
                outputs=call.outputs,
                ops=tuple(call.ops),
                children=tuple(call.children),
                start=call.start,
                stop=len(recorder.ops) if call.stop is None else call.stop,
                method=call.method,
                failed=call.failed,
                function=functions.id_of(call.run, call.parent),
            )
            for call in recorder.calls
        ),
        ops=_ops(recorder, functions),
        tensors=tuple(
            [
                _tensor(index, tensor, names.get(index))
                for index, tensor in enumerate(recorder.tensors)
            ]
        ),
        storages=tuple(
            [_storage(index, store) for index, store in enumerate(recorder.stores.numbered)]
        ),
        inputs=() if root is None else root.inputs,
        outputs=tuple(dict.fromkeys(tensor for _, tensor in outputs)),
        findings=findings,
        failure=failure,
        escapes=tuple(
            Escape(tensor, escape.how, escape.call, escape.whole, escape.file, escape.line)
            for escape in recorder.escapes
            for tensor in escape.tensors
        ),
        functions=tuple(functions.found),
    )
    return replace(graph, findings=(*findings, *escape_findings(graph)))


class _Functions:
    """Numbers the runs of functions that something kept was made in, outer before inner."""

    def __init__(self, recorder: Recorder) -> None:
        self.found: list[FunctionCall] = []
        made: list[tuple[int, int, FunctionRecord | None, int]] = [
            (op.id, 1, op.run, op.call)
            for op in recorder.ops
            if op.id is not None and op.run is not None
        ]
        made += [
            (call.start, 0, call.run, call.parent)
            for call in recorder.calls
            if call.parent is not None and call.run is not None
        ]
        for _, _, function, call in sorted(made, key=lambda one: one[:2]):
            self.id_of(function, call)

    def id_of(self, function: FunctionRecord | None, call: int | None) -> int | None:
        """The number of a run that is part of the forward of a call."""
        if function is None or call is None:
            return None
        if function.id is None:
            parent = self.id_of(function.parent, call)
            function.id = len(self.found)
            self.found.append(
                FunctionCall(function.id, function.name, call, parent, function.file, function.line)
            )
        return function.id


def _ops(recorder: Recorder, functions: _Functions) -> tuple[Op, ...]:
    # Ops that did what one before did share its arguments.
    named: dict[int, tuple[tuple[str, Any], ...]] = {}
    found = []
    for op in recorder.ops:
        args = named.get(id(op.arguments))
        if args is None:
            args = named[id(op.arguments)] = named_arguments(op.function, op.arguments)
        found.append(_op(op, args, functions))
    return tuple(found)


def _op(op: OpRecord, args: tuple[tuple[str, Any], ...], functions: _Functions) -> Op:
    assert op.id is not None
    return Op(
        id=op.id,
        name=op.name,
        call=op.call,
        inputs=tuple(op.inputs),
        outputs=tuple(op.outputs),
        args=args,
        file=op.file,
        line=op.line,
        flops=op.flops,
        bytes_read=op.bytes_read,
        bytes_written=op.bytes_written,
        workspace=op.workspace,
        view=not op.moved_data and bool(op.inputs),
        in_place=op.in_place,
        failed=op.error is not None,
        function=functions.id_of(op.run, op.call),
        backward=op.backward,
    )


def _storage(index: int, store: StoreRecord) -> Storage:
    born = None if store.maker is None else store.maker.id
    return Storage(index, store.bytes, store.device, born, store.freed)


def _tensor(index: int, tensor: TensorRecord, output: str | None) -> Tensor:
    is_output = output is not None and tensor.kind == "activation"
    assert tensor.store.id is not None
    return Tensor(
        index,
        *tensor.facts,
        kind="output" if is_output else tensor.kind,
        producer=None if tensor.maker is None else tensor.maker.id,
        storage=tensor.store.id,
        name=output if is_output else tensor.name,
    )
