"""A pool without processes: what a job gives is known before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import modelviz
from modelviz import InputError
from modelviz.jobs import JobError, JobResult, JobSpec, Progress
from modelviz.jobs.transfer import inputs_of
from modelviz.parsing import parse_dtypes
from modelviz.sources import resolve

Answer = Callable[[JobSpec], JobResult]


class InlineJob:
    def __init__(self, pool: InlinePool, spec: JobSpec) -> None:
        self.spec = spec
        self.cancelled = False
        self._pool = pool

    @property
    def progress(self) -> Progress:
        return Progress("Running the forward", 3.0)

    @property
    def done(self) -> bool:
        return self.cancelled or not self._pool.held

    def cancel(self) -> None:
        self.cancelled = True

    def result(self, timeout: float | None = None) -> JobResult:
        return self._pool.answer(self.spec)


class InlinePool:
    """Answers with the gallery's models; ``held`` keeps every job from being done."""

    def __init__(self) -> None:
        self.jobs: list[InlineJob] = []
        self.held = False
        self.answers: dict[str, Answer] = {}

    @property
    def specs(self) -> list[JobSpec]:
        return [job.spec for job in self.jobs]

    def submit(self, spec: JobSpec, *, client: str = "") -> InlineJob:
        self.jobs.append(InlineJob(self, spec))
        return self.jobs[-1]

    def keep(self, spares: int) -> None:
        pass

    def names(self, prefix: str, query: str = "", limit: int = 50) -> list[str]:
        if prefix == "transformers":
            raise InputError("transformers is not installed: pip install transformers")
        return ["resnet18", "resnet50", "vit_tiny"]

    def answer(self, spec: JobSpec) -> JobResult:
        answer = self.answers.get(spec.kind, traced)
        return answer(spec)


@cache
def traced(spec: JobSpec) -> JobResult:
    """What the gallery's model of that name gives; ``gpt`` for every other kind of job."""
    source = resolve(spec.source if spec.kind == "gallery" else "gpt")
    given = {"input_data": source.inputs}
    if spec.inputs:
        given = {
            "input_size": [i.shape for i in spec.inputs],
            "dtypes": parse_dtypes([i.dtype for i in spec.inputs], len(spec.inputs)),
        }
    try:
        graph = modelviz.trace(source.model, **given, mode=spec.mode, timed=spec.timed)
    except modelviz.TraceError as error:
        graph = error.graph
        failed = JobError("forward", str(error), hint="Change the inputs.")
        return JobResult(graph, failed, inputs=inputs_of(graph))
    return JobResult(graph, inputs=inputs_of(graph))


def named(name: str) -> Answer:
    """An answer whose model has this name."""
    return lambda spec: replace_name(traced(JobSpec("gallery", "simple_net")), name)


def replace_name(result: JobResult, name: str) -> JobResult:
    assert result.graph is not None
    return replace(result, graph=replace(result.graph, name=name))


def fails(kind: str, message: str) -> Answer:
    """An answer without a model."""
    return lambda spec: JobResult(None, JobError(kind, message, hint="Do this."))  # type: ignore[arg-type]
