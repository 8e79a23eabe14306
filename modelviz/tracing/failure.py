"""Where and why a forward stopped."""

from __future__ import annotations

from ..graph import Failure, ModelGraph
from ..places import place_text
from .missing import VALUE_NEEDED, advice, value_needed
from .recorder import Recorder
from .source import raised_at

_MAX_MESSAGE = 2000


def describe_failure(error: BaseException, recorder: Recorder) -> Failure:
    """The failing call, op, source line and the shapes that met, for ``error``."""
    op = recorder.failed_op
    raised_by_op = op is not None and op.error is error
    if raised_by_op:
        recorder.keep_failed_op()
    call_id = recorder.failed_call
    if raised_by_op and op is not None:
        call_id = op.call
    file, line = raised_at(error)
    needed = value_needed(error, op.name if raised_by_op and op is not None else None)
    message = needed or str(error).strip() or type(error).__name__
    return Failure(
        error=VALUE_NEEDED if needed else type(error).__name__,
        message=message[:_MAX_MESSAGE],
        call=call_id,
        op=op.id if raised_by_op and op is not None else None,
        module="" if call_id is None else recorder.calls[call_id].module,
        file=file,
        line=line,
        shapes=op.shapes if raised_by_op and op is not None else (),
    )


def failure_text(graph: ModelGraph, failure: Failure) -> str:
    """The message of a TraceError: what failed, where, with which shapes, and what to do."""
    class_name = graph.module(failure.module).class_name
    where = f"{failure.module or 'the model itself'} ({class_name})"
    text = f"the forward of {graph.name} stopped in {where}"
    if failure.shapes:
        text += " with tensors of shapes " + " and ".join(str(list(s)) for s in failure.shapes)
    text += f": {failure.error}"
    if failure.message != failure.error:
        text += f": {failure.message}"
    if failure.file is not None:
        text += f"\n  at {place_text(failure.file, failure.line)}"
    if failure.error == VALUE_NEEDED:
        text += f"\n  {advice(graph)}"
    return text + "\n  The graph up to this point is in the error's .graph"
