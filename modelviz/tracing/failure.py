"""Where and why a forward stopped."""

from __future__ import annotations

import traceback
from difflib import get_close_matches

from torch import nn

from ..explaining import explain
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
    message = needed or (str(error).strip() or type(error).__name__) + _meant(error)
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


def _meant(error: BaseException) -> str:
    """The name that a misspelt attribute or a misnamed forward was to have, as a sentence."""
    owner, name = getattr(error, "obj", None), getattr(error, "name", None)
    if isinstance(error, NotImplementedError) and '"forward" function' in str(error):
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        owner, name = frames[-1].f_locals.get("self"), "forward"
    told = "Did you mean" in str(error)
    if told or not isinstance(owner, nn.Module) or not isinstance(name, str):
        return ""
    known = {other for other in dir(owner) if not other.startswith("_")}
    if name == "forward":
        # Methods of nn.Module itself, such as register_forward_hook, are no misspelt forward.
        known -= set(dir(nn.Module))
    near = get_close_matches(name, known - {name}, n=1, cutoff=0.6)
    return f". Did you mean: '{near[0]}'?" if near else ""


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
    else:
        explanation = explain(graph)
        lines = explanation.text.splitlines() if explanation is not None else []
        text += "".join(f"\n  {line}" for line in lines)
    return text + "\n  The graph up to this point is in the error's .graph"
