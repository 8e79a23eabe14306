"""What a worker does: from a request to an answer, both JSON-ready."""

from __future__ import annotations

import contextlib
import sys
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError, ModelvizError, TraceError
from ..graph import ModelGraph
from ..proposals.trial import call_arguments
from ..sources import PREFIXES, CodeError, Source, names
from ..sources.base import Tell, own_frames
from ..sources.forward import Forward, run
from ..sources.offline import offline
from .make import make
from .result import JobError, JobResult
from .spec import JobSpec
from .transfer import inputs_of, result_to_dict

GENERAL = "check the shapes and dtypes of the inputs, and the code at the line that failed"
_NO_MEMORY = ("can't allocate memory", "not enough memory", "cannot allocate memory")


def answer(request: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The answer to a request: names of a library, or the result of a job."""
    if "names" in request:
        return _names(request["names"], tell)
    spec = JobSpec.from_dict(request["spec"])
    upload = None if request["upload"] is None else Path(request["upload"])
    return result_to_dict(do(spec, upload, tell))


def prepare() -> None:
    """Import the libraries of models that are installed, so that a job need not wait for it."""
    for prefix in PREFIXES:
        # One that is missing or broken is a matter for who asks for it.
        with contextlib.suppress(InputError):
            names(prefix, limit=1)


def do(spec: JobSpec, upload: Path | None, tell: Tell) -> JobResult:
    """The result of the job. Raises nothing: whatever happens is in the result."""
    result = JobResult()
    try:
        made = make(spec, upload, tell)
        notes = tuple(finding.message for finding in made.source.findings)
        result = replace(result, notes=notes, candidates=made.candidates)
        inputs = inputs_for(made.source, spec)
        forward = Forward(inputs, spec.execution, spec.mode, timed=spec.timed)
        with offline("the forward"):
            done = run(made.source, forward, tell, show_failure=True)
        # The graph has the notes now.
        result = replace(
            result,
            notes=(),
            graph=done.graph,
            inputs=inputs_of(done.graph),
            proposals=done.proposals,
        )
        if done.error is not None:
            raise done.error
    except BaseException as error:  # SystemExit and KeyboardInterrupt of the user's code as well
        return replace(result, error=job_error(error))
    return result


def inputs_for(source: Source, spec: JobSpec) -> dict[str, Any] | None:
    """The inputs of the job as arguments of ``modelviz.trace``; None when it gives none."""
    if spec.inputs is None:
        return None
    if isinstance(source.model, ModelGraph) or not spec.inputs:
        return {}
    return call_arguments(source.model, spec.inputs)


def job_error(error: BaseException) -> JobError:
    """What to tell about an error in a job."""
    cause = error.__cause__ or error
    if isinstance(cause, MemoryError) or any(sign in str(cause).lower() for sign in _NO_MEMORY):
        return JobError(
            "memory",
            "the model needs more memory than a job may take",
            "choose the fake execution, which needs none, or build the model on the meta device",
        )
    if isinstance(error, TraceError):
        message = str(error).partition("\n  ")[0]
        from ..explaining.explain import explain

        explanation = explain(error.graph)
        remedies = () if explanation is None else explanation.remedies
        return JobError("forward", message, "\n".join(remedies) or GENERAL, _own(cause))
    if isinstance(error, CodeError):
        return JobError("code", str(error), "correct the code and run it again", _own(cause))
    if isinstance(error, ModelvizError):
        return JobError("input", str(error))
    if isinstance(error, SystemExit):
        return JobError(
            "code",
            f"the code ended its process (exit status {error.code})",
            'move what is to run as a script below if __name__ == "__main__":',
            _own(error),
        )
    traceback.print_exc(file=sys.stderr)
    what = f"{type(error).__name__}: {error}"
    return JobError("code" if own_frames(error) else "crash", what, traceback=_own(error))


def _own(error: BaseException) -> str:
    """The part of the traceback that lies in the user's own code, and the error itself."""
    frames = own_frames(error)
    if not frames and not isinstance(error, SyntaxError):
        return ""
    return "".join(
        (*traceback.format_list(frames), *traceback.format_exception_only(type(error), error))
    )


def _names(prefix: str, tell: Tell) -> dict[str, Any]:
    tell(f"Importing {prefix}")
    try:
        return {"names": names(prefix, limit=sys.maxsize)}
    except InputError as error:
        return {"error": str(error)}
