"""Where and why a forward stopped."""

from __future__ import annotations

import builtins
import inspect
import linecache
import re
import traceback
from collections.abc import Iterable, Iterator
from types import ModuleType, TracebackType
from typing import Any

from torch import nn

from ..graph import Failure, ModelGraph
from ..places import place_text
from ..signatures import parameters_of
from ..unknown import alike
from .conditions import compared
from .missing import VALUE_NEEDED, advice, error_text, value_needed
from .recorder import Recorder
from .records import OpRecord
from .source import expression_text, line_text, raised_at, raised_in

_MAX_MESSAGE = 2000
_UNEXPECTED = re.compile(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'")


def describe_failure(
    error: BaseException, recorder: Recorder, modules: Iterable[nn.Module]
) -> Failure:
    """The failing call, op, source line and the shapes that met, for ``error``.

    ``modules`` are all that the model holds.
    """
    op = recorder.failed_op
    raised_by_op = op is not None and (op.error is error or _lost(error))
    if raised_by_op:
        recorder.keep_failed_op()
    call_id = recorder.failed_call
    if raised_by_op and op is not None:
        call_id = op.call
    file, line = raised_at(error)
    needed = value_needed(error, op.name if raised_by_op and op is not None else None)
    said = error_text(error) or type(error).__name__
    if _lost(error) and op is not None:
        said += " " + (op.said if op.error is error else error_text(op.error or error))
    message = needed or said + _meant(error)
    return Failure(
        error=VALUE_NEEDED if needed else type(error).__name__,
        message=message[:_MAX_MESSAGE],
        call=call_id,
        op=op.id if raised_by_op and op is not None else None,
        module="" if call_id is None else recorder.calls[call_id].module,
        file=file,
        line=line,
        shapes=op.shapes if raised_by_op and op is not None else (),
        facts=tuple(_facts(error, op if raised_by_op else None, modules)),
    )


def _lost(error: BaseException) -> bool:
    """Whether an error tells of another, and not what that said: TorchScript's in a mode."""
    return isinstance(error, RuntimeError) and error_text(error).endswith("Error:")


def _facts(
    error: BaseException, op: OpRecord | None, modules: Iterable[nn.Module]
) -> Iterator[tuple[str, str]]:
    """What is to be seen only now, by name."""
    part = raised_in(error)
    if part is not None:
        yield from (("source", line_text(part)), ("expression", expression_text(part)))
        if "None" in error_text(error) and (method := _gave_nothing(part)) is not None:
            yield "nothing", method
        if op is None and (values := compared(part)) is not None:
            yield "compared", values
    if op is not None and op.extremes is not None:
        yield from zip(("smallest", "largest"), map(str, op.extremes), strict=True)
    holder = _innermost(error).get("self")
    if isinstance(error, IndexError) and isinstance(holder, (nn.ModuleList, nn.Sequential)):
        yield "length", str(len(holder))
    if op is None and (misnamed := _misnamed(error)) is not None:
        yield "misnamed", misnamed
    outside = _outside(error, modules)
    if outside is not None:
        yield "outside", outside


def _misnamed(error: BaseException) -> str | None:
    """A keyword that ``**kwargs`` took, and the argument without a value that it is likely for."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        names, values, code = inspect.getargvalues(frame), frame.f_locals, frame.f_code
        if names.keywords is None:
            continue
        declared = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        unset = [name for name in declared if values.get(name, "") is None]
        for given in values.get(names.keywords) or ():
            near = alike(given, unset, 1, cutoff=0.8)
            if near:
                return f"{given} {near[0]}"
    return None


def _gave_nothing(part: TracebackType) -> str | None:
    """The method whose result, None, the failing line works with, as its caller writes it.

    That is where a name of that line is None now, and was last given what the method returned.
    """
    frame = part.tb_frame
    code = frame.f_code
    lines = [
        linecache.getline(code.co_filename, number, frame.f_globals)
        for number in range(code.co_firstlineno, part.tb_lineno)
    ]
    for name in re.findall(r"\b[A-Za-z_]\w*\b", line_text(part)):
        if name not in frame.f_locals or frame.f_locals[name] is not None:
            continue
        given = [found for line in lines if (found := re.match(rf"\s*{name}\s*=(.*)", line))]
        called = re.match(r"\s*(self\.\w+)\(", given[-1][1]) if given else None
        if called is not None:
            return called[1]
    return None


def _innermost(error: BaseException) -> dict[str, Any]:
    """The names in the function that raised."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return frames[-1].f_locals if frames else {}


def _outside(error: BaseException, modules: Iterable[nn.Module]) -> str | None:
    """The class of the innermost layer on the way to the error that the model does not hold."""
    held = {id(module) for module in modules}
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        module = frame.f_locals.get("self")
        if isinstance(module, nn.Module):
            return None if id(module) in held else type(module).__name__
    return None


def _names(owner: Any, error: BaseException) -> set[str]:
    """The public names that could have been meant in place of the one that is not there."""
    if isinstance(error, NameError):
        part = raised_in(error)
        frame = None if part is None else part.tb_frame
        return set() if frame is None else {*frame.f_locals, *frame.f_globals, *dir(builtins)}
    if isinstance(error, TypeError):
        return {parameter.name for parameter in parameters_of(owner)}
    if isinstance(error, KeyError):
        return set(owner) if isinstance(owner, nn.ModuleDict) else set()
    return {other for other in dir(owner) if not other.startswith("_")}


def _meant(error: BaseException) -> str:
    """The name that a misspelt name or a misnamed forward was to have, as a sentence."""
    owner, name = getattr(error, "obj", None), getattr(error, "name", None)
    if isinstance(error, NotImplementedError) and '"forward" function' in error_text(error):
        owner, name = _innermost(error).get("self"), "forward"
    if isinstance(error, KeyError) and error.args:
        owner, name = _innermost(error).get("self"), error.args[0]
    text = error_text(error)
    unexpected = _UNEXPECTED.search(text) if isinstance(error, TypeError) else None
    if unexpected is not None:
        owner, name = getattr(_innermost(error).get("self"), unexpected[1], None), unexpected[2]
    told = "Did you mean" in text
    if told or not isinstance(name, str) or (owner is None and not isinstance(error, NameError)):
        return ""
    known = _names(owner, error)
    if name == "forward" and isinstance(owner, nn.Module):
        # Methods of nn.Module itself, such as register_forward_hook, are no misspelt forward.
        known -= set(dir(nn.Module))
    # A library has thousands of names, of which many look alike.
    cutoff = 0.75 if isinstance(owner, ModuleType) else 0.6
    near = alike(name, sorted(known - {name}), 1, cutoff)
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
        source = dict(failure.facts).get("source")
        text += f": {source}" if source else ""
    if failure.error == VALUE_NEEDED:
        text += f"\n  {advice(graph)}"
    else:
        from ..explaining.explain import explain  # only what failed is explained

        explanation = explain(graph)
        lines = explanation.text.splitlines() if explanation is not None else []
        text += "".join(f"\n  {line}" for line in lines)
    return text + "\n  The graph up to this point is in the error's .graph"
