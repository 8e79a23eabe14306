"""What a worker does: from a request to an answer, both JSON-ready."""

from __future__ import annotations

import contextlib
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..graph import ModelGraph
from ..problems import problem_of
from ..proposals.trial import call_arguments
from ..sources import PREFIXES, Source, names
from ..sources.base import Tell
from ..sources.forward import Forward, run
from ..sources.offline import offline
from .make import CODE_FILE, make
from .prints import printing
from .result import ErrorKind, JobError, JobResult
from .spec import CODE_KINDS, JobSpec
from .transfer import inputs_of, result_to_dict

_KINDS: dict[str, ErrorKind] = {
    "code": "code",
    "forward": "forward",
    "memory": "memory",
    "crash": "crash",
}


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
    if spec.kind not in CODE_KINDS:
        return _done(spec, upload, tell)
    with printing() as printed:
        result = _done(spec, upload, tell)
    return replace(result, printed=printed.text)


def _done(spec: JobSpec, upload: Path | None, tell: Tell) -> JobResult:
    result = JobResult()

    def offer(names: Sequence[str], chosen: str) -> None:
        nonlocal result
        result = replace(result, candidates=tuple(names), chosen=chosen)

    try:
        source = make(spec, upload, tell, offer)
        result = replace(result, notes=tuple(finding.message for finding in source.findings))
        inputs = inputs_for(source, spec)
        if spec.plan is not None:
            from .planned import planned

            return replace(result, plan=planned(source, inputs, spec.plan, tell))
        forward = Forward(inputs, spec.execution, spec.mode, timed=spec.timed)
        with offline("the forward"):
            done = run(source, forward, tell, show_failure=True)
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
    problem = problem_of(error)
    if problem.kind == "memory":
        problem = replace(problem, message="the model needs more memory than a job may take")
    if problem.kind == "crash":
        traceback.print_exc(file=sys.stderr)
    kind = _KINDS.get(problem.kind, "input")
    # A line without a file is one of the text that was given.
    given = problem.file is None or Path(problem.file).name == CODE_FILE
    line = problem.line if given else None
    return JobError(kind, problem.message, problem.hint, problem.traceback, line=line or 0)


def _names(prefix: str, tell: Tell) -> dict[str, Any]:
    tell(f"Importing {prefix}")
    try:
        return {"names": names(prefix, limit=sys.maxsize)}
    except InputError as error:
        return {"error": str(error)}
