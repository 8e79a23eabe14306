"""From the recorder's notes to the data model."""

from __future__ import annotations

from dataclasses import replace

from ..graph import (
    Call,
    Escape,
    Execution,
    Failure,
    Finding,
    ModelGraph,
    Module,
    Op,
    Storage,
    Tensor,
)
from .arguments import named_arguments
from .escapes import escape_findings
from .recorder import Recorder
from .records import OpRecord, StoreRecord, TensorRecord


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
    names = {tensor: place for place, tensor in reversed(outputs)}
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
            )
            for call in recorder.calls
        ),
        ops=tuple([_op(op) for op in recorder.ops]),
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
    )
    return replace(graph, findings=(*findings, *escape_findings(graph)))


def _op(op: OpRecord) -> Op:
    assert op.id is not None
    return Op(
        id=op.id,
        name=op.name,
        call=op.call,
        inputs=tuple(op.inputs),
        outputs=tuple(op.outputs),
        args=named_arguments(op.function, op.arguments),
        file=op.file,
        line=op.line,
        flops=op.flops,
        bytes_read=op.bytes_read,
        bytes_written=op.bytes_written,
        workspace=op.workspace,
        view=not op.moved_data and bool(op.inputs),
        in_place=op.in_place,
        failed=op.error is not None,
    )


def _storage(index: int, store: StoreRecord) -> Storage:
    born = None if store.maker is None else store.maker.id
    return Storage(index, store.bytes, store.device, born, store.freed)


def _tensor(index: int, tensor: TensorRecord, output: str | None) -> Tensor:
    is_output = output is not None and tensor.kind == "activation"
    assert tensor.store.id is not None
    return Tensor(
        id=index,
        shape=tensor.shape,
        dtype=tensor.dtype,
        device=tensor.device,
        bytes=tensor.bytes,
        kind="output" if is_output else tensor.kind,
        producer=None if tensor.maker is None else tensor.maker.id,
        storage=tensor.store.id,
        name=output if is_output else tensor.name,
    )
